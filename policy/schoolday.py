"""School days: from when to when there is school for a group on a day, and which school day comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from policy.model import PeriodKind, Schedule
from policy.schedule import period_at, zone_of

# Summer holidays are six weeks; a group without a school day in so many days has none in sight.
_HORIZON_DAYS = 70


@dataclass(frozen=True, slots=True)
class SchoolDay:
    """A day with lessons: `start` is its midnight, `end` the group's last bell, at the next midnight at most (UTC)."""

    day: date
    start: datetime
    end: datetime


def school_day(schedule: Schedule, group: str | None, day: date) -> SchoolDay | None:
    """The school day of a group on a date, whatever break or hour at home there is in it; None: no school that day.

    Without a group it is the school's own day.
    """
    zone = zone_of(schedule.zone)
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    midnight = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    at, last = start, None
    while at < midnight:
        period = period_at(schedule, group, at)
        end = midnight if period.end is None else min(period.end, midnight)
        if period.kind is not PeriodKind.OUTSIDE:
            last = end
        at = end
    return None if last is None else SchoolDay(day, start, last)


def next_school_days(schedule: Schedule, group: str, now: datetime, count: int = 2) -> tuple[SchoolDay, ...]:
    """The coming school days of a group, today's first when it is not over yet; fewer when fewer are in sight."""
    today = now.astimezone(zone_of(schedule.zone)).date()
    found: list[SchoolDay] = []
    for ahead in range(_HORIZON_DAYS):
        one = school_day(schedule, group, today + timedelta(days=ahead))
        if one is not None and one.end > now:
            found.append(one)
            if len(found) == count:
                break
    return tuple(found)
