"""The emergency exit in the store: one at a time, over is over, and a code that cannot be tried forever."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from policy.model import Emergency
from store import Store
from store.emergencies import FIRST_WAIT, FREE_TRIES, LONGEST_WAIT, Code, Fit, Way
from store.emergency_file import NAME, NOTHING, BadFile, EmergencyFile, Word
from store.retention import Terms
from store.tables import emergencies, emergency_codes
from tests.cast import KNOWLEDGE
from tests.store.school import NOW, SCHOOL, settle

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def held(store: Store, now: datetime = NOW) -> tuple[str, ...]:
    return tuple(one.id for one in store.snapshot(SCHOOL, KNOWLEDGE, now).state.emergencies)


def audited(store: Store) -> list[str]:
    return [entry.what for entry in reversed(store.audit.entries(SCHOOL)) if entry.what.startswith("emergency.")]


def test_it_is_in_the_snapshot_until_its_end_and_every_step_is_audited(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    made = store.emergencies.start(SCHOOL, NOW + HOUR, "cor", Way.DESK, NOW)
    assert held(store) == (made.id,)
    assert store.emergencies.current(SCHOOL, NOW + HOUR - MINUTE) == made
    assert held(store, NOW + HOUR) == ()
    assert store.emergencies.current(SCHOOL, NOW + HOUR) is None
    assert store.emergencies.stop(SCHOOL, "cor", NOW + 20 * MINUTE)
    assert not store.emergencies.stop(SCHOOL, "cor", NOW + 20 * MINUTE)
    assert held(store, NOW + 20 * MINUTE) == ()
    assert store.revision(SCHOOL) == before + 2
    assert audited(store) == ["emergency.on", "emergency.off"]
    assert [one.end for one in store.emergencies.past(SCHOOL)] == [NOW + 20 * MINUTE]


def test_a_second_one_takes_the_place_of_the_first(store: Store) -> None:
    settle(store)
    store.emergencies.start(SCHOOL, NOW + 4 * HOUR, "cor", Way.DESK, NOW)
    second = store.emergencies.start(SCHOOL, NOW + HOUR, "dir", Way.CODE, NOW + MINUTE)
    assert held(store, NOW + MINUTE) == (second.id,)


@pytest.mark.evasion("S15")
def test_a_clock_that_is_set_back_opens_none_that_was_seen_to_be_over(store: Store) -> None:
    settle(store)
    store.emergencies.start(SCHOOL, NOW + HOUR, "cor", Way.DESK, NOW)
    assert store.emergencies.settle(SCHOOL, NOW + 30 * MINUTE) == 0
    assert store.emergencies.settle(SCHOOL, NOW + HOUR) == 1
    assert store.emergencies.settle(SCHOOL, NOW + HOUR) == 0
    assert held(store, NOW + 10 * MINUTE) == ()
    assert store.emergencies.current(SCHOOL, NOW + 10 * MINUTE) is None
    assert audited(store) == ["emergency.on", "emergency.over"]


@pytest.mark.parametrize("end", [NOW, NOW - HOUR, NOW + 4 * HOUR + MINUTE])
def test_none_lasts_longer_than_four_hours(store: Store, end: datetime) -> None:
    with pytest.raises(ValueError, match="four hours"):
        store.emergencies.start(SCHOOL, end, "cor", Way.DESK, NOW)
    assert not store.emergencies.adopt(SCHOOL, Emergency("e", NOW, end, "command", "command"), NOW)


def test_a_row_that_somebody_made_longer_is_not_believed(store: Store) -> None:
    settle(store)
    store.emergencies.start(SCHOOL, NOW + HOUR, "cor", Way.DESK, NOW)
    with store.database.write(SCHOOL) as change:
        change.execute(sa.update(emergencies).values(ends=NOW + DAY))
    assert held(store) == ()


def test_one_that_began_without_the_database_is_written_down_once(store: Store) -> None:
    settle(store)
    one = Emergency("file", NOW, NOW + HOUR, "command", Way.COMMAND)
    assert store.emergencies.adopt(SCHOOL, one, NOW + MINUTE)
    assert not store.emergencies.adopt(SCHOOL, one, NOW + MINUTE)
    assert held(store) == ("file",)
    assert store.emergencies.stop(SCHOOL, "cor", NOW + 2 * MINUTE)
    assert not store.emergencies.adopt(SCHOOL, one, NOW + 3 * MINUTE)
    assert held(store, NOW + 3 * MINUTE) == ()
    assert audited(store) == ["emergency.on", "emergency.off"]


def test_it_can_end_only_what_began_before(store: Store) -> None:
    settle(store)
    store.emergencies.start(SCHOOL, NOW + HOUR, "cor", Way.DESK, NOW)
    assert not store.emergencies.stop(SCHOOL, "command", NOW + MINUTE, NOW - MINUTE)
    assert store.emergencies.stop(SCHOOL, "command", NOW + MINUTE, NOW)


# --- the code ------------------------------------------------------------------------------------------------------


def test_the_code_fits_however_it_is_typed_and_is_kept_as_a_hash_only(store: Store) -> None:
    assert store.emergencies.fits(SCHOOL, "AAAA-BBBB-CCCC", NOW) is Fit.NONE
    code = store.emergencies.make_code(SCHOOL, "cor", NOW)
    assert [len(part) for part in code.split("-")] == [4, 4, 4]
    for typed in (code, code.lower(), code.replace("-", " "), f" {code.replace('-', '')} "):
        assert store.emergencies.fits(SCHOOL, typed, NOW) is Fit.FITS
    with store.database.read() as connection:
        row = connection.execute(sa.select(emergency_codes)).one()
    assert code.replace("-", "") not in repr(row)
    assert code not in repr(row)
    assert store.emergencies.code(SCHOOL) == Code(NOW, "cor")


def test_a_new_code_ends_the_old_one(store: Store) -> None:
    old = store.emergencies.make_code(SCHOOL, "cor", NOW)
    new = store.emergencies.make_code(SCHOOL, "dir", NOW + DAY)
    assert store.emergencies.fits(SCHOOL, old, NOW + DAY) is Fit.WRONG
    assert store.emergencies.fits(SCHOOL, new, NOW + DAY) is Fit.FITS


def test_wrong_codes_are_counted_and_make_everybody_wait_longer_each_time(store: Store) -> None:
    code = store.emergencies.make_code(SCHOOL, "cor", NOW)
    for _ in range(FREE_TRIES):
        assert store.emergencies.fits(SCHOOL, "AAAA-BBBB-CCCC", NOW) is Fit.WRONG
    assert store.emergencies.fits(SCHOOL, code, NOW + FIRST_WAIT / 2) is Fit.WAIT
    assert store.emergencies.fits(SCHOOL, "", NOW + FIRST_WAIT) is Fit.WRONG
    known = store.emergencies.code(SCHOOL)
    assert known is not None
    assert known.wrong == FREE_TRIES + 1
    assert known.waits_until(NOW + FIRST_WAIT) == NOW + FIRST_WAIT + 2 * FIRST_WAIT
    assert store.emergencies.fits(SCHOOL, code, NOW + 3 * FIRST_WAIT) is Fit.FITS
    assert store.emergencies.code(SCHOOL) == Code(NOW, "cor")
    assert audited(store).count("emergency.wrong") == FREE_TRIES + 1


def test_the_longest_wait_is_a_quarter_and_a_clock_set_back_is_no_wait() -> None:
    many = Code(NOW, "cor", 500, NOW)
    assert many.waits_until(NOW) == NOW + LONGEST_WAIT
    assert many.waits_until(NOW - DAY) is None


# --- what is kept how long -------------------------------------------------------------------------------------------


def test_they_are_forgotten_after_a_year_and_the_code_stays(store: Store) -> None:
    settle(store)
    store.emergencies.start(SCHOOL, NOW + HOUR, "cor", Way.DESK, NOW)
    store.emergencies.make_code(SCHOOL, "cor", NOW)
    assert store.purge(SCHOOL, NOW + 365 * DAY, Terms()).emergencies == 0
    assert store.purge(SCHOOL, NOW + 366 * DAY, Terms()).emergencies == 1
    assert store.emergencies.code(SCHOOL) is not None


# --- the file --------------------------------------------------------------------------------------------------------

ONE = Emergency("e", NOW, NOW + HOUR, "command", "command")


@pytest.fixture
def flag(tmp_path: Path) -> EmergencyFile:
    return EmergencyFile(tmp_path)


def test_the_file_says_it_until_the_end_and_is_for_its_owner_alone(flag: EmergencyFile) -> None:
    assert flag.read(NOW) == NOTHING
    flag.say_on(ONE)
    assert flag.path.stat().st_mode & 0o777 == 0o600
    assert flag.read(NOW) == Word(on=ONE)
    assert flag.read(NOW + HOUR) == NOTHING
    assert flag.read(NOW) == NOTHING, "a clock that is set back opens nothing again"
    flag.say_off(NOW + MINUTE)
    assert flag.read(NOW + 2 * MINUTE) == Word(off=NOW + MINUTE)
    assert flag.read(NOW + 2 * DAY) == NOTHING
    flag.remove()
    flag.remove()
    assert flag.read(NOW) == NOTHING


@pytest.mark.parametrize(
    "change",
    [
        {"end": (NOW + 5 * HOUR).isoformat()},
        {"end": NOW.isoformat()},
        {"end": "2099"},
        {"start": NOW.replace(tzinfo=None).isoformat()},
        {"start": 5},
        {"end": None},
        {"id": ""},
        {"on": 1},
    ],
)
def test_a_file_that_makes_no_sense_opens_nothing(flag: EmergencyFile, change: dict[str, object]) -> None:
    flag.say_on(ONE)
    flag.path.write_text(json.dumps(json.loads(flag.path.read_text()) | change))
    with pytest.raises(BadFile):
        flag.read(NOW)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"on"', "\x00" * 50, "[" * 2000])
def test_a_broken_file_opens_nothing(flag: EmergencyFile, text: str) -> None:
    flag.say_on(ONE)
    flag.path.write_text(text)
    with pytest.raises(BadFile):
        flag.read(NOW)


def test_a_file_that_others_could_have_written_opens_nothing(flag: EmergencyFile, tmp_path: Path) -> None:
    flag.say_on(ONE)
    flag.path.chmod(0o644)
    with pytest.raises(BadFile, match="600"):
        flag.read(NOW)
    real = tmp_path / "real"
    flag.path.chmod(0o600)
    flag.path.rename(real)
    (tmp_path / NAME).symlink_to(real)
    with pytest.raises(BadFile):
        flag.read(NOW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_opens_nothing_and_roots_file_is_given_to_the_guard(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    flag = EmergencyFile(tmp_path)
    flag.say_on(ONE)
    assert flag.path.stat().st_uid == 12345
    os.chown(flag.path, 54321, 54321)
    with pytest.raises(BadFile, match="somebody else"):
        flag.read(NOW)


def test_times_are_utc_whatever_offset_was_written(flag: EmergencyFile) -> None:
    flag.say_on(replace(ONE, start=datetime.fromisoformat("2026-11-23T09:00:00+01:00")))
    found = flag.read(NOW).on
    assert found is not None
    assert found.start == datetime(2026, 11, 23, 8, tzinfo=UTC)
