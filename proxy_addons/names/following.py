"""Follows the lease files of the school's DHCP servers: on a thread of its own, so that no request waits for a disk.

A file that is gone, may not be read or is too big says so once in the log, and what was known of it stays for as long
as its leases last. Kea cleans up by putting its file aside (`kea-lfc(8)`): until that is done the older leases are in
`.completed`, or else in `.2` and `.1`, which are read first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from proxy_addons.names.leases import DhcpLease, Read, read, together

_log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between looks at the files."""
MOST_BYTES = 16 * 1024 * 1024
"""Of a bigger file only the end is read: what was written last counts."""
_MOST_NAMED = 3  # broken lines that the log names

type _Mark = tuple[tuple[int, int, int], ...]


class Leases:
    """The leases of some files, as they are now. `at` is called on any thread and reads no file."""

    def __init__(self, files: Sequence[Path] = (), every: float = EVERY) -> None:
        self._files = tuple(files)
        self._every = every
        self._marks: dict[Path, _Mark] = {}
        self._read: dict[Path, Read] = {}
        self._said: dict[Path, str] = {}
        self._known: Mapping[str, DhcpLease] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def told(self) -> bool:
        """Whether there is any file to follow: else nothing is known of who is registered and who is not."""
        return bool(self._files)

    def start(self) -> None:
        """Read the files, and go on looking at them."""
        if not self._files or self._thread is not None:
            return
        self.look()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._follow, name="klaswacht-leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(5.0)

    def at(self, address: str, now: datetime | None = None) -> DhcpLease | None:
        """The lease of a client address (as `identity.plain` writes it); with `now` only one that has not ended."""
        lease = self._known.get(address)
        return lease if lease is not None and (now is None or lease.holds(now)) else None

    def look(self) -> bool:
        """Read what changed; whether anything did. Never raises."""
        changed = [path for path in self._files if self._again(path)]
        if changed:
            self._known = together(self._read[path] for path in self._files if path in self._read)
        return bool(changed)

    def _follow(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self.look()
            except Exception:  # a thread that ends would leave yesterday's leases standing
                _log.exception("the lease files could not be looked at")

    def _again(self, path: Path) -> bool:
        parts = _parts(path)
        try:
            mark = tuple(_mark(one) for one in parts)
            if mark == self._marks.get(path):
                return False
            found = read("\n".join(_text(one) for one in parts))
        except OSError as error:
            self._say(path, f"cannot be read: {(error.strerror or 'no reason given').lower()}")
            self._marks.pop(path, None)
            return False
        self._marks[path], self._read[path] = mark, found
        lines = ", ".join(map(str, found.broken[:_MOST_NAMED]))
        self._say(path, f"has lines that cannot be read and are left out: {lines}" if lines else "")
        return True

    def _say(self, path: Path, problem: str) -> None:
        if self._said.get(path, "") != problem:
            self._said[path] = problem
            if problem:
                _log.warning("lease file `%s` %s", path, problem)


def _parts(path: Path) -> tuple[Path, ...]:
    """A lease file with what Kea put aside of it, the oldest first."""
    aside = [path.with_name(f"{path.name}.{end}") for end in ("completed", "2", "1")]
    older = aside[:1] if aside[0].exists() else [one for one in aside[1:] if one.exists()]
    return (*older, path)


def _mark(path: Path) -> tuple[int, int, int]:
    state = path.stat()
    return state.st_ino, state.st_mtime_ns, state.st_size


def _text(path: Path) -> str:
    """The text of a file, of one that is too big its first line (which names the columns) and its end."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size <= MOST_BYTES:
            file.seek(0)
            return file.read(MOST_BYTES).decode("utf-8", "replace")
        file.seek(0)
        head = file.readline(4096)
        file.seek(size - MOST_BYTES)
        file.readline()  # cut in the middle
        return (head + file.read(MOST_BYTES)).decode("utf-8", "replace")
