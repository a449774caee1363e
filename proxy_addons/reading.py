"""What a client may send, and when: bounded in bytes and in time, where mitmproxy's layers are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy_addons.connections import Line
from proxy_addons.facts import Away

FIRST_BYTE = 60.0  # seconds: browsers open spare connections ahead
HEAD_WITHIN = 15.0  # seconds from the first byte to a whole head or hello
_PATIENCE = 64 * 1024  # bytes that are read ahead of a head that is being judged


class Bounds:
    """Watches over what the client of a line sends; `end` is told why it must end, at most once."""

    __slots__ = ("_begun_head", "_end", "_heads", "_line", "_seen", "_timer")

    def __init__(self, line: Line, end: Callable[[Away], None]) -> None:
        self._line = line
        self._end = end
        self._heads, self._seen = line.heads, 0
        self._begun_head = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ahead(self) -> bool:
        """Whether so much was read behind a head that is being judged that it is enough for now."""
        return self._seen > _PATIENCE and self._line.judging > 0 and not self._line.closed

    def start(self) -> None:
        """Wait for the first byte."""
        self._wait(FIRST_BYTE)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def took(self, size: int) -> None:
        """So many bytes came in, and whatever is in them was taken up by the engine.

        A body is not counted: only what was sent since the last head, message or hello.
        """
        line = self._line
        if line.begun:
            if self._timer is not None:
                self.stop()
                self._begun_head = False
        elif self._timer is None:
            self._wait(FIRST_BYTE)  # behind a CONNECT it begins anew
        elif not self._begun_head:
            self._begun_head = True
            self._wait(HEAD_WITHIN)
        if self._heads != line.heads or line.bound is None:
            self._heads, self._seen = line.heads, 0
            return
        self._seen += size
        if self._seen > line.bound:
            self.stop()
            self._end(Away.HUGE_HEAD)

    def _wait(self, seconds: float) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        if not self._line.begun:
            self._end(Away.SLOW_HEAD if self._begun_head else Away.SILENT)
