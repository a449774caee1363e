"""A school day goes on to its last bell, and the next one is after the weekend and the holiday."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

from policy.model import PeriodKind, Schedule, Slot
from policy.schoolday import next_school_days, school_day
from tests.cast import SCHEDULE, at

MONDAY = date(2026, 11, 23)


def test_a_school_day_goes_on_to_the_last_bell() -> None:
    day = school_day(SCHEDULE, "7", MONDAY)
    assert day is not None
    assert (day.start, day.end) == (at("00:00"), at("14:00"))


def test_an_hour_at_home_at_noon_does_not_end_the_day() -> None:
    slots = (
        Slot(PeriodKind.LESSON, time(8, 30), time(12, 0), "ochtend"),
        Slot(PeriodKind.LESSON, time(13, 15), time(15, 15), "middag"),
    )
    day = school_day(replace(SCHEDULE, days={0: slots}), "7", MONDAY)
    assert day is not None and day.end == at("15:15")


def test_a_day_of_lessons_around_the_clock_ends_at_midnight() -> None:
    slots = (Slot(PeriodKind.LESSON, time(0), time(0), "altijd"),)
    day = school_day(Schedule(days=dict.fromkeys(range(7), slots)), "7", MONDAY)
    assert day is not None and day.end == at("00:00", "2026-11-24")


def test_there_is_no_school_in_the_weekend_nor_in_the_holiday() -> None:
    assert school_day(SCHEDULE, "7", date(2026, 11, 22)) is None
    assert school_day(SCHEDULE, "7", date(2026, 12, 21)) is None


def test_the_next_school_day_is_after_the_weekend_and_after_the_holiday() -> None:
    friday = next_school_days(SCHEDULE, "7", at("09:00", "2026-11-27"))
    assert [one.day for one in friday] == [date(2026, 11, 27), date(2026, 11, 30)]
    holiday = next_school_days(SCHEDULE, "7", at("15:00", "2026-12-18"))
    assert [one.day for one in holiday] == [date(2027, 1, 4), date(2027, 1, 5)]


def test_a_school_without_lessons_has_no_next_school_day() -> None:
    assert next_school_days(Schedule(days={}), "7", at("09:00")) == ()


def test_a_day_on_which_the_clock_is_changed_ends_by_the_wall_clock() -> None:
    slots = {day: (Slot(PeriodKind.LESSON, time(8, 30), time(14, 0), "dag"),) for day in range(7)}
    day = school_day(Schedule(days=slots), "7", date(2026, 10, 25))
    assert day is not None
    assert (day.start, day.end) == (at("00:00", "2026-10-25"), at("14:00", "2026-10-25"))
    assert (day.end - day.start).total_seconds() == 15 * 3600
