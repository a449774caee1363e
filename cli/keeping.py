"""While the guard runs: the newest snapshot is kept in a file, for processes that start when the database is away."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from policy.model import Knowledge
from proxy_addons.last_known import LastKnown
from store import Store, StoreUnavailable

_log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between looks at the revision


class Keeping(threading.Thread):
    """Writes the file whenever the revision moved, until `stopping`."""

    def __init__(
        self, file: LastKnown, store: Store, school: str, knowledge: Knowledge, stopping: threading.Event
    ) -> None:
        super().__init__(name="last known", daemon=True)
        self._file, self._store, self._school = file, store, school
        self._knowledge, self._stopping = knowledge, stopping
        self._kept: int | None = None
        self._at: datetime | None = None

    def run(self) -> None:
        """Look, write, wait. What fails is tried again; the guard goes on without."""
        failed = False
        while not self._stopping.is_set():
            try:
                self.look(datetime.now(UTC))
                failed = False
            except StoreUnavailable:
                pass  # the very moment it is for
            except Exception as error:
                if not failed:
                    _log.warning("the last rules could not be kept: %s", type(error).__name__)
                failed = True
            self._stopping.wait(_LOOK)

    def look(self, now: datetime) -> bool:
        """Keep what is in force when it has moved; whether it was written. Raises `StoreUnavailable` or `OSError`."""
        ahead = self._at is not None and now < self._at  # the clock was put back: what had ended by then is not in it
        if self._store.revision(self._school) == self._kept and not ahead:
            return False
        snapshot = self._store.snapshot(self._school, self._knowledge, now)
        self._file.keep(snapshot, now)
        self._kept, self._at = snapshot.revision, now
        return True
