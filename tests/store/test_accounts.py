"""Staff sign in, stay signed in for a while, and are slowed down when they guess."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from policy.model import Role
from store import Store
from store.accounts import Account, AccountState, Purpose
from tests.cast import at
from tests.store.school import NOW, SCHOOL

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub"
MINUTE = timedelta(minutes=1)


def teacher(store: Store) -> Account:
    made = store.accounts.add(SCHOOL, " Anja.Bakker ", "anja", Role.TEACHER, NOW)
    assert made is not None
    assert store.accounts.set_password(SCHOOL, made.id, HASH, NOW)
    found = store.accounts.get(SCHOOL, made.id)
    assert found is not None
    return found


def signed_in(store: Store, account: Account) -> str:
    token = store.accounts.open_session(SCHOOL, account.id, NOW)
    assert token is not None
    return token


def test_an_account_is_found_however_the_login_is_typed(store: Store) -> None:
    made = teacher(store)
    assert store.accounts.find(SCHOOL, "ANJA.BAKKER") == made
    assert (made.login, made.person, made.role, made.state, made.password) == (
        "anja.bakker",
        "anja",
        Role.TEACHER,
        AccountState.ACTIVE,
        HASH,
    )
    assert store.accounts.add(SCHOOL, "anja.bakker", "x", Role.TEACHER, NOW) is None
    assert store.accounts.add("other", "anja.bakker", "x", Role.TEACHER, NOW) is not None
    assert store.accounts.find(SCHOOL, "nobody") is None
    assert [one.password for one in store.accounts.accounts(SCHOOL)] == [None]


def test_only_an_argon2id_hash_is_kept(store: Store) -> None:
    made = teacher(store)
    for wrong in ("hunter2", "$argon2i$v=19$x", ""):
        with pytest.raises(ValueError, match="argon2id"):
            store.accounts.set_password(SCHOOL, made.id, wrong, NOW)


def test_a_new_account_cannot_sign_in_before_it_has_a_password(store: Store) -> None:
    made = store.accounts.add(SCHOOL, "new", "p", Role.TEACHER, NOW)
    assert made is not None and made.state is AccountState.NEW
    assert store.accounts.open_session(SCHOOL, made.id, NOW) is None
    assert not store.accounts.set_state(SCHOOL, made.id, AccountState.ACTIVE, NOW)


def test_a_session_ends_after_half_an_hour_of_nothing(store: Store) -> None:
    token = signed_in(store, teacher(store))
    assert store.accounts.session(SCHOOL, token, NOW + 29 * MINUTE) is not None
    assert store.accounts.session(SCHOOL, token, NOW + 58 * MINUTE) is not None
    assert store.accounts.session(SCHOOL, token, NOW + 88 * MINUTE) is None


def test_a_session_ends_after_a_working_day(store: Store) -> None:
    token = signed_in(store, teacher(store))
    moment, last = NOW, NOW
    while store.accounts.session(SCHOOL, token, moment):
        last, moment = moment, moment + 20 * MINUTE
    assert last < NOW + timedelta(hours=10) <= moment


def test_a_session_knows_whose_it_is(store: Store) -> None:
    account = teacher(store)
    token = signed_in(store, account)
    found = store.accounts.session(SCHOOL, token, NOW)
    assert found is not None and found.account == account and found.until == NOW + timedelta(hours=10)
    assert token not in str(found)
    assert store.accounts.session(SCHOOL, "wrong", NOW) is None
    assert store.accounts.session("other", token, NOW) is None


def test_signing_out_is_at_once_and_for_good(store: Store) -> None:
    account = teacher(store)
    first, second = signed_in(store, account), signed_in(store, account)
    assert store.accounts.close_session(SCHOOL, first, NOW)
    assert not store.accounts.close_session(SCHOOL, first, NOW)
    assert store.accounts.session(SCHOOL, first, NOW) is None
    assert store.accounts.session(SCHOOL, second, NOW) is not None
    assert store.accounts.close_sessions(SCHOOL, account.id, NOW) == 1
    assert store.accounts.session(SCHOOL, second, NOW) is None


def test_a_new_password_or_role_or_a_closed_account_signs_out_everywhere(store: Store) -> None:
    account = teacher(store)
    token = signed_in(store, account)
    assert store.accounts.set_password(SCHOOL, account.id, HASH, NOW)
    assert store.accounts.session(SCHOOL, token, NOW) is None
    token = signed_in(store, account)
    assert store.accounts.set_role(SCHOOL, account.id, Role.COORDINATOR, NOW)
    assert store.accounts.session(SCHOOL, token, NOW) is None
    token = signed_in(store, account)
    link = store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)
    assert link is not None
    assert store.accounts.set_state(SCHOOL, account.id, AccountState.CLOSED, NOW)
    assert store.accounts.session(SCHOOL, token, NOW) is None
    assert store.accounts.open_session(SCHOOL, account.id, NOW) is None
    assert store.accounts.peek_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW) is None
    assert store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW) is None
    assert not store.accounts.set_password(SCHOOL, account.id, HASH, NOW), "a closed account stays closed"
    assert not store.accounts.set_password(SCHOOL, "unknown", HASH, NOW)


def test_a_link_works_once_for_its_purpose_and_in_time(store: Store) -> None:
    account = teacher(store)
    old = store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)
    link = store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)
    assert old is not None and link is not None
    assert store.accounts.use_link(SCHOOL, old, Purpose.SET_PASSWORD, NOW) is None, "a newer one was made"
    assert store.accounts.use_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW + timedelta(hours=24)) is None
    assert store.accounts.peek_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW) == account
    used: list[Account | None] = []
    users = [
        threading.Thread(target=lambda: used.append(store.accounts.use_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW)))
        for _ in range(4)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join(20)
    assert used.count(account) == 1
    assert len(used) == 4
    assert store.accounts.peek_link(SCHOOL, link, Purpose.SET_PASSWORD, NOW) is None


def test_after_ten_wrong_tries_one_must_wait_longer_and_longer(store: Store) -> None:
    key = "login:anja.bakker"
    for n in range(1, 10):
        assert store.accounts.failed(SCHOOL, key, NOW).allowed, n
    tenth = store.accounts.failed(SCHOOL, key, NOW)
    assert (tenth.failed, tenth.allowed, tenth.wait) == (10, False, MINUTE)
    assert store.accounts.tries(SCHOOL, key, NOW + MINUTE).allowed
    waits = [store.accounts.failed(SCHOOL, key, NOW).wait for _ in range(6)]
    assert waits == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 15 * MINUTE, 15 * MINUTE, 15 * MINUTE]
    assert store.accounts.tries(SCHOOL, "login:somebody.else", NOW).allowed
    assert store.accounts.tries(SCHOOL, key, NOW + timedelta(hours=1)).failed == 0
    store.accounts.cleared(SCHOOL, key)
    assert store.accounts.tries(SCHOOL, key, NOW).failed == 0


def test_many_tries_at_once_do_not_slip_past_the_limit(store: Store) -> None:
    allowed: list[bool] = []

    def guess() -> None:
        for _ in range(4):
            allowed.append(store.accounts.attempt(SCHOOL, "address:10.0.0.9", NOW).allowed)

    guessers = [threading.Thread(target=guess) for _ in range(5)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join(30)
    assert allowed.count(True) == 10
    assert len(allowed) == 20


def test_tokens_and_keys_are_nowhere_in_the_database(store: Store) -> None:
    account = teacher(store)
    secrets = [signed_in(store, account), store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)]
    store.accounts.failed(SCHOOL, "address:10.0.0.9", at("09:00"))
    secrets.append("10.0.0.9")
    from store.account_tables import metadata

    database = store._accounts_database
    assert database is not None
    with database.read() as connection:
        everything = "".join(str(connection.execute(table.select()).all()) for table in metadata.sorted_tables)
    assert account.login in everything
    for secret in secrets:
        assert secret and secret not in everything
