"""The guard's own path on every site, `/_klaswacht/`: wait for permission, ask for it, think again, tell something.

Everything that changes something proves that our own page sent it: a header that no other site's page can set, or for
a browser without JavaScript a form token that is signed for this client address and host and soon too old.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from urllib.parse import urlencode

from config.texts import say
from config.words import KINDS as KINDS_OF_WORDS
from policy.model import PERSONAL_TYPES, AccessRequest, Action, Decision, Facet, Principal, Reason
from policy.terms import HELP
from proxy_addons import translate
from proxy_addons.answers import json_answer
from proxy_addons.behind import (
    MOST_SENT,
    PREFIX,
    Behind,
    behind,
    behind_form,
    fields_of,
    is_own,
    repeatable,
    whole_path,
)
from proxy_addons.block_page import WHYS, Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.helping import Helping
from proxy_addons.live import Live
from proxy_addons.release import Releases, about, device_of
from proxy_addons.reporting import Reporting
from proxy_addons.sending import FormTokens, Throttle, one_line
from proxy_addons.telling import about_host, can_ask, facet_of, shown_host
from store import Store, StoreUnavailable
from store.incidents import Ask, AskState, Wish

_log = logging.getLogger(__name__)

LONGEST_WAIT = 20.0
"""Seconds that a wait takes at most."""

_MOST_WAITING = 40  # waits of one address at the same time
_TOO_LONG = 5.0  # seconds after a yes in which a page opens, or will not open by it
_STILL = "still"
_TAKEN = ("ask", "report", "release")
_ALONE = ("Cross-Origin-Opener-Policy", "same-origin")
_MEDIA = frozenset({"picture", "sound", "video", "file"})
_TYPES = frozenset(PERSONAL_TYPES)
_ACTS = frozenset({Action.VISIT, Action.CHAT, Action.POST, Action.UPLOAD, Action.SUBMIT})


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
        reporting: Reporting,
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
        self._reporting = reporting
        self._throttle = Throttle()
        self._waiting: Counter[str] = Counter()

    async def serve(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The answer to a request on the own path; `request` is its translation."""
        address = request.address
        if address is None or not is_own(address) or request.unreadable:
            return json_answer({}, 404)
        name = address.path.removeprefix(PREFIX).strip("/")
        method = exchange.method.upper()
        fields = fields_of(address.query)
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
        if name == "report":
            opened = _opened_by_a_person(exchange)
            return _alone(self._reporting.start(exchange, request)) if opened else json_answer({}, 403)
        if name in _TAKEN:
            token, page = self._tokens.make(exchange.peer.address, host), behind(exchange, host, fields)
            if name == "ask":
                return self._pages.ask_form(lang, shown_host(request), token, page.back, page.about)
            return self._pages.release_form(lang, token, page.back)
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
        page = behind(exchange, request.address.host if request.address else "", fields)
        start = monotonic()
        end = start + LONGEST_WAIT
        while True:
            stirs = self._live.stirs
            decision = self._decide(self._request_for(exchange, request, page))
            opens = decision.open and page.path is not None
            ask = await self._ask_of(ask_id, exchange.peer, request)
            state = ask.state.value if ask is not None else None
            fresh = state != said and not (state == AskState.YES and said == _STILL)
            answer = _answer(ask, lang, page) if ask is not None and fresh else None
            left = end - monotonic()
            if state == said == AskState.YES and not opens and page.path is not None:
                # It may, and yet: another rule keeps it closed. A child does not wait for ever for what will not come.
                left = min(left, start + _TOO_LONG - monotonic())
                if left <= 0:
                    answer, state = say("page.answer.still", lang), _STILL
            if opens or answer is not None or left <= 0:
                return json_answer({"open": opens, "answer": answer, "state": state})
            if decision.valid_until is not None:
                change = (decision.valid_until - self._live.clock()).total_seconds()
                left = min(left, max(change, 0.0) + 0.01)
            await self._live.stirred(stirs, left)

    def _request_for(self, exchange: Exchange, request: AccessRequest, page: Behind) -> AccessRequest:
        """The request that a page stands for; of an unknown address the host's first page."""
        fields, path = page.said, page.path or "/"
        authority = exchange.url.partition("://")[2].partition("/")[0].partition("?")[0]
        opening = replace(
            exchange,
            method="GET",
            url=f"{exchange.scheme}://{authority}{path}",
            headers={"sec-fetch-dest": "document"},
            websocket=False,
            body=None,
        )
        who, live = self._who(exchange.peer), self._live
        asked = translate.of_exchange(opening, who, live.knowledge.engines, live.snapshot)
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
        page = behind_form(fields.get("back", ""), fields)
        if page.path is not None and self._decide(self._request_for(exchange, request, page)).open:
            return self._opened(lang, page)
        ask = await self._ask_of(fields.get("ask", ""), exchange.peer, request)
        state = ask.state if ask is not None else AskState.OPEN
        answer = _answer(ask, lang, page) if ask is not None else None
        if state is AskState.YES and fields.get("said") == AskState.YES and page.path is not None:
            answer = say("page.answer.still", lang)
        lines = (answer,) if answer else (say("page.ask.sent", lang), say("page.ask.opens", lang))
        over = state is AskState.NO or (state is AskState.YES and page.path is None)
        here = None if over else _waits(fields.get("ask", ""), page, state)
        return self._pages.note(lang, "page.ask.sent_title", lines, back=page.back, refresh=here)

    def _opened(self, lang: str, page: Behind) -> Answer:
        """It may: back to the page, or where something was to be sent the child sends it once more."""
        if page.opens:
            return _see_other(page.back)
        lines = (say("page.answer.again", lang), say("page.noscript", lang))
        return self._pages.note(lang, "page.ask.sent_title", lines, back=page.back)

    # --- ask and think again -----------------------------------------------------------------------------------------

    async def _take(self, name: str, exchange: Exchange, request: AccessRequest, query: dict[str, str]) -> Answer:
        body = exchange.body
        if body is None or len(body) > MOST_SENT:
            return json_answer({}, 413)
        form = fields_of(body.decode("utf-8", "replace"))
        if form is None:
            return json_answer({}, 400)
        scripted = exchange.headers.get("x-klaswacht") == "1"
        host = request.address.host if request.address else ""
        lang = self._pages.lang(exchange)
        if exchange.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return json_answer({}, 403)
        if name == "report":
            opened = _opened_by_a_person(exchange)
            return _alone(await self._reporting.take(exchange, request, form)) if opened else json_answer({}, 403)
        if not scripted and not self._tokens.fits(form.get("token", ""), exchange.peer.address, host):
            back = behind_form(form.get("back", ""), {}).back
            return self._pages.note(
                lang, "page.ask.not_sent_title", (say("page.ask.old", lang),), status=403, back=back, picture="failed"
            )
        told = query if scripted else fields_of(form.get("about", "")) or {}
        page = behind(exchange, host, told) if scripted else behind_form(form.get("back", ""), told)
        if name == "release" and form.get("read") == "yes":
            return self._was_read(exchange, request, page)
        if name == "release":
            return self._release(exchange, request, scripted=scripted, lang=lang, back=page.back)
        return await self._ask(exchange, request, form, page, scripted=scripted, lang=lang)

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

    def reminder(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The page for an adult with something to think of before going on to the page that was asked for."""
        path = whole_path(request.address) if request.address and exchange.method.upper() == "GET" else "/"
        token = self._tokens.make(exchange.peer.address, about(request))
        return self._pages.reminder(exchange, request, token, path if repeatable(path) else "/")

    def _was_read(self, exchange: Exchange, request: AccessRequest, page: Behind) -> Answer:
        """An adult read the reminder: on this device it is not shown again today for this host. Nothing is kept."""
        answer = _see_other(page.path or "/")
        if self._decide(self._request_for(exchange, request, page)).reason is not Reason.REMINDER:
            return answer
        device = device_of(exchange.peer, self._who(exchange.peer))
        cookie = self._releases.read(device, about(request), secure=exchange.scheme == "https")
        return replace(answer, headers=(*answer.headers, ("Set-Cookie", cookie)))

    async def _ask(
        self,
        exchange: Exchange,
        request: AccessRequest,
        form: dict[str, str],
        page: Behind,
        *,
        scripted: bool,
        lang: str,
    ) -> Answer:
        line = one_line(form.get("line", ""))
        # Before anything else: whoever asks for help gets it, and the class never hears of it.
        if any(hit.kind == HELP for hit in self._live.knowledge.lexicon.hits(line)):
            return self._helping.wrote(exchange, self._who(exchange.peer), scripted=scripted)
        wanted, back = self._request_for(exchange, request, page), page.back
        decision = self._decide(wanted)
        if decision.open and page.path is not None:
            return json_answer({"open": True}) if scripted else self._opened(lang, page)
        facet, kinds = facet_of(decision, self._live.snapshot), decision.types
        if decision.open:
            # The first page is open, the one with the words in its address is not: they are what is asked for.
            facet, kinds = Facet.WORDS, page.words(KINDS_OF_WORDS)
        if not (can_ask(decision, wanted.who) or (kinds and decision.open and wanted.who.groups)):
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
            facet=facet,
            kinds=kinds,
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
        return _see_other(_waits(ask.id, page, ask.state))

    def _not_sent(self, lang: str, scripted: bool, code: str, back: str, status: int) -> Answer:
        text = say(code, lang)
        if scripted:
            return json_answer({"sent": False, "say": text}, status)
        return self._pages.note(
            lang, "page.ask.not_sent_title", (text,), status=status, back=back, picture="failed", tone="sky"
        )


def _opened_by_a_person(exchange: Exchange) -> bool:
    """Whether this is a page by itself, as far as the browser tells: a site's own script on this host is none."""
    return exchange.headers.get("sec-fetch-dest", "document") == "document"


def _alone(answer: Answer) -> Answer:
    """The same, out of reach of a page of this host that opened it: no script fills in what a child tells."""
    return replace(answer, headers=(*answer.headers, _ALONE))


def _waits(ask_id: str, page: Behind, state: AskState) -> str:
    """Where a browser without JavaScript waits on; it says which answer the child has read."""
    said = {"ask": ask_id, "back": page.back, **({"said": state.value} if state is AskState.YES else {})}
    return f"{PREFIX}/asked?{urlencode(said)}{'&' if page.about else ''}{page.about}"


def _answer(ask: Ask, lang: str, page: Behind) -> str | None:
    """What the teacher answered, in a sentence; None while there is no answer."""
    if ask.state is AskState.OPEN:
        return None
    again = ask.state is AskState.YES and page.path is None  # it cannot be seen to open
    text = say("page.answer.again" if again else f"page.answer.{ask.state.value}", lang)
    return f"{text} {say('page.answer.said', lang, text=ask.answer)}" if ask.answer else text


def _see_other(path: str) -> Answer:
    return Answer(303, (("Location", path), ("Cache-Control", "no-store")), b"")
