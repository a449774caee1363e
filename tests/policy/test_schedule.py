"""Bells: which period holds, and until when."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from policy import codec
from policy.model import Closure, Period, PeriodKind, Schedule, Slot, Special
from policy.schedule import period_at
from tests.cast import AMSTERDAM, POLICY, SCHEDULE, at


def test_the_bell_rings_at_amsterdams_quarter_past_ten() -> None:
    lesson = period_at(SCHEDULE, "7", at("10:14:59"))
    assert (lesson.kind, lesson.end) == (PeriodKind.LESSON, at("10:15"))
    assert period_at(SCHEDULE, "7", at("10:15")).kind is PeriodKind.BREAK


def test_after_school_the_next_change_is_tomorrow_morning() -> None:
    evening = period_at(SCHEDULE, None, at("19:00"))
    assert (evening.kind, evening.end) == (PeriodKind.OUTSIDE, at("08:30", "2026-11-24"))


def test_on_friday_afternoon_the_next_change_is_monday() -> None:
    assert period_at(SCHEDULE, None, at("15:00", "2026-11-27")).end == at("08:30", "2026-11-30")


def test_a_holiday_has_no_lessons_and_ends_with_the_first_school_day() -> None:
    holiday = period_at(SCHEDULE, "7", at("10:00", "2026-12-21"))
    assert (holiday.kind, holiday.end) == (PeriodKind.OUTSIDE, at("08:30", "2027-01-04"))


def test_a_school_without_a_timetable_is_always_outside() -> None:
    period = period_at(Schedule(), "7", at("10:00"))
    assert (period.kind, period.end) == (PeriodKind.OUTSIDE, None)


def test_a_group_may_have_a_week_of_its_own() -> None:
    young = Schedule(days=SCHEDULE.days, groups={"1": {0: (Slot(PeriodKind.LESSON, time(8, 30), time(12, 0)),)}})
    assert period_at(young, "1", at("13:00")).kind is PeriodKind.OUTSIDE
    assert period_at(young, "7", at("13:00")).kind is PeriodKind.LESSON


@pytest.mark.evasion("S15")
def test_the_bell_follows_the_clock_over_both_changes() -> None:
    for day, utc_hour in (("2026-03-27", 7), ("2026-03-30", 6), ("2026-10-23", 6), ("2026-10-26", 7)):
        moment = datetime.fromisoformat(f"{day}T{utc_hour:02}:30+00:00")
        assert period_at(SCHEDULE, "7", moment).start == moment


def test_a_day_of_school_can_last_till_midnight() -> None:
    whole = Schedule(days={d: (Slot(PeriodKind.LESSON, time(0, 0), time(0, 0)),) for d in range(7)})
    assert period_at(whole, None, at("23:59:59")).kind is PeriodKind.LESSON
    assert period_at(whole, None, at("00:00")).kind is PeriodKind.LESSON


# --- days that are otherwise ---------------------------------------------------------------------------------------

LESSON, BREAK, OUTSIDE = PeriodKind.LESSON, PeriodKind.BREAK, PeriodKind.OUTSIDE
TUESDAY = "2026-11-24"


def otherwise(*specials: Special, closures: tuple[Closure, ...] = SCHEDULE.closures) -> Schedule:
    return replace(SCHEDULE, specials=specials, closures=closures)


def special(kind: PeriodKind, start: str, end: str, name: str, *groups: str, day: str = TUESDAY) -> Special:
    return Special(
        date.fromisoformat(day), Slot(kind, time.fromisoformat(start), time.fromisoformat(end), name), frozenset(groups)
    )


def told(schedule: Schedule, clock: str, group: str | None = "7", day: str = TUESDAY) -> tuple[object, ...]:
    period = period_at(schedule, group, at(clock, day))
    start, end = (moment and f"{moment.astimezone(AMSTERDAM):%d-%m %H:%M}" for moment in (period.start, period.end))
    return period.kind, period.name, start, end


def test_a_museum_visit_takes_the_place_of_that_part_of_the_day_for_that_group_only() -> None:
    visit = otherwise(special(LESSON, "09:00", "12:00", "museum", "7"))
    assert told(visit, "08:45") == (LESSON, "ochtend", "24-11 08:30", "24-11 09:00")
    assert told(visit, "10:20") == (LESSON, "museum", "24-11 09:00", "24-11 12:00")
    assert told(visit, "12:00") == (LESSON, "middag", "24-11 12:00", "24-11 14:00")
    assert told(visit, "10:20", "8") == (BREAK, "pauze", "24-11 10:15", "24-11 10:30")
    assert told(visit, "10:20", day="2026-11-25") == (BREAK, "pauze", "25-11 10:15", "25-11 10:30")


def test_what_one_group_does_is_not_the_schools_own_day_and_what_all_do_is() -> None:
    assert told(otherwise(special(OUTSIDE, "12:00", "00:00", "vrij", "7")), "13:00", None)[0] is LESSON
    assert told(otherwise(special(OUTSIDE, "12:00", "00:00", "vrij")), "13:00", None)[0] is OUTSIDE


def test_a_half_day_is_off_until_the_next_lesson_and_is_called_so() -> None:
    half = otherwise(special(OUTSIDE, "12:00", "00:00", "halve dag"))
    assert told(half, "11:59") == (LESSON, "middag", "24-11 10:30", "24-11 12:00")
    assert told(half, "12:00") == (OUTSIDE, "halve dag", "24-11 12:00", "25-11 08:30")
    assert told(half, "08:00", day="2026-11-25") == told(half, "12:00")


def test_time_off_where_there_was_no_school_has_no_name() -> None:
    assert told(otherwise(special(OUTSIDE, "14:00", "00:00", "halve dag")), "15:00")[1] == ""


def test_an_evening_at_school_counts_and_so_does_a_morning_in_the_holidays() -> None:
    musical = otherwise(special(LESSON, "19:00", "21:00", "musical"))
    assert told(musical, "15:00") == (OUTSIDE, "", "24-11 14:00", "24-11 19:00")
    assert told(musical, "20:00") == (LESSON, "musical", "24-11 19:00", "24-11 21:00")
    cleaning = otherwise(special(LESSON, "09:00", "10:00", "schoonmaak", day="2026-12-22"))
    assert told(cleaning, "09:30", day="2026-12-22")[:2] == (LESSON, "schoonmaak")
    assert told(cleaning, "11:00", day="2026-12-22") == (OUTSIDE, "kerst", "22-12 10:00", "04-01 08:30")


def test_a_holiday_is_called_by_its_name_from_the_last_bell_to_the_first() -> None:
    whole = (OUTSIDE, "kerst", "18-12 14:00", "04-01 08:30")
    for clock, day in (
        ("14:00", "2026-12-18"),
        ("00:00", "2026-12-19"),
        ("12:00", "2026-12-27"),
        ("08:29", "2027-01-04"),
    ):
        assert told(SCHEDULE, clock, day=day) == whole


def test_a_study_day_before_a_holiday_is_named_too() -> None:
    friday = Closure(date(2026, 12, 18), date(2026, 12, 18), "studiedag")
    assert told(otherwise(closures=(friday, *SCHEDULE.closures)), "10:00", day="2026-12-18") == (
        OUTSIDE, "studiedag, kerst", "17-12 14:00", "04-01 08:30",
    )  # fmt: skip


def test_a_holiday_of_a_weekend_only_takes_no_school_away() -> None:
    sunday = Closure(date(2026, 11, 29), date(2026, 11, 29), "eerste dag")
    assert told(otherwise(closures=(sunday,)), "12:00", day="2026-11-29") == (OUTSIDE, "", "27-11 14:00", "30-11 08:30")


def test_the_29th_of_february_is_a_school_day_like_any_other() -> None:
    assert told(SCHEDULE, "09:00", day="2028-02-29") == (LESSON, "ochtend", "29-02 08:30", "29-02 10:15")
    leap = Closure(date(2028, 2, 29), date(2028, 2, 29), "studiedag")
    assert told(otherwise(closures=(leap,)), "09:00", day="2028-02-29") == (
        OUTSIDE,
        "studiedag",
        "28-02 14:00",
        "01-03 08:30",
    )


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 1), ("2026-10-25", 3)])
def test_a_night_at_school_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    """From one o'clock to three: an hour that is skipped is not there, an hour that comes twice counts twice."""
    camp = otherwise(special(LESSON, "01:00", "03:00", "kamp", day=day))
    night = period_at(camp, "7", at("01:00", day))
    assert night.end is not None
    assert night.start is not None
    assert (night.name, night.end - night.start) == ("kamp", timedelta(hours=hours))
    assert period_at(camp, "7", night.end).kind is OUTSIDE


def test_a_stretch_in_the_hour_that_is_skipped_is_not_there() -> None:
    camp = otherwise(special(LESSON, "02:00", "03:00", "kamp", day="2026-03-29"))
    assert period_at(camp, "7", at("03:00", "2026-03-29")).kind is OUTSIDE
    assert period_at(camp, "7", at("01:59", "2026-03-29")).kind is OUTSIDE


def test_a_lesson_in_the_hour_that_is_skipped_is_no_bell_that_one_looks_back_to() -> None:
    nights = Schedule(days={6: (Slot(LESSON, time(2, 0), time(3, 0)),)})
    week = period_at(nights, None, at("01:00", "2026-03-23"))
    assert week.start == at("03:00", "2026-03-22")
    assert period_at(nights, None, at("12:00", "2026-04-04")) == week


def test_waiting_holidays_close_nothing() -> None:
    waits = replace(SCHEDULE, closures=(), waiting=SCHEDULE.closures)
    assert told(waits, "09:00", day="2026-12-22") == (LESSON, "ochtend", "22-12 08:30", "22-12 10:15")


def test_a_policy_that_was_stored_before_there_were_special_days_is_read_as_it_was() -> None:
    plain = json.loads(json.dumps(codec.policy_to_dict(POLICY)))
    for key in ("specials", "waiting", "holidays_until"):
        del plain["schedule"][key]
    assert codec.policy_from_dict(plain) == POLICY


def test_special_days_and_waiting_holidays_come_back_from_the_store() -> None:
    schedule = replace(
        otherwise(special(LESSON, "09:00", "12:00", "museum", "7")),
        waiting=SCHEDULE.closures,
        holidays_until=date(2027, 8, 29),
    )
    policy = replace(POLICY, schedule=schedule)
    assert codec.policy_from_dict(json.loads(json.dumps(codec.policy_to_dict(policy)))) == policy


# --- properties ----------------------------------------------------------------------------------------------------

_TIMES = st.times(min_value=time(0, 0), max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
_DAY = st.lists(_TIMES, min_size=2, max_size=6, unique=True).map(
    lambda times: tuple(
        Slot(kind, start, end)
        for kind, start, end in zip([LESSON, BREAK] * 3, sorted(times)[::2], sorted(times)[1::2], strict=False)
    )
)
_DATES = st.dates(date(2026, 3, 1), date(2026, 11, 30))
_SPECIALS = st.builds(
    lambda day, kind, times, groups: Special(day, Slot(kind, *sorted(times), "iets"), frozenset(groups)),
    _DATES,
    st.sampled_from(PeriodKind),
    st.lists(_TIMES, min_size=2, max_size=2, unique=True),
    st.sets(st.sampled_from(["7", "8"]), max_size=1),
)
_CLOSURES = st.builds(
    lambda first, days, name: Closure(first, first + timedelta(days=days), name),
    _DATES,
    st.integers(0, 45),
    st.sampled_from(["kerst", "studiedag", ""]),
)
_SCHEDULES = st.builds(
    Schedule,
    days=st.dictionaries(st.integers(0, 6), _DAY),
    groups=st.dictionaries(st.sampled_from(["7", "8"]), st.dictionaries(st.integers(0, 6), _DAY), max_size=1),
    closures=st.lists(_CLOSURES, max_size=3).map(tuple),
    specials=st.lists(_SPECIALS, max_size=4).map(tuple),
)
# Every minute counts, and most of all those around the two nights on which the clock changes.
_MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 5)),
    st.datetimes(datetime(2026, 3, 28, 20), datetime(2026, 3, 29, 6)),
    st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 6)),
).map(lambda d: d.replace(tzinfo=UTC))
_GROUPS = st.sampled_from([None, "7", "8"])
_MINUTE = timedelta(minutes=1)


def in_sight(period: Period) -> bool:
    """Whether both ends are near enough to be seen from all of it; farther than that `None` is an honest answer."""
    return period.start is None or period.end is None or period.end - period.start < timedelta(days=100)


def holds(schedule: Schedule, group: str | None, now: datetime) -> bool:
    """Whether school is on at a moment, told the slow way: by the wall clock of that moment alone."""
    local = now.astimezone(AMSTERDAM)
    day, clock = local.date(), local.time()

    def covers(slot: Slot) -> bool:
        return slot.start <= clock and (clock < slot.end or slot.end == time(0))

    for one in sorted(schedule.specials, key=lambda one: one.slot.start):
        if one.day == day and (not one.groups or group in one.groups) and covers(one.slot):
            return one.slot.kind is not OUTSIDE
    if any(closure.first <= day <= closure.last for closure in schedule.closures):
        return False
    week = schedule.groups.get(group, schedule.days) if group else schedule.days
    return any(covers(slot) for slot in week.get(day.weekday(), ()))


def no_clock_change(now: datetime) -> bool:
    """Away from the nights on which an hour is skipped or comes twice: there the wall clock alone says too little."""
    return now.astimezone(AMSTERDAM).date() not in {date(2026, 3, 29), date(2026, 10, 25)}


@given(_SCHEDULES, _GROUPS, _MOMENTS, st.floats(0, 1))
@example(
    Schedule(specials=(special(LESSON, "02:30", "03:00", "x", day="2026-03-29"),)), "7", at("01:59", "2026-03-29"), 0.5
)
def test_exactly_one_period_holds_and_it_is_the_same_one_from_start_to_end(
    schedule: Schedule, group: str | None, now: datetime, part: float
) -> None:
    period = period_at(schedule, group, now)
    assert period.start is None or period.start <= now
    assert period.end is None or now < period.end
    first, last = period.start or now, period.end or now
    assume(in_sight(period))
    for moment in (first, first + (last - first) * part * 0.999, max(first, last - timedelta(microseconds=1))):
        assert period_at(schedule, group, moment) == period


@given(_SCHEDULES, _GROUPS, _MOMENTS)
def test_the_end_is_really_the_first_change(schedule: Schedule, group: str | None, now: datetime) -> None:
    def seen(moment: datetime) -> Period:
        return period_at(schedule, group, moment)

    period = seen(now)
    assume(in_sight(period) and period.end is not None)
    assert period.end is not None
    before, after = seen(period.end - timedelta(microseconds=1)), seen(period.end)
    assert before == period
    assert after != period
    assert after.start == period.end
    assert after.kind is not OUTSIDE or period.kind is not OUTSIDE


@pytest.mark.evasion("S15")
@given(_SCHEDULES, _GROUPS, _MOMENTS.filter(no_clock_change), st.integers(0, 24 * 60))
def test_the_wall_clock_agrees_minute_by_minute(
    schedule: Schedule, group: str | None, now: datetime, minutes: int
) -> None:
    now = now.replace(second=0, microsecond=0)
    for moment in (now, now + minutes * _MINUTE, *_around(period_at(schedule, group, now).end)):
        if no_clock_change(moment):
            assert (period_at(schedule, group, moment).kind is not OUTSIDE) == holds(schedule, group, moment)


def _around(moment: datetime | None) -> tuple[datetime, ...]:
    return () if moment is None else (moment - _MINUTE, moment, moment + _MINUTE)


def test_a_year_full_of_days_off_and_excursions_costs_little() -> None:
    """It is asked once a period and group (`Asking` remembers it); a generous ceiling for a slow machine."""
    first = date(2026, 1, 1)
    closures = tuple(Closure(first + timedelta(days=9 * n), first + timedelta(days=9 * n + 1), "x") for n in range(60))
    specials = tuple(
        special(LESSON, "09:00", "10:00", "y", "7", day=str(first + timedelta(days=3 * n))) for n in range(100)
    )
    busy = replace(SCHEDULE, closures=closures, specials=specials)
    began = perf_counter()
    for hour in range(500):
        period_at(busy, "7", at("08:00") + timedelta(hours=hour))
    assert (perf_counter() - began) / 500 < 0.005
