"""Services: the hosts that one site needs to work, which of its addresses are talk, and how one single item is named.

A site is more than its name: without its API and CDN hosts a permitted one does not work, and a denied one half works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from urllib.parse import parse_qs, quote, unquote

from policy.address import canonical
from policy.match import covered, covers, suffixes
from policy.model import Action, Address

_ITEM = "{item}"
_SLASHES = re.compile(r"/{2,}")
_LONGEST_ITEM = 200
_MOST_REMEMBERED = 4096
_SAME_PAGE = frozenset({"www", "m", "mobile", "nl", "en", "old", "new", "web"})
_HARMLESS = frozenset(
    {
        "start",
        "end",
        "t",
        "autoplay",
        "mute",
        "muted",
        "rel",
        "controls",
        "loop",
        "cc_load_policy",
        "cc_lang_pref",
        "hl",
        "lang",
        "modestbranding",
        "playsinline",
        "enablejsapi",
        "origin",
        "widget_referrer",
        "widgetid",
        "si",
        "feature",
        "h",
        "title",
        "byline",
        "portrait",
        "color",
        "dnt",
        "app_id",
        "fs",
        "iv_load_policy",
        "quality",
        "background",
        "keyboard",
        "speed",
        "texttrack",
        "badge",
    }
)
"""Fields of a player's address that change how an item is shown, and not which."""


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
        if "%2f" in address.path.lower() and any(found.groups()):
            return None  # a slash that a server may read or not: that is no single item
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
    if not path.strip("/"):
        return "/"  # everywhere
    # Whole segments: `/p` is not `/people`. What ends in an item has nothing behind it.
    return "/" + "/".join(parts) + (r"/?$" if path.rstrip("/").endswith(_ITEM) else r"(?=[/;?#]|$)")


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
        """The id of the single item at an address of this service, or None. Where one talks is no item."""
        front = address.host in self.sites or address.host.removeprefix(_first(address.host)) in self.sites
        found = (place.item(address) for place in self.items if place.hosts or front)
        item = next((one for one in found if one), None)
        return None if item is None or self.action(address, sending=False) is not None else item

    def action(self, address: Address, *, sending: bool) -> Action | None:
        """What an address of this service is for, or None when it is just a page."""
        for action, place in self.actions:
            if (sending or not place.sends) and place.holds(address):
                return action
        return None

    def by_itself(self, address: Address, item: str) -> bool:
        """Whether this address of an item shows it alone: nothing in its query asks for more."""
        alone = self.alone_at(item)
        if alone is None:
            return True
        fields = {field.partition("=")[0] for field in address.query.split("&") if field}
        fixed = {field.partition("=")[0] for field in alone.query.split("&") if field}
        same = (alone.host, alone.path.rstrip("/")) == (address.host, address.path.rstrip("/"))
        return same and fields <= _HARMLESS | fixed

    def alone_at(self, item: str) -> Address | None:
        """Where the item is by itself, or None when the service has no such address."""
        return canonical(self.alone.replace(_ITEM, quote(item, safe=""))) if self.alone else None

    def plays(self, address: Address) -> bool:
        """Whether an item's own page needs this address."""
        return any(place.holds(address) for place in self.player)


class _Reach(Enum):
    """How far a site reaches beyond its own name."""

    ALL = auto()
    OWN = auto()
    BEHIND = auto()


def _first(host: str) -> str:
    """The part of a name that only says for which device or language a page is, with its dot; else nothing."""
    first, dot, _ = host.partition(".")
    return f"{first}{dot}" if first in _SAME_PAGE else ""


def _more(service: Service, site: str, reach: _Reach) -> tuple[str, ...]:
    """The hosts that come with a site of a service."""
    if site in service.sites or site.removeprefix("www.") in service.sites:
        match reach:
            case _Reach.ALL:
                return service.needed
            case _Reach.OWN:
                return service.own
            case _Reach.BEHIND:
                return service.hosts
    if reach is _Reach.ALL and covered(site, service.sites):
        return tuple(dict.fromkeys(host for place in service.player for host in place.hosts))
    return ()


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
    def _memo(self) -> dict[tuple[_Reach, tuple[str, ...]], tuple[str, ...]]:
        return {}

    def at(self, host: str) -> Service | None:
        """The service that a canonical host belongs to."""
        return next((self._by_host[name] for name in suffixes(host) if name in self._by_host), None)

    def widened(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with everything they need: what to open when they are opened. One of its sites means the service.

        A corner of it, such as `music.youtube.com`, is that corner with what carries its films and pictures.
        """
        return self._with(tuple(sites), _Reach.ALL)

    def whole(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with all that is the services' own, and nothing that others share: where one may act."""
        return self._with(tuple(sites), _Reach.OWN)

    def closed(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with the hosts behind them: what to close when they are closed; the service's other sites stay."""
        return self._with(tuple(sites), _Reach.BEHIND)

    def _with(self, sites: tuple[str, ...], reach: _Reach) -> tuple[str, ...]:
        key = (reach, sites)
        if key not in self._memo:
            found = dict.fromkeys(sites)
            for site in sites:
                service = self.at(site)
                if service is not None:
                    found.update(dict.fromkeys(_more(service, site, reach)))
            if len(self._memo) >= _MOST_REMEMBERED:
                self._memo.clear()
            self._memo[key] = tuple(found)
        return self._memo[key]

    def action(self, address: Address, *, sending: bool) -> Action | None:
        """What an address of a service is for (chat, post, upload, live), or None when it is just a page."""
        service = self.at(address.host)
        return service.action(address, sending=sending) if service else None

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
        if service.item(address) == key and service.by_itself(address, key):
            return True
        if navigation or service.action(address, sending=True) is not None:
            return False
        return covered(host, service.shared) or service.plays(address)
