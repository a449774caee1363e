"""Bytes through, untouched: a raw tunnel between a client and the one host it was opened for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds
CONNECT_WITHIN = 10.0  # seconds
IDLE = 600.0  # seconds without a byte in either direction


def cut(transport: asyncio.WriteTransport) -> None:
    """Close a connection so that nothing of it arrives any more, not even what the kernel had still to send."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


class _Side(asyncio.Protocol):
    """One end. Reading here stops while the other end cannot be written to fast enough."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self.other: asyncio.Transport | None = None
        self.own: asyncio.Transport | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.own = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._tunnel.stirred = True
        if self.other is not None:
            self.other.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        if self.other is not None and not self.other.is_closing() and self.other.can_write_eof():
            self.other.write_eof()
        # Half open: the other end may still have much to say. When both have ended, asyncio closes this end.
        return not self._tunnel.both_ended

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            # What the other end has not been sent yet may go out; after a fault nothing has to.
            self.other.abort() if exc is not None else self.other.close()
        self._tunnel.lost()


class Tunnel:
    """Two ends tied together. `on_end` is called once, when both are gone."""

    def __init__(self, client: asyncio.Transport, on_end: Callable[[], None]) -> None:
        self._client = _Side(self)
        self._server = _Side(self)
        self._client_transport = client
        self._on_end: Callable[[], None] | None = on_end
        self._watch: asyncio.TimerHandle | None = None
        self._left = 2
        self.stirred = False

    @property
    def both_ended(self) -> bool:
        """Whether both ends have sent their last byte."""
        return self._client.ended and self._server.ended

    async def open(self, host: str, port: int, first: bytes) -> bool:
        """Connect to `host` and send `first`. False when that failed: both ends are closed then.

        The client's reading must be paused; it goes on here.
        """
        loop = asyncio.get_running_loop()
        if self._client_transport.is_closing():
            self._left = 1
            self.lost()
            return False
        self._client_transport.set_protocol(self._client)
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                server, _ = await loop.create_connection(lambda: self._server, host, port)
        except (OSError, UnicodeError):  # a timeout is an OSError too
            self._client_transport.abort()
            self.lost()
            return False
        self._client.other, self._server.other = server, self._client_transport
        if self._client_transport.is_closing():
            server.abort()
            return False
        server.write(first)
        self._client_transport.resume_reading()
        self._watch = loop.call_later(IDLE, self._look)
        return True

    def abort(self) -> None:
        """End it at once; what was not sent yet is dropped."""
        for transport in (self._server.own, self._client_transport):
            if transport is not None:
                cut(transport)

    def lost(self) -> None:
        """One end is gone."""
        self._left -= 1
        if self._left == 0 and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            if self._watch is not None:
                self._watch.cancel()
            on_end()

    def _look(self) -> None:
        if not self.stirred:
            self.abort()
            return
        self.stirred = False
        self._watch = asyncio.get_running_loop().call_later(IDLE, self._look)
