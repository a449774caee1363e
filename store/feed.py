"""Wakes readers when a school's revision (or activity) moves: SQLite within 250 ms, PostgreSQL at once."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from store.db import Pulse
from store.opened import Store


class Feed:
    """Watches one school on a connection and thread of its own; any number of threads may wait on one feed.

    The thread starts with the first wait. While the database is away waits just time out; it reconnects by itself.
    """

    def __init__(self, store: Store, school: str) -> None:
        raise NotImplementedError

    def wait(self, timeout: float, after: int | None = None) -> int:
        """Block until the revision differs from `after` or `timeout` seconds passed; returns the newest revision known.

        Without `after` it is compared with what this feed's last such call returned (first call: returns at once
        with the revision as soon as it is known).
        """
        raise NotImplementedError

    def wait_pulse(self, timeout: float, after: Pulse | None = None) -> Pulse:
        """The same for revision and activity together, for live screens."""
        raise NotImplementedError

    @property
    def healthy(self) -> bool:
        """Whether the last look at the database worked."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the thread and wake everybody who waits."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
