"""Rows of a week: whatever a school wrote comes back the same, and what makes no sense never becomes a schedule."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.read import ConfigError
from config.times import schedule_from
from config.written import schedule_values
from dashboard.actions.week_rows import (
    BREAK,
    HOME,
    KINDS,
    LESSON,
    Row,
    Typed,
    copied,
    day_problems,
    rows_of,
    slots_of,
    typed_of,
    week_problems,
    with_week,
    without_row,
)
from policy.model import PeriodKind, Schedule, Slot
from policy.schedule import period_at
from tests.cast import at

_NAMES = st.sampled_from(["", "", "gym", "kleine pauze", "NO", "12", "a: b"])


@st.composite
def days(draw: st.DrawFn) -> tuple[Slot, ...]:
    """A day of school as it may be: stretches in order, with holes in which the pupils are at home."""
    count = draw(st.integers(0, 5))
    moments = sorted(draw(st.lists(st.integers(0, 1440), min_size=2 * count, max_size=2 * count, unique=True)))
    if draw(st.booleans()):  # one ends where the next one starts, as in most schools
        moments = [one for first in range(0, len(moments) - 2, 1) for one in moments[first : first + 2]]
    kinds = st.sampled_from([PeriodKind.LESSON, PeriodKind.BREAK])
    return tuple(
        Slot(draw(kinds), _clock(first), time.max if last == 1440 else _clock(last), draw(_NAMES))
        for first, last in zip(moments[::2], moments[1::2], strict=False)
    )


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


_WEEKS = st.dictionaries(st.integers(0, 6), days(), max_size=5)
_ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from([*KINDS, "anders"]),
        st.one_of(st.text(max_size=6), st.times().map("{:%H:%M}".format)),
        st.one_of(st.text(max_size=6), st.times().map("{:%H:%M}".format)),
        st.one_of(st.just(""), st.text(max_size=50)),
    ),
    max_size=5,
)


@pytest.mark.property
@given(_WEEKS, _WEEKS)
def test_every_week_comes_back_from_its_rows_as_it_was(school: dict, group: dict) -> None:
    school = {day: slots for day, slots in school.items() if slots}
    schedule = Schedule(days=school, groups={"7": {**school, **group}} if group else {})
    values = schedule_values(schedule)
    assert (schedule_from(values).days, schedule_from(values).groups) == (schedule.days, schedule.groups)
    again = values
    for name in (None, "7"):
        typed = typed_of(again, name)
        assert week_problems(typed, range(7)) == ()
        again = with_week(again, name, typed)
    made = schedule_from(again)
    assert made.days == schedule.days
    assert made.groups.get("7", made.days) == {**school, **group}


@pytest.mark.property
@given(_ROWS)
def test_what_has_no_problem_is_a_schedule_and_what_no_school_file_may_say_has_one(rows: list[Row]) -> None:
    problems = day_problems(0, rows)
    try:
        made = slots_of(rows)
    except (ConfigError, KeyError):
        assert problems or not [row for row in rows if not row.blank]
    else:
        assert problems or slots_of(rows_of(schedule_values(Schedule(days={0: made}))["days"]["mon"])) == made


def test_a_break_is_one_row_and_comes_off_the_lesson_around_it() -> None:
    rows = (Row(LESSON, "08:30", "14:00"), Row(BREAK, "10:20", "10:35", "buiten"))
    assert [f"{slot.start:%H:%M}-{slot.end:%H:%M} {slot.kind} {slot.name}".strip() for slot in slots_of(rows)] == [
        "08:30-10:20 lesson",
        "10:20-10:35 break buiten",
        "10:35-14:00 lesson",
    ]
    assert rows_of(schedule_values(Schedule(days={0: slots_of(rows)}))["days"]["mon"]) == rows


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([Row(LESSON, "08:30", "")], [("missing", 0)]),
        ([Row(LESSON, "", "", "gym")], [("missing", 0)]),
        ([Row(LESSON, "8:30", "14:00")], [("time", 0)]),
        ([Row(LESSON, "14:00", "08:30")], [("backwards", 0)]),
        ([Row(LESSON, "08:30", "08:30")], [("backwards", 0)]),
        ([Row(LESSON, "08:30", "14:00"), Row(), Row(LESSON, "13:00", "15:00")], [("overlap", 2)]),
        ([Row(BREAK, "10:00", "10:15"), Row(HOME, "10:10", "12:00"), Row(LESSON, "08:30", "14:00")], [("overlap", 1)]),
        ([Row(LESSON, "08:30", "10:00"), Row(LESSON, "10:30", "14:00")], [("hole", 1)]),
        ([Row(HOME, "08:30", "10:00")], [("only_home", None)]),
        ([Row(HOME, "10:00", "11:00", "thuis"), Row(LESSON, "08:30", "14:00")], [("home_name", 0)]),
        ([Row("anders", "08:30", "10:00")], [("kind", 0)]),
        ([Row(LESSON, "08:30", "10:00", "x" * 41)], [("name", 0)]),
        ([Row(LESSON, "08:30", "00:00"), Row(LESSON, "00:00", "07:00")], [("hole", 0)]),
        ([Row(LESSON, "00:00", "00:00")], []),
        ([Row(LESSON, "08:30", "14:00"), Row(BREAK, "10:15", "10:30"), Row(HOME, "12:00", "13:00")], []),
        ([Row(), Row(BREAK)], []),
    ],
)
def test_a_problem_names_its_row(rows: list[Row], found: list[tuple[str, int | None]]) -> None:
    assert [(one.code, one.row) for one in day_problems(3, rows)] == found


def test_a_day_is_copied_to_the_days_that_were_ticked_and_a_row_goes_again() -> None:
    monday = (Row(LESSON, "08:30", "12:00"), Row())
    typed = Typed((monday, *((Row(LESSON, "09:00", "15:00"),),) * 4, (), ()), frozenset({0}))
    made = copied(typed, 0, [2, 9])
    assert made.days[2] == monday[:1]
    assert made.days[1] == typed.days[1]
    assert made.own == {0, 2}
    assert without_row(made, 1, 0).days[1] == ()


def test_a_week_that_was_saved_keeps_its_hours_when_the_clock_goes_back() -> None:
    """Last Sunday of October: ten o'clock is ten o'clock on the wall, before and after."""
    rows = (Row(LESSON, "08:30", "14:00"), Row(BREAK, "10:00", "10:15"))
    schedule = schedule_from(with_week({}, None, Typed((rows,) * 7)))
    for day in ("2026-10-24", "2026-10-26"):
        assert period_at(schedule, None, at("10:05", day)).kind is PeriodKind.BREAK
        assert period_at(schedule, None, at("09:55", day)).kind is PeriodKind.LESSON


def test_a_lesson_to_midnight_is_written_and_read_as_one() -> None:
    (slot,) = slots_of((Row(LESSON, "22:00", "00:00"),))
    assert slot.end == time.max
    assert rows_of({"lessons": ["22:00-24:00"]}) == (Row(LESSON, "22:00", "00:00"),)
