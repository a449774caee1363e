"""While the guard runs: a changed `school.yaml` is read by itself, and what came of it is said on the guard's log.

Workers hear of new rules from the database; this only looks at the file. One that is wrong changes nothing and is told
once; so is one that waits because the rules were changed elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cli import school
from cli.home import Home
from store import Store

_LOOK = 0.4  # seconds between two looks; two that see the same are needed
_AGAIN = 10.0  # seconds until a try that failed for another reason than the file is made again

type Signature = tuple[int, int, int] | None


def signature(path: Path) -> Signature:
    """What changes when a file is written: moment, size and place; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Watch(threading.Thread):
    """Looks at the file until `stopping`. `seen` is what it was when its rules were last taken into force."""

    def __init__(
        self, home: Home, store: Store, seen: Signature, stopping: threading.Event, tell: Callable[[str], None]
    ) -> None:
        super().__init__(name="school file", daemon=True)
        self._home, self._store, self._stopping, self._tell = home, store, stopping, tell
        self._seen, self._before = seen, seen
        self._failed = ""

    def run(self) -> None:
        """Look a few times a second."""
        while not self._stopping.wait(_LOOK):
            try:
                self.look(datetime.now(UTC))
                self._failed = ""
            except Exception as error:  # the database, not the file: told once, and the next look must come
                if str(error) != self._failed:
                    self._tell(f"klaswacht: {error}")
                self._failed = str(error)
                self._stopping.wait(_AGAIN)

    def look(self, now: datetime) -> bool:
        """Take the file into force when it has changed and nobody is writing it any more; whether it was read.

        Raises:
            Trouble, StoreUnavailable: it could not be done now; the next look tries again.
        """
        found = signature(self._home.school_file)
        steady, self._before = found == self._before, found
        if found == self._seen or not steady:
            return False
        for notice in school.into_force(self._home, self._store, now, running=True).notices:
            self._tell(notice.rstrip())
        self._seen = found
        return True
