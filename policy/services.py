"""Services: the hosts that one site needs to work, which of its addresses are talk, and how one single item is named.

A site is more than its name: without its API and CDN hosts a permitted one does not work, and a denied one half works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qs, quote, unquote

from policy.address import canonical
from policy.match import covered, covers, suffixes
from policy.model import Action, Address

_ITEM = "{item}"
_SLASHES = re.compile(r"/{2,}")
_LONGEST_ITEM = 200
_MOST_REMEMBERED = 4096


@dataclass(frozen=True)
class Place:
    """Some addresses of a service: on these hosts, below these paths. Empty means any.

    A path is a prefix by whole segments; `*` stands for one segment or a part of one, `{item}` takes one. `query` names
    a field that must be there (and holds the item). `sends` speaks only when something is sent. Not slotted: the
    pattern is compiled once.
    """

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    query: str = ""
    sends: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_as_regex(path)})" for path in self.paths) or "", re.IGNORECASE)

    def item(self, address: Address) -> str | None:
        """The item at this address: its id, empty when the place names none, None when the address is not here."""
        if self.hosts and not covered(address.host, self.hosts):
            return None
        path = _SLASHES.sub("/", unquote(address.path))
        found = self._pattern.match(path)
        if found is None:
            return None
        if self.query:
            values = parse_qs(address.query, max_num_fields=None).get(self.query, [""])
            # Two values of one field: a page may read the other one. That is no single item.
            return values[0][:_LONGEST_ITEM] or None if len(values) == 1 else None
        return next((value for value in found.groups() if value), "")[:_LONGEST_ITEM]

    def holds(self, address: Address) -> bool:
        """Whether the address is one of these."""
        return self.item(address) is not None


def _as_regex(path: str) -> str:
    parts = []
    for segment in path.strip("/").split("/"):
        text = "([^/]+)" if segment == _ITEM else "[^/]*".join(re.escape(piece) for piece in segment.split("*"))
        parts.append(text)
    # Whole segments: `/p` is not `/people`; `/` alone is everywhere.
    return "/" + "/".join(parts) + r"(?=/|$)" if path.strip("/") else "/"


@dataclass(frozen=True)
class Service:
    """One service. `sites` is what a person opens, `hosts` its own other hosts; `shared` it needs but others do too.

    `actions` are asked in order. `player` is what an item's own page needs; `alone` its address without anything else.
    """

    id: str
    name: str
    category: str
    sites: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    actions: tuple[tuple[Action, Place], ...] = ()
    items: tuple[Place, ...] = ()
    player: tuple[Place, ...] = ()
    alone: str = ""

    @cached_property
    def own(self) -> tuple[str, ...]:
        """What is closed with it."""
        return (*self.sites, *self.hosts)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """What is opened with it."""
        return tuple(dict.fromkeys((*self.sites, *self.hosts, *self.shared)))

    def item(self, address: Address) -> str | None:
        """The id of the single item at an address of this service, or None."""
        return next((found for place in self.items if (found := place.item(address))), None)

    def alone_at(self, item: str) -> Address | None:
        """Where the item is by itself, or None when the service has no such address."""
        return canonical(self.alone.replace(_ITEM, quote(item, safe=""))) if self.alone else None

    def plays(self, address: Address) -> bool:
        """Whether an item's own page needs this address."""
        return any(place.holds(address) for place in self.player)


@dataclass(frozen=True)
class Services:
    """All services, looked up by host. Not slotted: the look-up tables are made once."""

    services: tuple[Service, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, Service]:
        """Service id to service."""
        return {service.id: service for service in self.services}

    @cached_property
    def _by_host(self) -> Mapping[str, Service]:
        return {host: service for service in self.services for host in service.own}

    @cached_property
    def _widened(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {}

    @cached_property
    def _closed(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {}

    def at(self, host: str) -> Service | None:
        """The service that a canonical host belongs to."""
        return next((self._by_host[name] for name in suffixes(host) if name in self._by_host), None)

    def widened(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with everything they need: what to open when they are opened. One of its sites means the service.

        A corner of it, such as `music.youtube.com`, is that corner with what carries it.
        """
        return self._with(tuple(sites), self._widened, shared=True)

    def closed(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with everything that is theirs alone: what to close when they are closed."""
        return self._with(tuple(sites), self._closed, shared=False)

    def _with(
        self, sites: tuple[str, ...], memo: dict[tuple[str, ...], tuple[str, ...]], *, shared: bool
    ) -> tuple[str, ...]:
        if sites not in memo:
            found = dict.fromkeys(sites)
            for site in sites:
                service = self.at(site)
                if service is None:
                    continue
                more = service.shared if shared else ()
                if site in service.sites or site.removeprefix("www.") in service.sites:
                    found.update(dict.fromkeys((*service.own, *more)))
                elif shared and covered(site, service.sites):
                    found.update(dict.fromkeys((*service.hosts, *more)))
            if len(memo) >= _MOST_REMEMBERED:
                memo.clear()
            memo[sites] = tuple(found)
        return memo[sites]

    def action(self, address: Address, *, sending: bool) -> Action | None:
        """What an address of a service is for (chat, post, upload, live), or None when it is just a page."""
        service = self.at(address.host)
        if service is None:
            return None
        for action, place in service.actions:
            if (sending or not place.sends) and place.holds(address):
                return action
        return None

    def item(self, address: Address) -> str | None:
        """The single item at an address as `service:id`, or None."""
        service = self.at(address.host)
        item = service.item(address) if service else None
        return f"{service.id}:{item}" if service and item else None

    def of_item(self, item: str) -> tuple[Service, str] | None:
        """The service and the id in `service:id`, or None when there is no such service."""
        name, _, key = item.partition(":")
        service = self.by_id.get(name)
        return (service, key) if service and key else None

    def needs(self, item: str, host: str, address: Address | None, *, navigation: bool) -> bool:
        """Whether a permission for one item opens this: the item by itself, and in the background what it needs."""
        found = self.of_item(item)
        if found is None or address is None:
            return False
        service, key = found
        if not any(covers(name, host) for name in service.needed):
            return False
        if service.item(address) == key:
            alone = service.alone_at(key)
            if alone is None or (alone.host, alone.path) == (address.host, address.path):
                return True
        return not navigation and (covered(host, service.shared) or service.plays(address))
