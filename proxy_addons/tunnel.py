"""Bytes through, untouched: a raw tunnel between a client and the one host it was opened for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from proxy_addons.faults import BROKEN

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds
CONNECT_WITHIN = 10.0  # seconds
IDLE = 600.0  # seconds without a byte in either direction


def cut(transport: asyncio.WriteTransport) -> None:
    """Close a connection so that nothing of it arrives any more, not even what the kernel had still to send."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    # asyncio (3.13.0) raises for one that was closed while it had still to write, and is gone by now.
    with suppress(AttributeError):
        transport.abort()


class _Side(asyncio.Protocol):
    """One end. Reading here stops while the other end cannot be written to fast enough.

    Reading into one buffer for all (`asyncio.BufferedProtocol`) was tried, and costs as much: what a full socket does
    not take must be copied then.
    """

    __slots__ = ("_tunnel", "ended", "other", "own")

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self.other: asyncio.Transport | None = None
        self.own: asyncio.Transport | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.own = cast(asyncio.Transport, transport)
        try:
            self._tunnel.joined()
        except BaseException:
            self._tunnel.abort()  # asyncio would only tell of it, and both would wait for ever
            raise

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
        try:
            if self.other is not None:
                # What the other end has not been sent yet may go out; after a fault nothing has to. That it broke off
                # TLS says, which all of a tunnel is in; a reset would take with it what has already arrived.
                self.other.abort() if exc is not None else self.other.close()
        finally:
            self._tunnel.lost()


class Tunnel:
    """Two ends tied together. `on_end` is called once, when both are gone."""

    __slots__ = ("_client", "_first", "_left", "_on_end", "_server", "_watch", "stirred")

    def __init__(self, client: asyncio.Transport, on_end: Callable[[], None]) -> None:
        self._client = _Side(self)
        self._server = _Side(self)
        self._client.own = client
        self._first = b""
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
        client = cast(asyncio.Transport, self._client.own)
        if client.is_closing():
            self._left = 1
            self.lost()
            return False
        self._first = first
        client.set_protocol(self._client)
        made: asyncio.Transport | None = None
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                made, _ = await asyncio.get_running_loop().create_connection(lambda: self._server, host, port)
            if self._server.own is None:
                raise ConnectionAbortedError("connected, and it was never told so")
        except BROKEN as error:
            client.abort()
            made = made or self._server.own
            if made is None:
                self.lost()
            else:
                made.abort()
            if not isinstance(error, OSError | UnicodeError):  # a timeout is an OSError too
                raise
            return False
        return not client.is_closing()

    def joined(self) -> None:
        """The host is there: from here on each end hears the other."""
        client, server = cast(asyncio.Transport, self._client.own), cast(asyncio.Transport, self._server.own)
        self._server.other = client
        if client.is_closing():
            server.abort()
            return
        self._client.other = server
        self._watch = asyncio.get_running_loop().call_later(IDLE, self._look)
        client.resume_reading()
        first, self._first = self._first, b""
        if first:
            server.write(first)  # last: when it is much, it pauses the client again

    def abort(self) -> None:
        """End it at once; what was not sent yet is dropped."""
        for transport in (self._server.own, self._client.own):
            if transport is not None:
                cut(transport)

    def lost(self) -> None:
        """One end is gone."""
        self._left -= 1
        if self._left == 0 and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            on_end()
            if self._watch is not None:
                self._watch.cancel()

    def _look(self) -> None:
        if not self.stirred:
            self.abort()
            return
        self.stirred = False
        self._watch = asyncio.get_running_loop().call_later(IDLE, self._look)
