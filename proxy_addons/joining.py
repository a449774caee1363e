"""A device asks itself in: a telephone that is to be known again types the one-time code of its place in the register.

The coordinator registers the telephone, and makes a code for it. Typed on the telephone itself, the code ties the
hardware address that the school's DHCP server saw to that place, also one that the device made up: it is then known for
as long as it keeps that address, and can ask itself in again later. Nothing else is taken in this way: who types the
code of a computer on a telephone makes that computer no telephone's, and leaves the code for the computer.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from config.texts import say
from policy.model import Address, DeviceClass, Principal
from proxy_addons.behind import PREFIX
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange
from proxy_addons.identity import plain
from proxy_addons.live import Live
from proxy_addons.names.following import Leases
from proxy_addons.names.leases import DhcpLease, hardware, made_up
from proxy_addons.own_form import OPEN_FOR, alone, form_of
from proxy_addons.sending import FormTokens, Throttle
from store import Store, StoreUnavailable

JOIN = "toestel"
PATH = f"{PREFIX}/{JOIN}"
_STATUS = {"done": 200, "": 200, "old": 403, "often": 429, "wrong": 403, "other": 403, "unseen": 403, "away": 503}


class Joining:
    """Answers `toestel` on the own path. `home` is the guard's own host for pupils (empty: it has none)."""

    def __init__(
        self, store: Store, school: str, live: Live, pages: Pages, secret: bytes, leases: Leases, home: str
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._leases = leases
        self._home = home
        self._forms = FormTokens(secret, f"{JOIN}|", OPEN_FOR)
        self._throttle = Throttle()

    async def serve(self, exchange: Exchange, address: Address, who: Principal) -> Answer:
        """The page, or what becomes of the form. Nothing of a code is kept or logged."""
        form = form_of(exchange, address, self._home, PATH)
        if isinstance(form, Answer):
            return form
        if form is None:
            return self._page(exchange, address, "" if self._lease(exchange) else "unseen")
        if not self._forms.fits(form.get("token", ""), exchange.peer.address, address.host):
            return self._page(exchange, address, "old")
        lease = self._lease(exchange)
        if lease is None:
            return self._page(exchange, address, "unseen")
        if not self._throttle.may_send(JOIN, replace(who, device=lease.mac), exchange.peer):
            return self._page(exchange, address, "often")
        try:
            said = await asyncio.to_thread(self._join, form.get("code", ""), lease, self._live.clock())
        except StoreUnavailable:
            said = "away"
        return self._page(exchange, address, said)

    def _lease(self, exchange: Exchange) -> DhcpLease | None:
        lease = self._leases.at(plain(exchange.peer.address), self._live.clock())
        return lease if lease is not None and lease.mac else None

    def _join(self, code: str, lease: DhcpLease, now: datetime) -> str:
        """Tie the device's hardware address to the place that the code is of; what to say."""
        known = self._store.devices.registered(self._school)
        meant = self._store.devices.of_code(self._school, code, now)
        if meant is None:
            return "wrong"
        mine = next((one.device for one in known if one.device.id == meant), None)
        taken = any(lease.mac in map(hardware, one.device.addresses) for one in known if one.device is not mine)
        if mine is None or mine.kind is not DeviceClass.PHONE or taken:
            return "other"  # and the code is as good as it was, for the device that it is of
        if self._store.devices.enrol(self._school, code, now) is None:
            return "wrong"  # typed on two at once: the other one has it
        # What it made up before is another device's tomorrow, or nobody's.
        kept = tuple(one for one in mine.addresses if not made_up(hardware(one)) and hardware(one) != lease.mac)
        joined = replace(mine, addresses=(*kept, lease.mac), key_hash=None)
        self._store.devices.put(self._school, joined, mine.id, now)
        return "done"

    def _page(self, exchange: Exchange, address: Address, said: str) -> Answer:
        lang = self._pages.lang(exchange)
        done = said == "done"
        answer = self._pages.page(
            _STATUS[said],
            "join.html",
            lang,
            "phones.join.title",
            "ready" if done else "phone",
            "calm",
            note=say(f"phones.join.{said}", lang) if said else "",
            done=done,
            action=PATH,
            token=self._forms.make(exchange.peer.address, address.host),
        )
        return alone(answer)
