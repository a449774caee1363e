"""The pages that stand in for a site: what, why and what now, kindly, in the child's language.

Which page tells what, and with which words, is here; `proxy_addons.drawing` makes it out of its template. No address is
echoed but the escaped host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from secrets import choice, randbelow

from config.texts import say
from policy.counsel import Told
from policy.model import (
    AccessRequest,
    Decision,
    Effect,
    LiftableBy,
    Principal,
    Reason,
)
from proxy_addons.answers import frameable, tiny
from proxy_addons.drawing import Drawing
from proxy_addons.facts import Answer, Exchange
from proxy_addons.faults import told as fault
from proxy_addons.live import Live
from proxy_addons.telling import (
    GROUND,
    NOTHING_SEEN,
    STANDS_STILL,
    Agreed,
    again_of,
    agreed_of,
    can_ask,
    can_release,
    can_wait,
    carried,
    clause_of,
    for_staff,
    may_open,
    page_of,
    shown_host,
)
from proxy_addons.translate import is_ahead, is_framed, wants_html

_log = logging.getLogger(__name__)

WAITED_OUT = frozenset({"offline", "names", "clock"})
"""Troubles of everybody: their page looks by itself whether it is over."""
TROUBLES = frozenset({"unreachable", "certificate", "dns", "timeout", *WAITED_OUT})

_CALM = frozenset(
    {"pause", "break", "sanction", "hold", "agreement", "test", "text", "personal", "undecided", "phone", "reminder"}
)
_FOR_STAFF = frozenset({"place", "chat", "post", "upload", "live", "action", "locked", "unsafe_search"})
_SKY = frozenset({"failed", "busy", *TROUBLES})
_COMES_BACK = WAITED_OUT - {"clock"} | {"busy"}  # pages that say they come back, or, after a form, that they do not
_BUSY_FOR = range(10, 25, 2)  # seconds until a page looks again: not all of them at once
PEOPLE = (
    {
        "code": "kindertelefoon",
        "number": "0800-0432",
        "dial": "08000432",
        "site": "www.kindertelefoon.nl",
        "shown": "kindertelefoon.nl",
        "chat": True,
    },
    {
        "code": "suicide",
        "number": "0800-0113",
        "dial": "08000113",
        "site": "www.113.nl",
        "shown": "113.nl",
        "chat": True,
    },
    {
        "code": "veilig_thuis",
        "number": "0800-2000",
        "dial": "08002000",
        "site": "veiligthuis.nl",
        "shown": "veiligthuis.nl",
        "chat": False,
    },
    {"code": "danger", "number": "112", "dial": "112", "site": "", "shown": "", "chat": False},
)


@dataclass(frozen=True, slots=True)
class Onward:
    """A line that was not sent because somebody needs help first, and whom it may still be sent to (`ReportTo`)."""

    kind: str
    line: str
    heard: tuple[str, ...]
    token: str
    back: str


class Pages:
    """All pages of one guard; `language` is for those who do not ask for English first.

    `unlisted` says of who asks what there is to tell about the device itself (`phones.page.*`), or nothing.
    """

    def __init__(self, language: str = "nl", unlisted: Callable[[Principal], str] = lambda _who: "") -> None:
        self.language = language
        self._unlisted = unlisted
        self._drawing = Drawing()
        # Made now, so that nothing has to be well when it is needed.
        self._failed = {lang: self._block(503, "failed", lang, again=True) for lang in ("nl", "en")}
        self._help = {lang: self.help(lang) for lang in ("nl", "en")}
        self._busy = {(lang, wait): self._busy_page(lang, wait) for lang in ("nl", "en") for wait in (0, *_BUSY_FOR)}

    def lang(self, exchange: Exchange) -> str:
        """English for who asks for it first, else the school's language."""
        first = exchange.headers.get("accept-language", "").strip().lower()
        return "en" if first.startswith("en") else self.language

    def denied(
        self, exchange: Exchange, request: AccessRequest, decision: Decision, live: Live, *, stands: bool = False
    ) -> Answer:
        """The page (or for what a page loads by itself: next to nothing) for a decision that is not open.

        With `stands` it waits for nothing, and asks nobody.
        """
        if decision.reason is Reason.FAILED:
            return self.failed(exchange)
        if decision.effect is Effect.HELP:
            return self.warm(exchange)
        if not wants_html(exchange) and not is_framed(exchange):
            return tiny(exchange, 403)
        lang = self.lang(exchange)
        kind = page_of(decision)
        framed = is_framed(exchange)
        if for_staff(request) and kind in _FOR_STAFF and not framed:
            return self._staff(exchange, request, decision, live, stands=stands)
        reload = exchange.method.upper() == "GET"
        waits = not stands and can_wait(request, decision, reload)
        return self._block(
            403,
            kind,
            lang,
            host=shown_host(request, decision),
            ground=GROUND.get(decision.basis) if decision.basis else None,
            clause=clause_of(decision, live.snapshot) if lang == "nl" else "",
            agreed=_agreed(kind, request, live),
            can_ask=not framed and waits and can_ask(decision, request.who, live.snapshot, live.clock()),
            tell="tell" if kind in NOTHING_SEEN else "report",
            framed=framed,
            wait=None if kind in STANDS_STILL or framed or not waits else reload,
            about=carried(request, decision, live.snapshot),
            types=decision.types if kind == "personal" else (),
            can_release=not framed and can_release(decision, live.snapshot),
            sends=again_of(request),
            unlisted=self._unlisted(request.who) if decision.reason in (Reason.PHONE, Reason.CONNECT) else "",
        )

    def _staff(
        self, exchange: Exchange, request: AccessRequest, decision: Decision, live: Live, *, stands: bool
    ) -> Answer:
        """For an adult on a device of their own: no teacher to ask, and the clause in the words for adults."""
        lang = self.lang(exchange)
        values = {
            "host": shown_host(request, decision),
            "ground": GROUND.get(decision.basis) if decision.basis else None,
            "clause": clause_of(decision, live.snapshot, adult=True) if lang == "nl" else "",
            "now": "shut" if decision.liftable_by is LiftableBy.NOBODY else "now",
            "wait": "reload" if exchange.method.upper() == "GET" and may_open(decision) and not stands else None,
            "about": carried(request, decision, live.snapshot),
        }
        return self.page(403, "staff.html", lang, "page.staff.title", "place", "", **values)

    def failed(self, exchange: Exchange | None) -> Answer:
        """The page for when the guard itself is in trouble; cannot raise."""
        try:
            if exchange is not None and not wants_html(exchange):
                return tiny(exchange, 503)
            return self._failed["nl" if exchange is None else self.lang(exchange)]
        except Exception:  # whatever was wrong with the exchange: the page does not need it
            _log.warning("the exchange could not be read for its page")
            return self._failed["nl"]

    def trouble(self, exchange: Exchange, kind: str, host: str = "") -> Answer:
        """The page for a site that cannot be reached. `kind` as in `Gate.trouble`; another is `unreachable`."""
        if not wants_html(exchange):
            return tiny(exchange, 502)
        kind = kind if kind in TROUBLES else "unreachable"
        looks = kind in WAITED_OUT and exchange.method.upper() == "GET"
        reload = 30 + randbelow(30) if looks else None
        return self._block(502, kind, self.lang(exchange), host=host, again=True, reload=reload)

    def busy(self, exchange: Exchange) -> Answer:
        """The page for when too many want something at once: made beforehand, and it comes back by itself."""
        wait = choice(_BUSY_FOR)
        if not wants_html(exchange):
            short = tiny(exchange, 503)
            return Answer(503, (*short.headers, ("Retry-After", str(wait))), short.body)
        return self._busy[self.lang(exchange), wait if exchange.method.upper() == "GET" else 0]

    def _busy_page(self, lang: str, wait: int) -> Answer:
        """With `wait` 0 it stands still: what was sent is not kept, so it cannot be sent again for the child."""
        answer = self._block(503, "busy", lang, again=True, reload=wait or None)
        return Answer(503, (*answer.headers, ("Retry-After", str(wait or _BUSY_FOR[0]))), answer.body)

    def warm(self, exchange: Exchange, told: Told = Told.NOBODY, here: str = "") -> Answer:
        """The help page, or next to nothing where nobody would read it: what a page asks, what a browser asks ahead."""
        try:
            framed = is_framed(exchange)
            if is_ahead(exchange) or not (framed or wants_html(exchange)):
                return tiny(exchange, 403)
            return self.help(self.lang(exchange), told, here=here, framed=framed)
        except Exception as error:  # help is there whatever broke
            _log.error("a page could not be made: %s", fault(error))
            return self._help[self.language]

    def help(
        self,
        lang: str,
        told: Told = Told.NOBODY,
        *,
        here: str = "",
        framed: bool = False,
        onward: Onward | None = None,
    ) -> Answer:
        """People to talk to, and honestly who hears of it. Never an event.

        `here` is an address of the page without the words in it, for the browser's own.
        """
        heard = "" if told is Told.NOBODY else told.value
        values = {"people": PEOPLE, "heard": heard, "here": here, "framed": framed, "onward": onward}
        answer = self.page(200, "help.html", lang, "page.help.tab", "help", "warm", **values)
        headers = frameable(answer.headers) if framed else answer.headers
        # A link on this page must not tell the site what was typed.
        kept = (header for header in headers if header[0] != "Referrer-Policy")
        return Answer(answer.status, (*kept, ("Referrer-Policy", "no-referrer")), answer.body)

    def ask_form(self, lang: str, host: str, token: str, back: str, about: str) -> Answer:
        """The form for a browser without JavaScript; `about` is what the page that was closed says of itself."""
        values = {"host": host, "token": token, "back": back, "about": about}
        return self.page(200, "ask.html", lang, "page.ask.title", "sent", "", **values)

    def release_form(self, lang: str, token: str, back: str) -> Answer:
        """The same for a second thought."""
        return self.page(200, "release.html", lang, "page.release.title", "hold", "calm", token=token, back=back)

    def reminder(self, exchange: Exchange, request: AccessRequest, token: str, back: str) -> Answer:
        """What an adult is to think of before going on; one button leads on to `back`."""
        values = {"host": shown_host(request), "token": token, "back": back}
        return self.page(403, "reminder.html", self.lang(exchange), "page.reminder.title", "hold", "calm", **values)

    def note(
        self,
        lang: str,
        title: str,
        lines: tuple[str, ...],
        *,
        status: int = 200,
        back: str = "",
        refresh: str | None = None,
        picture: str = "sent",
        tone: str = "",
    ) -> Answer:
        """A page with a few sentences; `refresh` is the path to go to after five seconds."""
        return self.page(status, "note.html", lang, title, picture, tone, lines=lines, back=back, refresh=refresh)

    def ready(self, lang: str, lines: tuple[str, ...], go: str = "", back: str = "") -> Answer:
        """It may: cheerfully for a moment, and then on to `go` by itself; without it the child does it once more, at
        `back` where that is known."""
        values = {"lines": lines, "go": go, "back": back, "refresh": go or None, "after": 2}
        return self.page(200, "ready.html", lang, "page.ready.title", "ready", "", **values)

    def challenge(self) -> Answer:
        """Asks for a device key (407)."""
        headers = (("Proxy-Authenticate", 'Basic realm="Klaswacht"'), ("Cache-Control", "no-store"))
        return Answer(407, headers, b"")

    def _block(
        self,
        status: int,
        kind: str,
        lang: str,
        *,
        host: str = "",
        ground: str | None = None,
        clause: str = "",
        agreed: Agreed | None = None,
        can_ask: bool = False,
        tell: str = "",
        framed: bool = False,
        again: bool = False,
        wait: bool | None = None,
        about: str = "",
        types: tuple[str, ...] = (),
        can_release: bool = False,
        reload: int | None = None,
        sends: str = "other",
        unlisted: str = "",
    ) -> Answer:
        """A page of the block family. `wait`: reload when it opens (True), only tell so (False), or stand still."""
        tone = "calm" if kind in _CALM else "sky" if kind in _SKY else ""
        answer = self.page(
            status,
            "block.html",
            lang,
            f"page.{kind}.title",
            "trouble" if kind in TROUBLES else "hold" if kind == "busy" else kind,
            tone,
            kind=kind,
            host=host,
            ground=ground,
            clause=clause,
            agreed=agreed,
            can_ask=can_ask,
            tell=tell,
            framed=framed,
            again=again,
            wait=None if wait is None else "reload" if wait else "tell",
            refresh="" if wait else None,
            about=about,
            types=_listed([say(f"page.personal.type.{one}", lang) for one in types], say("page.personal.and", lang)),
            can_release=can_release,
            reload=reload,
            sends=sends,
            unlisted=unlisted,
            still=reload is None and kind in _COMES_BACK,
        )
        return Answer(answer.status, frameable(answer.headers), answer.body) if framed else answer

    def page(
        self, status: int, template: str, lang: str, title: str, picture: str, tone: str, **values: object
    ) -> Answer:
        """A page by its template; `title` is the code of its tab's name. Nobody keeps it."""
        return self._drawing.page(status, template, lang, title, picture, tone, **values)


def _agreed(kind: str, request: AccessRequest, live: Live) -> Agreed | None:
    """What was agreed, where that is what is in the way."""
    if kind not in ("agreement", "test"):
        return None
    return agreed_of(request, live.snapshot, live.clock(), test=kind == "test")


def is_read(exchange: Exchange) -> bool:
    """Whether a person surely reads the answer: a page by itself, by the browser's own word, and not asked ahead."""
    headers = exchange.headers
    page = headers.get("sec-fetch-dest", "document") == "document"
    return page and wants_html(exchange) and not is_ahead(exchange) and "text/html" in headers.get("accept", "").lower()


def _listed(things: list[str], last: str) -> str:
    """`a, b en c`."""
    return f" {last} ".join(part for part in (", ".join(things[:-1]), *things[-1:]) if part)
