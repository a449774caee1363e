"""Who does not come in with an account of school: everybody who is nobody gets the same page."""

from __future__ import annotations

import pytest

from policy.model import Role
from store.accounts import AccountState
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, give_account
from tests.dashboard.oidc.school import ADDRESS, DOMAIN, School, turned_away


def test_everybody_who_is_nobody_gets_the_same_page(school: School) -> None:
    pages = {turned_away(school)}
    closed = school.expects()
    school.store.accounts.set_state(SCHOOL, closed, AccountState.CLOSED, LESSON)
    pages.add(turned_away(school))
    pupil = give_account(school.store, "sam", Role.PUPIL)
    school.store.identities.expect(SCHOOL, pupil, f"sam@{DOMAIN}", LESSON)
    school.providers["oidc"].claims = {"email": f"sam@{DOMAIN}", "sub": "p-2"}
    pages.add(turned_away(school))
    school.providers["oidc"].claims = {"email": "a.devries@elders.example"}
    pages.add(turned_away(school))
    school.providers["oidc"].claims = {"email_verified": False}
    pages.add(turned_away(school))
    assert len(pages) == 1
    assert school.store.identities.links(SCHOOL) == ()


def test_nobody_is_made_by_signing_in_and_a_user_name_alone_links_nobody(school: School) -> None:
    give_account(school.store, "anja")
    before = school.store.accounts.accounts(SCHOOL)
    school.providers["oidc"].claims = {"email": f"anja@{DOMAIN}", "preferred_username": "anja"}
    turned_away(school)
    assert school.store.accounts.accounts(SCHOOL) == before


def test_an_account_that_was_closed_after_it_was_linked_stays_out(school: School) -> None:
    account = school.expects()
    school.enters(school.browser())
    school.store.accounts.set_state(SCHOOL, account, AccountState.CLOSED, LESSON)
    turned_away(school)


@pytest.mark.parametrize(
    ("way", "claims"),
    [
        ("google", {"hd": None}),
        ("google", {"hd": "elders.example"}),
        ("google", {"hd": [DOMAIN]}),
        ("google", {"email_verified": False}),
        ("google", {"email_verified": "true"}),
        ("microsoft", {"tid": "11111111-7777-8888-9999-000000000000"}),
        ("microsoft", {"tid": None}),
        ("oidc", {"email": "a.devries@sub.kalisto.example"}),
        ("oidc", {"email": f"a.devries@elders.example@{DOMAIN}"}),
        ("oidc", {"email": None}),
        ("oidc", {"email_verified": None}),
    ],
)
def test_an_account_of_elsewhere_is_not_taken_though_it_was_linked(
    school: School, way: str, claims: dict[str, object]
) -> None:
    school.expects()
    school.enters(school.browser(), way)
    school.providers[way].claims = claims
    turned_away(school, way)


@pytest.mark.parametrize(
    "claims",
    [
        {"preferred_username": "iemand@elders.example", "email": ADDRESS},
        {"idp": "https://sts.windows.net/11111111-7777-8888-9999-000000000000/"},
        {"acct": 1},
    ],
)
def test_a_guest_of_the_tenant_is_linked_to_nobody_by_an_address(school: School, claims: dict[str, object]) -> None:
    school.expects()
    school.providers["microsoft"].claims = claims
    turned_away(school, "microsoft")
