"""Which period holds now and when that changes: wall-clock weeks to absolute moments, DST-proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from policy.model import Closure, Period, PeriodKind, Schedule, Slot, Special

# The longest stretch without school that we look over; beyond it "no change in sight" is an honest answer.
_HORIZON_DAYS = 120
_MIDNIGHT = time(0, 0)
_DAY = timedelta(days=1)

type _Stretch = tuple[datetime, datetime, Slot]


def period_at(schedule: Schedule, group: str | None, now: datetime) -> Period:
    """The period of a group at `now` (aware). `start` inclusive, `end` exclusive, both UTC; None: none in sight.

    Without a group it is the school's own day. What holds, what it is called and when it changes is one answer, and
    the same answer for every moment from `start` to `end`.
    """
    zone = zone_of(schedule.zone)
    today = now.astimezone(zone).date()
    days = _Days.of(schedule, group, today, zone)
    if not days.specials and not any(days.week.values()):
        return Period(PeriodKind.OUTSIDE, None, None)
    before: datetime | None = None
    names: list[tuple[datetime, str]] = []
    for start, end, slot in days.stretches(days.last_bell(today, now), today + timedelta(days=_HORIZON_DAYS)):
        if slot.kind is PeriodKind.OUTSIDE:
            names.append((end, slot.name))
        elif end <= now:
            before = end
            names = [named for named in names if named[0] > end]
        elif start <= now:
            return Period(slot.kind, start, end, slot.name)
        else:
            return Period(PeriodKind.OUTSIDE, before, start, _joined(names))
    return Period(PeriodKind.OUTSIDE, before, None, _joined(names))


def lessons_ahead(schedule: Schedule, group: str, now: datetime, days: int) -> tuple[Period, ...]:
    """The lessons of a group that begin after `now` (aware), today or within so many days, in order."""
    zone = zone_of(schedule.zone)
    today = now.astimezone(zone).date()
    known = _Days.of(schedule, group, today, zone)
    return tuple(
        Period(slot.kind, start, end, slot.name)
        for start, end, slot in known.stretches(today, today + timedelta(days=min(days, _HORIZON_DAYS)))
        if slot.kind is PeriodKind.LESSON and start > now
    )


def first_lesson(schedule: Schedule, group: str | None, start: datetime, end: datetime) -> Period | None:
    """The lesson of which a part lies in [start, end), the first of them; None: there is no lesson then."""
    at = start
    while at < end:
        period = period_at(schedule, group, at)
        if period.kind is PeriodKind.LESSON:
            return period
        if period.end is None:
            return None
        at = period.end
    return None


@lru_cache(maxsize=8)
def zone_of(name: str) -> ZoneInfo:
    """The time zone by its name; raises `ZoneInfoNotFoundError` for one that is not there."""
    return ZoneInfo(name)


def _joined(names: list[tuple[datetime, str]]) -> str:
    """What took school away, once each, in order."""
    return ", ".join(dict.fromkeys(name for _, name in names if name))


@dataclass(frozen=True, slots=True)
class _Days:
    """The days around one day as one group has them. Only what is near is kept: one question is asked of it."""

    week: Mapping[int, tuple[Slot, ...]]
    closures: tuple[Closure, ...]
    specials: Mapping[date, list[Special]]
    zone: ZoneInfo

    @classmethod
    def of(cls, schedule: Schedule, group: str | None, today: date, zone: ZoneInfo) -> _Days:
        first, last = today - timedelta(days=_HORIZON_DAYS), today + timedelta(days=_HORIZON_DAYS)
        specials: dict[date, list[Special]] = {}
        for special in schedule.specials:
            if first <= special.day <= last and (not special.groups or group in special.groups):
                specials.setdefault(special.day, []).append(special)
        return cls(
            week=schedule.groups.get(group, schedule.days) if group is not None else schedule.days,
            closures=tuple(one for one in schedule.closures if one.first <= last and one.last >= first),
            specials=specials,
            zone=zone,
        )

    def last_bell(self, today: date, now: datetime) -> date:
        """The last day before today on which school ended; yesterday when there is none in sight."""
        for back in range(1, _HORIZON_DAYS):
            day = today - timedelta(days=back)
            if any(start < end <= now and slot.kind is not PeriodKind.OUTSIDE for start, end, slot in self._day(day)):
                return day
        return today - _DAY

    def stretches(self, first: date, last: date) -> Iterator[_Stretch]:
        """What there is from a day to a day, as absolute stretches in order; never overlapping, never empty.

        A stretch of the kind outside is there for its name only: something took school away in it.
        """
        last_end = datetime.min.replace(tzinfo=UTC)
        for offset in range((last - first).days + 1):
            for start, end, slot in self._day(first + timedelta(days=offset)):
                begins = max(start, last_end)
                if begins < end:
                    last_end = end
                    yield begins, end, slot

    def _day(self, day: date) -> list[_Stretch]:
        """One day in order. A special takes the place of what it covers, on a closed day too."""
        usual = self.week.get(day.weekday(), ())
        closed = next((one for one in self.closures if one.first <= day <= one.last), None) if usual else None
        specials = self.specials.get(day, ())
        if closed is not None:
            usual = (Slot(PeriodKind.OUTSIDE, _MIDNIGHT, _MIDNIGHT, closed.name),)
        stretches = [(self._moment(day, slot.start), self._end(day, slot.end), slot) for slot in usual]
        return self._with(stretches, specials, day) if specials else stretches

    def _with(self, usual: list[_Stretch], specials: list[Special], day: date) -> list[_Stretch]:
        placed: list[_Stretch] = []
        for special in sorted(specials, key=lambda special: special.slot.start):
            start, end = self._moment(day, special.slot.start), self._end(day, special.slot.end)
            start = max(start, placed[-1][1]) if placed else start
            if start < end:
                placed.append((start, end, special.slot))
        found = [
            (*rest, slot)
            for start, end, slot in usual
            for rest in _without(start, end, [(first, last) for first, last, _ in placed])
        ]
        for start, end, slot in placed:
            # Time off where there was no school to begin with takes nothing away, and so has no name.
            if slot.kind is not PeriodKind.OUTSIDE or any(one < end and start < other for one, other, _ in usual):
                found.append((start, end, slot))
        return sorted(found, key=lambda stretch: stretch[0])

    def _moment(self, day: date, clock: time) -> datetime:
        """A wall-clock time of a day as an absolute moment (an hour that is there twice: the first)."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _end(self, day: date, clock: time) -> datetime:
        """The end of a slot; midnight (or the last moment of the day) means the start of the next day."""
        if clock in (_MIDNIGHT, time.max):
            return self._moment(day + _DAY, _MIDNIGHT)
        return self._moment(day, clock)


def _without(
    start: datetime, end: datetime, cuts: list[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """What is left of a stretch when the sorted `cuts` are taken out."""
    for first, last in cuts:
        if last <= start or first >= end:
            continue
        if start < first:
            yield start, first
        start = max(start, last)
    if start < end:
        yield start, end
