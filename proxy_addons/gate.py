"""What to do with a connection or an exchange, for any engine: asks, answers with a page, and tells the recorder.

Nothing here raises into an engine: what goes wrong denies, and `failed` is the answer that needs nothing to be well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from secrets import token_bytes

from config.settings import RETENTION_DAYS, Dhcp
from policy.address import canonical, canonical_host
from policy.inspection import how
from policy.model import AccessRequest, Action, Decision, Effect, Knowledge, Policy, Principal, Reason
from policy.safe import is_protected
from policy.terms import HELP
from proxy_addons import kept, translate
from proxy_addons.answers import elsewhere, tiny
from proxy_addons.beating import Beating
from proxy_addons.behind import is_own
from proxy_addons.block_page import Pages
from proxy_addons.bound import Following, Places
from proxy_addons.companion import Companion
from proxy_addons.emergency_form import EmergencyForm
from proxy_addons.exits import Exits
from proxy_addons.facts import Answer, Door, Entry, Exchange, Hello, Peer, Rewrite, Ruling
from proxy_addons.faults import told
from proxy_addons.helping import Helping
from proxy_addons.identity import Identity, Spot
from proxy_addons.joining import Joining
from proxy_addons.last_known import LastKnown
from proxy_addons.live import HELP_OPEN, Live, utc_now
from proxy_addons.names.following import Leases
from proxy_addons.names.front import Front, Place
from proxy_addons.outcomes import Outcomes
from proxy_addons.own_path import OwnPath
from proxy_addons.promising import Promising
from proxy_addons.queue_file import QueueFile
from proxy_addons.recorder import Recorder
from proxy_addons.release import Releases, about, device_of
from proxy_addons.reporting import Reporting, leads_there
from proxy_addons.rewrite import rewrite_of
from proxy_addons.self_test import SelfTest
from proxy_addons.signing import Signing
from proxy_addons.strangers import Strangers, unlisted
from proxy_addons.translate import is_ahead, wants_html
from store import Store
from store.emergency_file import EmergencyFile

_log = logging.getLogger(__name__)

# Nothing that a search box could show, in the form that all of them read; no page, and no word about it.
NO_SUGGESTIONS = Answer(403, (("Content-Type", "application/json"), ("Cache-Control", "no-store")), b"[]")


@dataclass(frozen=True, slots=True)
class Options:
    """What composition knows: the school, its language, which listener ports ask for a key or stand for a group.

    `secret` signs the block page's forms; workers on one port share it (else: one of this process). `place` is where
    devices find the guard's own pages for pupils (None: it has none). `retention` are the school's days, for telling
    pupils how long what stays. `home` is the folder in which a command opens the emergency exit (None: nowhere),
    `rules` are those that `school.yaml` has, for its floor while the store was never read. `dhcp` says which lease
    files are followed. `holds_beats`: a device's heartbeat may wait here for news (not where few may wait at a time).
    """

    school: str = "school"
    language: str = "nl"
    keyed_ports: frozenset[int] = frozenset()
    group_ports: Mapping[int, str] = field(default_factory=dict)
    secret: bytes = field(default_factory=lambda: token_bytes(32))
    place: Place | None = None
    retention: Mapping[str, int] = RETENTION_DAYS
    home: Path | None = None
    rules: Policy | None = None
    dhcp: Dhcp = field(default_factory=Dhcp)
    holds_beats: bool = True


def open_gate(store: Store, knowledge: Knowledge, options: Options, clock: Callable[[], datetime] = utc_now) -> Gate:
    """A gate with everything behind it; call `start` on the event loop that will use it."""
    file = EmergencyFile(options.home) if options.home is not None else None
    last_known = LastKnown(options.home, options.secret) if options.home is not None else None
    live = Live(store, options.school, knowledge, clock, Exits(store, options.school, file, options.rules), last_known)
    leases = Leases(options.dhcp.leases)
    places = Places()
    identity = Identity(options.group_ports, leases, options.dhcp.unregistered, places)
    pages = Pages(options.language, lambda who: unlisted(who, leases))
    recorder = Recorder(store, options.school, clock, strangers=Strangers(leases, options.secret))
    following = Following(store, options.school, clock, places)
    return Gate(store, live, identity, pages, recorder, options, following)


class Gate:
    """Asks `live` and says what to do. All of it is called on one event loop."""

    def __init__(
        self,
        store: Store,
        live: Live,
        identity: Identity,
        pages: Pages,
        recorder: Recorder,
        options: Options,
        following: Following,
    ) -> None:
        self.live = live
        self.following = following
        self.recorder = recorder
        self._identity = identity
        self.leases = identity.leases
        self._pages = pages
        self._keyed = options.keyed_ports
        self.front = Front(options.place, pages, live, recorder.turned_away)
        self.outcomes = Outcomes(live, recorder, self._who)
        if options.home is not None:
            self.outcomes.watch.queue = QueueFile(options.home, lambda: (recorder.waiting, recorder.lost))
        self._releases = Releases(options.secret)
        self._helping = Helping(pages, recorder, live, options.secret)
        here = (store, options.school, live, pages, options.secret, self._who)
        self._reporting = Reporting(*here, self._helping)
        pupils = options.place.pupils if options.place is not None else ""
        promising = Promising(live, pages, self._who, self._decide, options.retention, pupils)
        self._signing = Signing(*here[:5], self._spot)
        self._self_test = SelfTest(store, options.school, live, pages, self.front, options.place)
        asked = (self._decide, self._releases, self._helping, self._reporting, promising, self._signing)
        emergency = EmergencyForm(*here[:5], pupils)
        joining = Joining(*here[:5], identity.leases, pupils)
        beating = Beating(store, options.school, live, options.secret, following, hold=options.holds_beats)
        companion = Companion(*here, self._spot, self._decide, options.home, pupils)
        self._own = OwnPath(*here, *asked, self._self_test, emergency, joining, beating, companion)

    async def start(self) -> None:
        """Load the rules and start recording."""
        await asyncio.to_thread(self._identity.leases.start)
        self.recorder.start()
        await self.live.start()
        await self.following.start()
        self.outcomes.watch.start()

    async def stop(self) -> None:
        """Stop following the store and write what waits to be recorded (a few seconds at most)."""
        await self.outcomes.watch.stop()
        await self.following.stop()
        await self.live.stop()
        await asyncio.to_thread(self._identity.leases.stop)
        await self.recorder.stop()

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        """The word on a CONNECT: TUNNEL, INSPECT, REFUSE, or CHALLENGE (407) where a key is asked for."""
        try:
            if self.front.at(host):
                return Entry(Door.INSPECT)  # answered here, to who has no key too
            telling, signing = self._reporting.at(host), self._signing.at(host)
            if self._must_prove(peer, (canonical_host(host) or "",), telling=telling, signing=signing):
                return Entry(Door.CHALLENGE)
            if telling or signing or self._self_test.at(host):
                return Entry(Door.INSPECT)  # there is nothing behind it: it is answered here
            # Nobody sees what comes through a tunnel: it is asked for as if each of its requests were a new page.
            request = replace(translate.of_connect(host, port, self._who(peer)), navigation=True)
            decision = self._decide(request)
            if request.unreadable:
                return Entry(Door.REFUSE, request, decision)
            if self._uninspected(request, decision, port):
                self.recorder.there(request.who, self.live.snapshot)
                return Entry(Door.TUNNEL, request, decision)
            return Entry(Door.INSPECT, request, decision)
        except Exception as error:
            _log.error("a connection could not be judged and was refused: %s", told(error))
            return Entry(Door.REFUSE, fault=True)

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        """The word on a TLS ClientHello. A tunnel must say the name it was opened for, and speak nothing but HTTP.

        Browsers send a meaningless ECH extension as a matter of course; behind it may be another name, so what has
        one is looked into instead of tunnelled (an intercepting proxy ends it there). So is what offers a protocol
        that no page is brought by (DNS, a relay for calls, chat).
        """
        try:
            connect, sni = hello.connect, hello.sni
            for answers in (self._reporting.at, self._signing.at, self._self_test.at, self.front.at):
                if answers(connect or sni) and answers(sni or connect):
                    return Entry(Door.INSPECT)
            request = replace(translate.of_hello(connect, sni, self._who(peer)), navigation=True)
            decision = self._decide(request)
            if any(name is not None and canonical_host(name) is None for name in (connect, sni)):
                return Entry(Door.REFUSE, request, decision)
            target = connect if connect is not None else sni
            if target is None:
                return Entry(Door.INSPECT, request, decision)
            opened = replace(translate.of_hello(target, target, request.who), navigation=True)
            if not self._uninspected(opened, self._decide(opened), _port(target)):
                return Entry(Door.INSPECT, request, decision)
            if sni is None or len(request.hosts) != 1:
                return Entry(Door.REFUSE, request, decision)
            if hello.ech or not hello.speaks_web:
                return Entry(Door.INSPECT, request, decision)
            self.recorder.there(request.who, self.live.snapshot)
            return Entry(Door.TUNNEL, request, decision)
        except Exception as error:
            _log.error("a connection could not be judged and was refused: %s", told(error))
            return Entry(Door.REFUSE, fault=True)

    def turned_away(self, kind: str) -> None:
        """Count that the door closed a connection, by what was wrong with it. Of whose it was nothing is kept."""
        self.recorder.turned_away(kind)
        self.outcomes.turned_away(kind)

    def reached(self, host: str, *, secure: bool) -> None:
        """Note that an origin answered; nothing of it is kept."""
        self.outcomes.reached(host, secure=secure)

    def distrusted(self, peer: Peer, name: str) -> None:
        """Note that a client does not trust our certificate for a name."""
        self.outcomes.distrusted(peer, name)

    async def ask(self, exchange: Exchange) -> Ruling:
        """The word on a request or WebSocket handshake; the guard's own path is answered here too."""
        try:
            if self.outcomes.too_busy(exchange) and not self._must_be_heard(exchange):
                return Ruling(None, None, self._pages.busy(exchange))
            who = self._who(exchange.peer)
            self.outcomes.trusted(exchange, who)
            request = translate.of_exchange(exchange, who, self.live.knowledge.engines, self.live.snapshot)
            if self.front.about(request.address):
                return Ruling(None, None, self.front.answer(exchange))
            telling, signing = self._reporting.about(request.address), self._signing.about(request.address)
            if self._must_prove(exchange.peer, request.hosts, telling=telling, signing=signing):
                return Ruling(None, None, self._pages.challenge())
            if is_own(request.address):
                return Ruling(None, None, await self._own.serve(exchange, request))
            if telling:
                return Ruling(None, None, self._reporting.start(exchange, request))
            if signing:
                return Ruling(None, None, await self._signing.serve(exchange, request))
            if self._self_test.about(request):
                return Ruling(None, None, await self._self_test.serve(exchange, request))
            there = leads_there(request.address, self.live.knowledge.own_hosts)
            if there is not None:
                return Ruling(None, None, elsewhere(there))
            cookies, device = exchange.headers.get("cookie", ""), device_of(exchange.peer, who)
            if _measures(exchange, request) and exchange.method.upper() in ("GET", "HEAD"):
                # What a page tells those who count its visitors: the child typed none of it.
                request = replace(request, personal=frozenset())
            nonce = self._releases.given(cookies, device, about(request))
            if nonce is not None:
                request = replace(request, released=True)
            decision = self._decide(request)
            later = self._later(exchange, request, decision)
            if later is not None:
                return later
            reminds = decision.reason is Reason.REMINDER
            if reminds and self._releases.was_read(cookies, device, about(request)):
                request = replace(request, released=True)
                decision = self._decide(request)
            elif reminds and wants_html(exchange):
                return Ruling(request, decision, self._own.reminder(exchange, request))
            if decision.instead is not None:
                return Ruling(request, decision, elsewhere(decision.instead))
            if self._helping.asked_for(request, decision) and not self._suggests(request):
                searching = request.search is not None
                answer = self._helping.searched(exchange, who, navigation=request.navigation, searching=searching)
                return Ruling(request, decision, answer)
            if not reminds:  # what staff read, and that they went on, is not even counted
                self.recorder.note(request, decision, self.live.snapshot, measuring=_measures(exchange, request))
            if decision.effect is Effect.ALLOW:
                return self._passing(exchange, request, decision, nonce)
            if self._suggests(request):
                return Ruling(request, decision, NO_SUGGESTIONS)
            return Ruling(request, decision, self._pages.denied(exchange, request, decision, self.live))
        except Exception as error:
            _log.error("an exchange could not be judged and was denied: %s", told(error))
            if self.front.begun(exchange):  # a browser without its PAC goes around us
                return Ruling(None, None, self.front.answer(exchange))
            if self._helps(exchange):
                return Ruling(None, HELP_OPEN)
            if self._tells(exchange):
                return Ruling(None, None, self._reporting.aloud(self._pages.lang(exchange)))
            if self._cries(exchange):
                return Ruling(None, None, self._pages.warm(exchange))
            return Ruling(None, None, self.failed(exchange), fault=True)

    def _later(self, exchange: Exchange, request: AccessRequest, decision: Decision) -> Ruling | None:
        """The word on what is fetched now and shown later without another: it must be open as a page too."""
        worker = kept.is_worker(exchange)
        if not worker and not (decision.open and is_ahead(exchange)):
            return None
        opened = self._decide(replace(request, navigation=True))
        answer = kept.closing(exchange, opened) if worker else None if opened.open else tiny(exchange, 403)
        return None if answer is None else Ruling(request, opened, answer)

    def _passing(self, exchange: Exchange, request: AccessRequest, decision: Decision, nonce: str | None) -> Ruling:
        """The word on what is open; `nonce` is that of a second thought, which counts once."""
        gone = ""
        if nonce is not None and _used(decision):
            self._releases.use(nonce)
            gone = self._releases.gone(secure=exchange.scheme == "https")
        return Ruling(
            request,
            decision,
            cookie=gone,
            rewrite=self._rewrite(exchange, request),
            watched=bool(gone) or is_protected(request),  # what staff sends from a device of their own is not read
            kept=kept.may_be_kept(exchange, decision, navigation=request.navigation),
        )

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        """Whether a body may go on whose beginning is in `exchange`; `before` is what was asked when only its head was.

        Nobody can be shown a page in the middle of sending, so a cry for help in it goes on like anything else.
        """
        try:
            who = self._who(exchange.peer)
            found = translate.of_exchange(exchange, who, self.live.knowledge.engines, self.live.snapshot)
            request = replace(found, navigation=before.navigation, released=before.released, relay=before.relay)
            decision = self._decide(request)
            if decision.open or decision.effect is Effect.HELP:
                return True
            self.recorder.note(request, decision, self.live.snapshot)
            return False
        except Exception as error:
            _log.error("a body could not be judged and was cut: %s", told(error))
            return self._helps(exchange)

    def reask(self, request: AccessRequest) -> Decision:
        """The answer to an earlier request as things are now, by who sits at the device now."""
        try:
            who = self._identity.again(request.who, self.live.snapshot, self.live.clock())
            asked = request if who == request.who else replace(request, who=who)
            decision = self._decide(asked)
            if decision.reason is Reason.PAUSE and asked.action is not Action.CONNECT:
                # A pause is for new pages. What is under way is none; what may come through a tunnel nobody knows.
                return self._decide(replace(asked, navigation=False))
            return decision
        except Exception as error:
            _log.error("a connection could not be judged again and was denied: %s", told(error))
            return Decision(Effect.DENY, Reason.FAILED)

    def failed(self, exchange: Exchange | None, *, ours: bool = True) -> Answer:
        """The page for when the guard itself is in trouble, or (not `ours`: not counted) was sent what makes no sense.

        Depends on nothing and cannot raise.
        """
        try:
            if ours:
                self.recorder.fault()
                self.outcomes.broke()
        except Exception:  # the answer matters more than the count
            _log.warning("a fault could not be counted")
        return self._pages.failed(exchange)

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        """The page for a site that cannot be reached; `kind` as in `egress` and `heads`."""
        try:
            host = canonical_host(exchange.url.partition("://")[2].partition("/")[0]) or ""
            kind = self.outcomes.missed(exchange, kind, host)
            return self._pages.trouble(exchange, kind, host.removeprefix("www."))
        except Exception as error:
            _log.error("a page could not be made: %s", told(error))
            return self._pages.failed(exchange)

    def _must_be_heard(self, exchange: Exchange) -> bool:
        """Whether it is help, or a word of a child who wants to tell something: never too much."""
        return self._helps(exchange) or self._tells(exchange) or self._cries(exchange)

    def _helps(self, exchange: Exchange) -> bool:
        """Whether every name in play is of people who help, however broken things are here."""
        try:
            names = [name for name in (*exchange.hosts, exchange.connect, exchange.sni) if name is not None]
            return self.live.helps([canonical_host(name) or "" for name in names])
        except Exception:
            return False

    def _tells(self, exchange: Exchange) -> bool:
        """Whether somebody wants to tell something, however broken the rest is here."""
        try:
            return self._reporting.begun(exchange)
        except Exception:
            return False

    def _cries(self, exchange: Exchange) -> bool:
        """Whether somebody searches for help, however broken the rest is here."""
        try:
            address, knowledge = canonical(exchange.url), self.live.knowledge
            search = knowledge.engines.query(address) if address is not None else None
            return search is not None and any(hit.kind == HELP for hit in knowledge.lexicon.hits(search.text))
        except Exception:
            return False

    def _rewrite(self, exchange: Exchange, request: AccessRequest) -> Rewrite | None:
        """What an open exchange must say: safe search for pupils."""
        return rewrite_of(exchange, request, self.live.snapshot)

    def _suggests(self, request: AccessRequest) -> bool:
        """Whether this is a search box that asks with every letter. A person who opens it gets a page."""
        address = request.address
        return address is not None and not request.navigation and self.live.knowledge.engines.suggests(address)

    def _who(self, peer: Peer) -> Principal:
        return self._identity.of(peer, self.live.snapshot, self.live.clock())

    def _spot(self, peer: Peer) -> Spot | None:
        return self._identity.spot(peer, self.live.snapshot, self.live.clock())

    def _must_prove(self, peer: Peer, hosts: Collection[str], *, telling: bool, signing: bool = False) -> bool:
        """Whether a key is asked for: none was given, or one that fits no device. A made-up key must not make a child
        nobody, whom no ban and no agreement knows. Help, and the guard's own pages, are there without any.

        Where a child tells what happened a browser is asked for its key, so that who reads it knows who told; with a
        wrong one it may tell too. Where one signs in a key is asked for as on any site: else somebody would be in at
        the address, and nobody on the device.
        """
        if peer.port not in self._keyed:
            return False
        if telling:
            return peer.credentials is None
        snapshot = self.live.snapshot
        if peer.credentials is not None and (snapshot is None or self._identity.proves(peer.credentials, snapshot)):
            return False
        if peer.credentials is None and self._identity.is_bound(peer, snapshot, self.live.clock()):
            return False
        return signing or not (self.live.helps(hosts) or self.live.owns(hosts))

    def _decide(self, request: AccessRequest) -> Decision:
        """The decision, which ends no later than who sits at the device does."""
        decision = self.live.decide(request)
        change = self._identity.changes_at(request.who, self.live.snapshot, self.live.clock())
        if change is None or (decision.valid_until is not None and decision.valid_until <= change):
            return decision
        return replace(decision, valid_until=change)

    def _uninspected(self, request: AccessRequest, decision: Decision, port: int) -> bool:
        """Whether an open connection is not to be looked into."""
        return how(request, decision, self.live.knowledge, port).tunnelled


def _used(decision: Decision) -> bool:
    """Whether a second thought let something go. On a permitted site the permission is the reason that is told."""
    return any(step.said == Reason.RELEASED for step in decision.trace)


def _measures(exchange: Exchange, request: AccessRequest) -> bool:
    """Whether a page tells something to another site by itself: counting visitors, as a rule."""
    return not request.navigation and exchange.headers.get("sec-fetch-site") == "cross-site"


def _port(target: str) -> int:
    """The port in a CONNECT target; 443 when it has none."""
    _, colon, port = target.rpartition(":")
    return int(port) if colon and port.isdecimal() and (target.count(":") == 1 or "]:" in target) else 443
