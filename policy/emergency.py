"""The emergency exit (nooduitgang): how long it may stay open."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from policy.model.school import Emergency
from policy.model.timetable import Schedule
from policy.schedule import zone_of
from policy.schoolday import school_day

HOURS = (1, 2, 4)
"""What may be chosen."""
LONGEST = timedelta(hours=max(HOURS))
_AFTER_SCHOOL = timedelta(hours=1)
_ZONE = "Europe/Amsterdam"


def in_bounds(one: Emergency) -> bool:
    """Whether it lasts no longer than it may: a row or a file that says otherwise is not believed."""
    return one.end - one.start <= LONGEST


def end_of(hours: int, now: datetime, schedule: Schedule | None = None) -> datetime:
    """When one of so many hours that starts at `now` (aware) ends, in UTC: at midnight or an hour after the last bell
    of the day at the latest. After that hour, on a day without school and without a timetable it is midnight alone.

    Raises:
        ValueError: not one of `HOURS`.
    """
    if hours not in HOURS:
        raise ValueError(f"an emergency lasts {', '.join(map(str, HOURS))} hours")
    zone = zone_of(schedule.zone if schedule is not None else _ZONE)
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(now.tzinfo)
    end = min(now + timedelta(hours=hours), midnight)
    bells = [] if schedule is None else [school_day(schedule, group, today) for group in (None, *schedule.groups)]
    over = max((one.end + _AFTER_SCHOOL for one in bells if one is not None), default=now)
    return min(end, over) if over > now else end
