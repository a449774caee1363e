"""The compiled index of a school's feeds, mapped and followed: what every process asks for categories of feeds.

A look at the pointer costs a `stat`; a thread does it once a second (`follow`). A new index is opened and read through
on that thread, then a reference is swapped; who still reads the old one keeps it. An index that is damaged is refused:
what was open stays open, the factory lists go on in any case, and the log says so once.
"""

from __future__ import annotations

import logging
import mmap
import re
import threading
from collections.abc import Callable
from pathlib import Path

from config.feeds.compiled import POINTER
from config.feeds.subscriptions import FOLDER
from policy.nametable import NameTable, NameTableError

_log = logging.getLogger(__name__)

_EVERY = 1.0  # seconds
_NAME = re.compile(r"index-[0-9a-f]{1,40}\.names\Z")
_NONE: frozenset[str] = frozenset()
_TRIES = 3


class FeedIndex:
    """The categories that a school's feeds give, as `policy.match.Categories`; empty when it has none.

    Any number of threads may ask; `look` and `follow` belong to one. The index may change between two questions, and
    may be newer than the snapshot that a decision is made with: it holds public lists and no rule of the school.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._table: NameTable | None = None
        self._edition = 0
        self._seen: tuple[int, int, int] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem = ""
        """Why the index that the pointer names is not used; empty when all is well."""
        self.look()

    def categories(self, host: str) -> frozenset[str]:
        """All categories of a canonical host and of its parent names; empty when it is not listed."""
        table = self._table
        return _NONE if table is None else table.categories(host)

    @property
    def edition(self) -> int:
        """Rises with every index that is taken into use."""
        return self._edition

    def known(self) -> frozenset[str]:
        """Every category that a feed fills."""
        table = self._table
        return _NONE if table is None else table.known()

    def __len__(self) -> int:
        table = self._table
        return 0 if table is None else len(table)

    def look(self) -> bool:
        """Look at the pointer, and take a new index into use; whether that happened. Never raises."""
        seen = self._pointer()
        if seen == self._seen:
            return False
        try:
            table = self._open()
        except (NameTableError, OSError, ValueError) as error:
            self._refused(error)
            self._seen = seen
            return False
        if self.problem:
            _log.warning("the index of the lists can be used again")
        self._seen, self._table, self.problem = seen, table, ""
        self._edition += 1
        return True

    def follow(self, on_swap: Callable[[], None] = lambda: None) -> None:
        """Look once a second on a thread of its own, until `stop`; `on_swap` is called there after each swap."""
        self._stopping.clear()

        def run() -> None:
            while not self._stopping.wait(_EVERY):
                if self.look():
                    try:
                        on_swap()
                    except Exception as error:
                        _log.error("a listener to new lists failed: %s", type(error).__name__)

        self._thread = threading.Thread(target=run, name="klaswacht-lists", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; what is open can still be asked."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(5)

    def _pointer(self) -> tuple[int, int, int] | None:
        try:
            found = (self._folder / POINTER).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _open(self) -> NameTable | None:
        """The table that the pointer names now; None without one."""
        for again in reversed(range(_TRIES)):
            try:
                name = (self._folder / POINTER).read_text("ascii").strip()
            except FileNotFoundError:
                return None
            if not _NAME.match(name):
                raise NameTableError("the pointer to it is damaged")
            try:
                return _mapped(self._folder / name)
            except FileNotFoundError:
                if not again:  # it was not just replaced between two looks
                    raise
        return None

    def _refused(self, error: Exception) -> None:
        why = error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
        if why != self.problem:
            went = "the one before it stays in use" if self._table is not None else "the lists that come with it go on"
            _log.error("the index of the lists is not used, %s: %s", went, why)
        self.problem = why


def _mapped(path: Path) -> NameTable:
    """Map an index and read all of it once; what was read is not kept in this process's memory."""
    with path.open("rb") as file:
        room = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    table = NameTable(room)
    if not table.sound():
        raise NameTableError("damaged: the names do not match their checksum")
    room.madvise(mmap.MADV_DONTNEED)  # it stays in the system's cache, which all processes share
    room.madvise(mmap.MADV_RANDOM)
    return table
