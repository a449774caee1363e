"""Wakes readers when a school's revision (or activity) moves: SQLite within 250 ms, PostgreSQL at once."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

from sqlalchemy.engine import Connection

from store.db import CHANNEL, Pulse
from store.opened import Store
from store.snapshot import read_pulse

LOOK_EVERY = 0.1
# How long one wait for a notification lasts. After it the row is read anyway, so that a lost notification (a
# connection pooler in between, say) costs half a second and nothing more.
LISTEN_FOR = 0.5
TRY_AGAIN_AFTER = 0.5


class Feed:
    """Watches one school on a connection and thread of its own; any number of threads may wait on one feed.

    The thread starts with the first wait. While the database is away waits just time out; it reconnects by itself.
    """

    def __init__(self, store: Store, school: str) -> None:
        self._database = store.database
        self._school = school
        self._news = threading.Condition()
        self._pulse: Pulse | None = None
        self._changes = 0
        self._told: int | None = None
        self._told_pulse: Pulse | None = None
        self._healthy = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def wait(self, timeout: float, after: int | None = None) -> int:
        """Block until the revision moved on from `after` or `timeout` seconds passed; the newest revision known.

        Without `after` it is compared with what this feed's last such call returned (first call: returns at once
        with the revision as soon as it is known). Nothing known yet: returns `after`, or 0.
        """
        seen = self._told if after is None else after
        pulse = self._wait(timeout, None if seen is None else Pulse(seen, 0), revision_only=True)
        revision = (seen or 0) if pulse is None else pulse.revision
        if after is None and pulse is not None:
            self._told = revision
        return revision

    def wait_pulse(self, timeout: float, after: Pulse | None = None) -> Pulse:
        """The same for revision and activity together, for live screens."""
        seen = self._told_pulse if after is None else after
        pulse = self._wait(timeout, seen)
        if after is None and pulse is not None:
            self._told_pulse = pulse
        return pulse or seen or Pulse(0, 0)

    def _wait(self, timeout: float, seen: Pulse | None, *, revision_only: bool = False) -> Pulse | None:
        with self._news:
            self._start()
            before = self._changes

            def is_news() -> bool:
                if self._stop.is_set():
                    return True
                if self._pulse is None or seen is None:
                    return self._pulse is not None
                now = Pulse(self._pulse.revision, 0) if revision_only else self._pulse
                risen = now.revision > seen.revision or now.activity > seen.activity
                # Something lower is what this feed knew before `seen` was written, unless it fell while we waited:
                # then an older copy of the database was put back.
                return risen or (now != seen and self._changes > before)

            self._news.wait_for(is_news, timeout)
            return self._pulse

    @property
    def healthy(self) -> bool:
        """Whether the last look at the database worked."""
        return self._healthy

    def close(self) -> None:
        """Stop the thread and wake everybody who waits."""
        self._stop.set()
        with self._news:
            self._news.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(LISTEN_FOR + TRY_AGAIN_AFTER + self._database.patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._run, name=f"feed-{self._school}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._database.bare() as connection:
                    if self._database.sqlite:
                        self._poll(connection)
                    else:
                        self._listen(connection)
            except Exception:  # whatever it was: without this thread the rules would stay as they are for ever
                self._healthy = False
                self._stop.wait(TRY_AGAIN_AFTER)

    def _poll(self, connection: Connection) -> None:
        while not self._stop.is_set():
            self._look(connection)
            self._stop.wait(LOOK_EVERY)

    def _listen(self, connection: Connection) -> None:
        # Listening comes before the first look, so that nothing falls in between.
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        driver: Any = connection.connection.driver_connection
        while not self._stop.is_set():
            self._look(connection)
            for _notification in driver.notifies(timeout=LISTEN_FOR, stop_after=1):
                pass

    def _look(self, connection: Connection) -> None:
        pulse = read_pulse(connection, self._school)
        self._healthy = True
        if pulse != self._pulse:
            with self._news:
                self._pulse = pulse
                self._changes += 1
                self._news.notify_all()
