"""What mitmproxy reads a client from: bounded in bytes and in time, where mitmproxy itself is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy_addons.connections import Line
from proxy_addons.facts import Away

FIRST_BYTE = 60.0  # seconds: browsers open spare connections ahead
HEAD_WITHIN = 15.0  # seconds from the first byte to a whole head or hello
_PATIENCE = 64 * 1024  # bytes that are read ahead of a head that is being judged
_NAP = 0.005  # seconds


class BoundedReader(asyncio.StreamReader):
    """What mitmproxy reads a client from.

    Mitmproxy bounds no request head, and waits long for the rest of a first one or of a ClientHello; here what is too
    long, or takes too long, ends the connection, and `away` hears why.
    """

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop, away: Callable[[Away], None]) -> None:
        super().__init__(limit=64 * 1024, loop=loop)
        self._line = line
        self._away = away
        self._heads = line.heads
        self._seen = 0
        self._deadline: float | None = None

    async def read(self, n: int = -1) -> bytes:
        """Read at most `n` bytes; raises `OSError` when a head (or message) grows past its bound, or comes too late."""
        data = await self._read_in_time(n)
        self._count(len(data))
        if self._seen > _PATIENCE:
            # A head may be among what was read just now: let its hook begin, and read no more while it is judged.
            await asyncio.sleep(0)
            while self._line.judging and not self._line.closed:
                await asyncio.sleep(_NAP)
            self._count(0)
        if self._seen > (self._line.bound or self._seen):
            self._away(Away.HUGE_HEAD)
            raise OSError("request head too long")
        return data

    async def _read_in_time(self, n: int) -> bytes:
        """Read; while the connection has not begun not past its deadline. It may begin while we are waiting here."""
        now = asyncio.get_running_loop().time
        while True:
            limit = None if self._line.begun else self._deadline or now() + FIRST_BYTE
            try:
                async with asyncio.timeout_at(limit) as timeout:
                    data = await super().read(n)
            except TimeoutError:
                if self._line.begun and timeout.expired():
                    continue
                self._away(Away.SLOW_HEAD if self._deadline is not None else Away.SILENT)
                raise
            self._deadline = None if self._line.begun else self._deadline or now() + HEAD_WITHIN
            return data

    def _count(self, size: int) -> None:
        """Count what was read since the last head; a body is not counted."""
        if self._heads != self._line.heads or self._line.bound is None:
            self._heads, self._seen = self._line.heads, 0
        else:
            self._seen += size
