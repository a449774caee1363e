"""The heartbeat of a device: its agent (or its browser's extension) says that it is here, signed with its own key.

A beat is a POST of JSON to `/_klaswacht/beat` on the pupils' host; `docs/decisions/0041-heartbeats.md` has its form. It
binds the address that it comes from to the device for a minute. Its number is one that this guard gave out for this
device at this address a moment ago, so a beat that somebody else caught binds no other address. The answer is held
until the rules are others than those the device has: so a ban reaches all laptops at once, and nobody keeps a thread.
It is a hint: what holds a device asks the school itself.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from policy import signed
from policy.binding import LIFE, Bound, newest
from policy.model import Device
from policy.proof import NOBODY, genuine
from policy.schedule import zone_of
from proxy_addons.answers import json_answer
from proxy_addons.behind import PREFIX
from proxy_addons.bound import Following
from proxy_addons.facts import Answer, Exchange
from proxy_addons.identity import plain
from proxy_addons.live import Live
from proxy_addons.sending import FormTokens
from store import Store, StoreUnavailable

BEAT = "beat"
PATH = f"{PREFIX}/{BEAT}"
LONGEST_HOLD = 20.0
"""Seconds that an answer is held at most."""
REST = 20
"""Seconds after which a device whose beats are not held beats again."""
_LARGEST = 2048  # bytes
_NUMBER_LIFE = 120  # seconds that a number may be used; a beat comes every 20
_ENOUGH = timedelta(seconds=40)  # who is here for so long need not be written again
_MOST_HELD = 4  # answers to one device that are held at a time
_MOST_WRITTEN, _WINDOW = 10, 10.0  # beats of one device that are written in so many seconds
_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class _Beat:
    """What a beat says."""

    device: str
    at: int
    nonce: str
    revision: int
    signature: str

    @property
    def when(self) -> datetime:
        return signed.moment_of(self.at)


class Beating:
    """Answers `beat` on the own path. Without `hold` no answer is held: where few may wait at a time."""

    def __init__(
        self, store: Store, school: str, live: Live, secret: bytes, following: Following, *, hold: bool = True
    ) -> None:
        self._store = store
        self._school = school
        self._live = live
        self._following = following
        self._numbers = FormTokens(secret, f"{BEAT}|", _NUMBER_LIFE)
        self._hold = LONGEST_HOLD if hold else 0.0
        self._held: Counter[str] = Counter()
        self._last: dict[str, int] = {}  # the time in each device's newest beat that came here
        self._keys: dict[str, tuple[str, str | None]] = {}  # of its key for the network, which is made with it
        self._written: dict[str, list[float]] = {}

    async def serve(self, exchange: Exchange) -> Answer:
        """Take a beat, and answer it when there is something to say. Nothing is changed by one that is not genuine."""
        if exchange.method.upper() != "POST":
            return json_answer({}, 405)
        address, beat = plain(exchange.peer.address), _read(exchange.body)
        if beat is None or not address:
            return json_answer({}, 400)
        snapshot, now = self._live.snapshot, self._live.clock()
        if snapshot is None:
            return json_answer({}, 503)
        # Before anything is looked up: who knows no number of ours cannot make us work.
        if not self._numbers.fits(beat.nonce, address, beat.device) or abs(now - beat.when) > LIFE:
            return self._again(beat.device, address, now)
        try:
            if not await self._genuine(beat, snapshot.devices.get(beat.device)):
                return json_answer({}, 401)
            if beat.at <= self._last.get(beat.device, 0):
                return self._again(beat.device, address, now, self._last[beat.device])
            self._last[beat.device] = beat.at
            known = await self._bind(beat, address, now)
        except StoreUnavailable:
            return json_answer({}, 503)
        if isinstance(known, Answer):
            return known
        held = await self._wait(beat)
        told = {"revision": self._live.revision, "held": held, "rest": 0 if held else REST}
        return json_answer({**told, **self._number(beat.device, address)})

    def _number(self, device: str, address: str) -> dict[str, str]:
        """What the next beat needs: a number for this device at this address, and the time."""
        return {"now": self._live.clock().isoformat(), "nonce": self._numbers.make(address, device)}

    def _again(self, device: str, address: str, now: datetime, after: int | None = None) -> Answer:
        """Not now, or not with this number: the time and a number are told. `after`: the next one must be later.

        One that is of so far ahead that no later one may come waits: the clock was wrong.
        """
        if len(self._last) > _MOST_KEYS or (after or 0) > signed.moment_number(now + LIFE):
            self._last.clear()
        told = self._number(device, address)
        return json_answer(told if after is None else {**told, "after": after}, 425)

    async def _genuine(self, beat: _Beat, device: Device | None) -> bool:
        public = None
        if device is not None and device.key_hash:
            key, public = self._keys.get(device.id, ("", None))
            if key != device.key_hash or public is None:
                public = await asyncio.to_thread(self._store.devices.public_key, self._school, device.id)
                self._keys[device.id] = (device.key_hash, public)
        said = signed.beat(self._school, beat.device, beat.at, beat.nonce, beat.revision)
        return genuine(public or NOBODY, said, beat.signature) and public is not None

    async def _bind(self, beat: _Beat, address: str, now: datetime) -> Answer | None:
        """Have it written where that is needed; an answer: it does not count."""
        places, device = self._following.places, beat.device
        here = places.at(device, address, now)
        if here is not None and here.until - now > _ENOUGH and not places.is_two(device, now):
            return None
        if not self._may_write(device):
            return json_answer({"rest": REST}, 429)
        known = await asyncio.to_thread(self._write, beat, address, now)
        if known is None:
            last = newest(await asyncio.to_thread(self._store.bindings.of, self._school, device))
            return self._again(device, address, now, signed.moment_number(last) if last is not None else None)
        if here is None or any(one.is_two(now) for one in known):
            await self._following.look()
        return None

    def _write(self, beat: _Beat, address: str, now: datetime) -> tuple[Bound, ...] | None:
        snapshot = self._live.snapshot
        day = now if snapshot is None else now.astimezone(zone_of(snapshot.policy.schedule.zone))
        return self._store.bindings.beat(self._school, beat.device, address, beat.when, now, day.date())

    def _may_write(self, device: str) -> bool:
        """Whether a device did not say too often that it is somewhere else: each time is a row for everybody."""
        now = monotonic()
        lately = [one for one in self._written.get(device, ()) if now - one < _WINDOW]
        self._written[device] = lately
        if len(lately) >= _MOST_WRITTEN:
            return False
        lately.append(now)
        return True

    async def _wait(self, beat: _Beat) -> bool:
        """Wait until the rules are others than those that the device has; whether the answer was held, or had to be."""
        if not self._hold or self._held[beat.device] >= _MOST_HELD:
            return False
        self._held[beat.device] += 1
        try:
            await self._live.changed(beat.revision, self._hold)
        finally:
            self._held[beat.device] -= 1
            if not self._held[beat.device]:
                del self._held[beat.device]
        return True


def _read(body: bytes | None) -> _Beat | None:
    """Read a beat; None: it is none."""
    if body is None or len(body) > _LARGEST:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    texts = [found.get(name) for name in ("device", "nonce", "signature")]
    numbers = [found.get(name) for name in ("at", "revision")]
    device, nonce, signature = (one if isinstance(one, str) and len(one) <= 200 else None for one in texts)
    at, revision = (one if type(one) is int and -1 <= one < 10**17 else None for one in numbers)
    if not device or nonce is None or signature is None or at is None or revision is None:
        return None
    if not (device.isprintable() and nonce.isascii() and signature.isascii()):
        return None
    return _Beat(device, at, nonce, revision, signature)
