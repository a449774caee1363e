"""What is asked for: the names in play, the addresses inside, what is done there, and what a permission would reach."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from policy import kinds
from policy.match import covered
from policy.model import AccessRequest, Action, Effect, Grant, Hit, Rule, Search, Snapshot
from policy.search import UNKNOWN
from policy.shapes import relay_tool
from policy.unwrap import Inside, look_inside

_TALK = frozenset({"chat", "social", "game-chat"})
_NONE: frozenset[str] = frozenset()


class Matter:
    """The matter of one question; who asks and when is `policy.asking`'s."""

    def __init__(self, request: AccessRequest, snapshot: Snapshot) -> None:
        self.request = request
        self.snapshot = snapshot

    def categories(self, host: str) -> frozenset[str]:
        """All categories of a host: factory lists, the school's own, and the shape of a bare address."""
        return self._categories[host] if host in self._categories else kinds.of_host(host, self.snapshot)

    def listed(self, host: str) -> frozenset[str]:
        """The categories of a host inside the address. Its name alone tells nothing there: many a text has a dot."""
        return self.categories(host) if host in self.fetched else kinds.of_inner(host, self.snapshot)

    @cached_property
    def _categories(self) -> dict[str, frozenset[str]]:
        found = {host: kinds.of_host(host, self.snapshot) for host in self.request.hosts}
        address = self.request.address
        page = kinds.of_page(address, self.snapshot) if address is not None else None
        if address is not None and page is not None:
            found[address.host] = found.get(address.host, _NONE) | {page}
        return found

    @cached_property
    def all_categories(self) -> frozenset[str]:
        """The categories of every name in play, or of the app; what only stands inside the address is not in play."""
        found: frozenset[str] = _NONE.union(*self._categories.values())
        app = self.app_category
        return found | {app} if app else found

    @cached_property
    def inside(self) -> Inside:
        """Every address inside the one that is asked for. Somebody's search words are no address."""
        address, relays = self.request.address, self.snapshot.knowledge.relays
        if address is None or (self.trusted and not relays.known(address)):
            return Inside()
        words, typed = self.snapshot.knowledge.engines.fields(address)
        return look_inside(address, relays, words, typed)

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """The hosts inside the address that are not in play by themselves."""
        found = (one for one in self.inside.found if one.sure or not self.trusted)
        return tuple(one.address.host for one in found if one.address.host not in self.request.hosts)

    @cached_property
    def trusted(self) -> bool:
        """Whether every name in play is on our lists for learning, news, help and administration.

        Those sites fetch nothing for others: what stands in their addresses is where somebody came from or what is
        written about, unless such a site is a known relay itself.
        """
        return bool(self.request.hosts) and all(kinds.of_the_school(host, self.snapshot) for host in self.request.hosts)

    @cached_property
    def fetched(self) -> tuple[str, ...]:
        """The hosts that a known relay is asked to fetch: as good as in play."""
        return tuple(one.address.host for one in self.inside.found if one.sure)

    def how(self, host: str) -> str:
        """For the trace: how a host stands inside the address, and what gave it away; empty for a listed one."""
        via = next((one.via for one in self.inside.found if one.address.host == host), "")
        inside = f"inside, by {via}: {host}" if host in self.inner else ""
        return "; ".join(part for part in (inside, kinds.grounds(host, self.request.address, self.snapshot)) if part)

    @cached_property
    def relay_tool(self) -> str | None:
        """The kind of web proxy that the headers give away, or the address by its shape."""
        address = self.request.address
        if self.request.relay:
            return self.request.relay
        return relay_tool(address, websocket=self.request.websocket) if address else None

    @cached_property
    def searches(self) -> tuple[Search, ...]:
        """What is searched for: here, and at every address inside this one."""
        engines = self.snapshot.knowledge.engines
        here = (self.request.search,) if self.request.search else ()
        there = (engines.query(address) for address in self.inside.asked)
        return here + tuple(search for search in there if search is not None and search.engine != UNKNOWN)

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """The terms in what is searched for right here."""
        search = self.request.search
        return self.snapshot.lexicon.hits(search.text) if search else ()

    @cached_property
    def all_hits(self) -> tuple[Hit, ...]:
        """The terms in what is searched for here and at every address inside this one."""
        lexicon, here = self.snapshot.lexicon, self.request.search
        return self.hits + tuple(hit for one in self.searches if one is not here for hit in lexicon.hits(one.text))

    @cached_property
    def app_category(self) -> str | None:
        """The category of the program asked for, if it is known."""
        return self.snapshot.knowledge.apps.get(self.request.app) if self.request.app else None

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All that is really done. What an address of a service is for counts beside what is sent there.

        At a place for talking of which no more is known, a WebSocket is chat and a form that is sent a post.
        """
        asked, address = self.request.action, self.request.address
        sending = asked in (Action.SUBMIT, Action.UPLOAD)
        services = self.snapshot.knowledge.services
        for_ = services.action(address, sending=sending) if address else None
        # What a relay fetches is done there as much as here.
        fetched = (one.address for one in self.inside.found if one.sure)
        for_ = for_ or next((act for one in fetched if (act := services.action(one, sending=sending))), None)
        if for_ is None and not _TALK.isdisjoint(self.all_categories):
            if self.request.websocket and asked in (Action.VISIT, Action.CONNECT):
                for_ = Action.CHAT
            elif asked is Action.SUBMIT:
                for_ = Action.POST
        if for_ is None or for_ is asked:
            return (asked,)
        return (for_, asked) if asked is Action.UPLOAD else (for_,)

    def opened(self, sites: Iterable[str]) -> tuple[str, ...]:
        """The sites with every host that they need to work."""
        return self.snapshot.knowledge.services.widened(sites)

    def meant(self, rule: Rule) -> tuple[str, ...]:
        """The sites of a rule with the hosts that belong to them: to open one all that it needs, else all its own."""
        services = self.snapshot.knowledge.services
        return services.widened(rule.sites) if rule.effect is Effect.ALLOW else services.closed(rule.sites)

    def all_covered(self, sites: Iterable[str]) -> bool:
        """Whether the sites cover every name in play and all that a relay fetches (and there is a name at all)."""
        sites = self.opened(sites)
        hosts = (*self.request.hosts, *self.fetched)
        return bool(self.request.hosts) and all(covered(host, sites) for host in hosts)

    def granted_here(self, grant: Grant, host: str) -> bool:
        """Whether a grant names this host: as a site, or as something that a permitted single item needs."""
        if grant.sites and covered(host, self.opened(grant.sites)):
            return True
        request = self.request
        if not grant.items or request.action is not Action.VISIT or request.websocket:
            return False
        services = self.snapshot.knowledge.services
        return any(services.needs(item, host, request.address, navigation=request.navigation) for item in grant.items)

    def may_act_here(self, grant: Grant, host: str) -> bool:
        """Whether a grant is for doing things at this host: at a site it names, not at what that site shares."""
        return bool(grant.sites) and covered(host, self.snapshot.knowledge.services.whole(grant.sites))
