"""A day code works once, on its day; whoever came in with it is out as soon as it is withdrawn."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from policy.model import Role
from store import Store
from store.account_tables import day_codes as table
from store.accounts import Account, AccountState, Purpose
from store.day_codes import DayCode
from store.sessions import IDLE_OF_A_DAY
from tests.cast import at
from tests.store.school import NOW, SCHOOL

START, END = at("00:00"), at("14:00")


def made(store: Store, group: str = "7") -> str:
    return store.day_codes.make(SCHOOL, group, START, END, "anja", NOW)


def came_in(store: Store, code: str | None = None) -> tuple[DayCode, Account, str]:
    taken = store.day_codes.take(SCHOOL, code or made(store), NOW)
    assert taken is not None
    account = store.accounts.add_for_a_day(SCHOOL, "invaller-1", Role.TEACHER, taken.until, NOW)
    store.day_codes.handed(SCHOOL, taken.id, account.id, NOW)
    token = store.accounts.open_session(SCHOOL, account.id, NOW)
    assert token is not None
    return taken, account, token


def test_a_code_works_once_however_it_is_typed(store: Store) -> None:
    code = made(store)
    taken = store.day_codes.take(SCHOOL, f" {code.lower().replace('-', ' ')} ", NOW)
    assert taken is not None
    assert (taken.group, taken.until, taken.by, taken.used) == ("7", END, "anja", NOW)
    assert store.day_codes.take(SCHOOL, code, NOW) is None


def test_of_two_browsers_at_once_one_gets_in(store: Store) -> None:
    code = made(store)
    found: list[DayCode | None] = []
    tries = [threading.Thread(target=lambda: found.append(store.day_codes.take(SCHOOL, code, NOW))) for _ in range(4)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()
    assert len(found) == 4
    assert sum(one is not None for one in found) == 1


def test_a_code_is_for_its_own_day_and_school(store: Store) -> None:
    code = store.day_codes.make(SCHOOL, "7", at("00:00", "2026-11-24"), at("14:00", "2026-11-24"), "anja", NOW)
    assert store.day_codes.take(SCHOOL, code, NOW) is None
    assert store.day_codes.take("other", code, at("09:00", "2026-11-24")) is None
    assert store.day_codes.take(SCHOOL, code, at("14:00", "2026-11-24")) is None
    assert store.day_codes.take(SCHOOL, code, at("07:30", "2026-11-24")) is not None


def test_a_code_that_is_over_before_it_begins_is_not_made(store: Store) -> None:
    for start, until in ((END, START), (at("00:00"), at("08:59"))):
        with pytest.raises(ValueError, match="works for a while"):
            store.day_codes.make(SCHOOL, "7", start, until, "anja", NOW)


def test_a_new_code_takes_the_place_of_an_unused_one_of_that_day(store: Store) -> None:
    old, other, new = made(store), made(store, "8"), made(store)
    assert store.day_codes.take(SCHOOL, old, NOW) is None
    assert store.day_codes.take(SCHOOL, other, NOW) is not None
    assert store.day_codes.take(SCHOOL, new, NOW) is not None
    after = made(store)
    assert len(store.day_codes.standing(SCHOOL, "7", NOW)) == 2
    assert store.day_codes.take(SCHOOL, after, NOW) is not None


def test_of_a_code_only_its_hash_is_kept(store: Store) -> None:
    code = made(store)
    with store.accounts.database.read() as connection:
        (row,) = [tuple(map(str, one)) for one in connection.execute(sa.select(table))]
    assert not any(code in value or code.replace("-", "") in value for value in row)


def test_a_session_does_not_outlive_the_day_and_not_the_account(store: Store) -> None:
    _, account, token = came_in(store)
    session = store.accounts.session(SCHOOL, token, NOW)
    assert session is not None
    assert session.until == END
    assert session.account.closes == END
    assert store.accounts.session(SCHOOL, token, END - timedelta(minutes=1), touch=False, idle=timedelta(hours=9))
    assert store.accounts.session(SCHOOL, token, END, idle=timedelta(hours=9)) is None
    assert store.accounts.open_session(SCHOOL, account.id, END) is None


def test_after_a_playground_duty_a_substitute_is_still_in_and_after_two_hours_not(store: Store) -> None:
    _, _, token = came_in(store)
    assert store.accounts.session(SCHOOL, token, NOW + timedelta(minutes=45), touch=False)
    assert store.accounts.session(SCHOOL, token, NOW + IDLE_OF_A_DAY) is None


def test_an_account_of_a_day_never_gets_a_password(store: Store) -> None:
    _, account, _ = came_in(store)
    assert store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW) is None
    assert store.accounts.get(SCHOOL, account.id) == account
    assert account in store.accounts.accounts(SCHOOL)


def test_withdrawing_closes_the_account_and_its_sessions(store: Store) -> None:
    taken, account, token = came_in(store)
    ended = store.day_codes.end(SCHOOL, taken.id, NOW)
    assert ended is not None and (ended.account, ended.person) == (account.id, "invaller-1")
    assert store.accounts.session(SCHOOL, token, NOW) is None
    assert store.accounts.open_session(SCHOOL, account.id, NOW) is None
    closed = store.accounts.get(SCHOOL, account.id)
    assert closed is not None and closed.state is AccountState.CLOSED
    assert not store.accounts.set_state(SCHOOL, account.id, AccountState.ACTIVE, NOW)
    assert store.day_codes.standing(SCHOOL, "7", NOW) == ()
    assert store.day_codes.end(SCHOOL, taken.id, NOW) is None
    assert not store.day_codes.again(SCHOOL, taken.id, NOW)


def test_a_code_that_may_be_used_again_lets_one_more_in_and_the_first_out(store: Store) -> None:
    code = made(store)
    taken, _, first = came_in(store, code)
    assert store.day_codes.again(SCHOOL, taken.id, NOW)
    assert not store.day_codes.again(SCHOOL, taken.id, NOW)
    assert store.accounts.session(SCHOOL, first, NOW) is not None
    _, second_account, second = came_in(store, code)
    assert store.accounts.session(SCHOOL, first, NOW) is None
    assert store.accounts.session(SCHOOL, second, NOW) is not None
    (standing,) = store.day_codes.standing(SCHOOL, "7", NOW)
    assert standing.account == second_account.id
    assert store.day_codes.take(SCHOOL, code, NOW) is None


def test_a_code_of_another_school_is_nobodys(store: Store) -> None:
    taken, _, token = came_in(store)
    calls: tuple[Any, ...] = (store.day_codes.end, store.day_codes.again)
    assert not any(call("other", taken.id, NOW) for call in calls)
    assert store.day_codes.get("other", taken.id) is None
    assert store.day_codes.standing("other", "7", NOW) == ()
    assert store.accounts.session(SCHOOL, token, NOW) is not None
