"""The page with the numbers: finished sentences, tables and bars. What is kept back is a word, never a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.actions.disclosure import SMALLEST, Shade, Shown
from dashboard.actions.numbers import ACTS, SMALLEST_GROUP, Numbers, Week
from dashboard.present.chart import Chart, beam, columns
from dashboard.present.words import Words
from store.tallies import EXCEPTIONS, Kind

_IN_CHART = 10  # weeks
_ACTS = (*ACTS, Kind.ANSWERED)
_TRENDS = {-1: "less", 0: "same", 1: "more"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table. `label` says what it is where the head is out of sight; `kept`: it is kept back."""

    label: str
    told: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A week of a table; `value` is its address, `note` that it is not over."""

    title: str
    value: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Beam:
    """A line with a beam: `length` is of 100."""

    label: str
    told: str
    length: str
    kept: bool


@dataclass(frozen=True, slots=True)
class NumbersPage:
    """All of it. `chart` is None where nothing was counted; `week` is the title of the chosen one."""

    lead: str
    trend: str
    chart: Chart | None
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    acts_head: tuple[str, ...]
    acts: tuple[Row, ...]
    week: str
    total: str
    kinds: tuple[Beam, ...]
    categories: tuple[Beam, ...]
    groups: tuple[Beam, ...]
    small: str


def numbers_page(numbers: Numbers, chosen: str, said: Words) -> NumbersPage:
    """The page; `chosen` is the Monday (ISO) of the week to look at, or anything else for the last one that is over."""
    weeks = numbers.weeks
    last = next((one for one in weeks if one.whole), weeks[0] if weeks else None)
    week = next((one for one in weeks if one.first.isoformat() == chosen), last)
    since = f"{numbers.since:%d-%m-%Y}" if numbers.since else ""
    names = {None: said("dash.numbers.other_groups")} | {name: one.name for name, one in numbers.names.items()}
    together = said("dash.numbers.together")
    kinds = [_kind(kind, said) for kind in EXCEPTIONS]
    acts = [_kind(kind, said) for kind in _ACTS]
    small = said("dash.numbers.small_groups", count=numbers.hidden, least=SMALLEST_GROUP) if numbers.hidden else ""
    return NumbersPage(
        lead=said("dash.numbers.since", date=since) if since else said("dash.numbers.none"),
        trend="" if numbers.trend is None else said(f"dash.numbers.trend.{_TRENDS[numbers.trend]}"),
        chart=columns([_column(one) for one in reversed(weeks[:_IN_CHART])]) if weeks else None,
        head=(*kinds, together),
        rows=tuple(
            _row(one, [*zip(kinds, one.kinds.values(), strict=True), (together, one.total)], said) for one in weeks
        ),
        acts_head=tuple(acts),
        acts=tuple(_row(one, list(zip(acts, one.acts.values(), strict=True)), said) for one in weeks),
        week=_title(week.first, said) if week else "",
        total=_told(week.total, said) if week else "",
        kinds=_beams(zip(kinds, week.kinds.values(), strict=True), said) if week else (),
        categories=_beams(_categories(week, said), said) if week else (),
        groups=_beams(((names[name], what) for name, what in week.groups.items()), said) if week else (),
        small=small,
    )


def sheet(numbers: Numbers, said: Words) -> tuple[list[str], list[list[str]]]:
    """The same numbers as a list to take along: a row a week."""
    head = [said("dash.numbers.week"), *(_kind(kind, said) for kind in EXCEPTIONS), said("dash.numbers.together")]
    head += [_kind(kind, said) for kind in _ACTS]
    rows = []
    for week in numbers.weeks:
        shown = [*(week.kinds[kind] for kind in EXCEPTIONS), week.total, *(week.acts[kind] for kind in _ACTS)]
        rows.append([_title(week.first, said), *(_told(one, said) for one in shown)])
    return head, rows


def _categories(week: Week, said: Words) -> Iterable[tuple[str, Shown]]:
    for name, what in sorted(week.categories.items(), key=lambda one: -one[1] if isinstance(one[1], int) else 1):
        label = "dash.numbers.other_kinds" if name == "*" else "dash.numbers.no_kind" if not name else ""
        yield said(label) if label else said.category(name), what


def _column(week: Week) -> tuple[str, int | None, str]:
    number = week.total if isinstance(week.total, int) else None
    short = f"<{SMALLEST}" if week.total is Shade.LESS else "–"
    return str(week.first.isocalendar().week), number, short if number is None else str(number)


def _row(week: Week, cells: Sequence[tuple[str, Shown]], said: Words) -> Row:
    return Row(
        _title(week.first, said),
        week.first.isoformat(),
        "" if week.whole else said("dash.numbers.not_over"),
        tuple(Cell(label, _told(what, said), isinstance(what, Shade)) for label, what in cells),
    )


def _beams(lines: Iterable[tuple[str, Shown]], said: Words) -> tuple[Beam, ...]:
    found = list(lines)
    most = max((what for _, what in found if isinstance(what, int)), default=0)
    return tuple(
        Beam(label, _told(what, said), beam(what if isinstance(what, int) else None, most), isinstance(what, Shade))
        for label, what in found
    )


def _kind(kind: Kind, said: Words) -> str:
    return said(f"dash.numbers.kind.{kind.value}")


def _title(first: date, said: Words) -> str:
    year, week, _ = first.isocalendar()
    return said("dash.numbers.week_of", week=week, day=f"{first:%d-%m-%Y}", year=year)


def _told(what: Shown, said: Words) -> str:
    if isinstance(what, int):
        return str(what)
    return said("dash.numbers.less", least=SMALLEST) if what is Shade.LESS else said("dash.numbers.kept")
