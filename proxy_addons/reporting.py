"""Telling what happened ("not my fault"): a calm page on every site's own path, and at an address of its own.

Whoever tells chooses what it is and who may read it. What is typed goes past the help check first, and is kept for the
one audience that was chosen. No event, no exception, nothing on a class's screen that the child did not send there.

The fixed address is `vertel.` before the dashboard's name. It is answered here, so it works from every device behind
the guard: during a break, a ban, a pause or an agreement, with no site or name server behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from policy.address import canonical, canonical_host
from policy.counsel import may_hear
from policy.match import within
from policy.model import AccessRequest, Address, Principal, ReportKind, ReportTo
from policy.terms import HELP
from proxy_addons.behind import behind, behind_form
from proxy_addons.block_page import PEOPLE, Onward, Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.helping import Helping
from proxy_addons.live import Live
from proxy_addons.sending import LONGEST_LINE, FormTokens, Throttle, one_line
from store import Store, StoreUnavailable

LABEL = "vertel"
"""The first label of the fixed address, and a path on the dashboard's own name that leads to it."""

_LIFE = 2 * 3600  # seconds: a child may need long for a few words, and must not lose them
_PRIVATE = frozenset({ReportTo.COUNSELLOR, ReportTo.MANAGEMENT})


def tells(host: str | None, own_hosts: Collection[str]) -> bool:
    """Whether a host (canonical) is the fixed address."""
    first, _, rest = (host or "").partition(".")
    return first == LABEL and rest in own_hosts


def leads_there(address: Address | None, own_hosts: Collection[str]) -> str | None:
    """The fixed address for who opens `/vertel` on the dashboard's own name; else None."""
    if address is None or address.host not in own_hosts or address.path.strip("/") != LABEL:
        return None
    return f"{address.scheme}://{LABEL}.{address.host}/"


@dataclass(frozen=True, slots=True)
class _Told:
    """One thing that is being told, and by whom. `host` is empty when it is not about a site."""

    exchange: Exchange
    who: Principal
    host: str
    lang: str
    back: str
    kind: ReportKind
    line: str
    audience: ReportTo | None
    token: str

    @property
    def teller(self) -> str:
        """Whose form this is. Whoever sits at the same device next sends nothing in an earlier child's words."""
        return f"{self.exchange.peer.address}|{self.who.device or ''}|{self.who.person or ''}"

    @property
    def once(self) -> str:
        """An id for what was sent by this very form: the page behind it loaded again tells nothing twice."""
        said = (self.token, self.kind.value, self.audience.value if self.audience else "", self.line)
        return sha256("|".join(said).encode()).hexdigest()[:32]


class Reporting:
    """The pages for telling, and the one place where a report is written. `who` names a peer as things are now."""

    def __init__(
        self,
        store: Store,
        school: str,
        live: Live,
        pages: Pages,
        secret: bytes,
        who: Callable[[Peer], Principal],
        helping: Helping,
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._tokens = FormTokens(secret, "tell|", _LIFE)
        self._who = who
        self._helping = helping
        self._throttle = Throttle()

    def at(self, host: str | None) -> bool:
        """Whether a host as an engine saw it is the fixed address."""
        return host is not None and tells(canonical_host(host), self._live.knowledge.own_hosts)

    def begun(self, exchange: Exchange) -> bool:
        """Whether an exchange is about the fixed address, whatever else cannot be read of it."""
        return self.about(canonical(exchange.url))

    def about(self, address: Address | None) -> bool:
        """Whether an address is the fixed one."""
        return address is not None and tells(address.host, self._live.knowledge.own_hosts)

    def start(self, exchange: Exchange, request: AccessRequest, back: str | None = None, status: int = 200) -> Answer:
        """The first page: it is not your fault, and what do you want to tell? `back` None: what the browser says."""
        lang, host = self._pages.lang(exchange), _host(request)
        if self._live.snapshot is None:
            return self.aloud(lang)
        fixed = tells(host, self._live.knowledge.own_hosts)
        return self._pages.page(
            status,
            "report.html",
            lang,
            "page.tell.tab",
            "report",
            "warm",
            kinds=[kind.value for kind in ReportKind],
            back="" if fixed else behind(exchange, host, {}).back if back is None else behind_form(back, {}).back,
            address=self._fixed_address(),
        )

    async def take(self, exchange: Exchange, request: AccessRequest, form: dict[str, str]) -> Answer:
        """What was chosen on the first page, or what was filled in on the second."""
        lang, host, who = self._pages.lang(exchange), _host(request), self._who(exchange.peer)
        snapshot = self._live.snapshot
        if snapshot is None:
            return self.aloud(lang)
        kind = next((kind for kind in ReportKind if kind.value == form.get("kind")), None)
        if kind is None:
            return self.start(exchange, request, form.get("back", ""), 400 if "kind" in form else 200)
        sure = form.get("sure") == "yes"
        heard = may_hear(ReportKind.OTHER if sure else kind, who.role, snapshot)
        audience = next((one for one in heard if one.value == form.get("to")), None)
        place = "" if within(host, self._live.knowledge.own_hosts) else host  # a page of our own is no site
        back = behind_form(form.get("back", ""), {}).back if place else ""
        line, token = one_line(form.get("line", "")), form.get("token", "")
        told = _Told(exchange, who, place, lang, back, kind, line, audience, token)
        if form.get("step") != "send":
            return self._ask_more(told, heard, host)
        if not self._tokens.fits(token, told.teller, host):
            return self._ask_more(told, heard, host, note="once_more", status=403)
        helps = any(hit.kind == HELP for hit in self._live.knowledge.lexicon.hits(told.line))
        if helps and not (sure and audience in _PRIVATE):
            return self._help_first(told, host)
        if audience is None:
            return self._ask_more(told, heard, host, note="choose")
        return await self._keep(told, audience, self._live.clock())

    def aloud(self, lang: str, code: str = "aloud", status: int = 503) -> Answer:
        """Nothing could be sent: who to go to and who to call. Needs nothing to be well."""
        return self._pages.page(
            status, "aloud.html", lang, f"page.tell.{code}_title", "report", "warm", said=code, people=PEOPLE
        )

    def _ask_more(
        self, told: _Told, heard: tuple[ReportTo, ...], host: str, *, note: str = "", status: int = 200
    ) -> Answer:
        """The second page: a line, and who may read it."""
        return self._pages.page(
            status,
            "tell.html",
            told.lang,
            "page.tell.tab",
            "report",
            "warm",
            kind=told.kind.value,
            line=told.line,
            longest=LONGEST_LINE,
            heard=[(one.value, self._named(one, told.who)) for one in heard],
            chosen=told.audience.value if told.audience else "",
            note=note,
            token=self._tokens.make(told.teller, host),
            back=told.back,
        )

    def _help_first(self, told: _Told, host: str) -> Answer:
        """Words of somebody who needs help: people to call first. Nothing is kept, unless the child sends it on.

        On to the teacher it does not go: that may stand on a screen in the class. Whoever chose the teacher may still
        choose somebody else.
        """
        heard = may_hear(ReportKind.OTHER, told.who.role, self._live.snapshot) if self._live.snapshot else ()
        onward = [one for one in heard if one in _PRIVATE and told.audience in (one, None, ReportTo.TEACHER)]
        token = self._tokens.make(told.teller, host)
        further = Onward(told.kind.value, told.line, tuple(one.value for one in onward), token, told.back)
        return self._helping.wrote(told.exchange, told.who, scripted=False, onward=further if onward else None)

    async def _keep(self, told: _Told, audience: ReportTo, now: datetime) -> Answer:
        who = told.who
        if not self._throttle.may_send("report", who, told.exchange.peer):
            return self.aloud(told.lang, "many", 429)
        try:
            await asyncio.to_thread(
                self._store.incidents.report,
                self._school,
                told.host,
                now,
                kind=told.kind,
                audience=audience,
                note=told.line,
                group=who.groups[0] if who.groups else None,
                device=who.device,
                person=who.person,
                once=told.once,
            )
        except StoreUnavailable:
            return self.aloud(told.lang)
        return self._pages.page(
            200,
            "told.html",
            told.lang,
            "page.tell.thanks_title",
            "report",
            "warm",
            reads=self._named(audience, who),
            back=told.back,
        )

    def _named(self, audience: ReportTo, who: Principal) -> str:
        """Who that is for this child: of a device of no group the office reads what is for a teacher."""
        known = self._live.snapshot.groups if self._live.snapshot is not None else {}
        if audience is ReportTo.TEACHER and not (who.groups and who.groups[0] in known):
            return "school"
        return audience.value

    def _fixed_address(self) -> str:
        return f"{LABEL}.{min(self._live.knowledge.own_hosts)}" if self._live.knowledge.own_hosts else ""


def _host(request: AccessRequest) -> str:
    return request.address.host if request.address else ""
