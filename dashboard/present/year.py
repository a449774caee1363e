"""The school year: what waits, what is off, a year in months, and what a change would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.changes import changes
from config.public_holidays import names
from config.schema_timetable import REGIONS, WEEKDAYS
from dashboard.actions.days_off import LISTS, Change, Entry, What, school_year
from dashboard.actions.year import Plan, Year
from dashboard.present.bells import affected_lines
from dashboard.present.months import Month, day_said, months, stretch
from dashboard.present.words import Choice, Words
from policy.model import Closure, Group, PeriodKind, Schedule

_END_IN_SIGHT = timedelta(days=60)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday of the region: its dates for fields, and in words. `waits`: nobody confirmed it."""

    name: str
    told: str
    first: str
    last: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A written entry that can be taken away."""

    told: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One list of entries, with its heading."""

    what: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What saving does; `fields` are the change itself, for the form that saves it."""

    lines: tuple[str, ...]
    affected: tuple[str, ...]
    moved: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    based_on: int


@dataclass(frozen=True, slots=True)
class YearPage:
    """The whole page. `waits` is how many holidays wait in this year, `shown` is the year that one looks at."""

    shown: str
    before: str
    after: str
    notices: tuple[str, ...]
    regions: tuple[Choice, ...]
    holidays: tuple[Holiday, ...]
    waits: int
    shelves: tuple[Shelf, ...]
    public: tuple[Choice, ...]
    groups: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    months: tuple[Month, ...]
    weekdays: tuple[tuple[str, str], ...]
    plan: PlanCard | None
    typed: Change | None
    based_on: int


def year_page(
    year: Year, words: Words, now: datetime, shown: str, plan: Plan | None = None, typed: Change | None = None
) -> YearPage:
    """The page of one school year (`2026-2027`; another text is that of today)."""
    shown = _shown(shown, year.today)
    start = int(shown[:4])
    holidays = tuple(_holidays(year, shown, words))
    chosen = typed.picks if typed else ()
    groups = {group.id: group for group in year.groups}
    return YearPage(
        shown,
        f"{start - 1}-{start}",
        f"{start + 1}-{start + 2}",
        tuple(_notices(year, shown, words)),
        tuple(Choice(one, words(f"dash.year.region.{one}"), one == year.region) for one in REGIONS),
        holidays,
        sum(one.waits for one in holidays),
        tuple(_shelves(year, shown, words)),
        tuple(Choice(name, name.capitalize(), name in year.free) for name in names()),
        tuple(Choice(group.id, group.name, group.id in chosen) for group in year.groups),
        tuple(Choice(kind.value, words(f"dash.year.kind.{kind.value}")) for kind in PeriodKind),
        months(year.schedule, groups, start, words),
        tuple((words(f"policy.day.{name}")[:2], words(f"policy.day.{name}")) for name in WEEKDAYS),
        _plan(plan, groups, words, now) if plan else None,
        typed,
        plan.based_on if plan else year.based_on,
    )


def _shown(text: str, today: date) -> str:
    first, _, second = text.partition("-")
    if first.isdecimal() and second.isdecimal() and len(text) == 9:
        start = int(first)
        if int(second) == start + 1 and _FIRST_YEAR <= start <= _LAST_YEAR:
            return text
    return school_year(today)


def _notices(year: Year, shown: str, words: Words) -> Iterable[str]:
    if not year.region:
        yield words("dash.year.no_region")
        return
    until = year.schedule.holidays_until
    if shown not in {one.year for one in year.vacations}:
        yield words("dash.year.unknown_year", year=shown)
    elif until is not None and until - year.today < _END_IN_SIGHT:
        yield words("dash.year.end_in_sight", last=day_said(until, words))


def _holidays(year: Year, shown: str, words: Words) -> Iterable[Holiday]:
    """The region's holidays of the year that the school did not write itself."""
    for one in year.vacations:
        waits = any(_inside(closure, one.first, one.last, one.name) for closure in year.schedule.waiting)
        counts = any(_inside(closure, one.first, one.last, one.name) for closure in year.schedule.closures)
        if one.year == shown and (waits or counts):
            told = stretch(one.first, one.last, words)
            yield Holiday(one.name, told, one.first.isoformat(), one.last.isoformat(), waits)


def _inside(closure: Closure, first: date, last: date, name: str) -> bool:
    return closure.name == name and first <= closure.first and closure.last <= last


def _shelves(year: Year, shown: str, words: Words) -> Iterable[Shelf]:
    groups = {group.id: group.name for group in year.groups}
    for what in LISTS:
        lines = tuple(
            Line(_entry(one, groups, words), (("what", What.GONE.value), ("list", what.value), ("key", one.key)))
            for one in year.entries
            if one.list is what and _of_year(one, shown)
        )
        yield Shelf(what.value, words(f"dash.year.list.{what.value}"), lines)


def _of_year(entry: Entry, shown: str) -> bool:
    day = entry.values.get("from") or entry.values.get("on")
    return not isinstance(day, date) or school_year(day) == shown


def _entry(entry: Entry, groups: Mapping[str, str], words: Words) -> str:
    values = entry.values
    first = values.get("from") or values.get("on")
    last = values.get("to") or first
    when = stretch(first, last, words) if isinstance(first, date) and isinstance(last, date) else str(first)
    parts = [when]
    if "until" in values:
        parts.append(words("dash.year.until", until=values["until"]))
    if "time" in values:
        parts.append(f"{values['time']} ({words('dash.year.kind.' + str(values.get('kind'))).lower()})")
    if values.get("name"):
        parts.append(str(values["name"]))
    if values.get("groups"):
        parts.append(", ".join(groups.get(str(one), str(one)) for one in values["groups"]))
    return " · ".join(parts)


# --- a change ------------------------------------------------------------------------------------------------------


def fields_of(change: Change) -> tuple[tuple[str, str], ...]:
    """A change as hidden fields."""
    single = ("name", "first", "last", "start", "end", "kind", "list", "key")
    named = tuple((name, str(getattr(change, name))) for name in single if getattr(change, name))
    return (("what", change.what.value), *named, *(("picks", one) for one in change.picks))


def _plan(plan: Plan, groups: Mapping[str, Group], words: Words, now: datetime) -> PlanCard:
    old, new = plan.old.schedule, plan.new.schedule
    said = (
        changes(plan.old, plan.new, words.lang) if (old.closures, old.specials) != (new.closures, new.specials) else ()
    )
    lines = [*said, *_waiting(old, new, words, now)]
    return PlanCard(
        tuple(lines) or (words("dash.year.written_only"),),
        affected_lines(plan.affected, groups, words, now),
        plan.moved,
        fields_of(plan.change),
        plan.based_on,
    )


def _waiting(old: Schedule, new: Schedule, words: Words, now: datetime) -> Iterable[str]:
    """What begins to wait, of what is not over, and what waits no more."""
    today = words.local(now).date()
    for one in new.waiting:
        if one not in old.waiting and one.last >= today:
            yield words("dash.year.now_waits", name=one.name, when=stretch(one.first, one.last, words))
    closed = [one for one in old.waiting if one not in new.waiting]
    if closed:
        yield words("dash.year.waits_no_more", names=", ".join(dict.fromkeys(one.name for one in closed)))
