"""Who plays in the soak: a coroutine for each of them, which goes on until it is told to stop."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from random import Random

import httpx

from bench.soak.ground import TROUBLES, Counts, Ground
from bench.soak.guard import Guard
from bench.soak.lines import PATIENCE
from bench.soak.pupils import (
    downloads,
    events,
    forms,
    handshakes,
    pages,
    pages_at_once,
    plain,
    searches,
    sockets,
    tunnels,
    uploads,
)
from bench.soak.rough import broken, closed, dawdlers, hangups, slow
from cli.demo.school import PASSWORD

LONGEST = 180.0  # seconds for one go at anything; what takes longer hangs

type Play = Callable[[Ground], Awaitable[None]]


async def screens(ground: Ground) -> None:
    """A teacher who has the lesson open: its live events all the time, the page now and then."""
    base = f"https://127.0.0.1:{ground.guard.dashboard}"
    trust = ssl.create_default_context(cafile=str(ground.guard.ca))
    async with httpx.AsyncClient(
        base_url=base, verify=trust, timeout=PATIENCE, follow_redirects=True, headers={"Origin": base}
    ) as client:
        page = (await client.get("/inloggen")).text
        form = re.search(r'name="csrf" value="([^"]+)"', page)
        assert form, "no form to sign in with"
        await client.post("/inloggen", data={"login": "anja", "password": PASSWORD, "csrf": form[1]})
        async with client.stream("GET", "/les/7/stroom") as live:
            listening = asyncio.create_task(_listen(live))
            try:
                for _ in range(12):
                    answer = await client.get("/les/7")
                    assert answer.status_code == 200, answer.status_code
                    ground.counts.done["screens"] += 1
                    await ground.think(3, 6)
                    if ground.over.is_set():
                        break
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


async def _listen(live: httpx.Response) -> None:
    async for _ in live.aiter_raw():
        pass


PUPILS: tuple[tuple[Play, int], ...] = (
    (pages, 8),
    (pages_at_once, 4),
    (plain, 2),
    (searches, 3),
    (forms, 3),
    (uploads, 2),
    (downloads, 4),
    (events, 8),
    (sockets, 8),
    (tunnels, 8),
    (handshakes, 3),
    (closed, 4),
    (hangups, 3),
    (slow, 4),
    (broken, 3),
    (dawdlers, 3),
    (screens, 2),
)
"""Who plays, and how many of each."""


async def play(work: Play, ground: Ground) -> None:
    """Do one kind of thing again and again until the bell; what fails is counted, and tried again a little later."""
    await ground.think(0, 2)  # they do not all come in at once
    while not ground.over.is_set():
        try:
            async with asyncio.timeout(LONGEST):
                await work(ground)
        except (*TROUBLES, AssertionError) as error:
            if not ground.over.is_set() or isinstance(error, AssertionError):
                ground.counts.broke(work.__name__, error)
            await ground.think(0.2, 0.6)


def start(guard: Guard, counts: Counts, seed: int, over: asyncio.Event, share: float) -> list[asyncio.Task[None]]:
    """Let everybody in, or a `share` of them; each has dice of its own, the same in every run with this seed."""
    made = []
    for work, many in PUPILS:
        for number in range(max(1, round(many * share))):
            ground = Ground(guard, counts, Random(f"{seed} {work.__name__} {number}"), over)
            made.append(asyncio.create_task(play(work, ground), name=work.__name__))
    return made
