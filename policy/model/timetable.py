"""The school's times: the week with its lessons and breaks, the days without school, and what holds at one moment."""

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
class Schedule:
    """The week: weekday (0 is Monday) to slots that do not overlap, in order; groups may have a week of their own."""

    zone: str = "Europe/Amsterdam"
    days: Mapping[int, tuple[Slot, ...]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[int, tuple[Slot, ...]]] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """What holds at one moment: kind, absolute start and end (None: no change in sight), and its name."""

    kind: PeriodKind
    start: datetime | None
    end: datetime | None
    name: str = ""
