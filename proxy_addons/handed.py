"""What the supervisor hands to a worker: the sockets to listen on, its own and its brothers', and a line for its word.

A *place* is one listening socket for each port. The supervisor keeps every place open for as long as the guard runs,
so what waits in one outlives the worker that was to accept it: the next worker of that place finds it there, and
meanwhile a brother takes it. A worker that stops only leaves off accepting, which refuses nobody.

The supervisor's words, a line each: `take N`, `leave N` (another's place), `drain SECONDS` (make room for a new one).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from proxy_addons.draining import Stop

PLACES = "KLASWACHT_PLACES"
"""In the environment: JSON, the number of the worker's own place and the descriptors of all places."""
WORD_FD = "KLASWACHT_WORD_FD"
"""In the environment: the descriptor on which the supervisor speaks."""
REPLACES = "KLASWACHT_REPLACES"
"""In the environment of a process that is to take over from one that works: without rules it must not."""


@dataclass(frozen=True, slots=True)
class Handed:
    """`own` is the number of the worker's own place, `word` the line on which the supervisor speaks."""

    own: int
    places: Sequence[Sequence[socket.socket]]
    word: socket.socket | None

    @classmethod
    def here(cls) -> Self | None:
        """What this process was given; None when no supervisor started it. To be called once."""
        told, word = os.environ.pop(PLACES, None), os.environ.pop(WORD_FD, None)
        if told is None:
            return None
        said = json.loads(told)
        places = [[_nonblocking(int(fd)) for fd in place] for place in said["places"]]
        return cls(int(said["own"]), places, None if word is None else _nonblocking(int(word)))

    def socket_at(self, host: str, port: int) -> socket.socket | None:
        """The worker's own socket of an address, to listen on; None when none was given for it."""
        for one in self.places[self.own]:
            name = one.getsockname()
            if name[1] == port and ip_address(name[0]) == ip_address(host):
                return one
        return None


def bound(host: str, port: int) -> socket.socket:
    """A TCP socket on a port that several can share (SO_REUSEPORT), not listening yet. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle off on what is accepted; without, every answer waits 40 ms.
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((host, port))
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


class Listening:
    """The places at which a worker accepts now. `maker` gives the protocol factory of the connections to a port."""

    def __init__(self, maker: Callable[[int], Callable[[], asyncio.Protocol]], backlog: int) -> None:
        self._maker = maker
        self._backlog = backlog
        self._servers: dict[Hashable, list[asyncio.Server]] = {}

    async def open(self, place: Hashable, sockets: Sequence[socket.socket]) -> None:
        """Accept at a place; `sockets` stay the caller's."""
        if place in self._servers:
            return
        servers = self._servers[place] = []
        loop = asyncio.get_running_loop()
        for one in sockets:
            make = self._maker(int(one.getsockname()[1]))
            servers.append(await loop.create_server(make, sock=one.dup(), backlog=self._backlog))

    async def close(self, place: Hashable) -> None:
        """Leave off accepting at a place. What was accepted already goes on."""
        servers = self._servers.pop(place, [])
        loop = asyncio.get_running_loop()
        for server in servers:
            for one in server.sockets:
                loop.remove_reader(one.fileno())
        # What was accepted in this very turn gets its transport in the next: asyncio drops it when its server is gone.
        for _ in range(3):
            await asyncio.sleep(0)
        for server in servers:
            server.close()

    async def close_all(self) -> None:
        """Leave off accepting anywhere."""
        for place in tuple(self._servers):
            await self.close(place)


async def obey(handed: Handed, listening: Listening, stop: asyncio.Event) -> None:
    """Do what the supervisor says, until it is gone or this is cancelled."""
    if handed.word is None:
        return
    reader, writer = await asyncio.open_connection(sock=handed.word)
    try:
        while words := (await reader.readline()).decode("ascii", "replace").split():
            match words:
                case ["take", place]:
                    await listening.open(int(place), handed.places[int(place)])
                case ["leave", place]:
                    await listening.close(int(place))
                case ["drain", seconds] if isinstance(stop, Stop):
                    stop.within(float(seconds))
    finally:
        writer.close()


def _nonblocking(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    one = socket.socket(fileno=descriptor)
    one.setblocking(False)
    return one
