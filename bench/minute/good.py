"""A good client: what it waits for one more answer, and for one more connection with an answer on it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from bench.proxy.answers import Broken, request
from bench.proxy.load import BROWSER, Bench
from bench.proxy.names import ORDINARY, tunnelled

KEPT, LOOKED, RAW = "a request on an open line, looked into", "a new line, looked into", "a new line in a tunnel"
EVERY = {KEPT: 0.05, LOOKED: 0.2, RAW: 0.2}  # seconds between two of them


@dataclass(slots=True)
class Times:
    """Seconds by what was done, and what went wrong."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in EVERY})
    errors: list[str] = field(default_factory=list)


async def good(bench: Bench, seconds: float, times: Times) -> None:
    """Go on for so many seconds, at an even pace: whoever waits longer asks no less often."""
    pupil = bench.pupils[-1]
    end = time.perf_counter() + seconds
    kept = await bench.dial(pupil, ORDINARY[0])
    wanted = {host: request(host, "/body/1k", BROWSER) for host in (ORDINARY[0], ORDINARY[1], tunnelled()[0])}
    under_way: set[asyncio.Task[None]] = set()

    async def on_open() -> None:
        await kept.get(wanted[ORDINARY[0]])

    async def on_new(host: str) -> None:
        line = await bench.dial(pupil, host)
        with contextlib.closing(line):
            await line.get(wanted[host])

    async def timed(kind: str, due: float) -> None:
        try:
            await (on_open() if kind == KEPT else on_new(ORDINARY[1] if kind == LOOKED else tunnelled()[0]))
            times.took[kind].append(time.perf_counter() - due)
        except Broken as error:
            times.errors.append(f"{kind}: {error}")

    async def paced(kind: str) -> None:
        due = time.perf_counter()
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(timed(kind, due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            due += EVERY[kind]

    await asyncio.gather(*(paced(kind) for kind in EVERY))
    await asyncio.gather(*under_way)
    kept.close()


def p95(values: list[float]) -> float:
    """The 95th percentile by rank; nan of nothing."""
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))] if values else float("nan")
