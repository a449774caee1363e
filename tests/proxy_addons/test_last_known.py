"""The rules that were in force last: kept for who starts without a database, closed to who has only the file."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from proxy_addons.last_known import LastKnown
from tests.cast import KNOWLEDGE, LESSON, with_state

SECRET = b"s" * 32


@pytest.fixture
def kept(tmp_path: Path) -> LastKnown:
    return LastKnown(tmp_path, SECRET)


def test_what_was_in_force_comes_back_as_it_was(kept: LastKnown) -> None:
    held = with_state()
    kept.keep(held, LESSON)
    assert kept.read(held.school, KNOWLEDGE) == (held, LESSON)


def test_the_newest_one_counts(kept: LastKnown) -> None:
    kept.keep(with_state(), LESSON)
    kept.keep(with_state(), LESSON + timedelta(minutes=1))
    found = kept.read(with_state().school, KNOWLEDGE)
    assert found is not None
    assert found[1] == LESSON + timedelta(minutes=1)


def test_without_a_file_there_is_none(kept: LastKnown) -> None:
    assert kept.read("school", KNOWLEDGE) is None


def test_another_school_and_another_key_find_nothing(kept: LastKnown) -> None:
    held = with_state()
    kept.keep(held, LESSON)
    assert kept.read("elsewhere", KNOWLEDGE) is None
    assert LastKnown(kept.home, b"t" * 32).read(held.school, KNOWLEDGE) is None


@pytest.mark.evasion("S14")
@pytest.mark.parametrize("harm", [lambda data: b"", lambda data: data[:40], lambda data: data[:-1] + b"x"])
def test_a_harmed_file_is_as_if_it_were_not_there(kept: LastKnown, harm) -> None:
    held = with_state()
    kept.keep(held, LESSON)
    kept.path.write_bytes(harm(kept.path.read_bytes()))
    assert kept.read(held.school, KNOWLEDGE) is None


def test_the_file_says_nothing_and_is_for_its_owner_alone(kept: LastKnown) -> None:
    held = with_state()
    kept.keep(held, LESSON)
    data = kept.path.read_bytes()
    assert not any(person.encode() in data for person in held.people)
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


def test_of_what_the_desk_and_a_proxy_of_its_own_kept_the_newest_counts(kept: LastKnown) -> None:
    apart = LastKnown(kept.home, SECRET, apart=True)
    apart.path.parent.mkdir()
    older, newer = with_state(), replace(with_state(), revision=99)
    kept.keep(older, LESSON)
    apart.keep(newer, LESSON + timedelta(minutes=1))
    for one in (kept, apart):
        found = one.read(older.school, KNOWLEDGE)
        assert found is not None and found[0].revision == 99
    kept.keep(newer, LESSON + timedelta(minutes=2))
    apart.path.write_bytes(b"harmed")
    found = kept.read(older.school, KNOWLEDGE)
    assert found is not None and found[1] == LESSON + timedelta(minutes=2)
