"""Where the proxy's workers accept: for each worker a *place*, one socket for each port, kept open by the supervisor.

The sockets of one port share it (SO_REUSEPORT): the kernel spreads new connections over them evenly, and a place that
is never closed loses none of what waits in it, whoever stops or dies. See `proxy_addons.handed`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from cli.ports import Held
from proxy_addons.handed import PLACES

MOST_WORKERS = 16
_FOR_WORKERS = frozenset({"proxy", "keyed", "group", "transparent"})
"""The kinds of ports that the workers accept on; the others belong to one process of their own."""

type Place = tuple[socket.socket, ...]


def cores() -> int:
    """How many workers there are when nobody says: as many as there are cores for this process."""
    return max(1, min(os.process_cpu_count() or 1, MOST_WORKERS))


@contextmanager
def opened(held: Mapping[str, Held], count: int) -> Iterator[tuple[Place, ...]]:
    """Open `count` places beside the held ports; none of them listens before its worker does.

    Raises `OSError` when the system has no more room.
    """
    mine = [one.socket for name, one in held.items() if name.partition(":")[0] in _FOR_WORKERS]
    with ExitStack() as stack:
        yield tuple(tuple(stack.enter_context(_beside(one)) for one in mine) for _ in range(count))


def told(places: Sequence[Place], own: int) -> dict[str, str]:
    """What a worker's environment says of the places."""
    numbers = [[one.fileno() for one in place] for place in places]
    return {PLACES: json.dumps({"own": own, "places": numbers}, separators=(",", ":"))}


def descriptors(places: Sequence[Place]) -> tuple[int, ...]:
    """All of them, for a worker to inherit."""
    return tuple(one.fileno() for place in places for one in place)


def _beside(held: socket.socket) -> socket.socket:
    # With the protocol named, asyncio turns Nagle off on what is accepted; without, every answer waits 40 ms.
    one = socket.socket(held.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(held.getsockname())
    except OSError:
        one.close()
        raise
    return one
