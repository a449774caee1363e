"""Bells: which period holds, and until when."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policy.model import Closure, PeriodKind, Schedule, Slot
from policy.schedule import period_at
from tests.cast import SCHEDULE, at


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


def test_the_bell_follows_the_clock_over_both_changes() -> None:
    for day, utc_hour in (("2026-03-27", 7), ("2026-03-30", 6), ("2026-10-23", 6), ("2026-10-26", 7)):
        moment = datetime.fromisoformat(f"{day}T{utc_hour:02}:30+00:00")
        assert period_at(SCHEDULE, "7", moment).start == moment


def test_a_day_of_school_can_last_till_midnight() -> None:
    whole = Schedule(days={d: (Slot(PeriodKind.LESSON, time(0, 0), time(0, 0)),) for d in range(7)})
    assert period_at(whole, None, at("23:59:59")).kind is PeriodKind.LESSON
    assert period_at(whole, None, at("00:00")).kind is PeriodKind.LESSON


_TIMES = st.times(min_value=time(0, 0), max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
_DAY = st.lists(_TIMES, min_size=2, max_size=6, unique=True).map(
    lambda times: tuple(
        Slot(kind, start, end)
        for kind, start, end in zip(
            [PeriodKind.LESSON, PeriodKind.BREAK] * 3, sorted(times)[::2], sorted(times)[1::2], strict=False
        )
    )
)
_SCHEDULES = st.builds(
    Schedule,
    days=st.dictionaries(st.integers(0, 6), _DAY),
    closures=st.lists(
        st.builds(
            lambda first, days: Closure(first, first + timedelta(days=days)),
            st.dates(date(2026, 3, 1), date(2026, 11, 30)),
            st.integers(0, 9),
        ),
        max_size=3,
    ).map(tuple),
)
_MOMENTS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 5)).map(lambda d: d.replace(tzinfo=UTC))


@given(_SCHEDULES, _MOMENTS, st.floats(0, 1))
def test_exactly_one_period_holds_and_it_holds_until_its_end(schedule: Schedule, now: datetime, part: float) -> None:
    period = period_at(schedule, None, now)
    assert period.start is None or period.start <= now
    if period.end is not None:
        assert now < period.end
        later = now + (period.end - now) * part * 0.999
        assert (period_at(schedule, None, later).kind, period_at(schedule, None, later).end) == (
            period.kind,
            period.end,
        )
