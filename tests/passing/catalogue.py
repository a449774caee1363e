"""What the page about traffic says: `catalogue.yaml`, held to what is seen by `test_passing.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from config.read import read_yaml
from tests.passing import (  # noqa: F401 - they bring the rows
    first,
    first_broken,
    first_connections,
    first_large,
    handshakes,
    second,
    second_broken,
    sockets,
)
from tests.passing.guards import COLUMNS
from tests.passing.rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "traffic.md"
CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class Difference:
    """What differs on some ways: `about` are the keys of what is seen, `says` how and why."""

    on: frozenset[str]
    about: frozenset[str]
    says: str


@dataclass(frozen=True)
class Entry:
    """What the page says of a row."""

    id: str
    title: str
    differences: tuple[Difference, ...]

    def differing(self, column: str) -> frozenset[str]:
        """The keys of what is seen that differ on a way."""
        return frozenset().union(*(one.about for one in self.differences if column in one.on))


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(CATALOGUE.read_bytes(), CATALOGUE.name).value
    return found


def groups() -> Iterator[tuple[str, list[Entry]]]:
    """The rows in the page's order, by group."""
    for group in _read()["groups"]:
        yield group["title"], [_entry(row) for row in group["rows"]]


def _entry(row: dict[str, Any]) -> Entry:
    looked_into = [one for one in COLUMNS if one != "tunnel"]
    differences = tuple(
        Difference(frozenset(one.get("on", looked_into)), frozenset(one["about"]), " ".join(one["says"].split()))
        for one in row.get("differs", ())
    )
    return Entry(row["id"], row["title"], differences)


@cache
def _known() -> dict[str, Entry]:
    return {entry.id: entry for _, entries in groups() for entry in entries}


def known(name: str) -> Entry:
    """What is said of a row."""
    return _known()[name]


def page() -> str:
    """The page."""
    said = _read()
    lines = ["# What passes unchanged", "", *said["opening"].strip().splitlines(), ""]
    for title, entries in groups():
        lines += [f"## {title}", "", "| what | tunnel | inspected | plain | mitmdump | how it differs |"]
        lines += ["|---|---|---|---|---|---|", *(_line(entry) for entry in entries), ""]
    for section in said["sections"]:
        lines += [f"## {section['title']}", "", *(f"- {' '.join(one.split())}" for one in section["lines"]), ""]
    return "\n".join(lines)


def _line(entry: Entry) -> str:
    tried = ROWS[entry.id].columns
    cells = ["-" if column not in tried else "**differs**" if entry.differing(column) else "same" for column in COLUMNS]
    said = " ".join(one.says for one in entry.differences)
    return f"| {entry.title} | {' | '.join(cells)} | {said} |".replace("|  |", "| |")
