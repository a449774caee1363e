"""The guard's own path on every site, `/_klaswacht/`: wait for permission, ask for it, think again, tell something.

Everything that changes something proves that our own page sent it: a header that no other site's page can set, or for
a browser without JavaScript a form token that is signed for this client address and host and soon too old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from config.texts import say
from config.words import KINDS as KINDS_OF_WORDS
from policy.model import AccessRequest, Decision, Facet, Principal, Reason
from policy.terms import HELP
from proxy_addons.answers import json_answer
from proxy_addons.beating import BEAT, Beating
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
from proxy_addons.block_page import Pages
from proxy_addons.companion import COMPANION, Companion
from proxy_addons.drawing import WHYS
from proxy_addons.emergency_form import NOOD, EmergencyForm
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.helping import Helping
from proxy_addons.joining import JOIN, Joining
from proxy_addons.live import Live
from proxy_addons.own_form import alone
from proxy_addons.promising import MINE, RULES, Promising
from proxy_addons.release import Releases, about, device_of
from proxy_addons.reporting import Reporting
from proxy_addons.self_test import TEST, SelfTest
from proxy_addons.sending import FormTokens, Throttle, one_line
from proxy_addons.signing import LABEL as SIGN_IN
from proxy_addons.signing import Signing
from proxy_addons.telling import about_host, can_ask, facet_of, shown_host, tested
from proxy_addons.waiting import Waiting, place_to_wait, see_other
from store import Store, StoreUnavailable
from store.incidents import Wish

_TAKEN = ("ask", "report", "release")


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
        promising: Promising,
        signing: Signing,
        self_test: SelfTest,
        emergency: EmergencyForm,
        joining: Joining,
        beating: Beating,
        companion: Companion,
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
        self._promising = promising
        self._signing = signing
        self._self_test = self_test
        self._emergency = emergency
        self._joining = joining
        self._beating = beating
        self._companion = companion
        self._throttle = Throttle()
        self._waiting = Waiting(store, school, live, pages, who, decide)

    async def serve(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The answer to a request on the own path; `request` is its translation."""
        address = request.address
        if address is None or not is_own(address) or request.unreadable:
            return json_answer({}, 404)
        name = address.path.removeprefix(PREFIX).strip("/")
        method = exchange.method.upper()
        if name == SIGN_IN:
            return await self._signing.serve(exchange, request)
        if name == NOOD:
            return await self._emergency.serve(exchange, address, self._who(exchange.peer))
        if name == BEAT:
            return self._companion.readable(exchange, address.host, await self._beating.serve(exchange))
        if name == COMPANION:
            return self._companion.readable(exchange, address.host, await self._companion.serve(exchange, address.host))
        if name == JOIN:
            return await self._joining.serve(exchange, address, self._who(exchange.peer))
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
            return await self._waiting.wait(exchange, request, fields)
        if name == "help":
            return self._helping.page(exchange, fields)
        if name in (MINE, RULES):
            return self._promising.page(name, exchange, request)
        if name == TEST:
            return await self._self_test.page(exchange, request, fields)
        if name == "report":
            opened = _opened_by_a_person(exchange)
            return alone(self._reporting.start(exchange, request)) if opened else json_answer({}, 403)
        if name in _TAKEN:
            token, page = self._tokens.make(exchange.peer.address, host), behind(exchange, host, fields)
            if name == "ask":
                return self._pages.ask_form(lang, shown_host(request), token, page.back, page.about)
            return self._pages.release_form(lang, token, page.back)
        if name == "asked":
            return await self._waiting.asked(exchange, request, fields, lang)
        return json_answer({}, 404)

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
            return alone(await self._reporting.take(exchange, request, form)) if opened else json_answer({}, 403)
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
        answer = see_other(page.path or "/")
        if self._decide(self._waiting.request_for(exchange, request, page)).reason is not Reason.REMINDER:
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
        wanted, back = self._waiting.request_for(exchange, request, page), page.back
        decision = self._decide(wanted)
        if decision.open and page.path is not None:
            return json_answer({"open": True}) if scripted else self._waiting.opened(lang, page, shown_host(request))
        facet, kinds = facet_of(decision, self._live.snapshot), decision.types
        if decision.open:
            # The first page is open, the one with the words in its address is not: they are what is asked for.
            facet, kinds = Facet.WORDS, page.words(KINDS_OF_WORDS)
        now = self._live.clock()
        if tested(wanted.who, self._live.snapshot, now):
            return self._not_sent(lang, scripted, "page.test.ask", back, 403)
        asks = can_ask(decision, wanted.who, self._live.snapshot, now)
        if not (asks or (kinds and decision.open and wanted.who.groups)):
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
        return see_other(place_to_wait(ask.id, page, ask.state))

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
