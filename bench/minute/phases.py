"""The three parts of a run: the minute, slow clients beside a good one, and twice as much as can be carried."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.minute.devices import Tally, play
from bench.minute.good import Times, good
from bench.minute.script import Device, script
from bench.minute.slow import Slow, slow_clients
from bench.minute.teachers import Seen, Teachers
from bench.minute.visitors import Visits, visiting
from bench.proxy import house
from bench.proxy.load import Bench

WINDOW = 8.0  # seconds that the good client is timed, each time
ROUNDS = 4  # of the windows with and without slow clients, the order turned every time
QUIET = 60.0  # seconds at most until everything is as before


@dataclass(slots=True)
class Use:
    """Of one stretch of time: seconds of processor by who used them (`rest` is other people's), and how long it was."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of all cores together, the part that ours used."""
        ours = sum(used for name, used in self.cpu.items() if name != "rest")
        return ours / (self.seconds * (os.cpu_count() or 1)) if self.seconds else 0.0


class Meter:
    """Who uses the processor. `sites` is the process of the sites."""

    def __init__(self, bench: Bench, sites: int) -> None:
        self._bench, self._sites = bench, sites

    @contextlib.asynccontextmanager
    async def on(self) -> AsyncIterator[Use]:
        """Measure what happens inside."""
        use, began, before, all_before = Use(), time.perf_counter(), self._now(), _busy()
        yield use
        use.seconds = time.perf_counter() - began
        now = self._now()
        use.cpu = {name: max(0.0, now[name] - before[name]) / 1e6 for name in now}
        use.cpu["rest"] = max(0.0, _busy() - all_before - sum(use.cpu.values()))

    def _now(self) -> dict[str, float]:
        workers = self._bench.proxy.workers()
        return {
            "two workers": house.cpu(workers),
            "dashboard and supervisor": house.cpu(set(self._bench.proxy.family()) - set(workers)),
            "loader": house.cpu([os.getpid()]),
            "sites": house.cpu([self._sites]),
        }


def _busy() -> float:
    """Seconds that all cores were busy so far."""
    numbers = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) / os.sysconf("SC_CLK_TCK")


# --- the minute ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Minute:
    """What the minute came to. `wanted` is how many requests there were, `seconds` until the last was answered."""

    devices: int
    wanted: int
    tally: Tally
    seen: Seen
    use: Use
    seconds: float


async def minute(bench: Bench, meter: Meter, teachers: Teachers, devices: Sequence[Device], faster: float) -> Minute:
    """The devices play their minute while the teachers look on and tap."""
    tally = Tally()
    await teachers.open()
    async with meter.on() as use:
        tapping = asyncio.create_task(teachers.tap(58.0 / faster))
        seconds = await play(bench, devices, tally, faster=faster)
        await tapping
    await teachers.close()
    tally.errors.update(bench.sample.errors)  # a line that was looked into and should not have been, or the reverse
    bench.sample.errors.clear()
    wanted = sum(len(step) for device in devices for page in device.pages for step in page.steps)
    return Minute(len(devices), wanted, tally, teachers.seen, use, seconds)


# --- slow clients ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Beside:
    """A good client alone and beside slow ones. `there` is how many there were at the end of each window with them."""

    many: int
    alone: Times = field(default_factory=Times)
    beside: Times = field(default_factory=Times)
    there: list[Counter[str]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # KB more than without them


async def beside_slow(bench: Bench, many: int, rounds: int, window: float) -> Beside:
    """Windows with and without, the order turned every time, so that what else the machine does falls on both."""
    told = Beside(many)
    for number in range(rounds):
        for with_slow in (number % 2 == 1, number % 2 == 0):
            if not with_slow:
                await asyncio.sleep(1.0)
                await good(bench, window, told.alone)
                continue
            before = house.memory(bench.proxy.workers())
            async with slow_clients(bench, many) as slow:
                await good(bench, window, told.beside)
                told.there.append(_copy(slow))
                told.memory.append(house.memory(bench.proxy.workers()) - before)
            told.ended += slow.ended
    return told


def _copy(slow: Slow) -> Counter[str]:
    return Counter({kind: number for kind, number in slow.there.items() if number > 0})


# --- too much --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Overload:
    """More than it can carry. `rate` is how many requests a second were asked for, `can` how many it can carry.

    `back` is how many seconds after the last answer a good client was served again as one of the first.
    """

    rate: float
    can: float
    tally: Tally
    visits: Visits
    use: Use
    seconds: float
    before: Times = field(default_factory=Times)
    after: Times = field(default_factory=Times)
    back: float = float("nan")


async def overload(bench: Bench, meter: Meter, faster: float, can: float, rounds: int, window: float) -> Overload:
    """Every page by itself, whether or not the one before it came: who waits does not ask less."""
    devices = [
        replace(device, pages=(replace(page, at=page.at + 60.0 * turn),))
        for turn in range(rounds)
        for device in script(bench.pupils, seed=20 + turn)
        for page in device.pages
    ]
    before, tally = Times(), Tally()
    await good(bench, window, before)
    requests = sum(len(step) for device in devices for page in device.pages for step in page.steps)
    async with meter.on() as use, visiting(bench) as visits:
        seconds = await play(bench, devices, tally, faster=faster)
    tally.errors.update(bench.sample.errors)
    bench.sample.errors.clear()
    told = Overload(requests / (60.0 * rounds / faster), can, tally, visits, use, seconds, before)
    told.back = await _back(bench)
    await good(bench, window, told.after)
    return told


async def _back(bench: Bench) -> float:
    """Seconds until a good client gets all that it asks for, a second long."""
    began = time.perf_counter()
    while time.perf_counter() < began + QUIET:
        here, times = time.perf_counter(), Times()
        await good(bench, 1.0, times)
        asked = bench.sample.errors
        if not times.errors and not asked:
            return here - began
        asked.clear()
    return float("inf")
