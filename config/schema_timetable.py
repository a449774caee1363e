"""The shape of the school's times as pydantic models: the week, the groups, and the days without school."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from config.part import Part
from config.read import quoted
from config.words import Id, Span, Text, wrong

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Day(Part):
    """One school day: lessons, breaks (cut out of lessons where they overlap), and time that pupils are not here."""

    lessons: list[Span] = []
    breaks: list[Span] = []
    free: list[Span] = []


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


class Timetable(Part):
    """The week, the groups with another week, and the days without school."""

    days: Week = Week()
    groups: dict[Id, Week] = {}
    closed: list[Closed] = []
