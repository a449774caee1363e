"""The coordinator says which account of school is whose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, Browser, give_account
from tests.dashboard.oidc.school import ADDRESS, DOMAIN, School, turned_away


def test_the_coordinator_enters_addresses_and_what_is_wrong_stays_in_its_field(
    school: School, signed_in: Callable[[str], Browser]
) -> None:
    anja, bram = give_account(school.store, "anja"), give_account(school.store, "bram")
    cor = signed_in("cor")
    form = {f"adres-{anja}": ADDRESS.upper(), f"adres-{bram}": "geen adres"}
    page = cor.post("/beheer/schoolaccounts", **form).text
    assert "Dit is geen e-mailadres." in page
    assert 'value="geen adres"' in page
    assert school.store.identities.addresses(SCHOOL) == {anja: ADDRESS}
    page = cor.post("/beheer/schoolaccounts", **{f"adres-{bram}": ADDRESS}).text
    assert "Dit adres hoort al bij een ander." in page
    page = cor.post("/beheer/schoolaccounts", **{f"adres-{bram}": f"bram@{DOMAIN}", f"adres-{anja}": ""}).text
    assert "De adressen zijn opgeslagen." in page
    assert school.store.identities.addresses(SCHOOL) == {bram: f"bram@{DOMAIN}"}
    assert ("cor", "oidc.expect") in [(one.who, one.what) for one in school.store.audit.entries(SCHOOL)]


def test_user_names_are_proposed_and_saved_only_by_the_coordinator(
    school: School, signed_in: Callable[[str], Browser]
) -> None:
    give_account(school.store, "anja")
    page = signed_in("cor").page("/beheer/schoolaccounts?invullen=1")
    assert f'value="anja@{DOMAIN}"' in page
    assert school.store.identities.addresses(SCHOOL) == {}


def test_a_link_is_seen_and_taken_away_and_then_one_is_out(school: School, signed_in: Callable[[str], Browser]) -> None:
    account = school.expects()
    anja = school.browser()
    school.enters(anja)
    cor = signed_in("cor")
    assert "sinds " in cor.page("/beheer/schoolaccounts")
    assert "losgemaakt" in cor.post(f"/beheer/schoolaccounts/{account}/los").text
    assert school.store.accounts.session(SCHOOL, anja.cookie(), LESSON) is None
    turned_away(school)
    assert ("cor", "oidc.unlink") in [(one.who, one.what) for one in school.store.audit.entries(SCHOOL)]
    assert "niet" in cor.post("/beheer/schoolaccounts/verzonnen/los").text


@pytest.mark.parametrize("login", ["anja", "iris", "stan", "coen"])
def test_only_coordinator_and_management_say_who_is_who(
    school: School, signed_in: Callable[[str], Browser], login: str
) -> None:
    account = school.expects("bram", f"bram@{DOMAIN}")
    visitor = signed_in(login)
    assert visitor.get("/beheer/schoolaccounts").status_code == 403
    assert visitor.post("/beheer/schoolaccounts", follow=False, **{f"adres-{account}": ADDRESS}).status_code == 403
    assert visitor.post(f"/beheer/schoolaccounts/{account}/los", follow=False).status_code == 403
    assert school.store.identities.addresses(SCHOOL) == {account: f"bram@{DOMAIN}"}


def test_the_buttons_stand_above_the_local_form(school: School) -> None:
    page = school.browser().page("/inloggen?naar=/les/7")
    places = [page.index(text) for text in ("Inloggen met Google", "Inloggen met Microsoft", "Inloggen met Portaal")]
    assert places == sorted(places)
    assert places[-1] < page.index('name="password"')
    assert "/inloggen/google?naar=/les/7" in page
