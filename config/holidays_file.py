"""School holidays by region, from a dated file in the shape of the national government's open data.

The shape is `content[] -> vacations[] -> regions[]`, as the address in the file gives it in JSON: what was fetched from
there can be read as it is. What the source calls advice, and what is not known for sure, says so here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from config.factory import factory_file
from config.read import Document, Path, quoted
from config.schema_timetable import REGIONS

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_WHOLE_COUNTRY = "heel nederland"
_UNSURE = "to be confirmed"
_LONGEST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Vacation:
    """One holiday of one region, both days included.

    `sure` is False where the dates are not known for sure; `compulsory` is False where the source only advises.
    """

    year: str
    name: str
    region: str
    first: date
    last: date
    sure: bool
    compulsory: bool


@dataclass(frozen=True, slots=True)
class Vacations:
    """What the file says: where it was taken from, on which day, and the holidays in order."""

    source: str
    written: date
    all: tuple[Vacation, ...]

    def of(self, region: str) -> tuple[Vacation, ...]:
        """The holidays of one region, in order."""
        return tuple(one for one in self.all if one.region == region)


@cache
def factory_vacations() -> Vacations:
    """What comes with the product, read once a process."""
    return read_vacations(factory_file("holidays", "schoolholidays.yaml"))


def read_vacations(document: Document) -> Vacations:
    """Read a file of school holidays; the first of several documents of the source counts for where it is from.

    Raises:
        ConfigError: it has not that shape, or a holiday ends before it starts, lasts too long or overlaps another.
    """
    value = document.value
    heads: list[tuple[Path, Any]] = (
        [((number,), one) for number, one in enumerate(value)] if isinstance(value, list) else [((), value)]
    )
    found: list[Vacation] = []
    for at, head in heads:
        for year_at, year in _items(document, at, head, "content"):
            for vacation_at, vacation in _items(document, year_at, year, "vacations"):
                found.extend(_vacation(document, year_at, year, vacation_at, vacation))
    if not found:
        raise document.error((), "there are no holidays here", "see `content` in the file of the product")
    _see_overlaps(document, found)
    at, head = heads[0]
    return Vacations(
        source=_text(document, at, head, "source" if "source" in head else "canonical"),
        written=_day(document, at, head, "written" if "written" in head else "lastmodified"),
        all=tuple(sorted(found, key=lambda one: (one.region, one.first))),
    )


def _vacation(document: Document, year_at: Path, year: Any, at: Path, vacation: Any) -> Iterator[Vacation]:
    schoolyear = _text(document, year_at, year, "schoolyear").replace(" ", "")
    name = _text(document, at, vacation, "type").lower()
    compulsory = _text(document, at, vacation, "compulsorydates").lower()
    if compulsory not in {"true", "false"}:
        raise document.error(at, f"{quoted(compulsory)} is neither `true` nor `false`", "see `compulsorydates`")
    unsure = {_text(document, where, part, "status", "") for where, part in ((year_at, year), (at, vacation))} - {""}
    if unsure - {_UNSURE}:
        raise document.error(at, f"status {quoted(min(unsure))} is not known", f"write `{_UNSURE}` or leave it out")
    for region_at, part in _items(document, at, vacation, "regions"):
        region = _text(document, region_at, part, "region").lower()
        first, last = (_day(document, region_at, part, key) for key in ("startdate", "enddate"))
        if not first <= last <= first + _LONGEST:
            raise document.error(region_at, f"{name} from `{first}` to `{last}` cannot be", "look at both dates")
        if region != _WHOLE_COUNTRY and region not in REGIONS:
            raise document.error(region_at, f"region {quoted(region)} does not exist", "known: noord, midden, zuid")
        for one in REGIONS if region == _WHOLE_COUNTRY else (region,):
            yield Vacation(schoolyear, name, one, first, last, sure=not unsure, compulsory=compulsory == "true")


def _see_overlaps(document: Document, found: list[Vacation]) -> None:
    for region in REGIONS:
        last: Vacation | None = None
        for one in sorted((one for one in found if one.region == region), key=lambda one: one.first):
            if last is not None and one.first <= last.last:
                raise document.error((), f"{last.name} and {one.name} of {region} overlap at `{one.first}`", "")
            last = one


def _items(document: Document, at: Path, part: Any, key: str) -> Iterator[tuple[Path, Any]]:
    items = part.get(key) if isinstance(part, dict) else None
    if not isinstance(items, list):
        raise document.error(at, f"list {quoted(key)} is missing", "keep the shape of the open data")
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise document.error((*at, key, number), f"{quoted(item)} is not a block of `key: value` lines", "")
        yield (*at, key, number), item


def _text(document: Document, at: Path, part: Any, key: str, default: str | None = None) -> str:
    value = part.get(key, default)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        raise document.error((*at, key), f"{quoted(key)} is missing or no text", "keep the shape of the open data")
    return value.strip()


def _day(document: Document, at: Path, part: Any, key: str) -> date:
    """A date, or the moment at which it starts in the Netherlands (the source writes the evening before, in UTC)."""
    value = part.get(key)
    if isinstance(value, date):
        return value
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise document.error((*at, key), f"{quoted(value)} is not a day", "write it like `2026-12-19`")
    return moment.astimezone(_AMSTERDAM).date() if moment.tzinfo else moment.date()
