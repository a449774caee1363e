"""The written days off, one change at a time: shapes are asked here, sense is asked by `config`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from config.holidays_file import factory_vacations
from config.public_holidays import DIFFER, names
from config.schema_timetable import REGIONS
from dashboard.actions.desk import Outcome, done, refused
from policy.model import PeriodKind

LONGEST_NAME = 60
_LONGEST = timedelta(days=62)
_BEHIND, _AHEAD = timedelta(days=400), timedelta(days=1200)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class What(StrEnum):
    """What is changed."""

    REGION = "region"
    CONFIRM = "confirm"  # every holiday of one school year
    HOLIDAY = "holiday"  # one holiday of the region, with the dates of the school itself
    CLOSED = "closed"
    STUDY = "study"
    HALF = "half"
    SPECIAL = "special"
    OPEN = "open"
    PUBLIC = "public"
    GONE = "gone"  # one entry of a list


LISTS = {
    What.CLOSED: "closed",
    What.STUDY: "study_days",
    What.HALF: "half_days",
    What.SPECIAL: "special",
    What.OPEN: "open",
}
"""The lists of written times, by what adds to them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One wish, as it was typed; the fields that mean something depend on `what`.

    `name` is a holiday's, a day's, a region's or a school year's; `picks` are groups, or public holidays that are free;
    for `GONE` it is `list` (a `What` of `LISTS`) and the entry's `key`.
    """

    what: What
    name: str = ""
    first: str = ""
    last: str = ""
    start: str = ""
    end: str = ""
    kind: str = ""
    picks: tuple[str, ...] = ()
    list: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list as it is written; `key` names it."""

    list: What
    key: str
    values: Mapping[str, Any]


def entries(values: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries of the lists in order of their day."""
    found = [
        Entry(what, key_of(item), item if isinstance(item, dict) else {"on": item})
        for what, key in LISTS.items()
        for item in values.get(key) or ()
    ]
    return tuple(sorted(found, key=lambda entry: str(entry.values.get("from") or entry.values.get("on"))))


def key_of(item: object) -> str:
    """What names an entry: all that is written of it."""
    if not isinstance(item, dict):
        return str(item)
    return "|".join(f"{key}={value}" for key, value in item.items())


def made(values: Mapping[str, Any], change: Change, today: date) -> Outcome[dict[str, Any]]:
    """The written times as they would be. Only shapes are asked here; sense is asked by `config`."""
    return _MAKERS[change.what](dict(values), change, today)


def vacation_replaced(values: Mapping[str, Any], name: str, first: date) -> list[Any]:
    """The written days off without the school's own dates of that holiday in that school year."""
    year = school_year(first)

    def same(item: Mapping[str, Any]) -> bool:
        called = re.sub(r"[\s0-9/-]+\Z", "", str(item.get("name", "")).lower())
        return called == name.lower() and isinstance(item["from"], date) and school_year(item["from"]) == year

    return [item for item in values.get("closed") or () if not same(item)]


def school_year(day: date) -> str:
    """The school year of a day: it starts on the first of August."""
    start = day.year if day.month >= 8 else day.year - 1
    return f"{start}-{start + 1}"


type _Values = dict[str, Any]


def _region(values: _Values, change: Change, _today: date) -> Outcome[_Values]:
    follows: Mapping[str, Any] = values.pop("holidays", None) or {}
    if not change.name:
        return done("seen", values)
    if change.name not in REGIONS:
        return refused("year_region")
    # Another region has other dates: who looked at the old ones did not look at these.
    confirmed = follows.get("confirmed") if follows.get("region") == change.name else None
    return done(
        "seen", values | {"holidays": {"region": change.name} | ({"confirmed": confirmed} if confirmed else {})}
    )


def _confirm(values: _Values, change: Change, _today: date) -> Outcome[_Values]:
    follows: Mapping[str, Any] = values.get("holidays") or {}
    region = str(follows.get("region", ""))
    if change.name not in {one.year for one in factory_vacations().of(region)}:
        return refused("year_region")
    confirmed = sorted({*(follows.get("confirmed") or ()), change.name})
    return done("seen", values | {"holidays": {**follows, "confirmed": confirmed}})


def _holiday(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    days = _stretch(change, today)
    if days.value is None:
        return Outcome(False, days.code)
    name = change.name.strip().lower()
    if name not in {one.name for one in factory_vacations().all}:
        return refused("gone")
    first, last = days.value
    own = {"from": first, "to": last, "name": name}
    return done("seen", values | {"closed": [*vacation_replaced(values, name, first), own]})


def _closed(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    days, name = _stretch(change, today), _name(change.name)
    if days.value is None:
        return Outcome(False, days.code)
    if name is None:
        return refused("year_name")
    first, last = days.value
    item = {"from": first} | ({"to": last} if last != first else {}) | {"name": name}
    return _added(values, "closed", item)


def _study(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    day = _day(change.first, today)
    return refused("year_date") if day is None else _added(values, "study_days", day)


def _open(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    day = _day(change.first, today)
    if day is None:
        return refused("year_date")
    if day in (values.get("study_days") or ()):
        return refused("year_both")
    return _added(values, "open", day)


def _half(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    day = _day(change.first, today)
    if day is None:
        return refused("year_date")
    if not _CLOCK.fullmatch(change.end) or change.end == "00:00":
        return refused("year_time")
    return _added(values, "half_days", {"on": day, "until": change.end} | _groups(change))


def _special(values: _Values, change: Change, today: date) -> Outcome[_Values]:
    day, name = _day(change.first, today), _name(change.name)
    if day is None:
        return refused("year_date")
    if name is None:
        return refused("year_name")
    if change.kind not in set(PeriodKind):
        return refused("year_kind")
    end = "24:00" if change.end == "00:00" else change.end
    clocks = _CLOCK.fullmatch(change.start) and _CLOCK.fullmatch(change.end)
    if not clocks or change.start >= end:
        return refused("year_time")
    item = {"on": day, "time": f"{change.start}-{end}", "kind": change.kind, "name": name}
    return _added(values, "special", item | _groups(change))


def _public(values: _Values, change: Change, _today: date) -> Outcome[_Values]:
    """Every public holiday with its tick; without any the school does not follow them at all."""
    free = frozenset(change.picks) & frozenset(names())
    values.pop("public", None)
    if not free:
        return done("seen", values)
    but = [name for name in names() if name not in free and name not in DIFFER]
    also = [name for name in names() if name in free and name in DIFFER]
    return done("seen", values | {"public": ({"except": but} if but else {}) | ({"also": also} if also else {})})


def _gone(values: _Values, change: Change, _today: date) -> Outcome[_Values]:
    key = LISTS.get(What(change.list)) if change.list in set(What) else None
    if key is None:
        return refused("gone")
    items = list(values.get(key) or ())
    kept = [item for item in items if key_of(item) != change.key]
    if len(kept) == len(items):
        return refused("gone")
    values.pop(key)
    return done("seen", values | ({key: kept} if kept else {}))


def _added(values: _Values, key: str, item: object) -> Outcome[_Values]:
    items = list(values.get(key) or ())
    if item in items:
        return refused("list_already")
    return done("seen", values | {key: [*items, item]})


def _stretch(change: Change, today: date) -> Outcome[tuple[date, date]]:
    first, last = _day(change.first, today), _day(change.last or change.first, today)
    if first is None or last is None:
        return refused("year_date")
    if last < first:
        return refused("year_order")
    return refused("year_long") if last - first > _LONGEST else done("seen", (first, last))


def _day(text: str, today: date) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found is not None and today - _BEHIND <= found <= today + _AHEAD else None


def _name(text: str) -> str | None:
    found = text.strip()
    return found if found and len(found) <= LONGEST_NAME and found.isprintable() else None


def _groups(change: Change) -> dict[str, Any]:
    return {"groups": sorted(change.picks)} if change.picks else {}


def free(values: Mapping[str, Any]) -> frozenset[str]:
    """The public holidays that the school has off."""
    public: Mapping[str, Any] | None = values.get("public")
    if public is None:
        return frozenset()
    but, also = ({str(one).lower() for one in public.get(key) or ()} for key in ("except", "also"))
    return frozenset(name for name in names() if name not in but and (name not in DIFFER or name in also))


_MAKERS: Mapping[What, Callable[[_Values, Change, date], Outcome[_Values]]] = {
    What.REGION: _region,
    What.CONFIRM: _confirm,
    What.HOLIDAY: _holiday,
    What.CLOSED: _closed,
    What.STUDY: _study,
    What.HALF: _half,
    What.SPECIAL: _special,
    What.OPEN: _open,
    What.PUBLIC: _public,
    What.GONE: _gone,
}
