"""The guard's own path on every site, `/_klaswacht/`: wait for permission, ask for it, report something unpleasant.

Everything that changes something proves that our own page sent it: a header that no other site's page can set, or for
a browser without JavaScript a form token that is signed for this client address and host and soon too old.
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from urllib.parse import parse_qsl, urlencode

from config.texts import say
from policy.address import canonical
from policy.model import PERSONAL_TYPES, AccessRequest, Action, Address, Decision, Principal
from policy.terms import HELP
from proxy_addons import translate
from proxy_addons.answers import json_answer
from proxy_addons.block_page import KINDS, WHYS, Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.helping import Helping
from proxy_addons.live import Live
from proxy_addons.release import Releases, about, device_of
from proxy_addons.sending import FormTokens, Throttle
from proxy_addons.telling import about_host, can_ask, facet_of, shown_host
from store import Store, StoreUnavailable
from store.incidents import Ask, AskState, Wish

_log = logging.getLogger(__name__)

PREFIX = "/_klaswacht"
LONGEST_WAIT = 20.0
"""Seconds that a wait takes at most."""

_MOST_WAITING = 40  # waits of one address at the same time
_MOST_BODY = 4096
_MOST_FIELDS = 20
_LONGEST_LINE = 200
_TAKEN = ("ask", "report", "release")
_MEDIA = frozenset({"picture", "sound", "video", "file"})
_TYPES = frozenset(PERSONAL_TYPES)
_ACTS = frozenset({Action.VISIT, Action.CHAT, Action.POST, Action.UPLOAD, Action.SUBMIT})


def is_own(address: Address | None) -> bool:
    """Whether an address is on the guard's own path."""
    return address is not None and (address.path == PREFIX or address.path.startswith(PREFIX + "/"))


class OwnPath:
    """Answers the own path. `who` names a peer as things are now; `decide` is the gate's."""

    def __init__(
        self,
        store: Store,
        school: str,
        live: Live,
        pages: Pages,
        secret: bytes,
        who: Callable[[Peer], Principal],
        decide: Callable[[AccessRequest], Decision],
        releases: Releases,
        helping: Helping,
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._tokens = FormTokens(secret)
        self._who = who
        self._decide = decide
        self._helping = helping
        self._releases = releases
        self._throttle = Throttle()
        self._waiting: Counter[str] = Counter()

    async def serve(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The answer to a request on the own path; `request` is its translation."""
        address = request.address
        if address is None or not is_own(address) or request.unreadable:
            return json_answer({}, 404)
        name = address.path.removeprefix(PREFIX).strip("/")
        method = exchange.method.upper()
        fields = _fields(address.query)
        if fields is None:
            return json_answer({}, 400)
        if method == "GET":
            return await self._show(name, exchange, request, fields)
        if method == "POST" and name in _TAKEN:
            return await self._take(name, exchange, request, fields)
        return json_answer({}, 405 if name in (*_TAKEN, "wait", "asked", "help") else 404)

    async def _show(self, name: str, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> Answer:
        lang = self._pages.lang(exchange)
        host = request.address.host if request.address else ""
        if name == "wait":
            return await self._wait(exchange, request, fields)
        if name == "help":
            return self._helping.page(exchange, fields)
        if name == "ask":
            token = self._tokens.make(exchange.peer.address, host)
            return self._pages.ask_form(lang, shown_host(request), token, _path_before(exchange, host))
        if name == "report":
            token = self._tokens.make(exchange.peer.address, host)
            return self._pages.report_form(lang, token, _path_before(exchange, host))
        if name == "release":
            token = self._tokens.make(exchange.peer.address, host)
            return self._pages.release_form(lang, token, _path_before(exchange, host))
        if name == "asked":
            return await self._asked(exchange, request, fields, lang)
        return json_answer({}, 404)

    # --- wait ------------------------------------------------------------------------------------------------------

    async def _wait(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> Answer:
        """Answer as soon as the page that waits may open or the teacher answered, else after some seconds."""
        address = exchange.peer.address
        if self._waiting[address] >= _MOST_WAITING:
            return json_answer({}, 429)
        self._waiting[address] += 1
        try:
            return await self._wait_for(exchange, request, fields)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    async def _wait_for(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> Answer:
        lang = self._pages.lang(exchange)
        ask_id = exchange.headers.get("x-klaswacht-ask", "")
        said = exchange.headers.get("x-klaswacht-said", "")
        end = monotonic() + LONGEST_WAIT
        while True:
            stirs = self._live.stirs
            decision = self._decide(self._page_behind(exchange, request, fields))
            ask = await self._ask_of(ask_id, exchange.peer, request)
            state = ask.state.value if ask is not None else None
            answer = _answer(ask, lang) if ask is not None and state != said else None
            left = end - monotonic()
            if decision.open or answer is not None or left <= 0:
                return json_answer({"open": decision.open, "answer": answer, "state": state})
            if decision.valid_until is not None:
                change = (decision.valid_until - self._live.clock()).total_seconds()
                left = min(left, max(change, 0.0) + 0.01)
            await self._live.stirred(stirs, left)

    def _page_behind(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> AccessRequest:
        """The request that the waiting page stands for: its address is the referrer, its act is in the query."""
        host = request.address.host if request.address else ""
        path = _path_before(exchange, host)
        return self._request_for(exchange, request, path, fields)

    def _request_for(
        self, exchange: Exchange, request: AccessRequest, path: str, fields: dict[str, str]
    ) -> AccessRequest:
        authority = exchange.url.partition("://")[2].partition("/")[0].partition("?")[0]
        page = replace(
            exchange,
            method="GET",
            url=f"{exchange.scheme}://{authority}{path}",
            headers={"sec-fetch-dest": "document"},
            websocket=False,
            body=None,
        )
        who, live = self._who(exchange.peer), self._live
        asked = translate.of_exchange(page, who, live.knowledge.engines, live.snapshot)
        act = next((act for act in _ACTS if act.value == fields.get("act")), None)
        if act is None or asked.action is Action.SEARCH:
            return asked
        media, types = (frozenset(fields.get(name, "").split(",")) for name in ("media", "types"))
        return replace(asked, action=act, media=_MEDIA & media, personal=asked.personal | _TYPES & types)

    async def _ask_of(self, ask_id: str, peer: Peer, request: AccessRequest) -> Ask | None:
        """The ask with this id, if it is this device's; None too when the store is gone."""
        if not ask_id or len(ask_id) > 100 or request.address is None:
            return None
        try:
            ask = await asyncio.to_thread(self._store.incidents.get_ask, self._school, ask_id)
        except StoreUnavailable:
            return None
        if ask is None or ask.wish.device != self._who(peer).device:
            return None
        return ask

    async def _asked(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str], lang: str) -> Answer:
        """Where a browser without JavaScript waits: looks again every five seconds, goes back when it may."""
        back = _safe_path(fields.get("back", "/"))
        if self._decide(self._request_for(exchange, request, back, {})).open:
            return _see_other(back)
        ask = await self._ask_of(fields.get("ask", ""), exchange.peer, request)
        answer = _answer(ask, lang) if ask is not None else None
        lines = (answer,) if answer else (say("page.ask.sent", lang), say("page.ask.opens", lang))
        refused = ask is not None and ask.state is AskState.NO
        here = f"{PREFIX}/asked?{urlencode({'ask': fields.get('ask', ''), 'back': back})}"
        return self._pages.note(lang, "page.ask.sent_title", lines, back=back, refresh=None if refused else here)

    # --- ask and report --------------------------------------------------------------------------------------------

    async def _take(self, name: str, exchange: Exchange, request: AccessRequest, query: dict[str, str]) -> Answer:
        body = exchange.body
        if body is None or len(body) > _MOST_BODY:
            return json_answer({}, 413)
        form = _fields(body.decode("utf-8", "replace"))
        if form is None:
            return json_answer({}, 400)
        scripted = exchange.headers.get("x-klaswacht") == "1"
        host = request.address.host if request.address else ""
        lang = self._pages.lang(exchange)
        if exchange.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return json_answer({}, 403)
        if not scripted and not self._tokens.fits(form.get("token", ""), exchange.peer.address, host):
            back = _safe_path(form.get("back", "/"))
            return self._pages.note(
                lang, "page.ask.not_sent_title", (say("page.ask.old", lang),), status=403, back=back, picture="failed"
            )
        back = _safe_path(form.get("back", "/")) if not scripted else _path_before(exchange, host)
        if name == "report":
            return await self._report(exchange, request, form, scripted=scripted, lang=lang, back=back)
        if name == "release":
            return self._release(exchange, request, scripted=scripted, lang=lang, back=back)
        return await self._ask(exchange, request, form, query, scripted=scripted, lang=lang, back=back)

    def _release(self, exchange: Exchange, request: AccessRequest, *, scripted: bool, lang: str, back: str) -> Answer:
        """The child thought again: what was held may be sent once more. It is sent by the child; nothing was kept."""
        device = device_of(exchange.peer, self._who(exchange.peer))
        cookie = self._releases.cookie(device, about(request), secure=exchange.scheme == "https")
        if scripted:
            answer = json_answer({"sent": True, "say": say("page.release.done", lang)})
        else:
            lines = (say("page.release.done", lang),)
            answer = self._pages.note(lang, "page.release.done_title", lines, back=back, picture="hold", tone="calm")
        return replace(answer, headers=(*answer.headers, ("Set-Cookie", cookie)))

    async def _ask(
        self,
        exchange: Exchange,
        request: AccessRequest,
        form: dict[str, str],
        query: dict[str, str],
        *,
        scripted: bool,
        lang: str,
        back: str,
    ) -> Answer:
        line = _one_line(form.get("line", ""))
        # Before anything else: whoever asks for help gets it, and the class never hears of it.
        if any(hit.kind == HELP for hit in self._live.knowledge.lexicon.hits(line)):
            return self._helping.wrote(exchange, self._who(exchange.peer), scripted=scripted)
        wanted = self._request_for(exchange, request, back, query)
        decision = self._decide(wanted)
        if decision.open:
            return json_answer({"open": True}) if scripted else _see_other(back)
        if not can_ask(decision, wanted.who):
            return self._not_sent(lang, scripted, "page.ask.not_sent", back, 403)
        if not self._throttle.may_send("ask", wanted.who, exchange.peer):
            return self._not_sent(lang, scripted, "page.ask.too_many", back, 429)
        why = form.get("why", "")
        who = wanted.who
        wish = Wish(
            host=about_host(wanted, decision),
            why=why if why in WHYS else "other",
            category=decision.category,
            line=line,
            facet=facet_of(decision, self._live.snapshot),
            kinds=decision.types,
            group=who.groups[0] if who.groups else None,
            device=who.device,
            person=who.person,
        )
        try:
            ask = await asyncio.to_thread(self._store.incidents.ask, self._school, wish, self._live.clock())
        except StoreUnavailable:
            return self._not_sent(lang, scripted, "page.ask.not_sent", back, 503)
        if ask is None:
            return self._not_sent(lang, scripted, "page.ask.too_many", back, 429)
        if scripted:
            text = f"{say('page.ask.sent', lang)} {say('page.ask.opens', lang)}"
            return json_answer({"sent": True, "ask": ask.id, "say": text})
        return _see_other(f"{PREFIX}/asked?{urlencode({'ask': ask.id, 'back': back})}")

    async def _report(
        self,
        exchange: Exchange,
        request: AccessRequest,
        form: dict[str, str],
        *,
        scripted: bool,
        lang: str,
        back: str,
    ) -> Answer:
        who = self._who(exchange.peer)
        if not self._throttle.may_send("report", who, exchange.peer):
            return self._thanks(lang, scripted, back)
        kind = form.get("kind", "")
        note = say(f"page.report.kind.{kind if kind in KINDS else 'other'}", self._pages.language)
        host = request.address.host if request.address else ""
        group = who.groups[0] if who.groups else None
        try:
            await asyncio.to_thread(
                self._store.incidents.report,
                self._school,
                host,
                self._live.clock(),
                note=note,
                group=group,
                device=who.device,
                person=who.person,
            )
        except StoreUnavailable:
            return self._not_sent(lang, scripted, "page.ask.not_sent", back, 503)
        return self._thanks(lang, scripted, back)

    def _thanks(self, lang: str, scripted: bool, back: str) -> Answer:
        """Thanks, also to a child that told more often than is stored: what it told is known."""
        if scripted:
            return json_answer({"sent": True})
        lines = tuple(say(f"page.report.{code}", lang) for code in ("thanks", "reads", "talk"))
        return self._pages.note(lang, "page.report.thanks_title", lines, back=back, picture="report", tone="warm")

    def _not_sent(self, lang: str, scripted: bool, code: str, back: str, status: int) -> Answer:
        text = say(code, lang)
        if scripted:
            return json_answer({"sent": False, "say": text}, status)
        return self._pages.note(
            lang, "page.ask.not_sent_title", (text,), status=status, back=back, picture="failed", tone="sky"
        )


def _answer(ask: Ask, lang: str) -> str | None:
    """What the teacher answered, in a sentence; None while there is no answer."""
    if ask.state is AskState.OPEN:
        return None
    text = say(f"page.answer.{ask.state.value}", lang)
    return f"{text} {say('page.answer.said', lang, text=ask.answer)}" if ask.answer else text


def _path_before(exchange: Exchange, host: str) -> str:
    """Path and query of the page that the browser says it comes from, if that is on this very host; else `/`."""
    before = canonical(exchange.headers.get("referer", ""))
    if before is None or before.host != host or is_own(before):
        return "/"
    return _safe_path(f"{before.path}?{before.query}" if before.query else before.path)


def _safe_path(path: str) -> str:
    """A path on the same host, or `/`: never another host, never the own path, nothing unprintable."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or len(path) > 2000:
        return "/"
    if not path.isascii() or not path.isprintable() or path.startswith(PREFIX):
        return "/"
    return path


def _fields(text: str) -> dict[str, str] | None:
    """The fields of a query or form; None when there are more than any page of ours sends."""
    if len(text) > _MOST_BODY or text.count("&") >= _MOST_FIELDS:
        return None
    return dict(parse_qsl(text))


def _one_line(text: str) -> str:
    """The child's own words: one line, nothing invisible, not long."""
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    return " ".join(seen.split())[:_LONGEST_LINE]


def _see_other(path: str) -> Answer:
    return Answer(303, (("Location", path), ("Cache-Control", "no-store")), b"")
