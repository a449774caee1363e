"""The catalogue of feeds that schools use: `config/feeds.yaml`, dated, to be checked by a person before subscribing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from config.factory import factory_file
from config.feeds.formats import FORMS
from config.read import Document, quoted


@dataclass(frozen=True, slots=True)
class Offer:
    """One feed of the catalogue. `address` may name a part of it after a `#`; `licence` is its maker's."""

    id: str
    address: str
    form: str
    category: str
    licence: str
    homepage: str
    note: str


_KEYS = {"id", "address", "format", "category", "licence", "homepage", "note"}


def offers() -> dict[str, Offer]:
    """Every feed of the catalogue by its id, in its order.

    Raises:
        ConfigError: the file is wrong.
    """
    return dict(_read()[1])


def checked_on() -> date:
    """The day that the catalogue was written."""
    return _read()[0]


@cache
def _read() -> tuple[date, dict[str, Offer]]:
    document = factory_file("feeds.yaml")
    found: dict[str, Offer] = {}
    for number, entry in enumerate(document.value["feeds"]):
        _right(document, number, entry)
        if entry["id"] in found:
            raise document.error(("feeds", number, "id"), f"{quoted(entry['id'])} is here twice", "keep one")
        found[entry["id"]] = Offer(form=entry["format"], **{k: entry[k] for k in _KEYS - {"format"}})
    return document.value["checked"], found


def _right(document: Document, number: int, entry: object) -> None:
    if not isinstance(entry, dict) or entry.keys() != _KEYS or not all(isinstance(one, str) for one in entry.values()):
        raise document.error(("feeds", number), "a feed has the wrong keys", f"write {', '.join(sorted(_KEYS))}")
    if entry["format"] not in FORMS:
        raise document.error(("feeds", number, "format"), f"{quoted(entry['format'])} is not a form", ", ".join(FORMS))
