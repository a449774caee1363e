"""The self-test of a device: four harmless pages of our own that must be closed, and the page that tries them.

The pages stand on the lists like any closed site (`config/categories`, `config/engines`, `config/lexicon`), under a
name that nobody else can have (RFC 2606), and are judged like any request of this device: who asks is looked up, `live`
decides, the answer is the page that a child would get. There is no site behind them: what the rules let pass gets a
page that says loudly that it was not closed. Only the moment differs: outside lessons most rules are silent, so then it
is asked as in the device's next lesson, and the page says so.

Of a test is kept which pages stayed closed on which registered device; no event comes of it, and no count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.texts import say
from policy.address import canonical, canonical_host
from policy.match import within
from policy.model import AccessRequest, Address, Decision, DeviceClass, PeriodKind, Principal, Reason, Snapshot
from policy.schedule import period_at
from proxy_addons.answers import elsewhere, json_answer
from proxy_addons.behind import PREFIX
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.faults import told
from proxy_addons.live import Live
from proxy_addons.names.front import Front, Place
from proxy_addons.names.handing import extension_of
from proxy_addons.promising import Clock
from proxy_addons.self_test_book import is_chromebook, parts
from proxy_addons.self_test_book import verdict as of_book
from proxy_addons.self_test_words import AWAY, FAULT, OPEN, SHUT
from store import Store, StoreUnavailable
from store.self_tests import NO_DEVICE, PAGES, Probe

_log = logging.getLogger(__name__)

TEST = "test"
"""The name on the guard's own path, and below the pupils' host."""
PATH = f"{PREFIX}/{TEST}"
SITE = "klaswacht-proef.test"
WORD = "klaswachtproefwoord"
ADDRESSES: Mapping[Probe, str] = {
    Probe.SOCIAL: f"https://sociaal.{SITE}/",
    Probe.WORDS: f"https://zoeken.{SITE}/?q={WORD}",
    Probe.FLOOR: f"https://veilig.{SITE}/",
    Probe.PLAIN: f"http://praten.{SITE}/",
}
_PROBES = {address.split("/")[2]: probe for probe, address in ADDRESSES.items()}
SAID = "X-Klaswacht-Test"
_OUTCOMES = frozenset({SHUT, OPEN, FAULT, AWAY})
_AGAIN = timedelta(seconds=10)
_MOST_REMEMBERED = 500
_MOST_PERIODS = 400
_GRAVE = frozenset({"open", "around", "certificate"})


@dataclass(frozen=True, slots=True)
class Line:
    """One page of the test as the test page shows it; `outcome` is empty when it was not tried yet."""

    probe: str
    address: str
    outcome: str


def is_probe(host: str) -> bool:
    """Whether a canonical host is one of the test pages'."""
    return within(host, (SITE,))


def lesson_moment(snapshot: Snapshot, group: str | None, now: datetime) -> datetime:
    """The moment of the next lesson of a group, `now` when it is in one or none is in sight."""
    schedule, at = snapshot.policy.schedule, now
    for _ in range(_MOST_PERIODS):
        period = period_at(schedule, group, at)
        if period.kind is PeriodKind.LESSON:
            return at
        if period.end is None:
            break
        at = period.end
    return now


class SelfTest:
    """Answers the test pages and makes the page that tries them."""

    def __init__(
        self,
        store: Store,
        school: str,
        live: Live,
        pages: Pages,
        front: Front,
        place: Place | None,
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._front = front
        self._place = place
        self._kept: dict[tuple[str, Probe, bool], datetime] = {}

    def at(self, host: str | None) -> bool:
        """Whether a host as an engine saw it, with or without a port, is a test page's."""
        name = canonical_host(host) if host is not None else None
        return name is not None and is_probe(name)

    def about(self, request: AccessRequest) -> bool:
        """Whether a request is for a test page, by every name that it has."""
        return bool(request.hosts) and all(is_probe(host) for host in request.hosts)

    # --- the four pages ----------------------------------------------------------------------------------------------

    async def serve(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The answer of a test page: closed as any page is, or the page that says that it was not."""
        address = request.address
        probe = _PROBES.get(address.host) if address is not None else None
        if probe is None or exchange.method.upper() != "GET" or (probe is Probe.WORDS) != (request.search is not None):
            return json_answer({}, 404)
        now = self._live.clock()
        decision = self._judged(request, now)
        if decision.reason is Reason.FAILED:
            return self._readable(exchange, self._pages.failed(exchange), FAULT)
        shut = not decision.open
        await self._keep(request.who, probe, shut, now)
        if not shut:
            return self._readable(exchange, self._not_closed(exchange, probe), OPEN)
        # Nothing opens here, so the page neither waits nor sends a question to a teacher.
        answer = self._pages.denied(exchange, request, decision, self._live, stands=True)
        return self._readable(exchange, answer, SHUT)

    def _judged(self, request: AccessRequest, now: datetime) -> Decision:
        """The decision on a page that a person opens, in this lesson or the next one."""
        snapshot, group = self._live.snapshot, next(iter(request.who.groups), None)
        at = lesson_moment(snapshot, group, now) if snapshot is not None else now
        return self._live.decide(replace(request, navigation=True), at)

    def _not_closed(self, exchange: Exchange, probe: Probe) -> Answer:
        values = {"probe": probe.value}
        return self._pages.page(
            200, "self_test_open.html", self._pages.lang(exchange), "selftest.open.title", "trouble", "warm", **values
        )

    def _readable(self, exchange: Exchange, answer: Answer, outcome: str) -> Answer:
        """The answer with what came of it, which the script of our own test page may read and nobody else's."""
        headers = [*answer.headers, (SAID, outcome)]
        origin = exchange.headers.get("origin", "")
        address = canonical(f"{origin}/") if origin else None
        if address is not None and (self._front.about(address) or address.is_ip):
            headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", SAID)]
            headers += [("Timing-Allow-Origin", origin)]  # by what it came in: QUIC would be a way around
        return replace(answer, headers=tuple(headers))

    # --- the page that tries them ------------------------------------------------------------------------------------

    async def page(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> Answer:
        """The page that tries the four, or says what came of it (`fields`: what became of each, as the browser saw)."""
        straight = self._straight(exchange.peer)
        if self._place is not None and not straight and not self._front.about(_bare(exchange)):
            # On a site's own name that site's script could read it.
            return elsewhere(f"http://{self._place.pupils}{PATH}")
        lang, now, who = self._pages.lang(exchange), self._live.clock(), request.who
        lines = tuple(Line(one.value, ADDRESSES[one], _outcome(fields.get(one.value, ""))) for one in PAGES)
        verdict = verdict_of({line.probe: line.outcome for line in lines}, straight=straight)
        home = self._place.home if self._place is not None else None
        extension = extension_of(home) if home is not None else None
        book = None
        if is_chromebook(exchange.headers.get("user-agent", "")):
            secure = {one.probe: one.outcome for one in lines if one.probe != Probe.PLAIN.value and one.outcome}
            grouped, given = bool(who.groups), extension is not None
            book = parts(secure, fields, straight=straight, grouped=grouped, extension=given)
            verdict = of_book(verdict, book)
        if self._live.snapshot is not None:
            await self._keep(who, Probe.WAY, not straight, now)
        values: dict[str, object] = {
            "lines": lines,
            "verdict": verdict,
            "grave": verdict in _GRAVE,
            "tried": any(line.outcome for line in lines),
            "known": self._known(who, lang),
            "later": self._later(who, lang, now),
            "path": PATH,
            "book": book,
            "extension": extension.id if extension is not None else "",
        }
        picture = {"good": "ready", "": "front"}.get(verdict, "trouble")
        tone = "" if verdict == "good" else "warm" if verdict in _GRAVE else "sky"
        answer = self._pages.page(200, "self_test.html", lang, "selftest.title", picture, tone, **values)
        ours = f" chrome-extension://{extension.id}" if extension is not None else ""
        return replace(answer, headers=tuple(_may_try(one, ours) for one in answer.headers))

    def _straight(self, peer: Peer) -> bool:
        """Whether a device came to the page listener, and so not through the proxy."""
        return self._place is not None and bool(self._place.page) and peer.port == self._place.page

    def _known(self, who: Principal, lang: str) -> str:
        """As what the guard knows this device: its class and group, no name."""
        snapshot = self._live.snapshot
        if snapshot is None:
            return say("selftest.known.no_rules", lang)
        if who.device is None and not who.groups:
            return say("selftest.known.nobody", lang)
        kind = who.device_class if who.device is not None else DeviceClass.UNKNOWN
        text = say(f"selftest.known.{kind.value}", lang)
        names = [snapshot.groups[group].name for group in who.groups if group in snapshot.groups]
        return f"{text} {say('selftest.known.group', lang, group=', '.join(names))}" if names else text

    def _later(self, who: Principal, lang: str, now: datetime) -> str:
        """When it is no lesson: of which one it is tried."""
        snapshot = self._live.snapshot
        if snapshot is None:
            return ""
        at = lesson_moment(snapshot, next(iter(who.groups), None), now)
        if at != now:
            return say("selftest.later", lang, at=Clock(lang, snapshot.policy.schedule.zone, now).at(at))
        group = next(iter(who.groups), None)
        lesson = period_at(snapshot.policy.schedule, group, now).kind is PeriodKind.LESSON
        return "" if lesson else say("selftest.no_lessons", lang)

    # --- what is kept ------------------------------------------------------------------------------------------------

    async def _keep(self, who: Principal, probe: Probe, good: bool, now: datetime) -> None:
        """Keep how it went, for the coordinator's screen; the answer does not depend on it."""
        key = (who.device or NO_DEVICE, probe, good)
        if now - self._kept.get(key, datetime.min.replace(tzinfo=now.tzinfo)) < _AGAIN:
            return
        if len(self._kept) >= _MOST_REMEMBERED:
            self._kept.clear()
        for old in (True, False):
            self._kept.pop((*key[:2], old), None)
        try:
            await asyncio.to_thread(self._store.self_tests.saw, self._school, *key, now)
        except StoreUnavailable as error:
            _log.warning("the outcome of a self-test could not be kept: %s", told(error))
            return
        self._kept[key] = now


def verdict_of(outcomes: Mapping[str, str], *, straight: bool) -> str:
    """What four outcomes come to; empty while not everything was tried. `straight`: not through the proxy.

    Only `good` is green, and only when each of the four was seen closed.
    """
    found = [outcomes.get(one.value, "") for one in PAGES]
    secure = [outcomes.get(one.value, "") for one in PAGES if one is not Probe.PLAIN]
    plain = outcomes.get(Probe.PLAIN.value, "")
    if OPEN in found:
        return "open"
    if straight and all(one == AWAY for one in found):
        return "around"
    if "" in found:
        return ""
    if FAULT in found:
        return "fault"
    if all(one == SHUT for one in found):
        return "good"
    if plain == SHUT and all(one == AWAY for one in secure):
        return "names" if straight else "certificate"
    return "unclear"


def _outcome(said: str) -> str:
    return said if said in _OUTCOMES else ""


def _may_try(header: tuple[str, str], ours: str) -> tuple[str, str]:
    """The policy of the test page: its script may ask the test pages, and the school's extension (`ours`)."""
    name, value = header
    if name != "Content-Security-Policy":
        return header
    return name, value.replace("connect-src 'self'", f"connect-src 'self' https://*.{SITE} http://*.{SITE}{ours}")


def _bare(exchange: Exchange) -> Address | None:
    """The address of an exchange without its path: whose name it is asked under."""
    scheme, _, rest = exchange.url.partition("://")
    return canonical(f"{scheme}://{rest.partition('/')[0]}/")
