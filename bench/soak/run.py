"""One run of the soak, from before the first client until after the last one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from bench.soak import load, verdicts
from bench.soak.ground import Counts
from bench.soak.guard import Guard, guard, lasts
from bench.soak.permissions import Permissions
from bench.soak.watch import Sample, Watch
from bench.verdict import Verdict

EVERY = 2.0  # seconds between two samples
ROWS = 10  # lines of the table at least; from ten minutes on one a minute
PER_MINUTE = 20  # permissions
SETTLES = 20.0  # seconds that the guard gets to let go of everything after the last client left
LEAVE = 8.0  # seconds in which clients end what they are doing when the bell rings


class Soak:
    """One run."""

    def __init__(self, running: Guard, minutes: float, seed: int, share: float) -> None:
        self._guard = running
        self._seconds = minutes * 60
        self._seed = seed
        self._share = share
        self._counts = Counts()
        self._permissions = Permissions(running, self._counts, seed)
        ports = frozenset({running.keyed, *running.groups.values()})
        self._watch = Watch(running.pid, ports)
        self.lines: list[str] = []
        self.verdicts: list[Verdict] = []

    async def run(self) -> None:
        """Everything from before the first client until after the last one."""
        self._guard.opened_to_look()
        await asyncio.sleep(3)
        first = self._watch.look()
        self._say(verdicts.HEAD)
        over = asyncio.Event()
        players = load.start(self._guard, self._counts, self._seed, over, self._share)
        many = max(4, round(PER_MINUTE * self._seconds / 60))
        granting = asyncio.create_task(self._permissions.run(many, self._seconds))
        samples = await self._look_on(first)
        await granting
        over.set()
        await asyncio.wait(players, timeout=LEAVE)
        for player in players:
            player.cancel()
        ends = await asyncio.gather(*players, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                self._counts.broke("the soak itself", end)
        last = await self._settled(first)
        never = (await self._guard.seen())["never"]
        self.verdicts = verdicts.judged(
            samples,
            first,
            last,
            self._counts,
            self._permissions.kept,
            many,
            never,
            self._watch.restarts,
            self._guard.log,
        )
        self._tell()

    async def _look_on(self, before: Sample) -> list[Sample]:
        """Sample until the time is over, a line of the table now and then."""
        loop = asyncio.get_running_loop()
        began, between = loop.time(), min(60.0, self._seconds / ROWS)
        samples: list[Sample] = []
        done, due = 0, between
        while loop.time() - began < self._seconds:
            await asyncio.sleep(EVERY)
            samples.append(self._watch.look())
            if loop.time() - began >= due or loop.time() - began >= self._seconds:
                self._say(verdicts.row(samples[-1], before, self._counts, done, self._permissions.kept))
                before, done, due = samples[-1], self._counts.done.total(), due + between
        return samples

    async def _settled(self, first: Sample) -> Sample:
        """A sample from when the descriptors are back, or from when there was time enough for it."""
        end = asyncio.get_running_loop().time() + SETTLES
        while True:
            await asyncio.sleep(1)
            last = self._watch.look()
            back = all(
                name in last.looks and last.looks[name].descriptors <= look.descriptors
                for name, look in first.looks.items()
            )
            if back or asyncio.get_running_loop().time() > end:
                return last

    def _tell(self) -> None:
        kept, counts = self._permissions.kept, self._counts
        self._say("")
        self._say("Done: " + ", ".join(f"{name} {number:,}" for name, number in sorted(counts.done.items())) + ".")
        self._say("")
        for title, found in (
            ("Errors", [f"{name}: {number}" for name, number in counts.errors.most_common(20)]),
            ("Forbidden", counts.forbidden[:20]),
            ("Permissions that did not go as they must", kept.problems[:20]),
        ):
            self._say(f"{title}: {'; '.join(found) if found else 'none'}.")
        self._say("")
        for verdict in self.verdicts:
            self._say(f"- {verdict}")

    def _say(self, text: str) -> None:
        self.lines += text.split("\n")
        print(text, flush=True)


def soak(folder: Path, minutes: float, seed: int, share: float = 1.0) -> tuple[Sequence[Verdict], list[str]]:
    """Run it in a folder, with a `share` of the clients; the verdicts, and the lines that were printed."""
    if not lasts(minutes * 60 + 120):
        raise SystemExit("the school's day ends within the run, and every permission with it: start after midnight")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # that somebody hung up is no news here
    with guard(folder) as running:
        run = Soak(running, minutes, seed, share)
        asyncio.run(run.run())
    return run.verdicts, run.lines
