"""The devices at work, and what came of every request: carried, shed, wrong, or never answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.minute.script import Device, Page
from bench.proxy.answers import Broken, Request
from bench.proxy.classmix import Browser
from bench.proxy.line import Line
from bench.proxy.load import Bench

LINES = 6  # connections of http/1.1 to a site, as browsers have
HANGS = ("no answer", "no connection in time")
"""What `bench.proxy.line` says of what never came: an answer within 60 s, a connection within 30."""


@dataclass(slots=True)
class Tally:
    """What came of it, in requests by kind. `shed`: the guard asked to come back later.

    `shown` are requests for what is closed that a site answered; `pages` is in seconds, of those that came whole;
    `again` requests were sent a second time because the line was hung up, as browsers do.
    """

    carried: Counter[str] = field(default_factory=Counter)
    shed: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    again: int = 0
    connections: int = 0

    @property
    def hung(self) -> int:
        """How many waited for nothing."""
        return sum(number for name, number in self.errors.items() if name.endswith(HANGS))


class Surfer(Browser):
    """A device's browser; it tells a tally."""

    def __init__(self, bench: Bench, device: Device, tally: Tally) -> None:
        super().__init__(bench, device.pupil, h2=device.h2, most=LINES)
        self._tally = tally
        self._used: set[Line] = set()
        self._missed = 0  # requests of this device that were not carried

    def broke(self, kind: str, error: Broken) -> None:
        """No connection: the guard may have said that it is busy."""
        self._missed += 1
        if str(error) == "CONNECT got 503":
            self._tally.shed[kind] += 1
        else:
            self._tally.errors[f"{kind}: {error}"] += 1

    async def get(self, line: Line, kind: str, wanted: Request) -> None:
        """A request, once more on a fresh line when one that was used before is hung up."""
        kept, used = self._tally, line in self._used
        self._used.add(line)
        try:
            status, size = await line.get(wanted)
        except Broken as error:
            if used and str(error) not in HANGS:
                kept.again += 1
                await self._once_more(kind, wanted)
            else:
                self.broke(kind, error)
            return
        self._judge(kind, wanted, status, size)

    async def _once_more(self, kind: str, wanted: Request) -> None:
        try:
            line = await self.dial(wanted.host)
            self._judge(kind, wanted, *await line.get(wanted))
        except Broken as error:
            self.broke(kind, error)

    def _judge(self, kind: str, wanted: Request, status: int, size: int) -> None:
        kept = self._tally
        if kind == "closed":
            right = status == 403
        else:
            right = status == 200 and size in self.bench.sites.right_sizes(wanted.path)
        if right:
            kept.carried[kind] += 1
            return
        self._missed += 1
        if status == 503:
            kept.shed[kind] += 1
        elif kind == "closed":
            kept.shown.append(f"{status} {wanted.host}")
        else:
            kept.errors[f"{kind}: {status} of {size} bytes"] += 1

    async def open(self, page: Page) -> None:
        """A page with all that belongs to it."""
        began, before = time.perf_counter(), self._missed
        for step in page.steps:
            await asyncio.gather(*(self.fetch(kind, wanted) for kind, wanted in step))
            if self._missed != before and len(step) == 1:
                return  # a page that is not there asks for nothing more
        if self._missed == before:
            self._tally.pages.append(time.perf_counter() - began)


async def play(bench: Bench, devices: Sequence[Device], tally: Tally, *, faster: float = 1.0) -> float:
    """Everybody plays their minute, `faster` times as fast; seconds until the last answer was there."""
    began = time.perf_counter()

    async def one(device: Device) -> None:
        surfer = Surfer(bench, device, tally)
        try:
            for page in device.pages:
                await asyncio.sleep(max(0.0, began + page.at / faster - time.perf_counter()))
                await surfer.open(page)
        finally:
            tally.connections += surfer.dialled
            surfer.close()

    await asyncio.gather(*(one(device) for device in devices))
    return time.perf_counter() - began
