"""Every open client connection with what runs on it: asked again when things change, and closed at once when denied.

How a connection is ended is told by whoever carries it (`Line.end`), so that every engine is closed alike. A timer
wakes us at the nearest end of an answer, but is never the truth: what decides is the question asked again with the
clock of that moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from policy.model import AccessRequest
from proxy_addons.facts import Peer
from proxy_addons.faults import BROKEN, told
from proxy_addons.identity import plain

_log = logging.getLogger(__name__)

type Standing = Callable[[AccessRequest], tuple[bool, datetime | None]]
"""Whether what lives by a request may go on, and until when that answer holds. Must not raise."""

type _Known = dict[tuple[AccessRequest, str], tuple[bool, datetime | None]]

MAX_HEAD = 256 * 1024  # bytes of one request head
MAX_MESSAGE = 16 * 1024 * 1024  # bytes of one WebSocket message, or of frames around a long HTTP/2 response
_LONGEST_NAP = 1.0  # seconds between two looks at the clock while an end is known: a clock may be set, a box may sleep
_SHORTEST_NAP = 0.005


def utc_now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Running:
    """A tunnel, exchange or WebSocket: what it lives by (None: nothing to ask again), and how long that holds."""

    request: AccessRequest | None
    until: datetime | None


@dataclass(slots=True)
class Line:
    """One client connection, and what the engine knows of it.

    `connect` is its CONNECT target, `first` whether the origin may be greeted before the client's handshake ends.
    `safe` says that whoever is behind it gets search engines only by their safe names (see `egress.Way`).
    `begun` says that its ClientHello or first request came in whole (behind each CONNECT anew).
    `heads` counts request heads and WebSocket messages, `judging` those that are being asked about, `bodies` are still
    coming, `raw` is a WebSocket. `transport` is the client's, where a doorway took it in.
    """

    peer: Peer
    end: Callable[[], None]
    connect: tuple[str, int] | None = None
    sni: str | None = None
    first: bool = False
    safe: bool = True
    closed: bool = False
    begun: bool = False
    http2: bool = False
    raw: bool = False
    heads: int = 0
    judging: int = 0
    bodies: int = 0
    running: dict[str, Running] = field(default_factory=dict)
    transport: asyncio.BaseTransport | None = None

    @property
    def bound(self) -> int | None:
        """How many bytes the client may send before its next head or message; None while a body is coming.

        Between requests that is a head. HTTP/2 keeps sending small frames for what it receives, and a WebSocket sends
        a message, so they may send more.
        """
        if self.bodies:
            return None
        return MAX_MESSAGE if self.raw or (self.http2 and self.running) else MAX_HEAD


class Connections:
    """The open connections of one worker. Belongs to one event loop."""

    def __init__(self, standing: Standing, now: Callable[[], datetime] = utc_now) -> None:
        self._standing = standing
        self._now = now
        self._lines: dict[str, Line] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes: datetime | None = None
        self.closed = 0
        self.draining = False  # the worker stops: what is answered now is the last on its connection

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(tuple(self._lines.values()))

    # --- lines -------------------------------------------------------------------------------------------------------

    def open(self, peer: Peer, end: Callable[[], None], transport: asyncio.BaseTransport | None = None) -> Line:
        """Note a new client connection; `end` ends it at once, without waiting for anything to be sent."""
        line = self._lines[peer.connection] = Line(peer, end, transport=transport)
        return line

    def get(self, connection_id: str) -> Line | None:
        """Return the line of a client connection."""
        return self._lines.get(connection_id)

    def names(self, connection_id: str) -> tuple[str, ...]:
        """Return the CONNECT target and SNI of a connection, as far as known."""
        line = self._lines.get(connection_id)
        if line is None:
            return ()
        return tuple(name for name in (line.connect[0] if line.connect else None, line.sni) if name)

    def gone(self, connection_id: str) -> None:
        """Forget a connection that has ended."""
        self._lines.pop(connection_id, None)

    def close(self, connection_id: str) -> None:
        """Close a client connection at once, with everything that runs on it."""
        line = self._lines.get(connection_id)
        if line is None or line.closed:
            return
        line.closed = True
        self.closed += 1
        try:
            line.end()
        except BROKEN as error:
            _log.error("a connection could not be ended as it should: %s", told(error))
            if isinstance(line.transport, asyncio.WriteTransport):
                line.transport.abort()

    def close_all(self) -> None:
        """Close everything (the worker stops)."""
        for line in self:
            self.close(line.peer.connection)

    # --- what runs ---------------------------------------------------------------------------------------------------

    def begin(self, connection_id: str, key: str, request: AccessRequest | None, until: datetime | None) -> bool:
        """Note that something permitted runs. False when the connection is closed already: then it must not run."""
        line = self._lines.get(connection_id)
        if line is None or line.closed:
            return False
        line.running[key] = Running(request, until)
        if until is not None:
            self._wake_at(until)
        return True

    def end(self, connection_id: str, key: str) -> None:
        """Forget something that has run its course."""
        line = self._lines.get(connection_id)
        if line is not None:
            line.running.pop(key, None)

    def alive(self, connection_id: str, key: str) -> bool:
        """Whether something may still run, asked for every message of a WebSocket: cheap while its answer holds."""
        line = self._lines.get(connection_id)
        if line is None or line.closed or key not in line.running:
            return False
        running = line.running[key]
        if running.until is not None and self._now() >= running.until and not self._renewed(running):
            self.close(connection_id)
            return False
        return True

    # --- asking again ------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Ask everything again: the snapshot was swapped."""
        self._asked(everything=True)

    def moved(self, addresses: Collection[str] | None) -> None:
        """Ask again what runs for these client addresses (as `plain` writes them): somebody else is there now.

        None: it may be anywhere.
        """
        self._asked(everything=True, at=addresses)

    def stop(self) -> None:
        """Drop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._wakes = None

    def _asked(self, *, everything: bool, at: Collection[str] | None = None) -> None:
        """Ask again; when even that breaks nothing goes on that had to be asked."""
        try:
            self._sweep(everything=everything, at=at)
        except BROKEN as error:
            _log.error("what is open could not be asked again and is closed: %s", told(error))
            for line in tuple(self._lines.values()):
                if any(one.request is not None for one in line.running.values()):
                    self.close(line.peer.connection)

    def _sweep(self, *, everything: bool, at: Collection[str] | None = None) -> None:
        now = self._now()
        known: _Known = {}
        nearest: datetime | None = None
        for line in self:
            whole = everything and (at is None or plain(line.peer.address) in at)
            for running in tuple(line.running.values()):
                if line.closed:
                    break
                if (whole or (running.until is not None and running.until <= now)) and not self._renewed(
                    running, known
                ):
                    self.close(line.peer.connection)
                elif running.until is not None and (nearest is None or running.until < nearest):
                    nearest = running.until
        self.stop()
        if nearest is not None:
            self._wake_at(nearest)

    def _renewed(self, running: Running, known: _Known | None = None) -> bool:
        if running.request is None:
            running.until = None
            return True
        key = (running.request, running.request.who.at)  # the same asker, told by another address, may be gone from it
        answer = known.get(key) if known is not None else None
        if answer is None:
            answer = self._standing(running.request)
            if known is not None:
                known[key] = answer
        running.until = answer[1]
        return answer[0]

    def _wake_at(self, moment: datetime) -> None:
        if self._wakes is not None and self._wakes <= moment:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wakes = moment
        wait = (moment - self._now()).total_seconds()
        self._timer = asyncio.get_running_loop().call_later(min(max(wait, _SHORTEST_NAP), _LONGEST_NAP), self._wake)

    def _wake(self) -> None:
        moment, self._timer, self._wakes = self._wakes, None, None
        if moment is None:
            return
        if self._now() >= moment:
            self._asked(everything=False)
        else:
            self._wake_at(moment)
