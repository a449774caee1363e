"""Whose turn it is to have the guard look at a page: one at a time, so many a minute. Only numbers are kept."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

PER_MINUTE = 10  # looks of one person: a site, and again with what it needs
AT_ONCE = 4  # looks of all together
_MINUTE = 60.0


class Turns:
    """Who may look now: one look of a person at a time, `PER_MINUTE` of each and `AT_ONCE` of all. `clock` in seconds.

    Only numbers of looks are kept, for a minute.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._looking: set[str] = set()
        self._looked: dict[str, deque[float]] = {}

    @contextlib.contextmanager
    def take(self, who: str) -> Iterator[bool]:
        """Whether it is somebody's turn; if so it lasts until the end of the block."""
        mine = self._begin(who)
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._looking.discard(who)

    def _begin(self, who: str) -> bool:
        with self._lock:
            now = self._clock()
            for one, looks in list(self._looked.items()):
                while looks and looks[0] <= now - _MINUTE:
                    looks.popleft()
                if not looks:
                    del self._looked[one]
            looks = self._looked.setdefault(who, deque())
            if who in self._looking or len(self._looking) >= AT_ONCE or len(looks) >= PER_MINUTE:
                return False
            looks.append(now)
            self._looking.add(who)
            return True
