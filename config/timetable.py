"""Lessons, breaks and days off as they are written down, to a `Schedule` without overlaps and without holes."""

from __future__ import annotations

from datetime import time
from itertools import pairwise

from config.read import Document, Path
from config.schema_timetable import WEEKDAYS, Day, Timetable, Week
from config.schoolyear import days_off, specials
from policy.model import PeriodKind, Schedule, Slot

type Stretch = tuple[time, time]


def schedule_of(timetable: Timetable, document: Document, at: Path = ("schedule",)) -> Schedule:
    """Return the schedule. A group's week is the school's, with the days that the group names put in its place.

    Raises:
        ConfigError: two stretches of a kind overlap, nothing says what a part of the day is, or a day is two things.
    """
    days = _week(timetable.days, document, (*at, "days"))
    groups = {
        group: {**days, **_week(week, document, (*at, "groups", group))} for group, week in timetable.groups.items()
    }
    weekdays = frozenset(day for week in (days, *groups.values()) for day, slots in week.items() if slots)
    off = days_off(timetable, weekdays, document, at)
    return Schedule(
        days=days,
        groups=groups,
        closures=off.closures,
        specials=specials(timetable, document, at),
        waiting=off.waiting,
        holidays_until=off.until,
    )


def _week(week: Week, document: Document, at: Path) -> dict[int, tuple[Slot, ...]]:
    found: dict[int, tuple[Slot, ...]] = {}
    for number, name in enumerate(WEEKDAYS):
        day: Day | None = getattr(week, name)
        if day is not None:
            found[number] = _day(day, document, (*at, name))
    return found


def _day(day: Day, document: Document, at: Path) -> tuple[Slot, ...]:
    kinds = {"lessons": day.lessons, "breaks": day.breaks, "free": day.free}
    for kind, stretches in kinds.items():
        _no_overlap(kind, stretches, document, at)
    # A break cuts a lesson in two, and so does time that the pupils are at home.
    pauses = sorted([*day.breaks, *day.free])
    for one, other in pairwise(pauses):
        if other[0] < one[1]:
            raise document.error(
                (*at, "free"), f"`{_told(other)}` is both a break and free time", "let one end where the other starts"
            )
    for named in day.names:
        if named not in day.lessons and named not in day.breaks:
            raise document.error(
                (*at, "names"), f"`{_told(named)}` is no lesson or break of this day", "write it as it is written there"
            )
    slots = [Slot(PeriodKind.BREAK, *one, day.names.get(one, "")) for one in day.breaks]
    for lesson in day.lessons:
        name = day.names.get(lesson, "")
        slots.extend(Slot(PeriodKind.LESSON, start, end, name) for start, end in _without(lesson, pauses))
    slots.sort(key=lambda slot: slot.start)
    _no_holes(slots, day.free, document, at)
    return tuple(slots)


def _no_overlap(kind: str, stretches: list[Stretch], document: Document, at: Path) -> None:
    order = sorted(range(len(stretches)), key=stretches.__getitem__)
    for one, other in pairwise(order):
        if stretches[other][0] < stretches[one][1]:
            raise document.error(
                (*at, kind, max(one, other)),
                f"`{_told(stretches[one])}` and `{_told(stretches[other])}` overlap in `{kind}`",
                "let one end where the other starts",
            )


def _no_holes(slots: list[Slot], free: list[Stretch], document: Document, at: Path) -> None:
    for before, after in pairwise(slots):
        for hole in _without((before.end, after.start), free):
            raise document.error(
                at,
                f"nothing says what `{_told(hole)}` is",
                f"make it a lesson or a break, or write `free: [{_told(hole)}]` when the pupils are at home",
            )


def _without(whole: Stretch, cuts: list[Stretch]) -> list[Stretch]:
    """Return what is left of `whole` when the sorted `cuts` are taken out."""
    left: list[Stretch] = []
    start, end = whole
    for cut_start, cut_end in sorted(cuts):
        if cut_end <= start or cut_start >= end:
            continue
        if start < cut_start:
            left.append((start, cut_start))
        start = max(start, cut_end)
    if start < end:
        left.append((start, end))
    return left


def _told(stretch: Stretch) -> str:
    return f"{stretch[0]:%H:%M}-{stretch[1]:%H:%M}"
