"""Who is who at the school's own sign-in: linked once, by an address that was entered for that person."""

from __future__ import annotations

from datetime import timedelta

from policy.model import Role
from store import Store
from store.accounts import Account, AccountState
from tests.store.school import NOW, SCHOOL
from tests.store.test_accounts import signed_in, teacher

ISSUER = "https://accounts.google.com"
ADDRESS = "a.devries@kalisto.example"
DAY = timedelta(days=1)


def new(store: Store, login: str = "els") -> Account:
    account = store.accounts.add(SCHOOL, login, login, Role.TEACHER, NOW)
    assert account
    return account


def test_who_comes_with_the_expected_address_is_known_by_the_subject_from_then_on(store: Store) -> None:
    account = new(store)
    assert store.identities.expect(SCHOOL, account.id, f" {ADDRESS.upper()} ", NOW)
    assert store.identities.expected(SCHOOL, ADDRESS) == account.id
    assert store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS.title(), NOW) == account.id
    assert store.identities.account_of(SCHOOL, ISSUER, "s-1") == account.id
    assert store.identities.expected(SCHOOL, ADDRESS) is None, "an address opens something once"
    assert [(one.issuer, one.subject, one.account) for one in store.identities.links(SCHOOL)] == [
        (ISSUER, "s-1", account.id)
    ]


def test_an_account_without_a_password_is_opened_by_its_first_sign_in(store: Store) -> None:
    account = new(store)
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS, NOW)
    found = store.accounts.get(SCHOOL, account.id)
    assert found
    assert (found.state, found.password) == (AccountState.ACTIVE, None)


def test_an_address_that_somebody_else_gets_later_opens_nothing(store: Store) -> None:
    account = new(store)
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS, NOW)
    assert store.identities.link(SCHOOL, ISSUER, "s-2", ADDRESS, NOW) is None
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    assert store.identities.link(SCHOOL, ISSUER, "s-2", ADDRESS, NOW) is None, "the first one is still linked"


def test_the_subject_of_another_issuer_is_somebody_else(store: Store) -> None:
    account = new(store)
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS, NOW)
    assert store.identities.account_of(SCHOOL, "https://elders.example", "s-1") is None
    assert store.identities.account_of("elders", ISSUER, "s-1") is None


def test_an_address_is_expected_for_one_person_and_a_new_one_takes_its_place(store: Store) -> None:
    first, second = new(store), new(store, "jan")
    assert store.identities.expect(SCHOOL, first.id, ADDRESS, NOW)
    assert not store.identities.expect(SCHOOL, second.id, ADDRESS, NOW)
    assert store.identities.expect(SCHOOL, first.id, "els@kalisto.example", NOW)
    assert store.identities.addresses(SCHOOL) == {first.id: "els@kalisto.example"}
    assert store.identities.expect(SCHOOL, second.id, ADDRESS, NOW)
    assert store.identities.expect(SCHOOL, first.id, "", NOW)
    assert store.identities.addresses(SCHOOL) == {second.id: ADDRESS}


def test_a_closed_account_and_one_of_a_day_are_linked_to_nobody(store: Store) -> None:
    account = new(store)
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    store.accounts.set_state(SCHOOL, account.id, AccountState.CLOSED, NOW)
    assert store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS, NOW) is None
    assert not store.identities.expect(SCHOOL, account.id, "b@kalisto.example", NOW)
    day = store.accounts.add_for_a_day(SCHOOL, "inval", Role.TEACHER, NOW + DAY, NOW)
    assert not store.identities.expect(SCHOOL, day.id, "c@kalisto.example", NOW)
    assert not store.identities.expect(SCHOOL, "niemand", "d@kalisto.example", NOW)


def test_taking_a_link_away_ends_the_sessions_too(store: Store) -> None:
    account = teacher(store)
    token = signed_in(store, account)
    store.identities.expect(SCHOOL, account.id, ADDRESS, NOW)
    store.identities.link(SCHOOL, ISSUER, "s-1", ADDRESS, NOW)
    assert store.identities.unlink(SCHOOL, account.id, NOW) == 1
    assert store.identities.account_of(SCHOOL, ISSUER, "s-1") is None
    assert store.accounts.session(SCHOOL, token, NOW) is None
    assert store.identities.unlink(SCHOOL, account.id, NOW) == 0


def test_a_link_goes_with_the_account_and_an_address_that_nobody_came_with_after_its_term(store: Store) -> None:
    stays, leaves = new(store), new(store, "jan")
    for account, address, subject in ((stays, ADDRESS, "s-1"), (leaves, "j@kalisto.example", "s-2")):
        store.identities.expect(SCHOOL, account.id, address, NOW)
        store.identities.link(SCHOOL, ISSUER, subject, address, NOW)
    waits = new(store, "ina")
    store.identities.expect(SCHOOL, waits.id, "i@kalisto.example", NOW)
    store.purge(SCHOOL, NOW + 180 * DAY)
    assert store.identities.addresses(SCHOOL) == {waits.id: "i@kalisto.example"}
    assert len(store.identities.links(SCHOOL)) == 2
    store.accounts.set_state(SCHOOL, leaves.id, AccountState.CLOSED, NOW)
    store.purge(SCHOOL, NOW + 181 * DAY)
    assert [one.subject for one in store.identities.links(SCHOOL)] == ["s-1"]
    assert store.identities.addresses(SCHOOL) == {}
