"""The query in a search engine's address, so that words can be judged wherever they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl

from policy.address import icann_name
from policy.match import suffixes
from policy.model import Address, Search

UNKNOWN = "unknown"
# A search on a site nobody listed, by the names that search forms use.
_SHAPE = ("q", "query", "zoek", "zoekterm", "search", "search_query", "zoekwoord")
_SHAPED = frozenset(_SHAPE)
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Engine:
    """One search engine as data. A host `google.*` stands for every public suffix; empty `paths` means any path."""

    id: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...] = ()
    params: tuple[str, ...] = ("q",)


@dataclass(frozen=True)
class Engines:
    """All engines, looked up by host. Not slotted: the look-up tables are made once."""

    engines: tuple[Engine, ...] = field(default=())

    @cached_property
    def _by_host(self) -> dict[str, tuple[Engine, ...]]:
        table: dict[str, tuple[Engine, ...]] = {}
        for engine in self.engines:
            for host in engine.hosts:
                table[host] = (*table.get(host, ()), engine)
        return table

    def query(self, address: Address) -> Search | None:
        """What is searched for at this address, or None when nothing is."""
        if not address.query:
            return None
        fields = _fields(address.query)
        engines = tuple(self._at(address.host))
        for engine in engines:
            if engine.paths and not address.path.startswith(engine.paths):
                continue
            text = _text(fields, engine.params)
            if text:
                return Search(engine.id, text)
        text = _text(fields, _SHAPE)
        return Search(engines[0].id if engines else UNKNOWN, text) if text else None

    def fields(self, address: Address) -> tuple[frozenset[str], frozenset[str]]:
        """The query fields that hold somebody's words: for sure, at a listed engine; and perhaps, anywhere else."""
        for engine in self._at(address.host):
            if not engine.paths or address.path.startswith(engine.paths):
                return frozenset(engine.params), frozenset()
        return frozenset(), _SHAPED

    def _at(self, host: str) -> Iterator[Engine]:
        for name in suffixes(host):
            yield from self._by_host.get(name, ())
        label = icann_name(host)
        if label:
            yield from self._by_host.get(f"{label}.*", ())


def _fields(query: str) -> dict[str, list[str]]:
    """Field name (lower case) to its values; a query that is no form has none."""
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=False, max_num_fields=_MOST_FIELDS)
    except ValueError:
        # Too many fields to be a person's search: read the start, so that padding does not hide the words.
        pairs = parse_qsl("&".join(query.split("&")[:_MOST_FIELDS]), keep_blank_values=False)
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def _text(fields: dict[str, list[str]], params: tuple[str, ...]) -> str:
    """Everything in the named fields: a doubled field must not hide its second value."""
    return " ".join(value for name in params for value in fields.get(name.lower(), ())).strip()
