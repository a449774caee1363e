"""The current snapshot, and the only caller of `policy.decide`.

A thread waits on the store's feed and loads the next snapshot; the event loop only swaps a reference. With the store
gone the last snapshot stays in force and `degraded` says so; a process that starts then takes the one that was kept
(`last_known`). Where there is none, nothing is open but help.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from policy.decide import decide
from policy.match import covered
from policy.model import AccessRequest, Decision, Effect, Knowledge, Reason, Snapshot, Step
from proxy_addons.exits import Exits
from proxy_addons.faults import told
from proxy_addons.last_known import LastKnown
from store import Store, StoreUnavailable
from store.db import Pulse
from store.feed import Feed

_log = logging.getLogger(__name__)

_RETRY = 1.0  # seconds between tries while the store is gone
_WAIT = 1.0  # seconds that one look at the feed may take


def utc_now() -> datetime:
    """The time in UTC; the clock of everything here unless a test brings its own."""
    return datetime.now(UTC)


def _shut(detail: str) -> Decision:
    """The answer while there is nothing to decide with."""
    return Decision(Effect.DENY, Reason.FAILED, trace=(Step("live", "deny", detail=detail),))


HELP_OPEN = Decision(Effect.ALLOW, Reason.HELP_HOST, trace=(Step("live", "allow", detail="help host"),))
"""The answer for help hosts when there is nothing to decide with."""


class Live:
    """Holds the snapshot in force. `start`, `stop`, the waits and the callbacks belong to one event loop."""

    def __init__(
        self,
        store: Store,
        school: str,
        knowledge: Knowledge,
        clock: Callable[[], datetime] = utc_now,
        exits: Exits | None = None,
        last_known: LastKnown | None = None,
    ) -> None:
        self._store = store
        self._last_known = last_known
        self._exits = exits or Exits(store, school)
        self.school = school
        self.knowledge = knowledge
        self.clock = clock
        self._snapshot: Snapshot | None = None
        self._told: Snapshot | None = None  # what the store said last; the thread's own
        self._read_at: datetime | None = None  # when that was read
        self._failing = False
        self._callbacks: list[Callable[[], None]] = []
        self._stirs = 0
        self._stirred = asyncio.Event()
        self._stopping = threading.Event()
        self._feed: Feed | None = None
        self._thread: threading.Thread | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot in force, or None before the first."""
        return self._snapshot

    @property
    def revision(self) -> int:
        """The revision in force; -1 before the first snapshot."""
        return -1 if self._snapshot is None else self._snapshot.revision

    @property
    def stirs(self) -> int:
        """Rises with every change and every activity (an answered ask) that was heard of here."""
        return self._stirs

    @property
    def degraded(self) -> bool:
        """Whether the store cannot be read now, so that what is in force may be old (or nothing at all)."""
        return self._failing or self._snapshot is None

    def decide(self, request: AccessRequest, at: datetime | None = None) -> Decision:
        """The answer by the snapshot in force, now or `at` a moment. Never raises; what cannot be decided is denied."""
        try:
            snapshot = self._snapshot
            if snapshot is None:
                return self._without_snapshot(request)
            decision = decide(request, snapshot, at or self.clock())
            return self._undecided(request, decision) if decision.reason is Reason.FAILED else decision
        except Exception as error:
            _log.error("a decision failed and was denied: %s", told(error))
            return self._undecided(request, _shut("a decision failed"))

    def _without_snapshot(self, request: AccessRequest) -> Decision:
        return self._undecided(request, _shut("no snapshot yet"))

    def _undecided(self, request: AccessRequest, shut: Decision) -> Decision:
        """Where nothing can be decided help is open, and nothing else."""
        try:
            return HELP_OPEN if not request.unreadable and self.helps(request.hosts) else shut
        except Exception:
            return shut

    def helps(self, hosts: Collection[str]) -> bool:
        """Whether there are (canonical) hosts and every one is a help host; needs no snapshot."""
        return bool(hosts) and all(covered(host, self.knowledge.help_hosts) for host in hosts)

    def owns(self, hosts: Collection[str]) -> bool:
        """Whether there are (canonical) hosts and every one is the guard's own; needs no snapshot."""
        return bool(hosts) and all(covered(host, self.knowledge.own_hosts) for host in hosts)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called on the event loop after each swap; what it raises is logged."""
        self._callbacks.append(callback)

    async def start(self) -> None:
        """Load the first snapshot (one try; later tries go on by themselves) and follow the store."""
        self._stopping.clear()
        self._stirred = asyncio.Event()
        try:
            self._told = await asyncio.to_thread(self._load)
            self._swap(await asyncio.to_thread(self._in_force))
        except Exception as error:
            self._told = await asyncio.to_thread(self._remembered)
            self._lost(error)
            self._put(await asyncio.to_thread(self._in_force))
        self._feed = Feed(self._store, self.school)
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._follow, args=(loop, self._feed), name="klaswacht-live", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Stop following; the last snapshot stays readable."""
        self._stopping.set()
        feed, self._feed = self._feed, None
        thread, self._thread = self._thread, None
        if feed is not None:
            await asyncio.to_thread(feed.close)
        if thread is not None:
            await asyncio.to_thread(thread.join, 10)

    async def changed(self, since_revision: int, timeout: float) -> int:
        """Wait until the revision in force differs from `since_revision`, at most `timeout` seconds; return it."""
        await self._until(lambda: self.revision != since_revision, timeout)
        return self.revision

    async def stirred(self, since: int, timeout: float) -> int:
        """Wait until `stirs` differs from `since`, at most `timeout` seconds; return it."""
        await self._until(lambda: self._stirs != since, timeout)
        return self._stirs

    async def _until(self, done: Callable[[], bool], timeout: float) -> None:
        try:
            async with asyncio.timeout(max(timeout, 0.0)):
                while not done():
                    await self._stirred.wait()
        except TimeoutError:
            return

    def _load(self) -> Snapshot:
        self._read_at = now = self.clock()
        return self._store.snapshot(self.school, self.knowledge, now)

    def _put_back(self) -> bool:
        """Whether the clock was ahead when the store was read: what had ended by then is not in what it said."""
        return self._read_at is not None and self.clock() < self._read_at

    def _remembered(self) -> Snapshot | None:
        """What was in force when the database was last well, for a process that starts without it."""
        found = self._last_known.read(self.school, self.knowledge) if self._last_known is not None else None
        if found is None:
            return None
        _log.warning("the rules of %s are in force again", found[1].isoformat(timespec="minutes"))
        return found[0]

    def _in_force(self) -> Snapshot | None:
        """What the store told last, with what the emergency exit makes of it."""
        return self._exits.added(self._told, self.knowledge, self.clock(), away=self._failing)

    def _follow(self, loop: asyncio.AbstractEventLoop, feed: Feed) -> None:
        """The thread: wait, load, hand over; while the store is gone try again and keep what there is."""
        pulse: Pulse | None = None
        loaded = self.revision
        while not self._stopping.is_set():
            try:
                heard = feed.wait_pulse(_WAIT, pulse)
                if self._stopping.is_set():
                    return
                anew = self._put_back()
                if anew or heard.revision != loaded or self._failing or not feed.healthy:
                    self._told = self._load()
                    loaded = self._told.revision
                    loop.call_soon_threadsafe(self._swap, self._in_force(), anew)
                else:
                    loop.call_soon_threadsafe(self._put, self._in_force())
                    if heard != pulse:
                        loop.call_soon_threadsafe(self._stir)
                pulse = heard
            except Exception as error:
                if loop.is_closed():
                    return
                self._lost(error)
                if not self._without_store(loop):
                    return
                self._stopping.wait(_RETRY)

    def _without_store(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Look at the emergency exit while the store is away; False when there is nobody left to tell."""
        try:
            loop.call_soon_threadsafe(self._put, self._in_force())
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _lost(self, error: Exception) -> None:
        if not self._failing:
            now = "only help is open" if self._told is None else "the last rules stay in force"
            why = error if isinstance(error, StoreUnavailable) else type(error).__name__
            _log.warning("the store cannot be read, %s: %s", now, why)
        self._failing = True

    def _swap(self, snapshot: Snapshot | None, anew: bool = False) -> None:
        """The store was read: put what is in force in place; `anew`: also where the revision is the same."""
        if self._failing:
            _log.warning("the store can be read again")
        self._failing = False
        if not self._put(snapshot, anew):
            self._stir()

    def _put(self, snapshot: Snapshot | None, anew: bool = False) -> bool:
        """Put it in place where it is another one than what is there; whether it was."""
        if not anew and _mark(snapshot) == _mark(self._snapshot):
            return False
        self._snapshot = snapshot
        self._call()
        self._stir()
        return True

    def lists_changed(self) -> None:
        """Other lists are in use under the same snapshot: have everything asked again. On the event loop.

        The index of feeds is not part of a revision. It may be newer than the snapshot in force, and two answers of one
        revision may differ because of it.
        """
        self._call()
        self._stir()

    def _call(self) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback()
            except Exception as error:
                _log.error("a listener to a change failed: %s", told(error))

    def _stir(self) -> None:
        self._stirs += 1
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()


def _mark(snapshot: Snapshot | None) -> object:
    """What tells snapshots apart: the revision, and the emergency exit, which may move without one."""
    return None if snapshot is None else (snapshot.revision, snapshot.state.emergencies)
