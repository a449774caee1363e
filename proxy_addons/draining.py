"""How a worker ends: what runs gets some time, what is idle is let go of at once and politely, the rest is cut."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the supervisor reads this too, and has no use for the whole engine
    from proxy_addons.connections import Connections, Line

_LOOK = 0.05  # seconds between two looks
_SPARE = 2.0  # seconds that what has not asked for anything yet gets at most: browsers open connections ahead
_FAREWELL = 1.0  # seconds in which who was let go of is gone


class Stop(asyncio.Event):
    """Set when the worker is to stop; `until` is the moment (of the loop's clock) to which what runs may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.until = math.inf

    def within(self, seconds: float) -> None:
        """Stop within so many seconds; a later word makes it sooner, never later."""
        self.until = min(self.until, asyncio.get_running_loop().time() + seconds)
        self.set()


def hang_up(transport: asyncio.BaseTransport) -> None:
    """End a connection as if its client had: whatever carries it reads what has come in, then an end, and closes."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RD)


async def drain(connections: Connections, inside: Callable[[], int], stop: asyncio.Event, grace: float) -> None:
    """Wait for what runs, until it is done or its time is over; then close what is left.

    `inside` counts all accepted connections, with those that have not said anything yet. Without a `Stop` the time is
    `grace` seconds.
    """
    now = asyncio.get_running_loop().time
    begun = now()

    def until() -> float:
        return stop.until if isinstance(stop, Stop) else begun + grace

    connections.draining = True
    spare = begun + min(_SPARE, (until() - begun) / 10)
    leaving = _Leaving()
    while now() < until():
        lines = tuple(connections)
        young = now() < spare
        busy = [line for line in lines if not leaving.left(line, young, now())]
        if not busy and not (young and inside() > len(lines)):
            break
        await asyncio.sleep(_LOOK)
    connections.close_all()
    for _ in range(20):
        if not len(connections):
            break
        await asyncio.sleep(_LOOK)


class _Leaving:
    """Who was idle at the last look, and who was let go of when."""

    def __init__(self) -> None:
        self._idle: dict[str, int] = {}
        self._asked: dict[str, float] = {}

    def left(self, line: Line, young: bool, now: float) -> bool:
        """Let go of a line when it is idle for the second time; whether it need not be waited for any more."""
        name = line.peer.connection
        if name in self._asked:
            return now - self._asked[name] > _FAREWELL
        if not is_idle(line, young):
            self._idle.pop(name, None)
        elif self._idle.get(name) == line.heads:
            self._asked[name] = now
            if line.transport is not None:
                hang_up(line.transport)
        else:
            self._idle[name] = line.heads
        return False


def is_idle(line: Line, young: bool) -> bool:
    """Whether nothing runs on a line. `young`: one that has not asked for anything yet is about to."""
    if line.running or line.judging or line.bodies:
        return False
    return line.heads > 0 or not young
