"""The shape of the school's times as pydantic models: the week, the groups, and the days that are otherwise."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from config.part import Part
from config.read import quoted
from config.words import Id, Span, Text, nearest, wrong
from policy.model import PeriodKind

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REGIONS = ("noord", "midden", "zuid")

# Far more than a school has; what is compared pair by pair stays cheap.
_MOST = 1_000

_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}\Z")
_YEAR = re.compile(r"([0-9]{4})-([0-9]{4})\Z")


def _word(value: Any, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise wrong(f"{quoted(value)} is not {what}", nearest(str(value), known))
    return str(value)


def _clock(value: Any) -> time:
    """A wall-clock time within a day, between its first and its last moment."""
    try:
        found = time.fromisoformat(value) if isinstance(value, str) and _CLOCK.match(value) else time()
    except ValueError:
        found = time()
    if found == time():
        raise wrong(f"{quoted(value)} is not a time of the day", "write it like `12:00`")
    return found


def _school_year(value: Any) -> str:
    found = _YEAR.match(value) if isinstance(value, str) else None
    if not found or int(found[2]) != int(found[1]) + 1:
        raise wrong(f"{quoted(value)} is not a school year", "write it like `2026-2027`")
    return found[0]


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["12:00"]}),
]
SchoolYear = Annotated[
    str,
    BeforeValidator(_school_year),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{4}$", "examples": ["2026-2027"]}),
]
Region = Annotated[
    str,
    BeforeValidator(lambda value: _word(value, REGIONS, "a region of the school holidays")),
    WithJsonSchema({"type": "string", "enum": list(REGIONS)}),
]
PeriodWord = Annotated[
    PeriodKind,
    BeforeValidator(lambda value: PeriodKind(_word(value, tuple(PeriodKind), "a kind of period"))),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in PeriodKind]}),
]


class Day(Part):
    """One school day: lessons, breaks (cut out of lessons where they overlap), and time that pupils are not here.

    `names` says what one of those lessons or breaks is called, by how it is written there.
    """

    lessons: list[Span] = []
    breaks: list[Span] = []
    free: list[Span] = []
    names: dict[Span, Text] = {}


class Week(Part):
    """Days of a week; a day that is not here has no school (or, for a group, is as for the whole school)."""

    mon: Day | None = None
    tue: Day | None = None
    wed: Day | None = None
    thu: Day | None = None
    fri: Day | None = None
    sat: Day | None = None
    sun: Day | None = None


class Closed(Part):
    """Days without school, both included; without `to` it is one day."""

    first: date = Field(alias="from")
    last: date | None = Field(default=None, alias="to")
    name: Text = ""

    @model_validator(mode="after")
    def _in_order(self) -> Closed:
        if self.last is not None and self.last < self.first:
            raise wrong(f"`to` {quoted(self.last)} lies before `from` {quoted(self.first)}", "swap them", at="to")
        return self


class HolidaysPart(Part):
    """The region whose school holidays the school follows, and the school years of which it looked at the dates."""

    region: Region
    confirmed: list[SchoolYear] = []


class PublicPart(Part):
    """Public holidays: which the school does not have, and which it has `also`, of those that schools differ in."""

    but: list[Text] = Field(default=[], alias="except")
    also: list[Text] = []


class HalfDay(Part):
    """A day on which the pupils go home at `until`; empty `groups` means everybody."""

    on: date
    until: Clock
    groups: list[Id] = []


class SpecialPart(Part):
    """Something with a name on one day (an excursion, sports day) in place of that part of the day."""

    on: date
    time: Span
    kind: PeriodWord
    name: Text
    groups: list[Id] = []


class Timetable(Part):
    """The week, the groups with another week, the days without school, and the days that are otherwise."""

    days: Week = Week()
    groups: dict[Id, Week] = {}
    closed: Annotated[list[Closed], Field(max_length=_MOST)] = []
    holidays: HolidaysPart | None = None
    public: PublicPart | None = None
    study_days: Annotated[list[date], Field(max_length=_MOST)] = []
    half_days: Annotated[list[HalfDay], Field(max_length=_MOST)] = []
    special: Annotated[list[SpecialPart], Field(max_length=_MOST)] = []
    open: Annotated[list[date], Field(max_length=_MOST)] = []
