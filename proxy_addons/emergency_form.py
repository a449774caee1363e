"""The emergency exit by the coordinator's code, on any device behind the proxy: no dashboard and no script needed.

On another site's host it leads to the guard's own one: no script of that site gets to see the code.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.texts import say
from policy.emergency import HOURS, end_of
from policy.model import Address, Emergency, Principal
from policy.schedule import zone_of
from proxy_addons.behind import PREFIX
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange
from proxy_addons.live import Live
from proxy_addons.own_form import OPEN_FOR, alone, form_of
from proxy_addons.sending import FormTokens, Throttle
from store import Store, StoreUnavailable
from store.emergencies import BY_CODE, Fit, Way

NOOD = "nood"
PATH = f"{PREFIX}/{NOOD}"
_REFUSED = {Fit.WRONG: ("wrong", 403), Fit.WAIT: ("wait", 429), Fit.NONE: ("none", 403)}


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says first: a code of its texts, with a moment for it, and the answer's status."""

    note: str = ""
    until: datetime | None = None
    status: int = 200
    done: bool = False


class EmergencyForm:
    """Answers `nood` on the own path. `home` is the guard's own host for pupils (empty: it has none)."""

    def __init__(self, store: Store, school: str, live: Live, pages: Pages, secret: bytes, home: str) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._home = home
        self._forms = FormTokens(secret, "nood|", OPEN_FOR)
        self._throttle = Throttle()

    async def serve(self, exchange: Exchange, address: Address, who: Principal) -> Answer:
        """The page, or what becomes of the form. Nothing of a code is kept or logged."""
        form = form_of(exchange, address, self._home, PATH)
        if isinstance(form, Answer):
            return form
        if form is None:
            return self._page(exchange, address, Said())
        if not self._forms.fits(form.get("token", ""), exchange.peer.address, address.host):
            return self._page(exchange, address, Said("old", status=403))
        if not self._throttle.may_send(NOOD, who, exchange.peer):
            return self._page(exchange, address, Said("often", status=429))
        return await self._take(exchange, address, form)

    async def _take(self, exchange: Exchange, address: Address, form: dict[str, str]) -> Answer:
        stops = form.get("doe") == "uit"
        typed = form.get("uren", "")
        hours = int(typed) if typed in {str(one) for one in HOURS} else 0
        if not stops and not hours:
            return self._page(exchange, address, Said("hours_wrong", status=400))
        now = self._live.clock()
        try:
            said, held = await asyncio.to_thread(self._act, form.get("code", ""), 0 if stops else hours, now)
        except StoreUnavailable:
            return self._page(exchange, address, Said("away", status=503))
        return self._page(exchange, address, said, held)

    def _act(self, code: str, hours: int, now: datetime) -> tuple[Said, tuple[Emergency, ...]]:
        """Look at the code, and do it (0 hours: end it). What to say, and what is open then."""
        kept = self._store.emergencies
        fit = kept.fits(self._school, code, now)
        if fit is not Fit.FITS:
            note, status = _REFUSED[fit]
            known = kept.code(self._school) if fit is Fit.WAIT else None
            until = known.waits_until(now) if known else None
            # A clock without seconds: the minute after, so that who waits until then need not wait again.
            return Said(note, until + timedelta(seconds=59) if until else None, status), self._held(now)
        if not hours:
            kept.stop(self._school, BY_CODE, now)
            return Said("off", done=True), ()
        snapshot = self._live.snapshot
        end = end_of(hours, now, snapshot.policy.schedule if snapshot is not None else None)
        return Said(done=True), (kept.start(self._school, end, BY_CODE, Way.CODE, now),)

    def _held(self, now: datetime) -> tuple[Emergency, ...]:
        snapshot = self._live.snapshot
        found = snapshot.state.emergencies if snapshot is not None else ()
        return tuple(one for one in found if one.start <= now < one.end)

    def _page(
        self, exchange: Exchange, address: Address, said: Said, held: tuple[Emergency, ...] | None = None
    ) -> Answer:
        lang = self._pages.lang(exchange)
        held = self._held(self._live.clock()) if held is None else held
        until = self._local(max(one.end for one in held)) if held else ""
        note = say(f"nood.{said.note}", lang, until=self._local(said.until)) if said.note else ""
        answer = self._pages.page(
            said.status,
            "nood.html",
            lang,
            "nood.tab",
            "ready" if until else "failed",
            "sky",
            note=note,
            until=until,
            on=say("nood.on", lang, until=until) if until else "",
            done=said.done,
            hours=[(str(one), say(f"nood.hour.h{one}", lang)) for one in HOURS],
            action=PATH,
            token=self._forms.make(exchange.peer.address, address.host),
        )
        return alone(answer)

    def _local(self, at: datetime | None) -> str:
        if at is None:
            return ""
        snapshot = self._live.snapshot
        zone = zone_of(snapshot.policy.schedule.zone if snapshot is not None else "Europe/Amsterdam")
        return f"{at.astimezone(zone):%H:%M}"
