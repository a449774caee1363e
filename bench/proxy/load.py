"""The plain loads. Each is a number of units through one proxy; what a unit costs it is taken by `measured`.

A load begins with a warm-up that is not counted. Whatever is answered is compared with what must be answered: status,
length of the body, and whether the certificate was the site's own (not looked into) or one that the proxy made.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.proxy import house
from bench.proxy.answers import Broken, Request, request
from bench.proxy.line import Line, Route, dial
from bench.proxy.names import ORDINARY, tunnelled
from bench.proxy.origin import Sites
from bench.proxy.peers import Proxy
from bench.proxy.school import GROUPS, Pupil, pupils

SECONDS = 2.5
WARM = 0.7
AT_ONCE = 16  # requests under way
DIALLING = 8  # connections being made
DOWNLOADS = 4
RATE, RATED_FOR = 100, 4.0  # requests a second, and for how long
IDLE, IDLE_DEAR = 2000, 400  # tunnels; connections that are looked into, which take long to make
SHARED = 400
BROWSER = (
    ("user-agent", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
     "Safari/537.36"),
    ("sec-ch-ua", '"Chromium";v="141", "Not?A_Brand";v="8"'),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", '"Chrome OS"'),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "nl-NL,nl;q=0.9,en;q=0.7"),
)  # fmt: skip
"""What a browser says with every request."""

_TO_ITSELF = (*BROWSER, ("accept", "*/*"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"),
              ("sec-fetch-dest", "empty"))  # fmt: skip


@dataclass(slots=True)
class Sample:
    """What one load did to one proxy. `loader` is the part of the time that core 0 was busy.

    `cpu`: microseconds of all its processes; `carried`: of those that carry connections.
    """

    units: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    carried: float = 0.0
    loader: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    more: dict[str, float] = field(default_factory=dict)

    @property
    def each(self) -> float:
        """Microseconds of CPU a unit."""
        return self.cpu / self.units if self.units else 0.0

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds if self.seconds else 0.0


class Bench:
    """One proxy under load, from thirty pupils of each of `groups`. Errors are collected in `sample`."""

    def __init__(self, proxy: Proxy, sites: Sites, seconds: float = SECONDS, groups: Sequence[str] = GROUPS) -> None:
        self.proxy, self.sites, self.seconds = proxy, sites, seconds
        self.sample = Sample()
        self.pupils = pupils(groups)

    def route(self, pupil: Pupil) -> Route:
        return Route(self.proxy.port, self.proxy.connect, pupil.address, pupil.says)

    async def dial(self, pupil: Pupil, host: str, *, h2: bool = False) -> Line:
        """A connection that is looked into or not, as it must be. Raises `Broken`."""
        line = await dial(self.route(pupil), host, h2=h2)
        if (line.leaf in self.sites.leaves) is not self.proxy.raw(host):
            self.sample.errors["looked into" if self.proxy.raw(host) else "not looked into"] += 1
        return line

    async def get(self, line: Line, wanted: Request, status: int = 200) -> bool:
        """A request that must be answered with `status`; a 200 with the body of the right length."""
        try:
            got, size = await line.get(wanted)
        except Broken as error:
            self.sample.errors[str(error)] += 1
            return False
        if got != status:
            self.sample.errors[f"{got} for {status}"] += 1
        elif got == 200 and size not in self.sites.right_sizes(wanted.path):
            self.sample.errors["wrong length"] += 1
        return True

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[None]:
        """Take the time and the CPU of what happens inside."""
        family, carriers = self.proxy.family(), self.proxy.workers()
        before = house.cpu(carriers)
        cpu, core, began = house.cpu(family), _core_busy(), time.perf_counter()
        yield
        self.sample.seconds = time.perf_counter() - began
        self.sample.cpu = house.cpu({*family, *self.proxy.family()}) - cpu
        self.sample.carried = house.cpu(carriers) - before
        self.sample.loader = (_core_busy() - core) / (self.sample.seconds * os.sysconf("SC_CLK_TCK"))

    async def repeat(self, works: list[Callable[[], Awaitable[bool]]]) -> None:
        """Do every work over and over, side by side: first to warm up, then for the measure."""
        counting, going = False, True

        async def over_and_over(work: Callable[[], Awaitable[bool]]) -> None:
            while going:
                if not await work():
                    return
                if counting:
                    self.sample.units += 1

        tasks = [asyncio.ensure_future(over_and_over(work)) for work in works]
        await asyncio.sleep(min(WARM, self.seconds))
        async with self.measured():
            counting = True
            await asyncio.sleep(self.seconds)
            counting = False
        going = False
        await asyncio.gather(*tasks)


def _core_busy() -> int:
    """Ticks that core 0 was busy so far, with whatever: ours, the sites' and other people's."""
    lines = Path("/proc/stat").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"cpu{house.LOADER_CORE} "))
    numbers = [int(one) for one in line.split()[1:9]]
    return sum(numbers) - numbers[3] - numbers[4]


# --- keep-alive ------------------------------------------------------------------------------------------------------


async def keepalive(bench: Bench, *, h2: bool, raw: bool, body: str = "1k", at_once: int = AT_ONCE) -> None:
    """Requests on connections that stay: http/1.1 one at a time on each, h2 four."""
    hosts = tunnelled() if raw else ORDINARY
    together = 4 if h2 else 1
    lines = []
    for number in range(at_once // together):
        host = hosts[number % len(hosts)]
        lines.append((await bench.dial(bench.pupils[number * 18], host, h2=h2), host))
    if h2 and not all(line.h2 for line, _ in lines):
        bench.sample.errors["no h2"] += 1
    works = [_asks(bench, line, request(host, f"/body/{body}", _TO_ITSELF)) for line, host in lines * together]
    await bench.repeat(works)
    for line, _ in lines:
        line.close()


def _asks(bench: Bench, line: Line, wanted: Request) -> Callable[[], Awaitable[bool]]:
    async def work() -> bool:
        return await bench.get(line, wanted)

    return work


async def downloads(bench: Bench, *, raw: bool) -> None:
    """Bodies of 5 MB, four at a time."""
    await keepalive(bench, h2=False, raw=raw, body="5m", at_once=DOWNLOADS)


# --- new connections -------------------------------------------------------------------------------------------------


async def new_tls(bench: Bench, *, raw: bool) -> None:
    """A connection for every request of 1 KB; no TLS session is taken up again. Certificates were made before."""
    hosts = (tunnelled() if raw else ORDINARY)[:12]
    wanted = {host: request(host, "/body/1k", _TO_ITSELF) for host in hosts}
    count = 0

    async def one() -> bool:
        nonlocal count
        count += 1
        host, pupil = hosts[count % len(hosts)], bench.pupils[count * 7 % len(bench.pupils)]
        try:
            line = await bench.dial(pupil, host)
        except Broken as error:
            bench.sample.errors[str(error)] += 1
            return True
        await bench.get(line, wanted[host])
        line.close()
        return True

    for _ in hosts:
        await one()
    await bench.repeat([one] * DIALLING)


# --- latency ---------------------------------------------------------------------------------------------------------


async def latency(bench: Bench) -> None:
    """50 KB, looked into, a hundred times a second; timed from when it was due."""
    lines = []
    for number in range(20):
        host = ORDINARY[number]
        lines.append((await bench.dial(bench.pupils[number * 14], host), request(host, "/body/50k", _TO_ITSELF)))
    for line, wanted in lines:
        await bench.get(line, wanted)
    times: list[float] = []

    async def one(line: Line, wanted: Request, due: float) -> None:
        if await bench.get(line, wanted):
            times.append(time.perf_counter() - due)

    total = int(RATE * RATED_FOR * min(1.0, bench.seconds / SECONDS))
    tasks = []
    async with bench.measured():
        begin = time.perf_counter()
        for number in range(total):
            due = begin + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.ensure_future(one(*lines[number % len(lines)], due)))
        await asyncio.gather(*tasks)
    bench.sample.units = len(times)
    times.sort()
    if times:
        bench.sample.more = {"p50": 1000 * times[len(times) // 2], "p99": 1000 * times[int(len(times) * 0.99)]}
    for line, _ in lines:
        line.close()


# --- connections that only wait --------------------------------------------------------------------------------------


async def idle(bench: Bench) -> None:
    """Connections that carried one request and then stay open: what each adds to the memory of all processes."""
    raw = bench.proxy.raw(tunnelled()[0])
    total = IDLE if raw else IDLE_DEAR
    if bench.seconds < SECONDS:
        total //= 10
    await asyncio.gather(*(_held(bench, number) for number in range(20)))  # what is only loaded once
    await asyncio.sleep(0.5)
    before = house.memory(bench.proxy.family())
    async with bench.measured():
        lines = await _many(bench, total)
    await asyncio.sleep(1.0)
    bench.sample.units = len(lines)
    grown = house.memory(bench.proxy.family()) - before
    bench.sample.more = {"kb": grown / max(1, len(lines)), "held": len(lines)}
    for line in lines:
        line.close()
    await asyncio.sleep(0.5)


async def sharing(bench: Bench) -> None:
    """How the workers divide connections: the smaller share, in percent."""
    lines = await _many(bench, SHARED)
    async with bench.measured():
        await asyncio.sleep(0.1)
    bench.sample.units = len(lines)
    shares = [house.connections(pid, bench.proxy.port) for pid in bench.proxy.workers()]
    bench.sample.more = {"share": 100 * min(shares, default=0) / max(1, sum(shares)), "workers": len(shares)}
    for line in lines:
        line.close()


async def _many(bench: Bench, total: int) -> list[Line]:
    gate = asyncio.Semaphore(2 * DIALLING)

    async def one(number: int) -> Line | None:
        async with gate:
            return await _held(bench, number)

    made = await asyncio.gather(*(one(number) for number in range(total)))
    return [line for line in made if line is not None]


async def _held(bench: Bench, number: int) -> Line | None:
    host = tunnelled()[number % len(tunnelled())]
    try:
        line = await bench.dial(bench.pupils[number % len(bench.pupils)], host)
    except Broken as error:
        bench.sample.errors[str(error)] += 1
        return None
    await bench.get(line, request(host, "/body/1k", _TO_ITSELF))
    return line
