"""Notices and refusals on their way to the store: what is to be said now, on the recorder's thread.

Only the newest state counts: with the database gone nothing piles up, and what ended meanwhile is not told.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from secrets import token_hex

from store import Store
from store.notices import LASTS, Condition
from store.refusals import Refusal

AGAIN = LASTS / 3
"""What stands is said again after so long."""
_MOST_WAITING = 50


class Noticing:
    """What waits to be written. `stands`, `refused` and `settled` are called on one thread, `write` on another."""

    def __init__(self, store: Store, school: str, clock: Callable[[], datetime]) -> None:
        self._store, self._school, self._clock = store, school, clock
        self._worker = token_hex(6)
        self._lock = threading.Lock()
        self._standing: Mapping[Condition, datetime] = {}
        self._said: Mapping[Condition, datetime] = {}
        self._said_at: datetime | None = None
        self._due = False
        self._refusals: deque[Refusal] = deque(maxlen=_MOST_WAITING)
        self._settled: deque[str] = deque(maxlen=_MOST_WAITING)

    @property
    def waits(self) -> bool:
        """Whether there is anything to write."""
        return self._due or bool(self._refusals) or bool(self._settled)

    def stands(self, standing: Mapping[Condition, datetime]) -> bool:
        """This is in the way now, with since when; whether that must be written."""
        now = self._clock()
        with self._lock:
            self._standing = standing
            again = bool(standing) and (self._said_at is None or _apart(now, self._said_at) >= AGAIN)
            self._due = again or dict(standing) != dict(self._said)
            return self._due

    def refused(self, refusal: Refusal) -> None:
        """Have a refusal written."""
        with self._lock:
            self._refusals.append(refusal)

    def settled(self, device: str) -> None:
        """Have it written that a device has the certificate."""
        with self._lock:
            self._settled.append(device)

    def write(self) -> None:
        """Write what waits. What the store raises is raised, and what was not written waits on."""
        if self._due:
            standing, now = self._standing, self._clock()
            self._store.notices.tell(self._school, self._worker, standing, now)
            with self._lock:
                self._said, self._said_at = standing, now
                self._due = dict(self._standing) != dict(standing)
        while self._settled:
            self._store.refusals.settle(self._school, self._settled[0])
            self._settled.popleft()
        while self._refusals:
            self._store.refusals.suggest(self._school, self._refusals[0], self._clock())
            self._refusals.popleft()


def _apart(now: datetime, before: datetime) -> timedelta:
    """How far two looks at the clock are apart; a clock may be set back."""
    return abs(now - before)
