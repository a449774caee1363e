"""Clients that take their time, each on an address of its own: slow heads, slow readers, and those that only wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from bench.proxy import house
from bench.proxy.answers import Broken, request
from bench.proxy.line import Route, secured
from bench.proxy.load import BROWSER, Bench
from bench.proxy.names import ORDINARY, tunnelled

SLOW = 500
SETTLES = 30.0  # seconds at most after the last came in, until what fits in the buffers of their downloads is there
_RESTS = 0.1  # of a core: what the workers use then
DRIP = 1.0  # seconds between two bytes of a head
SIP, SIPS = 1024, 1.0  # bytes that a slow reader takes, and seconds between two times
_SMALL = 4096  # bytes of its receive buffer
HEAD, READER, IDLE = "slow heads", "slow readers", "idle"


@dataclass(slots=True)
class Slow:
    """How many are connected now by kind, and how often the guard hung up on one (which then comes again)."""

    there: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)


@contextlib.asynccontextmanager
async def slow_clients(bench: Bench, many: int = SLOW) -> AsyncIterator[Slow]:
    """So many of them, a third of each kind, for as long as the block lasts; they come in within a few seconds."""
    kept = Slow()
    works = (_head, _reader, _idle)
    tasks = [asyncio.create_task(_again(bench, kept, works[number % 3], number)) for number in range(many)]
    try:
        for _ in range(300):
            await asyncio.sleep(0.1)
            if sum(kept.there.values()) >= 0.98 * many:
                break
        await _settled(bench)
        yield kept
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _settled(bench: Bench) -> None:
    workers = bench.proxy.workers()
    end = time.perf_counter() + SETTLES
    while time.perf_counter() < end:
        before = house.cpu(workers)
        await asyncio.sleep(1.0)
        if house.cpu(workers) - before <= _RESTS * 1e6:
            return


async def _again(
    bench: Bench, kept: Slow, work: Callable[[Bench, Slow, Route, str], Awaitable[None]], number: int
) -> None:
    """One of them; when the guard hangs up it comes again."""
    pupil = bench.pupils[number % len(bench.pupils)]
    route = Route(bench.proxy.port, bench.proxy.connect, f"127.2.{number // 200}.{number % 200 + 1}", pupil.says)
    host = ORDINARY[number % len(ORDINARY)] if number % 2 else tunnelled()[number % len(tunnelled())]
    await asyncio.sleep(number * 0.01)
    while True:
        with contextlib.suppress(Broken, OSError):
            await work(bench, kept, route, host)
        await asyncio.sleep(0.5)


@contextlib.contextmanager
def _in(kept: Slow, kind: str, sock: socket.socket) -> Iterator[None]:
    kept.there[kind] += 1
    try:
        yield
        kept.ended[kind] += 1
    finally:
        kept.there[kind] -= 1
        sock.close()


async def _head(_: Bench, kept: Slow, route: Route, host: str) -> None:
    """A head of CONNECT, a byte at a time."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with _in(kept, HEAD, sock):
        sock.setblocking(False)
        sock.bind((route.address, 0))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", route.port))
        for one in f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nX: {'slow ' * 100}".encode():
            try:
                await loop.sock_sendall(sock, bytes((one,)))
            except OSError:
                return
            await asyncio.sleep(DRIP)
            if _hung_up(sock):
                return


async def _reader(_: Bench, kept: Slow, route: Route, host: str) -> None:
    """Five megabytes, sip by sip."""
    tls = await secured(route, host, buffer=_SMALL)
    with _in(kept, READER, tls):
        tls.send(request(host, "/body/5m", BROWSER).h1)
        while not _hung_up(tls, SIP):
            await asyncio.sleep(SIPS)


async def _idle(_: Bench, kept: Slow, route: Route, host: str) -> None:
    """A connection on which nothing is ever asked."""
    tls = await secured(route, host)
    with _in(kept, IDLE, tls):
        while not _hung_up(tls):
            await asyncio.sleep(DRIP)


def _hung_up(sock: socket.socket, most: int = 1) -> bool:
    """Take at most so many bytes, and say whether the other side is gone."""
    try:
        return not sock.recv(most)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
