"""Somebody asks for help: the warm page, and a quiet signal where counsellors are to hear of it.

The page tells what is true of this very request. A signal is given for what a child itself did - a page it opened, a
line it wrote to its teacher - never for what a page or a browser asks by itself. What breaks here, keeps no page away.
"""

from __future__ import annotations

import hmac
import logging
from hashlib import sha256
from time import time
from urllib.parse import urlencode

from policy.counsel import Told
from policy.model import AccessRequest, Decision, Effect, Principal, Reason, Role
from policy.terms import HELP
from proxy_addons.answers import json_answer
from proxy_addons.block_page import Onward, Pages, is_read
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.faults import told as fault
from proxy_addons.live import Live
from proxy_addons.recorder import Recorder

_log = logging.getLogger(__name__)

PATH = "/_klaswacht/help"
_LIFE = 12 * 3600  # seconds that a page loaded again still tells what was told


class Helping:
    """Answers who asks for help. `secret` is shared by the workers of one port."""

    def __init__(self, pages: Pages, recorder: Recorder, live: Live, secret: bytes) -> None:
        self._pages = pages
        self._recorder = recorder
        self._live = live
        self._secret = secret

    def asked_for(self, request: AccessRequest, decision: Decision) -> bool:
        """Whether a child asks for help, also when there are no rules yet or they cannot be read."""
        if decision.effect is Effect.HELP:
            return True
        search = request.search
        if decision.reason is not Reason.FAILED or search is None or request.who.role is not Role.PUPIL:
            return False
        return any(hit.kind == HELP for hit in self._live.knowledge.lexicon.hits(search.text))

    def searched(self, exchange: Exchange, who: Principal, *, navigation: bool, searching: bool = True) -> Answer:
        """The answer to a request in which a child asks for help; `who` as the request was judged.

        Of what is written in a form (not `searching`) nobody is told: it may be a story or a paper about somebody else.
        """
        read = navigation and is_read(exchange)
        told = self._confide(who, exchange.peer) if read and searching else Told.NOBODY
        return self._pages.warm(exchange, told, self._path(exchange.peer, told) if read else "")

    def wrote(self, exchange: Exchange, who: Principal, *, scripted: bool, onward: Onward | None = None) -> Answer:
        """The answer to a child that asks for help in its line to an adult (`scripted`: by our page's script).

        With `onward` the child may still send that line to the people named there.
        """
        told = self._confide(who, exchange.peer)
        path = self._path(exchange.peer, told)
        if scripted:
            return json_answer({"help": path})
        return self._pages.help(self._pages.lang(exchange), told, here=path, onward=onward)

    def page(self, exchange: Exchange, fields: dict[str, str]) -> Answer:
        """The help page by its own address; it tells what was told, and tells nobody anything by itself."""
        told = next((one for one in Told if one.value == fields.get("hoort")), Told.NOBODY)
        mark, _, expires = fields.get("merk", "").partition(".")
        known = expires.isdecimal() and len(expires) <= 12 and int(expires) > time()
        fits = known and hmac.compare_digest(mark.encode(), self._mark(exchange.peer, told, int(expires)).encode())
        return self._pages.warm(exchange, told if fits else Told.NOBODY)

    def _confide(self, who: Principal, peer: Peer) -> Told:
        try:
            return self._recorder.confide(who, peer.address, self._live.snapshot)
        except Exception as error:
            # Without a word of what it was: a log must not tell that somebody asked for help.
            _log.error("something could not be kept: %s", fault(error))
            return Told.NOBODY

    def _path(self, peer: Peer, told: Told) -> str:
        """The help page's own address, in place of one with the words in it; signed, so that it cannot be made up."""
        if told is Told.NOBODY:
            return PATH
        expires = int(time()) + _LIFE
        return f"{PATH}?{urlencode({'hoort': told.value, 'merk': f'{self._mark(peer, told, expires)}.{expires}'})}"

    def _mark(self, peer: Peer, told: Told, expires: int) -> str:
        return hmac.new(self._secret, f"help|{expires}|{peer.address}|{told.value}".encode(), sha256).hexdigest()
