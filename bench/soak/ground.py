"""What all who play in the soak share: where the guard is, the counts, their own dice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import httpx
from h2.exceptions import ProtocolError
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bench.soak.guard import Guard
from bench.soak.lines import PATIENCE, Door, Refused, Reply, trusting

TROUBLES = (OSError, EOFError, Refused, ProtocolError, WebSocketException, httpx.HTTPError)
PATHS = 400  # different addresses on a site: enough to fill what remembers, few enough to be done with that soon


@dataclass(slots=True)
class Counts:
    """What came of it: requests (and messages) done by kind, errors by kind, and what should never have passed.

    `took` is how many seconds each page over HTTP/1.1 took, since the last line of the table.
    """

    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    forbidden: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def passed(self, kind: str, reply: Reply) -> None:
        """An answer to what is open."""
        if reply.ours and reply.status == 200:
            self.done[kind] += 1
        else:
            self.errors[f"{kind}: {reply.status} {'of the site' if reply.ours else 'of the guard'}"] += 1

    def denied(self, kind: str, reply: Reply) -> None:
        """An answer to what is closed."""
        if reply.ours:
            self.forbidden.append(f"{kind}: {reply.status} of the site")
        elif reply.status == 403:
            self.done[kind] += 1
        else:
            self.errors[f"{kind}: {reply.status} of the guard"] += 1

    def broke(self, kind: str, error: BaseException) -> None:
        """A try that failed where none should."""
        self.errors[f"{kind}: {type(error).__name__} {' '.join(str(error).split())[:60]}".strip()] += 1


@dataclass(frozen=True, slots=True)
class Ground:
    """Where one pupil plays: the guard, the counts, its own dice, and whether the bell rang."""

    guard: Guard
    counts: Counts
    chance: Random
    over: asyncio.Event

    def door(self, group: str = "7") -> Door:
        """The listener of a group."""
        return self.guard.door(self.guard.groups[group])

    def path(self, kind: str = "p") -> str:
        """One of a bounded number of addresses."""
        return f"/{kind}/{self.chance.randrange(PATHS)}"

    async def think(self, shortest: float, longest: float) -> None:
        """Wait so many seconds, or until the bell."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self.chance.uniform(shortest, longest))


def socket(door: Door, host: str, **headers: str) -> connect:
    """A WebSocket through the guard, not yet opened."""
    proof = f"{door.key}@" if door.key else ""
    return connect(
        f"wss://{host}/ws",
        proxy=f"http://{proof}127.0.0.1:{door.port}",
        ssl=trusting(door.authorities, ("http/1.1",)),
        compression=None,
        additional_headers=headers,
        ping_interval=None,
        open_timeout=PATIENCE,
        close_timeout=2,
    )


def photo(chance: Random) -> tuple[bytes, str]:
    """A form with a picture of 10 kB to 3 MB in it, and its content type."""
    size = int(10_000 * 300 ** chance.random())
    edge = f"rand{chance.randrange(10**9)}"
    what = 'Content-Disposition: form-data; name="foto"; filename="foto.jpg"\r\nContent-Type: image/jpeg'
    head = f"--{edge}\r\n{what}\r\n\r\n"
    picture = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + chance.randbytes(1024) * (size // 1024)
    return head.encode() + picture + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
