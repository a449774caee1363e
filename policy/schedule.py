"""Which period holds now and when that changes: wall-clock weeks to absolute moments, DST-proof."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from policy.model import Period, PeriodKind, Schedule, Slot

# The longest stretch without school that we look over; beyond it "no change in sight" is an honest answer.
_HORIZON_DAYS = 120
_MIDNIGHT = time(0, 0)


def period_at(schedule: Schedule, group: str | None, now: datetime) -> Period:
    """The period of a group at `now` (aware). `start` inclusive, `end` exclusive, both UTC; None: none in sight."""
    zone = zone_of(schedule.zone)
    today = now.astimezone(zone).date()
    before: datetime | None = None
    # Yesterday too: around a change of the clock a day's last slot may end after midnight UTC.
    for start, end, slot in _slots(schedule, group, today - timedelta(days=1), zone):
        if end <= now:
            before = end
            continue
        if start <= now:
            return Period(slot.kind, start, end, slot.name)
        return Period(PeriodKind.OUTSIDE, before, start)
    return Period(PeriodKind.OUTSIDE, before, None)


@lru_cache(maxsize=8)
def zone_of(name: str) -> ZoneInfo:
    """The time zone by its name; raises `ZoneInfoNotFoundError` for one that is not there."""
    return ZoneInfo(name)


def _slots(
    schedule: Schedule, group: str | None, first: date, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, Slot]]:
    """The slots from a day on, as absolute stretches in order; never overlapping, never empty."""
    week = schedule.groups.get(group, schedule.days) if group is not None else schedule.days
    if not any(week.values()):
        return
    last_end = datetime.min.replace(tzinfo=UTC)
    for offset in range(_HORIZON_DAYS):
        day = first + timedelta(days=offset)
        if any(closure.first <= day <= closure.last for closure in schedule.closures):
            continue
        for slot in week.get(day.weekday(), ()):
            start = max(_moment(day, slot.start, zone), last_end)
            end = _end(day, slot.end, zone)
            if start < end:
                last_end = end
                yield start, end, slot


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time of a day as an absolute moment (an hour that is there twice: the first)."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _end(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The end of a slot; midnight (or the last moment of the day) means the start of the next day."""
    if clock in (_MIDNIGHT, time.max):
        return _moment(day + timedelta(days=1), _MIDNIGHT, zone)
    return _moment(day, clock, zone)
