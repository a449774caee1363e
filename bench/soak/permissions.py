"""Permissions coming and going during the soak: each is given as a teacher taps, used, ended, and looked at after.

Before it everything is denied; while it runs every try passes; after its end, or the tap that took it back, no new
request passes and what was open is closed, both within `MARGIN`. What the sites saw arrive is asked as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bench.soak.ground import TROUBLES, Counts, socket
from bench.soak.guard import Guard
from bench.soak.lines import PATIENCE, Door, Line, looked_into
from bench.soak.many import Many
from bench.soak.names import FILM, PERMITTED, SOCIAL, TUNNELS
from cli.demo.school import pupils
from dashboard.actions import permission
from policy.model import Grant

MARGIN = (
    2.0  # seconds after an end in which something may still be seen: generous, so that a busy machine is no failure
)
LOOKS_AFTER = 1.5  # seconds past the margin in which new requests are tried
OPENS_WITHIN = 20.0  # seconds: a ceiling; how long it took is told
READING = "reading"
IN_A_ROW = 4  # tries that must pass, so that both workers have it
WHOLE_MINUTE = 75.0  # seconds that a permission of a minute takes with all that is done about it


@dataclass(slots=True)
class Kept:
    """What was seen of all permissions. Times in seconds; `problems` are those that did not go as they must."""

    checked: int = 0
    revoked: int = 0
    ended: int = 0
    opened: list[float] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    last_passed: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Broken(Exception):
    """A permission did not go as it must: told, and the rest of its steps left out."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One permission: for whom (`group`, and where it is one pupil's `person`), of what, through which door."""

    number: int
    group: str
    person: str | None
    host: str
    door: Door

    @property
    def ticket(self) -> str:
        return f"t{self.number}"

    @property
    def tunnelled(self) -> bool:
        return self.host in TUNNELS

    async def passes(self, chance: Random) -> bool:
        """Whether a new request on a new connection comes through to the site."""
        line: Line | Many
        try:
            many = not self.tunnelled and chance.random() < 0.3
            line = await (Many if many else Line).to(self.door, self.host)
        except TROUBLES:
            return False
        with contextlib.closing(line):
            if self.tunnelled and isinstance(line, Line) and looked_into(line.writer):
                return False
            try:
                return (await line.ask("/p/1", x_ticket=self.ticket)).ours
            except TROUBLES:
                return False

    # --- what lasts --------------------------------------------------------------------------------------------------

    async def download(self) -> AsyncIterator[float]:
        async for at in self._pieces("/lang/65536"):
            yield at

    async def events(self) -> AsyncIterator[float]:
        async for at in self._pieces("/live"):
            yield at

    async def _pieces(self, path: str) -> AsyncIterator[float]:
        line = await Line.to(self.door, self.host)
        with contextlib.closing(line):
            await line.send(path, x_ticket=self.ticket)
            reply = await line.head()
            if not reply.ours:
                raise Broken(f"{path} was not opened: {reply.status}")
            async for _ in line.pieces(reply):
                yield time.time()

    async def events_h2(self) -> AsyncIterator[float]:
        many = await Many.to(self.door, self.host)
        with contextlib.closing(many):
            number = await many.begin("/live", x_ticket=self.ticket)
            async for _ in many.pieces(number):
                if not many.reply(number).ours:
                    raise Broken(f"events over h2 were not opened: {many.reply(number).status}")
                yield time.time()

    async def talk(self) -> AsyncIterator[float]:
        async with socket(self.door, self.host, **{"x-ticket": self.ticket}) as line:
            async for said in line:
                if said == "tik":
                    await line.send("hallo daar")
                yield time.time()

    async def reading(self) -> AsyncIterator[float]:
        """A kept connection on which page after page is asked: it ends with the first that does not pass.

        What counts is when the last that passed was asked for, not how long its answer took.
        """
        line = await Line.to(self.door, self.host)
        with contextlib.closing(line):
            asked = time.time()
            while (await line.ask("/p/2", x_ticket=self.ticket)).ours:
                yield asked
                await asyncio.sleep(0.2)
                asked = time.time()


class Open:
    """Something that was opened under a permission, used until it is closed from outside."""

    def __init__(self, name: str, steps: AsyncIterator[float]) -> None:
        self.name = name
        self.heard = asyncio.Event()
        self.problem = ""
        self.last = self.ended = 0.0
        self.task = asyncio.create_task(self._follow(steps))

    async def _follow(self, steps: AsyncIterator[float]) -> None:
        try:
            async for at in steps:
                self.last = at
                self.heard.set()
        except Broken as error:
            self.problem = str(error)
        except TROUBLES as error:
            self.problem = "" if self.heard.is_set() else f"{self.name} was not opened: {type(error).__name__} {error}"
        finally:
            self.ended = time.time()
            self.heard.set()


class Permissions:
    """Gives so many permissions, evenly over the time there is, and keeps what came of each."""

    def __init__(self, guard: Guard, counts: Counts, seed: int) -> None:
        self._guard = guard
        self._counts = counts
        self._chance = Random(f"{seed} permissions")
        self._whole_groups: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pupils = pupils()
        self.kept = Kept()
        self.many = 0

    async def run(self, many: int, seconds: float) -> None:
        """Let `many` of them come and go within so many seconds."""
        self.many = many
        loop = asyncio.get_running_loop()
        began, last = loop.time(), max(seconds - 12.0, seconds / 3)
        trials = []
        for number in range(many):
            await asyncio.sleep(max(0.0, began + last * number / many - loop.time()))
            left = began + seconds - loop.time()
            trials.append(asyncio.create_task(self._checked(self._trial(number), left)))
        await asyncio.gather(*trials)

    def _trial(self, number: int) -> Trial:
        if number % 10 == 9:
            group = "78"[number // 10 % 2]
            return Trial(number, group, None, FILM, self._guard.door(self._guard.groups[group]))
        pupil = self._pupils[number % len(self._pupils)]
        host = (TUNNELS if number % 5 == 3 else SOCIAL)[number * 7 % PERMITTED]
        door = self._guard.door(self._guard.keyed, f"{pupil.device}:{pupil.key}")
        return Trial(number, pupil.group, pupil.person, host, door)

    async def _checked(self, trial: Trial, left: float) -> None:
        chance = Random(f"{trial.number} {self._chance.random()}")
        alone = self._whole_groups[trial.group] if trial.person is None else contextlib.nullcontext()
        try:
            async with alone:
                await self._one(trial, chance, left)
        except Broken as error:
            self.kept.problems.append(f"permission {trial.number} ({trial.host}): {error}")
        except TROUBLES as error:
            self.kept.problems.append(f"permission {trial.number} ({trial.host}): {type(error).__name__} {error}")
        self.kept.checked += 1

    async def _one(self, trial: Trial, chance: Random, left: float) -> None:
        if await trial.passes(chance):
            self._forbid(trial, "open before it was permitted")
        waiting = asyncio.create_task(self._waits(trial))
        grant = await self._given(trial)
        lasting: list[Open] = []
        try:
            await self._opens(trial, chance)
            lasting = await self._opened(trial, chance)
            end = await self._until_its_end(trial, grant, chance, left, lasting)
            await self._after(trial, chance, end, lasting)
        except (Broken, *TROUBLES):
            # What is not looked at any more must not be open under the next one.
            teacher, now = self._guard.teacher(trial.group), datetime.now(UTC)
            await asyncio.to_thread(permission.stop, self._guard.desk, teacher, trial.group, grant.id, now)
            raise
        finally:
            for one in lasting:
                one.task.cancel()
            waiting.cancel()
            await asyncio.gather(waiting, *(one.task for one in lasting), return_exceptions=True)

    async def _waits(self, trial: Trial) -> None:
        """What the block page does meanwhile."""
        with contextlib.suppress(*TROUBLES):
            line = await Line.to(trial.door, trial.host)
            with contextlib.closing(line):
                page = f"https://{trial.host}/"
                await line.ask(
                    "/_klaswacht/wait", x_klaswacht="1", referer=page, sec_fetch_mode="cors", sec_fetch_dest="empty"
                )

    async def _given(self, trial: Trial) -> Grant:
        def tap() -> Grant:
            if trial.person is None:
                wish = permission.Wish(trial.group, category="video", minutes=1, confirmed=True)
            else:
                one = frozenset({trial.person})
                wish = permission.Wish(
                    trial.group, site=trial.host, people=one, whole_group=False, minutes=1, confirmed=True
                )
            given = permission.give(self._guard.desk, self._guard.teacher(trial.group), wish, datetime.now(UTC))
            if given.value is None:
                raise Broken(f"could not be given: {given.code}")
            return given.value

        return await asyncio.to_thread(tap)

    async def _opens(self, trial: Trial, chance: Random) -> None:
        began, streak, first = time.monotonic(), 0, 0.0
        while streak < IN_A_ROW:
            if await trial.passes(chance):
                first = first if streak else time.monotonic() - began
                streak += 1
            else:
                streak = 0
                await asyncio.sleep(0.05)
            if time.monotonic() - began > OPENS_WITHIN:
                raise Broken(f"not open after {OPENS_WITHIN:.0f} s")
        self.kept.opened.append(first)

    async def _opened(self, trial: Trial, chance: Random) -> list[Open]:
        ways = {"events": trial.events, "download": trial.download, "WebSocket": trial.talk}
        if not trial.tunnelled:
            ways["events over h2"] = trial.events_h2
        names = [READING, *chance.sample(sorted(ways), 2)]
        lasting = [Open(name, (ways | {READING: trial.reading})[name]()) for name in names]
        for one in lasting:
            async with asyncio.timeout(OPENS_WITHIN):
                await one.heard.wait()
        return lasting

    async def _until_its_end(
        self, trial: Trial, grant: Grant, chance: Random, left: float, lasting: list[Open]
    ) -> float:
        """Use it while it runs; when (epoch) it ended. A third is taken back, a third runs for its whole minute."""
        way = trial.number % 3
        life = chance.uniform(1.5, 5.0)
        grants, school = self._guard.desk.store.grants, self._guard.desk.school
        end = grant.end
        if way == 1 or (way == 2 and left < WHOLE_MINUTE):
            now = datetime.now(UTC)
            end = now + timedelta(seconds=life)
            await asyncio.to_thread(grants.extend, school, grant.id, end, grant.by, now)
        stops = time.time() + life if way == 0 else end.timestamp()
        while time.time() < stops - 0.6:
            if not await trial.passes(chance) and (way == 0 or time.time() < stops):
                raise Broken("closed while it was permitted")
            await asyncio.sleep(min(0.4, max(0.0, stops - 0.5 - time.time())))
        for one in lasting:
            if one.ended and (way == 0 or one.ended < stops):
                raise Broken(one.problem or f"{one.name} was closed while it was permitted")
        if way == 0:
            teacher = self._guard.teacher(trial.group)
            desk, now = self._guard.desk, datetime.now(UTC)
            stopped = await asyncio.to_thread(permission.stop, desk, teacher, trial.group, grant.id, now)
            if not stopped.ok:
                raise Broken(f"could not be taken back: {stopped.code}")
            self.kept.revoked += 1
            return time.time()
        self.kept.ended += 1
        await asyncio.sleep(max(0.0, stops - time.time()))
        return stops

    async def _after(self, trial: Trial, chance: Random, end: float, lasting: list[Open]) -> None:
        last = asked = 0.0
        # However slow the machine is, one try at least begins after the margin.
        while asked <= end + MARGIN or time.time() < end + MARGIN + LOOKS_AFTER:
            asked = time.time()
            if await trial.passes(chance):
                last = asked - end
            await asyncio.sleep(0.25)
        self.kept.last_passed.append(max(0.0, last))
        if last > MARGIN:
            self._forbid(trial, f"a new request passed {last:.1f} s after its end")
        await asyncio.wait([one.task for one in lasting if one.name == READING], timeout=PATIENCE)
        for one in lasting:
            shut = one.last if one.name == READING else max(one.last, one.ended)
            if not one.ended:
                self._forbid(trial, f"{one.name} was not closed {time.time() - end:.1f} s after its end")
            elif shut > end + MARGIN:
                self._forbid(trial, f"{one.name} was closed {shut - end:.1f} s after its end")
            else:
                self.kept.closed.append(max(0.0, shut - end))
        seen = (await self._guard.seen())["tickets"].get(trial.ticket, 0.0)
        if seen > end + MARGIN:
            self._forbid(trial, f"a request came to the site {seen - end:.1f} s after its end")

    def _forbid(self, trial: Trial, what: str) -> None:
        self._counts.forbidden.append(f"permission {trial.number} ({trial.host}): {what}")
