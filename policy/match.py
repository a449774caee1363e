"""Which categories a host is in, and whether one name covers another: by whole labels, never by letters."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

_NONE: frozenset[str] = frozenset()


def suffixes(host: str) -> Iterator[str]:
    """The host and every parent name, longest first: `a.b.nl`, `b.nl`, `nl`."""
    while host:
        yield host
        host = host.partition(".")[2]


def covers(site: str, host: str) -> bool:
    """Whether `site` is the host or a parent of it (`x.com` covers `www.x.com`, never `box.com`)."""
    return host == site or host.endswith(f".{site}")


def covered(host: str, sites: Iterable[str]) -> bool:
    """Whether any of the sites covers the host."""
    return any(covers(site, host) for site in sites)


def within(host: str, names: Container[str]) -> bool:
    """Whether the host or a parent of it is among the names; for sets, where `covered` would walk them all."""
    return any(name in names for name in suffixes(host))


class Categories(Protocol):
    """What knows the categories of hosts: an index in memory, a mapped table, or several of them together."""

    def categories(self, host: str) -> frozenset[str]:
        """All categories of a canonical host and of its parent names; empty when it is not listed."""

    @property
    def edition(self) -> Hashable:
        """Differs when the answers may differ: lists of others can be replaced while somebody asks."""

    def known(self) -> frozenset[str]:
        """Every category that has hosts."""

    def __len__(self) -> int:
        """How many names are listed; a name in two layers counts twice."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Several indexes as one: what any of them says of a host."""

    layers: tuple[Categories, ...]

    def categories(self, host: str) -> frozenset[str]:
        """As `Categories`."""
        found = _NONE
        for layer in self.layers:
            here = layer.categories(host)
            if here:
                found = found | here if found else here
        return found

    @property
    def edition(self) -> Hashable:
        """As `Categories`."""
        return tuple([layer.edition for layer in self.layers])

    def known(self) -> frozenset[str]:
        """As `Categories`."""
        return _NONE.union(*(layer.known() for layer in self.layers))

    def below(self, sites: Container[str]) -> Iterator[str]:
        """As `HostIndex.below`, of those layers that have their names: a list of others has none to show."""
        return (name for layer in self.layers if isinstance(layer, HostIndex | Layers) for name in layer.below(sites))

    def __len__(self) -> int:
        return sum(map(len, self.layers))


@dataclass(frozen=True, slots=True)
class HostIndex:
    """Host to categories, by suffix walk. Built once, never changed; a look-up costs one dict probe a label."""

    _names: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, lists: Mapping[str, Iterable[str]]) -> HostIndex:
        """An index over canonical hosts by category."""
        names: dict[str, frozenset[str]] = {}
        shared: dict[frozenset[str], frozenset[str]] = {}
        for category, hosts in lists.items():
            for host in hosts:
                both = names.get(host, _NONE) | {category}
                names[host] = shared.setdefault(both, both)
        return cls(names)

    def categories(self, host: str) -> frozenset[str]:
        """All categories of a canonical host and of its parent names; empty when it is not listed."""
        found = _NONE
        names = self._names
        while host:
            here = names.get(host)
            if here is not None:
                found = found | here if found else here
            host = host.partition(".")[2]
        return found

    @property
    def edition(self) -> Hashable:
        """As `Categories`; this one never changes."""
        return 0

    def below(self, sites: Container[str]) -> Iterator[str]:
        """The listed names that lie below one of these sites, in no order. Looks at every name."""
        return (name for name in self._names if within(name.partition(".")[2], sites))

    def known(self) -> frozenset[str]:
        """Every category that has at least one host."""
        return frozenset(category for names in self._names.values() for category in names)

    def __len__(self) -> int:
        return len(self._names)
