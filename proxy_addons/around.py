"""Which devices are in use, for the teacher's tiles: a device and when it was last heard of, nothing of what it did.

Only pupils' registered devices, only in school hours, and one moment a device: the newest takes the place of the one
before. It is the same mark that agents leave, and it moves no revision.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from store import Store

AGAIN = timedelta(minutes=3)
"""A device that goes on is written again after so long; a screen believes it for longer."""
_TOGETHER = timedelta(seconds=15)


class Around:
    """What waits to be written. `heard` is called on one thread, `write` on another."""

    def __init__(self, store: Store, school: str) -> None:
        self._store, self._school = store, school
        self._lock = threading.Lock()
        self._known: dict[str, datetime] = {}
        self._waiting: dict[str, datetime] = {}
        self._written: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._waiting)

    def heard(self, device: str, now: datetime) -> bool:
        """Somebody uses a device; whether it is time to write. A class that starts together is written together."""
        before = self._known.get(device)
        if before is None or abs(now - before) >= AGAIN:
            with self._lock:
                self._known[device] = self._waiting[device] = now
        return self.waits and (self._written is None or abs(now - self._written) >= _TOGETHER)

    def write(self, now: datetime) -> None:
        """Write what waits. What the store raises is raised; who is there now is then told by the next request."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._written = now
            for device in waiting:  # until it is written it is not known to be
                self._known.pop(device, None)
        self._store.devices.seen(self._school, waiting)
        with self._lock:
            self._known = waiting | self._known
