"""Which devices are at which addresses now, by their beats, as every worker of the guard reads it once a second.

What is asked for every request is one look into a dict. A binding ends by the clock too, so with the store away a
minute later nobody is proved by an address any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from policy.binding import Bound
from proxy_addons.faults import told
from store import Store, StoreUnavailable

_log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds

type Moved = Callable[[frozenset[str] | None], None]
"""Hears at which addresses somebody else is now; None: that may be anywhere."""


class Places:
    """Where devices are. `of` and `is_two` belong to one event loop, like the rest."""

    def __init__(self) -> None:
        self._known: tuple[Bound, ...] = ()
        self._at: dict[str, tuple[Bound, ...]] = {}
        self._two: dict[str, Bound] = {}
        self._standing: dict[str, frozenset[str]] = {}
        self._doubles: frozenset[str] = frozenset()

    def of(self, address: str, now: datetime) -> tuple[str, ...]:
        """The devices that are at an address (as `identity.plain` writes it); mostly none."""
        found = self._at.get(address)
        return () if found is None else tuple(one.device for one in found if one.live(now))

    def is_two(self, device: str, now: datetime) -> bool:
        """Whether two say to be this device."""
        found = self._two.get(device)
        return found is not None and found.is_two(now)

    def at(self, device: str, address: str, now: datetime) -> Bound | None:
        """A device's binding to an address, where it is live."""
        return next((one for one in self._at.get(address, ()) if one.device == device and one.live(now)), None)

    def take(self, known: Iterable[Bound], now: datetime) -> frozenset[str] | None:
        """Take what the store says; return at which addresses somebody else is now (None: it may be anywhere)."""
        self._known = tuple(known)
        at: dict[str, tuple[Bound, ...]] = {}
        for one in self._known:
            if one.live(now):
                at[one.address] = (*at.get(one.address, ()), one)
        self._at = at
        self._two = {one.device: one for one in self._known if one.is_two(now)}
        standing = {address: frozenset(one.device for one in here) for address, here in at.items()}
        before, self._standing = self._standing, standing
        doubles, self._doubles = self._doubles, frozenset(self._two)
        if doubles != self._doubles:
            return None
        return frozenset(one for one in before.keys() | standing.keys() if before.get(one) != standing.get(one))

    def wear(self, now: datetime) -> frozenset[str] | None:
        """The same with nothing new: what ended by the clock."""
        return self.take(self._known, now)


class Following:
    """Keeps `places` as the store has them. Belongs to one event loop."""

    def __init__(self, store: Store, school: str, clock: Callable[[], datetime], places: Places) -> None:
        self._store, self._school, self._clock = store, school, clock
        self.places = places
        self._callbacks: list[Moved] = []
        self._task: asyncio.Task[None] | None = None

    def on_move(self, callback: Moved) -> None:
        """Have `callback` called on the event loop when somebody else is at an address."""
        self._callbacks.append(callback)

    async def start(self) -> None:
        """Look once, and go on looking."""
        await self.look()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Read the bindings once. Never raises: what was known ends by the clock."""
        now = self._clock()
        try:
            known = await asyncio.to_thread(self._store.bindings.live, self._school, now)
            moved = self.places.take(known, now)
        except StoreUnavailable:  # `live` says so
            moved = self.places.wear(self._clock())
        except Exception as error:
            _log.error("where devices are could not be read: %s", told(error))
            moved = self.places.wear(self._clock())
        if moved is None or moved:
            self._tell(moved)

    def _tell(self, moved: frozenset[str] | None) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback(moved)
            except Exception as error:
                _log.error("a listener to a move failed: %s", told(error))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.look()
