"""Two visitors, once a second, who read what they are given: a child that opens a page, and one that needs help."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bench.proxy.load import Bench
from bench.proxy.names import ORDINARY
from bench.soak.ground import TROUBLES
from bench.soak.lines import Door, Line
from config.texts import say

HELP = "www.kindertelefoon.nl"
EVERY = 1.0  # seconds
PATIENCE = 60.0  # seconds for a step: who waits longer hangs
HERE, FRIENDLY, BARE = "the page", "a friendly page to wait", "something else"


@dataclass(slots=True)
class Visits:
    """What they got. `took` is in seconds, by `page` and `help`; `other` says what was neither page nor friendly.

    `hung` waited for nothing.
    """

    pages: Counter[str] = field(default_factory=Counter)
    helped: int = 0
    not_helped: list[str] = field(default_factory=list)
    hung: int = 0
    other: list[str] = field(default_factory=list)
    took: dict[str, list[float]] = field(default_factory=lambda: {"page": [], "help": []})


@contextlib.asynccontextmanager
async def visiting(bench: Bench) -> AsyncIterator[Visits]:
    """Both go on for as long as the block lasts; whoever is still waiting at its end is waited for."""
    kept, over, tasks = Visits(), asyncio.Event(), set[asyncio.Task[None]]()
    home = bench.proxy.home
    assert home is not None
    key = base64.b64decode(bench.pupils[-2].says.removeprefix("Basic ")).decode()
    door = Door(bench.proxy.port, (home / "ca" / "klaswacht-ca.crt", bench.sites.ca), key, PATIENCE)

    async def coming() -> None:
        number = 0
        while not over.is_set():
            tasks.add(asyncio.create_task(_page(kept, door, ORDINARY[number % len(ORDINARY)])))
            tasks.add(asyncio.create_task(_help(kept, door)))
            number += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), EVERY)

    both = asyncio.create_task(coming())
    try:
        yield kept
    finally:
        over.set()
        await both
        await asyncio.gather(*tasks)


async def _page(kept: Visits, door: Door, host: str) -> None:
    began = time.perf_counter()
    try:
        status, said = await _asked(door, host, "/artikel/1")
    except TROUBLES as error:
        kept.hung += isinstance(error, TimeoutError)
        kept.pages[BARE] += 1
        kept.other.append(f"{type(error).__name__} {error}".strip())
        return
    finally:
        kept.took["page"].append(time.perf_counter() - began)
    if status == 200 and "Dieren in het bos" in said:
        kept.pages[HERE] += 1
    elif status == 503 and say("page.busy.title", "nl") in said:
        kept.pages[FRIENDLY] += 1
    else:
        kept.pages[BARE] += 1
        kept.other.append(f"{status} {said[:60]!r}")


async def _help(kept: Visits, door: Door) -> None:
    began = time.perf_counter()
    try:
        status, said = await _asked(door, HELP, "/")
    except TROUBLES as error:
        kept.hung += isinstance(error, TimeoutError)
        kept.not_helped.append(f"{type(error).__name__} {error}".strip())
        return
    finally:
        kept.took["help"].append(time.perf_counter() - began)
    if status == 200 and "Dieren in het bos" in said:
        kept.helped += 1
    else:
        kept.not_helped.append(f"{status} {said[:60]!r}")


async def _asked(door: Door, host: str, path: str) -> tuple[int, str]:
    line = await Line.to(door, host)
    with contextlib.closing(line):
        reply = await line.ask(path, accept_encoding="identity")
    return reply.status, reply.body.decode("utf-8", "replace")
