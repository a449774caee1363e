"""A week as rows that somebody types, as a school writes it: rows to written times and back, and what is wrong in them.

A break is cut out of the lesson around it, so moving a break is one row. No Flask, no store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from itertools import pairwise
from typing import Any

from config.schema_timetable import WEEKDAYS
from config.times import schedule_from
from policy.model import Slot

LESSON, BREAK, HOME = "lesson", "break", "home"
KINDS = (LESSON, BREAK, HOME)
MOST_ROWS = 20
"""Rows of one day; a primary school has five."""
LONGEST_NAME = 40
_KEYS = {LESSON: "lessons", BREAK: "breaks", HOME: "free"}
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed: `kind` is one of `KINDS`, the times are like `10:15` (an end of `00:00` is midnight)."""

    kind: str = LESSON
    start: str = ""
    end: str = ""
    name: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in it."""
        return not (self.start or self.end or self.name)


@dataclass(frozen=True, slots=True)
class Typed:
    """A week as it was typed, Monday first. `own`: the days (0 is Monday) on which a group has times of its own."""

    days: tuple[tuple[Row, ...], ...] = ((),) * 7
    own: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: the code of a sentence (`dash.week.problem.*`), on which day, in which row (None: in the day)."""

    code: str
    day: int
    row: int | None = None
    about: str = ""


def copied(typed: Typed, day: int, others: Iterable[int]) -> Typed:
    """The same week with the rows of one day on other days too (0 is Monday). Nothing is saved."""
    to = frozenset(others) & frozenset(range(7))
    rows = tuple(row for row in typed.days[day] if not row.blank)
    days = tuple(rows if number in to else one for number, one in enumerate(typed.days))
    return Typed(days, typed.own | to)


def without_row(typed: Typed, day: int, row: int) -> Typed:
    """The same week without one row."""
    rows = tuple(one for number, one in enumerate(typed.days[day]) if number != row)
    return replace(typed, days=tuple(rows if number == day else one for number, one in enumerate(typed.days)))


# --- rows and written times ----------------------------------------------------------------------------------------


def typed_of(values: Mapping[str, Any], group: str | None) -> Typed:
    """The rows of a week as they stand in written times; a group's other days are the school's."""
    school: Mapping[str, Any] = values.get("days") or {}
    own: Mapping[str, Any] = (values.get("groups") or {}).get(group, {}) if group is not None else {}
    days = tuple(rows_of(own.get(name, school.get(name)) or {}) for name in WEEKDAYS)
    return Typed(days, frozenset(number for number, name in enumerate(WEEKDAYS) if name in own))


def rows_of(day: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows of a written day, in order of time; a lesson comes before the break in it."""
    names = {_span(key): str(name) for key, name in (day.get("names") or {}).items()}
    found = [
        Row(kind, *_span(text), names.get(_span(text), "") if kind != HOME else "")
        for kind, key in _KEYS.items()
        for text in day.get(key) or ()
    ]
    return tuple(sorted(_joined(found), key=lambda row: (row.start, KINDS.index(row.kind))))


def with_week(values: Mapping[str, Any], group: str | None, typed: Typed) -> dict[str, Any]:
    """Written times with the rows of one week in their place. The rows have no problems."""
    days = {name: _written(rows) for name, rows in zip(WEEKDAYS, typed.days, strict=True)}
    if group is None:
        return {**values, "days": {name: day for name, day in days.items() if day}}
    own = {name: days[name] for number, name in enumerate(WEEKDAYS) if number in typed.own}
    groups = {key: week for key, week in (values.get("groups") or {}).items() if key != group}
    if own:
        groups[group] = own
    others = {key: value for key, value in values.items() if key != "groups"}
    return others | ({"groups": groups} if groups else {})


def slots_of(rows: Sequence[Row]) -> tuple[Slot, ...]:
    """What the rows of one day come to.

    Raises:
        ConfigError: they have a problem.
    """
    return schedule_from({"days": {"mon": _written(rows)}}).days[0]


def _written(rows: Sequence[Row]) -> dict[str, Any]:
    filled = [row for row in rows if not row.blank]
    found: dict[str, Any] = {
        key: [_text(row) for row in filled if row.kind == kind]
        for kind, key in _KEYS.items()
        if any(row.kind == kind for row in filled)
    }
    names = {_text(row): row.name.strip() for row in filled if row.name.strip() and row.kind != HOME}
    return found | ({"names": names} if names else {})


def _text(row: Row) -> str:
    return f"{row.start}-{'24:00' if row.end == '00:00' else row.end}"


def _span(text: str) -> tuple[str, str]:
    """The two times of a stretch as it is written, as an input has them."""
    start, _, end = text.replace("–", "-").partition("-")
    end = end.strip()
    return start.strip(), "00:00" if end == "24:00" else end


def _joined(rows: Sequence[Row]) -> list[Row]:
    """Lessons of one name with nothing but breaks and time at home between them as one: so a break is one row."""
    between = {(row.start, row.end) for row in rows if row.kind != LESSON}
    found: list[Row] = []
    for row in sorted((row for row in rows if row.kind == LESSON), key=lambda row: row.start):
        last = found[-1] if found else None
        same = last is not None and last.name == row.name and last.end != row.start
        if last is not None and same and _tiled(last.end, row.start, between):
            found[-1] = replace(last, end=row.end)
        else:
            found.append(row)
    return [row for row in rows if row.kind != LESSON] + found


def _tiled(start: str, end: str, spans: set[tuple[str, str]]) -> bool:
    while start != end:
        step = next((last for first, last in spans if first == start), None)
        if step is None or step <= start:
            return False
        start = step
    return True


# --- problems ----------------------------------------------------------------------------------------


def week_problems(typed: Typed, days: Iterable[int]) -> tuple[Problem, ...]:
    """What is wrong on some days of a week (0 is Monday)."""
    return tuple(problem for day in days for problem in day_problems(day, typed.days[day]))


def day_problems(day: int, rows: Sequence[Row]) -> tuple[Problem, ...]:
    """What is wrong in one day's rows, row by row."""
    found = [
        Problem(code, day, number)
        for number, row in enumerate(rows)
        if not row.blank and (code := _row_problem(row)) is not None
    ]
    if found:
        return tuple(found)
    filled = [(number, row, _clock(row.start), _end(row.end)) for number, row in enumerate(rows) if not row.blank]
    for group in ((LESSON,), (BREAK, HOME)):
        mine = sorted((one for one in filled if one[1].kind in group), key=lambda one: (one[2], one[3]))
        found += [
            Problem("overlap", day, max(one[0], other[0]), _told(rows[min(one[0], other[0])]))
            for one, other in pairwise(mine)
            if other[2] < one[3]
        ]
    return tuple(found) or _hole(day, filled)


def _row_problem(row: Row) -> str | None:
    if row.kind not in KINDS:
        return "kind"
    if not row.start or not row.end:
        return "missing"
    try:
        start, end = _clock(row.start), _end(row.end)
    except ValueError:
        return "time"
    if start >= end:
        return "backwards"
    if len(row.name.strip()) > LONGEST_NAME or not row.name.isprintable():
        return "name"
    return "home_name" if row.kind == HOME and row.name.strip() else None


def _hole(day: int, filled: Sequence[tuple[int, Row, time, time]]) -> tuple[Problem, ...]:
    """A part of the day of which nothing says what it is: outside school the rules of school would not hold."""
    reached: time | None = None
    for number, _, start, end in sorted(filled, key=lambda one: (one[2], one[3])):
        if reached is not None and start > reached:
            return (Problem("hole", day, number, f"{reached:%H:%M}–{start:%H:%M}"),)
        reached = max(reached or end, end)
    if filled and all(row.kind == HOME for _, row, _, _ in filled):
        return (Problem("only_home", day),)
    return ()


def _clock(text: str) -> time:
    if not _CLOCK.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)


def _end(text: str) -> time:
    found = _clock(text)
    return time.max if found == time() else found


def _told(row: Row) -> str:
    return f"{row.start}–{row.end}"
