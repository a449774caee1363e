"""Waiting for a page to open: until the teacher answered, a permission came or the time is there.

The page's script asks on `wait` and is answered as soon as there is something to say; a browser without JavaScript
loads `asked` again. Both are told of the page that is waited for, not just of its site.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from urllib.parse import urlencode

from config.texts import say
from policy.model import PERSONAL_TYPES, AccessRequest, Action, Decision, Principal
from policy.schedule import zone_of
from proxy_addons import translate
from proxy_addons.answers import json_answer
from proxy_addons.behind import PREFIX, Behind, behind, behind_form
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.live import Live
from proxy_addons.telling import shown_host
from store import Store, StoreUnavailable
from store.incidents import Ask, AskState

LONGEST_WAIT = 20.0
"""Seconds that a wait takes at most."""

_MOST_WAITING = 40  # waits of one address at the same time
_TOO_LONG = 5.0  # seconds after a yes in which a page opens, or will not open by it
_STILL = "still"
_MEDIA = frozenset({"picture", "sound", "video", "file"})
_TYPES = frozenset(PERSONAL_TYPES)
_ACTS = frozenset({Action.VISIT, Action.CHAT, Action.POST, Action.UPLOAD, Action.SUBMIT})


class Waiting:
    """Answers who waits. `who` names a peer as things are now; `decide` is the gate's."""

    def __init__(
        self,
        store: Store,
        school: str,
        live: Live,
        pages: Pages,
        who: Callable[[Peer], Principal],
        decide: Callable[[AccessRequest], Decision],
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._who = who
        self._decide = decide
        self._waiting: Counter[str] = Counter()

    async def wait(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str]) -> Answer:
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
            decision = self._decide(self.request_for(exchange, request, page))
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
                till = self._till(decision, lang) if opens else None
                return json_answer({"open": opens, "answer": answer, "state": state, "till": till})
            if decision.valid_until is not None:
                change = (decision.valid_until - self._live.clock()).total_seconds()
                left = min(left, max(change, 0.0) + 0.01)
            await self._live.stirred(stirs, left)

    def request_for(self, exchange: Exchange, request: AccessRequest, page: Behind) -> AccessRequest:
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

    async def asked(self, exchange: Exchange, request: AccessRequest, fields: dict[str, str], lang: str) -> Answer:
        """Where a browser without JavaScript waits: looks again every five seconds, goes back when it may."""
        page = behind_form(fields.get("back", ""), fields)
        if page.path is not None and self._decide(self.request_for(exchange, request, page)).open:
            return self.opened(lang, page, shown_host(request))
        ask = await self._ask_of(fields.get("ask", ""), exchange.peer, request)
        state = ask.state if ask is not None else AskState.OPEN
        answer = _answer(ask, lang, page) if ask is not None else None
        if state is AskState.YES and fields.get("said") == AskState.YES and page.path is not None:
            answer = say("page.answer.still", lang)
        lines = (answer,) if answer else (say("page.ask.sent", lang), say("page.ask.opens", lang))
        over = state is AskState.NO or (state is AskState.YES and page.path is None)
        here = None if over else place_to_wait(fields.get("ask", ""), page, state)
        return self._pages.note(lang, "page.ask.sent_title", lines, back=page.back, refresh=here)

    def opened(self, lang: str, page: Behind, host: str = "") -> Answer:
        """It may: on to the page in a moment, or where something was to be sent the child sends it once more."""
        if page.opens:
            lines = (say("page.ready.open", lang, host=host), say("page.ready.goes", lang)) if host else ()
            return self._pages.ready(lang, lines or (say("page.ready.goes", lang),), page.back)
        again = "send" if "act" in page.said else "other"
        return self._pages.ready(lang, (say(f"page.ready.again.{again}", lang),), back=page.back)

    def _till(self, decision: Decision, lang: str) -> str | None:
        """Until when it may, where that is because somebody gave permission and it ends today."""
        snapshot = self._live.snapshot
        grants = snapshot.state.grants if snapshot is not None else ()
        end = min((grant.end for grant in grants if grant.id in decision.grants), default=None)
        if snapshot is None or end is None:
            return None
        zone, now = zone_of(snapshot.policy.schedule.zone), self._live.clock()
        if end.astimezone(zone).date() != now.astimezone(zone).date():
            return None
        at = say("page.promises.at", lang, clock=f"{end.astimezone(zone):%H:%M}")
        return say("page.ready.until", lang, at=at)


def place_to_wait(ask_id: str, page: Behind, state: AskState) -> str:
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


def see_other(path: str) -> Answer:
    """Leads on to a page of the same site, to be opened anew."""
    return Answer(303, (("Location", path), ("Cache-Control", "no-store")), b"")
