"""The days that are otherwise, as they are written down: holidays, study days, half days, excursions.

A day is only taken out of school when that is sure: outside school hours the rules of school do not hold, so a holiday
that is wrongly assumed would open what should be closed. A holiday that the source only advises, or of which the dates
are not known for sure, waits until the school confirms the year or writes the days in `closed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import combinations

from config import public_holidays
from config.holidays_file import Vacation, factory_vacations
from config.read import Document, Path, quoted
from config.schema_timetable import Closed, Timetable
from config.words import nearest
from policy.model import Closure, PeriodKind, Slot, Special

STUDY_DAY = "studiedag"
HALF_DAY = "halve dag"
_ALSO_CALLED = {"voorjaarsvakantie": ("carnaval", "carnavalsvakantie", "krokusvakantie")}
_YEAR_BEHIND = re.compile(r"[\s0-9/-]+\Z")
_YEARS_AHEAD = 5  # of public holidays, after the last school year that is written down
_DAY = timedelta(days=1)

type Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class DaysOff:
    """What closes the school, in order and without overlaps; what waits for the school; how far holidays are known."""

    closures: tuple[Closure, ...]
    waiting: tuple[Closure, ...]
    until: date | None


def days_off(timetable: Timetable, weekdays: frozenset[int], document: Document, at: Path) -> DaysOff:
    """Return the days without school; `weekdays` (0 is Monday) are those on which anybody has school at all.

    Raises:
        ConfigError: a day is both open and a study day, or a holiday or school year is not known.
    """
    for number, day in enumerate(timetable.open):
        if day in timetable.study_days:
            raise document.error((*at, "open", number), f"`{day}` is both `open` and a study day", "keep one")
    own = [Closure(one.first, one.last or one.first, one.name) for one in sorted(timetable.closed, key=_first)]
    own += [Closure(day, day, STUDY_DAY) for day in sorted(timetable.study_days)]
    follows = timetable.holidays
    vacations = factory_vacations().of(follows.region) if follows else ()
    _known_years(timetable, vacations, document, at)
    meant = [one for one in vacations if not any(_replaces(closed, one) for closed in timetable.closed)]
    confirmed = frozenset(follows.confirmed if follows else ())
    sure = [one for one in meant if one.year in confirmed or (one.sure and one.compulsory)]
    mine = own + [Closure(one.first, one.last, one.name) for one in sure]
    public = [Closure(day, day, name) for day, name in _public(timetable, document, at) if day.weekday() in weekdays]
    open_days = [(day, day) for day in timetable.open]
    waiting = [Closure(one.first, one.last, one.name) for one in meant if one not in sure]
    return DaysOff(
        closures=_side_by_side([*mine, *public], open_days),
        waiting=_side_by_side(waiting, open_days + [(one.first, one.last) for one in own]),
        until=max((one.last for one in vacations), default=None),
    )


def specials(timetable: Timetable, document: Document, at: Path) -> tuple[Special, ...]:
    """Return what is on one day only, half days among them, in order.

    Raises:
        ConfigError: two of them overlap for a group.
    """
    found: list[tuple[Special, Path]] = []
    for number, half in enumerate(timetable.half_days):
        slot = Slot(PeriodKind.OUTSIDE, half.until, time.max, HALF_DAY)
        found.append((Special(half.on, slot, frozenset(half.groups)), (*at, "half_days", number)))
    for number, part in enumerate(timetable.special):
        slot = Slot(part.kind, *part.time, part.name)
        found.append((Special(part.on, slot, frozenset(part.groups)), (*at, "special", number)))
    found.sort(key=lambda pair: (pair[0].day, pair[0].slot.start, sorted(pair[0].groups)))
    for (one, one_at), (other, other_at) in combinations(found, 2):
        if _clash(one, other):
            later = max(one_at, other_at, key=document.line)
            raise document.error(
                later,
                f"{quoted(one.slot.name)} and {quoted(other.slot.name)} overlap on `{one.day}`",
                "let one end where the other starts, or name other groups",
            )
    return tuple(special for special, _ in found)


def _first(closed: Closed) -> date:
    return closed.first


def _school_year(day: date) -> str:
    """The school year of a day; by law it starts on the first of August."""
    start = day.year if day.month >= 8 else day.year - 1
    return f"{start}-{start + 1}"


def _replaces(closed: Closed, vacation: Vacation) -> bool:
    """Whether the school wrote this holiday itself: by its name, in its year."""
    name = _YEAR_BEHIND.sub("", closed.name.lower())
    called = name == vacation.name or name in _ALSO_CALLED.get(vacation.name, ())
    return called and _school_year(closed.first) == vacation.year


def _known_years(timetable: Timetable, vacations: Iterable[Vacation], document: Document, at: Path) -> None:
    last = max((one.year for one in vacations), default="")
    for number, year in enumerate(timetable.holidays.confirmed if timetable.holidays else ()):
        if year > last:
            raise document.error(
                (*at, "holidays", "confirmed", number),
                f"the school holidays of {quoted(year)} are not known here",
                "write them in `closed`",
            )


def _public(timetable: Timetable, document: Document, at: Path) -> Iterator[tuple[date, str]]:
    if timetable.public is None:
        return
    for key, names in (("except", timetable.public.but), ("also", timetable.public.also)):
        for number, name in enumerate(names):
            if name.lower() not in public_holidays.names():
                raise document.error(
                    (*at, "public", key, number),
                    f"public holiday {quoted(name)} does not exist",
                    nearest(name.lower(), public_holidays.names()),
                )
    but = {name.lower() for name in timetable.public.but}
    also = {name.lower() for name in timetable.public.also}
    for number, name in enumerate(timetable.public.also):
        if name.lower() in but:
            where = (*at, "public", "also", number)
            raise document.error(where, f"{quoted(name)} is both in `also` and in `except`", "keep one")
    known = factory_vacations().all
    years = min(one.first.year for one in known), max(one.last.year for one in known) + _YEARS_AHEAD
    for day, name in public_holidays.public_holidays(*years):
        if name not in but and (name not in public_holidays.DIFFER or name in also):
            yield day, name


def _side_by_side(closures: Iterable[Closure], taken: Iterable[Days]) -> tuple[Closure, ...]:
    """Return closures in order of time that share no day with each other or with `taken`; the first of them counts."""
    covered = sorted(taken)
    found: list[Closure] = []
    for closure in closures:
        left = list(_left(closure.first, closure.last, covered))
        found.extend(Closure(first, last, closure.name) for first, last in left)
        covered = sorted([*covered, *left])
    return tuple(sorted(found, key=lambda one: one.first))


def _left(first: date, last: date, covered: Iterable[Days]) -> Iterator[Days]:
    """What is left of a stretch of days when the sorted `covered` ones are taken out."""
    for start, end in covered:
        if end < first or start > last:
            continue
        if first < start:
            yield first, start - _DAY
        if end >= last:
            return
        first = end + _DAY
    yield first, last


def _clash(one: Special, other: Special) -> bool:
    if one.day != other.day or (one.groups and other.groups and one.groups.isdisjoint(other.groups)):
        return False
    return one.slot.start < other.slot.end and other.slot.start < one.slot.end
