"""The companion extension on pupils' Chromebooks: what its badge shows, its key, and its word on who signed in there.

It talks to `/_klaswacht/extensie` on the pupils' host, and nobody else may: the answer is for the school's own
extension, by its id, which only a browser can write in `Origin`. A page of any site gets nothing, and neither does our
own. What is told is what stands on "mijn afspraken", less what is nobody's business on a screen in the class.

Who signed in is a lease: the extension signs school, device, account and a number that this guard gave out for that
address a moment ago, with the key that it made when it asked itself in with a one-time code. It seats a pupil for the
period that runs, where a pupil could sign in (`docs/decisions/0047-extension.md`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from config.texts import say
from policy import signed
from policy.match import covered
from policy.model import FOREVER, DeviceClass, PeriodKind, Principal, Role, Snapshot
from policy.proof import NOBODY, genuine, is_public_key
from policy.schedule import period_at
from proxy_addons.answers import json_answer
from proxy_addons.behind import MOST_SENT, PREFIX
from proxy_addons.block_page import Pages
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.identity import Spot
from proxy_addons.live import Live
from proxy_addons.names.handing import extension_of
from proxy_addons.promises import Decide, Promises, known, promised
from proxy_addons.promising import Clock, card
from proxy_addons.sending import FormTokens, Throttle
from store import Store, StoreUnavailable
from store.sign_ins import SignIn, SignInState

COMPANION = "extensie"
PATH = f"{PREFIX}/{COMPANION}"

_NUMBER_LIFE = 120  # seconds that a number may be used
_MOST_ITEMS = 8
_SHARED = frozenset({DeviceClass.PUPIL, DeviceClass.UNKNOWN})
_QUIET = frozenset({"sanction"})  # not on a screen that the neighbour looks at; the pages say it


class Companion:
    """Answers the school's own extension. `who` and `spot` name a peer, `decide` is the gate's; `home` is where the
    extension is published (None: there is none), `pupils` the pupils' host.
    """

    def __init__(
        self,
        store: Store,
        school: str,
        live: Live,
        pages: Pages,
        secret: bytes,
        who: Callable[[Peer], Principal],
        spot: Callable[[Peer], Spot | None],
        decide: Decide,
        home: Path | None,
        pupils: str,
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._pages = pages
        self._numbers = FormTokens(secret, f"{COMPANION}|", _NUMBER_LIFE)
        self._throttle = Throttle()
        self._who = who
        self._spot = spot
        self._decide = decide
        self._home = home
        self._pupils = pupils

    def readable(self, exchange: Exchange, host: str, answer: Answer) -> Answer:
        """The same answer, that the school's extension may read; for anybody else as it was."""
        origin = self._origin(exchange, host)
        if not origin:
            return answer
        headers = (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
        return replace(answer, headers=(*answer.headers, *headers))

    def _origin(self, exchange: Exchange, host: str) -> str:
        """The origin of the school's extension, where it is that which asks; else empty."""
        about = extension_of(self._home) if self._home is not None and host == self._pupils else None
        origin = exchange.headers.get("origin", "")
        return origin if about is not None and origin == f"chrome-extension://{about.id}" else ""

    async def serve(self, exchange: Exchange, host: str) -> Answer:
        """Tell what holds here now (GET), or take a key or a lease (POST). Never an event."""
        if not self._origin(exchange, host):
            return json_answer({}, 403)
        method = exchange.method.upper()
        if method == "GET":
            return json_answer(self._told(exchange))
        if method != "POST":
            return json_answer({}, 405)
        asked = _read(exchange.body)
        if asked is None:
            return json_answer({}, 400)
        snapshot = self._live.snapshot
        if snapshot is None:
            return json_answer({"why": "away"}, 503)
        if not self._throttle.may_send(COMPANION, self._who(exchange.peer), exchange.peer):
            return json_answer({"why": "often"}, 429)
        now = self._live.clock()
        try:
            if asked.get("do") == "enrol":
                return await asyncio.to_thread(self._enrol, asked, snapshot, now)
            if asked.get("do") == "lease":
                return await asyncio.to_thread(self._lease, exchange.peer, asked, snapshot, now)
        except StoreUnavailable:
            return json_answer({"why": "away"}, 503)
        return json_answer({}, 400)

    # --- the badge ---------------------------------------------------------------------------------------------------

    def _told(self, exchange: Exchange) -> dict[str, object]:
        snapshot, now, who = self._live.snapshot, self._live.clock(), self._who(exchange.peer)
        names = self._live.knowledge.own_hosts
        told: dict[str, object] = {
            "school": self._school,
            "now": int(now.timestamp()),
            "number": self._numbers.make(exchange.peer.address, COMPANION),
            "known": known(who).value,
            "tell": f"https://vertel.{min(names)}/" if names else "",
        }
        if snapshot is None or who.role is not Role.PUPIL:
            return told
        clock = Clock(self._pages.lang(exchange), snapshot.policy.schedule.zone, now)
        return told | _badge(promised(who, snapshot, self._decide, now), clock)

    # --- key and lease -----------------------------------------------------------------------------------------------

    def _enrol(self, asked: Mapping[str, str], snapshot: Snapshot, now: datetime) -> Answer:
        """Take the public key for a one-time code. One of a device that no pupil sits at is not spent."""
        code, key = asked.get("code", ""), asked.get("key", "")
        meant = self._store.devices.of_code(self._school, code, now)
        device = snapshot.devices.get(meant) if meant is not None else None
        if device is None or device.kind not in _SHARED or not is_public_key(key):
            return json_answer({"why": "code"}, 403)
        if self._store.devices.enrol(self._school, code, now, key) is None:
            return json_answer({"why": "code"}, 403)
        return json_answer({"device": device.id})

    def _lease(self, peer: Peer, asked: Mapping[str, str], snapshot: Snapshot, now: datetime) -> Answer:
        """Seat whoever the extension says signed in, when its signature is that of a device of ours."""
        device, account, number = (asked.get(name, "") for name in ("device", "account", "number"))
        if not self._numbers.fits(number, peer.address, COMPANION):
            return json_answer({"why": "number"}, 425)
        public = self._store.devices.public_key(self._school, device)
        statement = signed.lease(self._school, device, account, number)
        # Looked at for an unknown device too, so that time does not tell which ids there are.
        if not genuine(public or NOBODY, statement, asked.get("signature", "")) or public is None:
            return json_answer({"why": "key"}, 401)
        spot = self._spot(peer)
        if spot is None or spot.device not in ("", device):
            return json_answer({"why": "place"}, 403)
        person = person_of(account, snapshot)
        member = snapshot.people.get(person) if person else None
        if member is None or member.role is not Role.PUPIL or not member.groups:
            return json_answer({"why": "account"}, 403)
        group = spot.group if spot.group in member.groups else member.groups[0]
        period = period_at(snapshot.policy.schedule, group, now)
        if period.kind is PeriodKind.OUTSIDE or period.end is None:
            return json_answer({"why": "outside"}, 403)  # nobody keeps who sits where when there is no school
        wish = SignIn("", group, member.id, spot.device, spot.address, SignInState.IN, spot.most, now, period.end)
        here = self._store.sign_ins.here(self._school, spot.device, spot.address, now)
        seated = any(one.state is SignInState.IN and one.person == member.id for one in here)
        if not seated and self._store.sign_ins.enter(self._school, wish, now) is None:
            return json_answer({"why": "other"}, 409)
        return json_answer({"until": int(period.end.timestamp())})


def person_of(account: str, snapshot: Snapshot) -> str | None:
    """The pupil whose account that is. An address counts only where the school says that its domain is its own."""
    name, at, domain = account.strip().lower().rpartition("@")
    if not at:
        return snapshot.accounts.get(domain)
    return snapshot.accounts.get(name) if covered(domain, snapshot.policy.domains) else None


def _badge(promises: Promises, clock: Clock) -> dict[str, object]:
    """What is open and until when. Of a ban not a word; the countdown is to the first end of what is open by itself."""
    lang, until = clock.lang, clock.until(promises.until)
    quiet = promises.head in _QUIET
    head = say("page.promises.title" if quiet else f"page.promises.head.{promises.head}", lang)
    items = [(one.goal or ", ".join(one.sites), one.until) for one in promises.agreed]
    for opened in promises.opened:
        shown = card(opened, clock)
        items.append((", ".join(shown.sites) or shown.title, opened.until))
    ends = [end for _, end in items if end < FOREVER]
    again = promises.changes
    return {
        "title": head if quiet or until is None else f"{head} {until.text}",
        "items": [{"text": text, "until": _stamp(end, clock)} for text, end in items[:_MOST_ITEMS] if text],
        "count": int(min(ends).timestamp()) if ends else 0,
        "again": int(again.timestamp()) + 1 if again is not None else 0,
    }


def _stamp(end: datetime, clock: Clock) -> str:
    told = clock.until(end)
    return told.text if told is not None else ""


def _read(body: bytes | None) -> dict[str, str] | None:
    """The texts of a JSON object; None: it is none."""
    if body is None or len(body) > MOST_SENT:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        return None
    return found
