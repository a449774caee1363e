"""The sockets of a carried connection: each an asyncio protocol that tells its carrier what happens to it."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from mitmproxy.connection import Connection, Server

_BROKEN = "klaswacht_broken"


def broken(connection: Connection) -> bool:
    """Whether a connection ended by a fault, and not because everything was said."""
    return _BROKEN in vars(connection)


class Carries(Protocol):
    """What hears of its sockets (`proxy_addons.carrier.Carrier`)."""

    def received(self, end: End, data: bytes) -> None:
        """Bytes came in."""

    def heard_end(self, end: End) -> None:
        """The other side sends nothing more."""

    def lost(self, end: End) -> None:
        """A socket is gone."""

    def press(self) -> None:
        """A socket takes no more for now, or does again."""


class End(asyncio.Protocol):
    """One socket of a carried connection.

    `transport` is None until it is connected, `work` connects it, `told` says that the layers know that it is open,
    `over` that they know that nothing more comes, `counted` that it is one of those of its origin.
    """

    __slots__ = ("carrier", "connection", "counted", "full", "over", "told", "transport", "unsent", "work")

    def __init__(self, carrier: Carries, connection: Connection) -> None:
        self.carrier = carrier
        self.connection = connection
        self.transport: asyncio.Transport | None = None
        self.work: asyncio.Task[None] | None = None
        self.unsent: list[bytes] = []
        self.told = self.over = self.counted = self.full = False

    @property
    def origin(self) -> tuple[str, int] | None:
        """Where it goes; None for the client's own."""
        return self.connection.address if isinstance(self.connection, Server) else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.pause_reading()  # until the layers know of it

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self.carrier.received(self, data)

    def eof_received(self) -> bool:
        """The other side sends nothing more."""
        self.carrier.heard_end(self)
        return True  # half open: the layers say when it is over

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if exc is not None:
            vars(self.connection)[_BROKEN] = True
        self.carrier.lost(self)

    def send(self) -> None:
        """Write what waits to be sent."""
        unsent = self.unsent
        if unsent and self.transport is not None and not self.transport.is_closing():
            self.transport.write(unsent[0] if len(unsent) == 1 else b"".join(unsent))
        unsent.clear()

    def pause_writing(self) -> None:
        """It takes no more for now."""
        self.full = True
        self.carrier.press()

    def resume_writing(self) -> None:
        """It takes more again."""
        self.full = False
        self.carrier.press()
