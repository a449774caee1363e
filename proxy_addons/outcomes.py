"""How it went: what became of pages, handshakes and connections, and what that means for whoever comes next.

The kinds of trouble are those of `Gate.trouble`; where the way to all sites is blocked, the page says that and not that
this one site is broken. A program that refuses our certificate is told to the coordinator, and opened by nobody here.
"""

from __future__ import annotations

from collections.abc import Callable

from config.sense import closing_categories
from policy.address import canonical_host, is_ip, name_without_suffix, site_of
from policy.kinds import DERIVED, of_host
from policy.match import within
from policy.model import DeviceClass, Principal, Snapshot, Strength
from proxy_addons import translate
from proxy_addons.conditions import Conditions
from proxy_addons.facts import Away, Exchange, Peer
from proxy_addons.identity import UNKNOWN
from proxy_addons.live import Live
from proxy_addons.pinned import Refusing
from proxy_addons.recorder import Recorder
from proxy_addons.translate import wants_html
from proxy_addons.watching import Watch
from store.notices import Condition
from store.refusals import About, Refusal

_INSTEAD = {
    ("unreachable", Condition.UPSTREAM): "offline",
    ("timeout", Condition.UPSTREAM): "offline",
    ("dns", Condition.UPSTREAM): "offline",
    ("unanswered", Condition.UPSTREAM): "offline",
    ("dns", Condition.NAMES): "names",
    ("unanswered", Condition.NAMES): "names",
    ("certificate", Condition.CERTIFICATES): "clock",
}
"""The page that is shown instead of the one for a kind, while a condition stands."""


class Outcomes:
    """One for a worker, on its event loop. `who` names whoever is behind a connection."""

    def __init__(self, live: Live, recorder: Recorder, who: Callable[[Peer], Principal]) -> None:
        self._live, self._recorder, self._who = live, recorder, who
        self._conditions, self._refusing = Conditions(), Refusing()
        self.watch = Watch(self._conditions, self._refusing, recorder, live, live.clock)

    # --- sites -------------------------------------------------------------------------------------------------------

    def reached(self, host: str, *, secure: bool) -> None:
        """An origin answered."""
        self._conditions.reached(host, self._live.clock(), secure=secure)

    def missed(self, exchange: Exchange, kind: str, host: str) -> str:
        """An origin could not be reached; the kind of page to show for it. Only what a person opens is counted."""
        now = self._live.clock()
        if wants_html(exchange) and host and not is_ip(host):
            self._conditions.missed(site_of(host), kind, now)
        standing = self._conditions.standing(now)
        return next((_INSTEAD[kind, one] for one in standing if (kind, one) in _INSTEAD), kind)

    # --- the guard itself --------------------------------------------------------------------------------------------

    def turned_away(self, kind: str) -> None:
        """The door closed a connection."""
        if kind == Away.TOO_MANY:
            self._conditions.crowded(self._live.clock())

    def broke(self) -> None:
        """The guard itself failed."""
        self._conditions.broke(self._live.clock())

    def too_busy(self, exchange: Exchange) -> bool:
        """Whether who asks this had better come back in a while.

        First no new pages; what a page consists of, and what a child has typed and sends, only when nothing else helps.
        """
        now = self._live.clock()
        if exchange.peer.full or self._conditions.choked(now):
            return True
        return exchange.method.upper() == "GET" and self._conditions.pressed(now) and wants_html(exchange)

    # --- our certificate ---------------------------------------------------------------------------------------------

    def trusted(self, exchange: Exchange, who: Principal) -> None:
        """A request came over our certificate."""
        host = canonical_host(exchange.sni) if exchange.sni is not None else None
        if host is None:
            return
        if self._refusing.trusted(_unit(exchange.peer, who), host, self._live.clock()) and who.device:
            self._recorder.settled(who.device)

    def distrusted(self, peer: Peer, name: str) -> None:
        """A client said that it does not trust our certificate for a host that is open to it."""
        host, snapshot, now = canonical_host(name), self._live.snapshot, self._live.clock()
        if host is None or snapshot is None:
            return
        who = self._who(peer)
        if who.device_class is DeviceClass.INFRASTRUCTURE:
            return
        unit = _unit(peer, who)
        self._refusing.refused(unit, host, now)
        devices = self._refusing.pinned(host, now)
        if devices:
            self._refusing.proposed(host, now)
            if self._may_be_proposed(host, snapshot):
                self._recorder.refused(Refusal(About.HOST, host, devices))
        elif _alone(who, snapshot) and who.device and self._refusing.misses(unit, now):
            self._recorder.refused(Refusal(About.DEVICE, who.device))

    def _may_be_proposed(self, host: str, snapshot: Snapshot) -> bool:
        """Whether a host may be put before the coordinator: nothing that is closed to a pupil, or must be seen."""
        knowledge = snapshot.knowledge
        known = knowledge.system_hosts | knowledge.tunnels.keys()
        if is_ip(host) or not name_without_suffix(host) or host in known:
            return False
        if within(host, knowledge.help_hosts | knowledge.own_hosts):
            return False
        request = translate.of_connect(host, 443, UNKNOWN)
        relay = request.address is None or knowledge.relays.known(request.address)
        if relay or knowledge.engines.searches(host) or knowledge.services.at(host) is not None:
            return False  # what is fetched, searched or said there must be seen
        if not of_host(host, snapshot).isdisjoint(DERIVED.union(closing_categories(snapshot.policy))):
            return False
        decision = self._live.decide(request)
        return decision.open and not decision.grants  # what only a permission opens is closed again soon


def _unit(peer: Peer, who: Principal) -> str:
    """What tells devices apart: a proved device by its id, others by their address too (a range may be a cart)."""
    return who.device if who.device and who.strength is Strength.PROVED else f"{who.device or ''}@{peer.address}"


def _alone(who: Principal, snapshot: Snapshot) -> bool:
    """Whether what is known of a device is one device, and not a cart of them."""
    device = snapshot.devices.get(who.device or "")
    if device is None:
        return False
    if who.strength in (Strength.PROVED, Strength.CLAIMED):
        return True
    return bool(device.addresses) and all(one.endswith(("/32", "/128")) or "/" not in one for one in device.addresses)
