"""The school's times: the week with its lessons and breaks, the days that are otherwise, and what holds at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from policy.model.vocabulary import PeriodKind


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of one school day in local wall-clock time, `start` inclusive, `end` exclusive."""

    kind: PeriodKind
    start: time
    end: time
    name: str = ""


@dataclass(frozen=True, slots=True)
class Closure:
    """Days without school, `first` and `last` both included (local dates)."""

    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class Special:
    """Something on one local date (an excursion, a half day): its slot takes the place of that part of the day.

    It holds on a day without school too. Empty `groups` means everybody, staff included.
    """

    day: date
    slot: Slot
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The week: weekday (0 is Monday) to slots that do not overlap, in order; groups may have a week of their own.

    `days` is the school's own day too, by which staff are at work. `waiting` are holidays that nobody at school has
    confirmed: they close nothing. `holidays_until` is the last day for which school holidays were written down.
    """

    zone: str = "Europe/Amsterdam"
    days: Mapping[int, tuple[Slot, ...]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[int, tuple[Slot, ...]]] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()
    specials: tuple[Special, ...] = ()
    waiting: tuple[Closure, ...] = ()
    holidays_until: date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """What holds at one moment: kind, absolute start and end (None: no change in sight), and its name.

    All time from one school stretch to the next is one period outside; its name says what took school out of it
    (`kerstvakantie`, `studiedag`), and is empty for an ordinary night or weekend.
    """

    kind: PeriodKind
    start: datetime | None
    end: datetime | None
    name: str = ""
