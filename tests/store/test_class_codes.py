"""The code on the board: it works in its lesson, for its group, and it cannot be found by trying."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from store import Store
from store.class_codes import DIGITS, MOST_HERE, MOST_TOGETHER, WINDOW, ClassCode, No
from store.tables import sign_in_tries
from tests.cast import at
from tests.store.school import NOW, SCHOOL, settle

BELL = at("10:15")


def opened(store: Store, group: str = "7") -> ClassCode:
    code = store.class_codes.open(SCHOOL, group, BELL, "anja", NOW)
    assert code is not None
    return code


def wrong_of(code: ClassCode) -> str:
    return f"{(int(code.code) + 1) % 10**DIGITS:0{DIGITS}}"


def test_a_code_works_until_the_bell_and_a_new_one_ends_the_old(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    first = opened(store)
    assert store.revision(SCHOOL) == before + 1
    assert store.class_codes.fits(SCHOOL, f" {first.code} ", "7", "a", NOW) == first
    assert store.class_codes.fits(SCHOOL, first.code, "7", "a", BELL) is No.WRONG
    second = opened(store)
    assert store.class_codes.of(SCHOOL, "7", NOW) == second
    if first.code != second.code:
        assert store.class_codes.fits(SCHOOL, first.code, None, "a", NOW) is No.WRONG
    assert store.class_codes.close(SCHOOL, "7", "anja", NOW)
    assert not store.class_codes.close(SCHOOL, "7", "anja", NOW)
    assert store.class_codes.fits(SCHOOL, second.code, "7", "a", NOW) is No.WRONG
    assert store.class_codes.open(SCHOOL, "none", BELL, "anja", NOW) is None
    assert store.class_codes.open(SCHOOL, "7", NOW, "anja", NOW) is None


@pytest.mark.evasion("E24")
def test_a_code_of_one_group_is_no_way_in_from_a_device_of_another(store: Store) -> None:
    settle(store)
    seven, eight = opened(store), opened(store, "8")
    assert seven.code != eight.code
    assert store.class_codes.fits(SCHOOL, seven.code, "8", "a", NOW) is No.WRONG
    assert store.class_codes.fits(SCHOOL, seven.code, None, "a", NOW) == seven
    assert store.class_codes.fits("other", seven.code, None, "a", NOW) is No.WRONG


@pytest.mark.evasion("E24")
def test_who_guesses_waits_and_then_may_try_again(store: Store) -> None:
    settle(store)
    code = opened(store)
    for _ in range(MOST_HERE):
        assert store.class_codes.fits(SCHOOL, wrong_of(code), "7", "a", NOW) is No.WRONG
    assert store.class_codes.fits(SCHOOL, code.code, "7", "a", NOW) is No.TOO_MANY, "the right one does not help"
    assert store.class_codes.fits(SCHOOL, code.code, "7", "b", NOW) == code, "a neighbour is not kept out"
    assert store.class_codes.fits(SCHOOL, code.code, "7", "a", NOW + WINDOW) == code


@pytest.mark.evasion("E24")
def test_guessing_from_many_addresses_at_once_helps_nobody(store: Store) -> None:
    settle(store)
    code, eight = opened(store), opened(store, "8")
    for number in range(MOST_TOGETHER):
        assert store.class_codes.fits(SCHOOL, wrong_of(code), "7", f"place {number}", NOW) is No.WRONG
    assert store.class_codes.fits(SCHOOL, code.code, "7", "a fresh place", NOW) is No.TOO_MANY
    assert store.class_codes.fits(SCHOOL, eight.code, "8", "elsewhere", NOW) == eight, "the other group goes on"


def test_no_address_is_kept_of_who_was_wrong(store: Store) -> None:
    settle(store)
    opened(store)
    store.class_codes.fits(SCHOOL, "no code", "7", "10.0.7.31", NOW)
    with store.database.read() as connection:
        kept = connection.execute(sa.select(sign_in_tries)).all()
    assert len(kept) == 2 and not any("10.0.7.31" in str(row) or "no code" in str(row) for row in kept)
    assert store.purge(SCHOOL, NOW + WINDOW + timedelta(seconds=1)).sign_ins == 2
