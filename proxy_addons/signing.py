"""Pupils sign in on shared computers: the lesson's code, the own name, and own pictures or the teacher's word.

It happens at one address, `wie.` before the dashboard's name, where nothing is but ours: on a site's own host its
script could read the child's name off the page, or press a button. The own path on any site leads there, and back.

A code opens the names of its group, on a device that is of that group or of none. A name that was tapped waits for the
teacher and seats nobody. Nothing that is typed is kept or logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote_plus, urlsplit

from policy.address import canonical_host
from policy.match import within
from policy.model import AccessRequest, Address
from proxy_addons.answers import elsewhere, json_answer
from proxy_addons.behind import MOST_SENT, behind, fields_of
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.identity import Spot
from proxy_addons.live import Live
from proxy_addons.sending import FormTokens
from proxy_addons.sign_pages import BACK, MARK, PATH, SignPages, Way
from proxy_addons.sign_steps import SignSteps, Visit
from store import Store, StoreUnavailable

LABEL = "wie"
"""The first label of the fixed address, and the name on the guard's own path."""

_BACK_FOR = 3 * 3600  # seconds that the way back is known
_LONGEST_BACK = 2200  # characters of a path as a form sends it, with which the rest of the form comes


class Signing:
    """Answers at the fixed address. `spot` says where the pupil of a peer would sign in (None: nowhere)."""

    def __init__(
        self, store: Store, school: str, live: Live, pages: Pages, secret: bytes, spot: Callable[[Peer], Spot | None]
    ) -> None:
        self._live = live
        self._pages = SignPages(pages)
        self._steps = SignSteps(store, school, live, self._pages, secret)
        self._lang = pages.lang
        self._backs = FormTokens(secret, "sign-back|", _BACK_FOR)
        self._spot = spot

    def at(self, host: str | None) -> bool:
        """Whether a host as an engine saw it is the fixed address."""
        return host is not None and self._is_there(canonical_host(host))

    def about(self, address: Address | None) -> bool:
        """Whether an address is at the fixed one."""
        return address is not None and self._is_there(address.host)

    def _is_there(self, host: str | None) -> bool:
        first, _, rest = (host or "").partition(".")
        return first == LABEL and rest in self._live.knowledge.own_hosts

    async def serve(self, exchange: Exchange, request: AccessRequest) -> Answer:
        """The answer to `wie` on the own path of any site, and to all but the own path at the fixed address."""
        address = request.address
        if address is None or address.path.strip("/") not in ("", PATH.strip("/")):
            return json_answer({}, 404)
        lang, method = self._lang(exchange), exchange.method.upper()
        if not self.about(address):
            return self._lead(exchange, address, lang) if method == "GET" else json_answer({}, 405)
        if exchange.headers.get("sec-fetch-dest", "document") != "document":
            return json_answer({}, 403)
        form = _form_of(exchange, address, method)
        if isinstance(form, Answer):
            return form
        way, spot = self._way(exchange, form), self._spot(exchange.peer)
        if self._live.snapshot is None:
            return self._pages.off(lang, way)
        if spot is None:
            return self._pages.not_here(lang, way)
        visit = Visit(exchange, spot, way, lang, self._live.clock(), form)
        try:
            return await asyncio.to_thread(self._steps.take if method == "POST" else self._steps.show, visit)
        except StoreUnavailable:
            return self._pages.off(lang, way)

    # --- there and back ----------------------------------------------------------------------------------------------

    def _lead(self, exchange: Exchange, address: Address, lang: str) -> Answer:
        """From a site to the fixed address. The page that it was about comes along, signed, so that it leads back."""
        known = self._live.knowledge.own_hosts
        if not known:
            return self._pages.off(lang, Way())
        page = behind(exchange, address.host, {}).back
        path = page if page and len(quote_plus(page)) <= _LONGEST_BACK else "/"
        usual = address.port == {"http": 80, "https": 443}.get(address.scheme)
        port = "" if usual else f":{address.port}"
        leads = not address.is_ip and not within(address.host, known)
        back = f"{address.scheme}://{address.host}{port}{path}" if leads else ""
        way = Way(back, self._backs.make(exchange.peer.address, back)) if back else Way()
        return elsewhere(f"{address.scheme}://{LABEL}.{min(known)}{way.to()}")

    def _way(self, exchange: Exchange, form: dict[str, str]) -> Way:
        """The way back that a form or address tells, when we signed it for this computer."""
        back, mark = form.get(BACK, ""), form.get(MARK, "")
        return Way(back, mark) if back and self._backs.fits(mark, exchange.peer.address, back) else Way()


def _form_of(exchange: Exchange, address: Address, method: str) -> dict[str, str] | Answer:
    """The fields of an address or form. A form counts only when our own page at this very address sent it."""
    if method == "GET":
        fields = fields_of(address.query)
        return json_answer({}, 400) if fields is None else fields
    if method != "POST":
        return json_answer({}, 405)
    origin = exchange.headers.get("origin")
    if exchange.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return json_answer({}, 403)
    if origin is not None and canonical_host(urlsplit(origin).hostname or "") != address.host:
        return json_answer({}, 403)
    body = exchange.body
    if body is None or len(body) > MOST_SENT:
        return json_answer({}, 413)
    fields = fields_of(body.decode("utf-8", "replace"))
    return json_answer({}, 400) if fields is None else fields
