"""The week editor: rows to fields and back, the days as bars and in words, and what would change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from config.read import ConfigError
from config.schema_timetable import WEEKDAYS
from dashboard.actions.week import Looked, Plan, Question, Week
from dashboard.actions.week_rows import HOME, KINDS, MOST_ROWS, Problem, Row, Typed, slots_of
from dashboard.present.bells import affected_lines
from dashboard.present.words import Choice, Words
from policy.model import Group, PeriodKind, Slot

SPARE = 1
"""Empty rows under a day; one tap gives more."""
MORE = 3
_LONGEST = 80  # characters of a field that are read at all
_FIELD = re.compile(r"k([0-6])-([0-9]{1,2})\Z")
_WIDE = 1000  # of the picture, in its own units
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class RowForm:
    """One row of the form; `problem` is what is wrong with it, `said` names it for who hears the page."""

    number: int
    kinds: tuple[Choice, ...]
    start: str
    end: str
    name: str
    problem: str
    said: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of the picture, by its left edge and its width in thousandths."""

    left: int
    width: int
    kind: str


@dataclass(frozen=True, slots=True)
class DayForm:
    """One day: its rows, its bars, and what it comes to in words. `open`: its rows are in sight."""

    number: int
    name: str
    short: str
    told: str
    bars: tuple[Bar, ...]
    rows: tuple[RowForm, ...]
    own: bool
    open: bool
    problem: str
    others: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A week to go to; `own`: that group has times of its own."""

    label: str
    group: str
    here: bool
    own: bool


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What saving does, in sentences."""

    lines: tuple[str, ...]
    affected: tuple[str, ...]
    questions: tuple[str, ...]
    moved: tuple[str, ...]
    seen: str
    same: bool


@dataclass(frozen=True, slots=True)
class WeekPage:
    """The whole page. `hours` are the first and the last hour of the picture."""

    title: str
    lead: str
    group: str
    links: tuple[Link, ...]
    days: tuple[DayForm, ...]
    hours: tuple[str, str]
    problems: tuple[str, ...]
    plan: PlanCard | None
    based_on: int


def week_page(
    week: Week,
    words: Words,
    now: datetime,
    looked: Looked | None = None,
    typed: Typed | None = None,
    at: int | None = None,
) -> WeekPage:
    """The page of a week, with what was typed in the place of what holds; `at` is the day that was worked on."""
    shown, group = typed or week.typed, week.group
    problems = looked.problems if looked else ()
    slots = tuple(_slots(rows, week.slots.get(day, ())) for day, rows in enumerate(shown.days))
    first, last = _hours(slots)
    days = tuple(
        _day(day, shown, week.typed, slots[day], (first, last), problems, at, words) for day in range(len(WEEKDAYS))
    )
    named = group.name if group else ""
    plan = looked.plan if looked else None
    groups = {one.id: one for one, _ in week.groups}
    return WeekPage(
        words("dash.week.of_group", group=named) if group else words("dash.week.of_school"),
        words("dash.week.lead_group" if group else "dash.week.lead"),
        group.id if group else "",
        _links(week, words),
        days,
        (_hour(first), _hour(last)),
        tuple(_problem(one, words) for one in problems),
        plan_card(plan, groups, words, now) if plan else None,
        plan.based_on if plan else week.based_on,
    )


def plan_card(plan: Plan, groups: Mapping[str, Group], words: Words, now: datetime) -> PlanCard:
    """What saving does."""
    return PlanCard(
        tuple(
            words("dash.week.line", day=words(f"policy.day.{name}").capitalize(), what=line)
            for name, before, after in zip(WEEKDAYS, plan.before.days, plan.after.days, strict=True)
            for line in [day_change(before, after, words)]
            if line
        ),
        affected_lines(plan.affected, groups, words, now),
        tuple(_question(one, words) for one in plan.questions),
        plan.moved,
        plan.seen,
        plan.same and not plan.moved,
    )


def day_change(before: Sequence[Row], after: Sequence[Row], words: Words) -> str:
    """What is different between two days in words: `pauze 10:15-10:30 wordt 10:20-10:35`; empty when nothing is."""
    if not after and before:
        return words("dash.week.becomes_free")
    parts: list[str] = []
    for kind in KINDS:
        gone = [row for row in before if row.kind == kind and row not in after]
        came = [row for row in after if row.kind == kind and row not in before]
        for old, new in zip(gone, came, strict=False):
            parts.append(words("dash.week.becomes", old=_row(old, words), new=_row(new, words, bare=True)))
        both = min(len(gone), len(came))
        parts += [words("dash.week.came", what=_row(row, words)) for row in came[both:]]
        parts += [words("dash.week.gone", what=_row(row, words)) for row in gone[both:]]
    return "; ".join(parts)


def typed_in(form: Mapping[str, str]) -> Typed:
    """What was typed, as it was typed: fields `k`, `s`, `e` and `n` with day and row, and `own` with the day."""
    days: list[dict[int, Row]] = [{} for _ in WEEKDAYS]
    for field in form:
        found = _FIELD.match(field)
        if found and int(found[2]) < MOST_ROWS:
            at = f"{found[1]}-{found[2]}"
            values = (form.get(f"{key}{at}", "")[:_LONGEST] for key in "ksen")
            days[int(found[1])][int(found[2])] = Row(*values)
    rows = tuple(tuple(day[number] for number in sorted(day)) for day in days)
    own = frozenset(day for day in range(len(WEEKDAYS)) if form.get(f"own{day}") == "1")
    return Typed(rows, own)


def with_spare(typed: Typed, day: int) -> Typed:
    """The same week with empty rows under one day."""
    rows = (*typed.days[day], *(Row() for _ in range(MORE)))[:MOST_ROWS]
    return Typed(tuple(rows if number == day else one for number, one in enumerate(typed.days)), typed.own)


# --- parts ---------------------------------------------------------------------------------------------------------


def _slots(rows: Sequence[Row], as_is: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """What rows come to; what holds now, as long as they are not right."""
    try:
        return slots_of(rows) if any(not row.blank for row in rows) else ()
    except (ConfigError, KeyError):
        return as_is


def _day(
    day: int,
    shown: Typed,
    as_is: Typed,
    slots: tuple[Slot, ...],
    hours: tuple[int, int],
    problems: Iterable[Problem],
    at: int | None,
    words: Words,
) -> DayForm:
    mine = [one for one in problems if one.day == day]
    rows = [*shown.days[day]]
    while not rows or sum(row.blank for row in rows) < SPARE:
        rows.append(Row())
    filled = [tuple(row for row in one.days[day] if not row.blank) for one in (shown, as_is)]
    name = words(f"policy.day.{WEEKDAYS[day]}")
    others = tuple(
        Choice(str(number), words(f"policy.day.{other}")) for number, other in enumerate(WEEKDAYS) if number != day
    )
    return DayForm(
        day,
        name.capitalize(),
        name[:2],
        told_day(slots, words),
        _bars(slots, hours),
        tuple(_row_form(day, number, row, mine, words) for number, row in enumerate(rows[:MOST_ROWS])),
        day in shown.own,
        bool(mine) or day == at or filled[0] != filled[1] or (day in shown.own) != (day in as_is.own),
        next((_said(one, words) for one in mine if one.row is None), ""),
        others,
    )


def told_day(slots: Iterable[Slot], words: Words) -> str:
    """A day in words: `les 08:30-14:00, pauze 10:15-10:30`."""
    slots = tuple(slots)
    return ", ".join(_slot(slot, words) for slot in slots) or words("dash.week.free")


def _slot(slot: Slot, words: Words) -> str:
    end = "24:00" if slot.end == time.max else f"{slot.end:%H:%M}"
    name = f" ({slot.name})" if slot.name else ""
    return f"{words(f'dash.week.kind.{_kind(slot)}').lower()} {slot.start:%H:%M}–{end}{name}"


def _kind(slot: Slot) -> str:
    return HOME if slot.kind is PeriodKind.OUTSIDE else slot.kind.value


def _row_form(day: int, number: int, row: Row, problems: Iterable[Problem], words: Words) -> RowForm:
    kinds = tuple(Choice(kind, words(f"dash.week.kind.{kind}"), kind == row.kind) for kind in KINDS)
    found = next((_said(one, words) for one in problems if one.row == number), "")
    said = words("dash.week.row", day=words(f"policy.day.{WEEKDAYS[day]}"), number=number + 1)
    return RowForm(number, kinds, row.start, row.end, row.name, found, said)


def _hours(days: Iterable[tuple[Slot, ...]]) -> tuple[int, int]:
    """The minutes of the day between which the picture is, at whole hours."""
    slots = [slot for day in days for slot in day]
    first = min((_minutes(slot.start) for slot in slots), default=8 * 60)
    last = max((_end(slot) for slot in slots), default=15 * 60)
    return first // 60 * 60, -(-last // 60) * 60


def _bars(slots: Iterable[Slot], hours: tuple[int, int]) -> tuple[Bar, ...]:
    first, whole = hours[0], max(hours[1] - hours[0], 1)
    return tuple(
        Bar(
            round((_minutes(slot.start) - first) * _WIDE / whole),
            max(round((_end(slot) - _minutes(slot.start)) * _WIDE / whole), 1),
            _kind(slot),
        )
        for slot in slots
    )


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _end(slot: Slot) -> int:
    return _DAY if slot.end == time.max else _minutes(slot.end)


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02}:00"


def _row(row: Row, words: Words, *, bare: bool = False) -> str:
    name = f" ({row.name.strip()})" if row.name.strip() else ""
    end = "24:00" if row.end == "00:00" else row.end
    kind = "" if bare else f"{words(f'dash.week.kind.{row.kind}').lower()} "
    return f"{kind}{row.start}–{end}{name}"


def _problem(one: Problem, words: Words) -> str:
    day = words(f"policy.day.{WEEKDAYS[one.day]}").capitalize()
    return words("dash.week.line", day=day, what=_said(one, words))


def _said(one: Problem, words: Words) -> str:
    return words(f"dash.week.problem.{one.code}", about=one.about)


def _question(one: Question, words: Words) -> str:
    said = words(f"dash.week.ask.{one.code}")
    if one.day is None:
        return said
    return words("dash.week.line", day=words(f"policy.day.{WEEKDAYS[one.day]}").capitalize(), what=said)


def _links(week: Week, words: Words) -> tuple[Link, ...]:
    school = Link(words("dash.week.school"), "", week.group is None, False)
    here = week.group.id if week.group else None
    return (school, *(Link(one.name, one.id, one.id == here, own) for one, own in week.groups))
