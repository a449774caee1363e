"""The school's own pupils are known by name, and nobody can read their names from it."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.codec import snapshot_to_dict
from policy.projection import project
from policy.roster import Roster
from tests.cast import LESSON, SNAPSHOT

PUPILS = [
    ("Sem Bakker", ("8",)),
    ("Noor Özdemir", ("7",)),
    ("Lisa van den Berg", ("7",)),
    ("Anna-Sofie de Wit", ("6",)),
    ("Mohammed El Amrani", ("6",)),
    ("Daan Willem Smit", ("5",)),
    ("Bo", ("5",)),
]
ROSTER = Roster.of(PUPILS, b"s" * 16)


@pytest.mark.parametrize(
    "text",
    [
        "sem bakker groep 8",
        "SEM   BAKKER zit in mijn klas",
        "weet je dat noor ozdemir op mijn school zit",
        "Lisa Berg uit groep 7b",
        "lisa vd berg (groep 7)",
        "Lisa van den Berg, klas 1b",
        "anna sofie de wit zit in groep 6",
        "Mohammed el-Amrani groep 6",
        "daan smit groep 5",
        "Daan Willem Smit groep 5",
        '{"naam":"Sem Bakker","groep":"8"}',
        "S\u200bem Bakker groep 8",
        "groep 8 is leuk, vooral sem bakker",
    ],
)
def test_a_pupil_with_a_class_or_school_is_found_however_it_is_spelled(text: str) -> None:
    assert ROSTER.find(text) == {"fullname-class"}


def test_a_full_name_alone_is_told_apart() -> None:
    assert ROSTER.find("gemaakt door Sem Bakker") == {"fullname"}
    assert ROSTER.find("Sem Bakker " + "x " * 300 + "groep 8") == {"fullname"}


@pytest.mark.parametrize(
    "text",
    [
        "sem zit in groep 8",
        "de bakker van groep 8",
        "Sem de Vries groep 8",
        "bo groep 5",
        "Noor groep 7",
        "",
        "groep 8",
    ],
)
def test_a_first_name_or_another_child_is_nobody_of_the_roster(text: str) -> None:
    assert ROSTER.find(text) == frozenset()


def test_an_empty_roster_knows_nobody() -> None:
    assert Roster().find("Sem Bakker groep 8") == frozenset()


def test_no_name_is_in_the_roster() -> None:
    kept = pickle.dumps(ROSTER).lower() + repr(ROSTER).lower().encode()
    for word in (b"sem", b"bakker", b"amrani", b"demir", b"groep"):
        assert word not in kept
    assert Roster.of(PUPILS, b"t" * 16).names.isdisjoint(ROSTER.names), "another process has other hashes"


def test_the_roster_does_not_travel() -> None:
    from dataclasses import replace

    school = replace(SNAPSHOT, roster=ROSTER)
    assert "roster" not in snapshot_to_dict(school)
    assert project(school, "chroom-1", LESSON).roster == Roster()


def test_a_long_text_full_of_first_names_is_read_in_time() -> None:
    text = "sem noor lisa van den anna " * 4_000
    start = time.thread_time()
    ROSTER.find(text)
    assert time.thread_time() - start < 1.0, "some 20 ms; a generous ceiling for a busy machine"


@given(st.text(max_size=200))
def test_any_text_can_be_asked(text: str) -> None:
    assert ROSTER.find(text) <= {"fullname", "fullname-class"}
    assert Roster.of([(text, ())], b"s").find("hallo") == frozenset() or text.strip()
