"""How much waits to be written down in each process, in a small file a process; read by the guard's supervisor."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

QUEUES = ".wachtrij"
_EVERY = timedelta(seconds=5)
_FRESH = timedelta(seconds=30)
_GONE = timedelta(hours=1)
_MOST = 512  # bytes


@dataclass(frozen=True, slots=True)
class Queue:
    """What one process said at `at`: how many events wait, and how many it had to drop since it started."""

    at: datetime
    waiting: int
    lost: int


class QueueFile:
    """Writes the file of this process, at most every few seconds."""

    def __init__(self, home: Path, counts: Callable[[], tuple[int, int]]) -> None:
        self._folder = home / QUEUES
        self._counts = counts
        self._told: datetime | None = None

    def tell(self, now: datetime) -> None:
        """Write it when it is time. Raises `OSError` when it cannot."""
        if self._told is not None and timedelta(0) <= now - self._told < _EVERY:
            return
        self._told = now
        waiting, lost = self._counts()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        new = self._folder / f".{os.getpid()}"
        new.write_text(json.dumps({"at": now.isoformat(), "waiting": waiting, "lost": lost}))
        new.replace(self._folder / f"{os.getpid()}.json")


def queues(home: Path, now: datetime) -> tuple[Queue, ...]:
    """What every process said lately; the files of those that are long gone are taken away."""
    found = []
    for path in sorted((home / QUEUES).glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            with path.open("rb") as file:
                told = json.loads(file.read(_MOST))
            one = Queue(datetime.fromisoformat(told["at"]), int(told["waiting"]), int(told["lost"]))
            age = now - one.at
            if age > _GONE:
                path.unlink(missing_ok=True)
            elif abs(age) <= _FRESH:
                found.append(one)
    return tuple(found)
