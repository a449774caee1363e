"""Three classes of thirty that start together: what a school morning asks of a proxy, the same script for all of them.

A pupil works at a practice site that passes unopened, looks up a page of some site with all that belongs to it,
searches, and now and then tries something that is closed. Half of the pupils have a browser that speaks h2 (one
connection a site), the other half http/1.1 (up to four a site). Between two things a pupil thinks for a while. What is
opened stays open, as browsers do it. The parts are those of all requests: 80 % to names of the shipped `tunnels.yaml`
(or 40 %, with more ordinary pages), 12 % pages, 5 % searches, 3 % closed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.match import made_up
from bench.proxy.answers import Broken, Request, request
from bench.proxy.line import Line
from bench.proxy.load import BROWSER, SECONDS, Bench
from bench.proxy.names import ENGINES, ORDINARY, closed, tunnelled
from bench.proxy.school import Pupil, refusals

CLASSES, SIZE = 3, 30
REQUESTS = 50  # of each pupil, on average
_H1_LINES = 4
_THINK = (0.2, 1.0)  # seconds
SEARCHES = (
    "hoeveel poten heeft een spin", "wat eet een egel", "hoofdstad van zweden", "waarom is de lucht blauw",
    "hoe groot is een blauwe vinvis", "tafel van zeven oefenen", "wanneer leefde rembrandt", "provincies van nederland",
    "hoe maak je een vulkaan van klei", "spreekbeurt over paarden", "wat is fotosynthese", "langste rivier van europa",
    "hoe oud wordt een schildpad", "werkstuk over de romeinen", "ezelsbruggetje windrichtingen", "weer morgen arnhem",
)  # fmt: skip
_PAGE_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
_PARTS = {
    80: {"tunnel": 40, "page": 6, "search": 2.5, "closed": 1.5},
    40: {"tunnel": 20, "page": 26, "search": 2.5, "closed": 1.5},
}
_PIECES = (("css", "style", "text/css,*/*;q=0.1"), ("js", "script", "*/*"), ("png", "image", "image/avif,image/*"),
           ("png", "image", "image/avif,image/*"), ("json", "empty", "application/json"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that a pupil does after thinking: steps of requests that go out together, all to one site."""

    kind: str
    host: str
    think: float
    steps: tuple[tuple[Request, ...], ...]


@dataclass(frozen=True, slots=True)
class Morning:
    """One pupil's script."""

    pupil: Pupil
    h2: bool
    visits: tuple[Visit, ...]


def script(share: int, everybody: Sequence[Pupil], seed: int = 6) -> list[Morning]:
    """What ninety pupils do, with `share` percent of the requests through tunnels; the same seed gives the same."""
    dice = random.Random(seed * 100 + share)
    parts = _PARTS[share]
    mornings = []
    for number in range(CLASSES * SIZE):
        # Halves are given to every second pupil, so that the parts are exact over a class.
        searches = int(parts["search"]) + (number % 2 if parts["search"] % 1 else 0)
        shut = int(parts["closed"]) + (number // 2 % 2 if parts["closed"] % 1 else 0)
        cookie = f"sessie={dice.getrandbits(96):024x}; taal=nl; voorkeur=gezien"
        visits = _practice(dice, int(parts["tunnel"]), cookie)
        visits += _pages(dice, int(parts["page"]), cookie)
        visits += [_search(dice, cookie) for _ in range(searches)]
        visits += [_closed(dice) for _ in range(shut)]
        dice.shuffle(visits)
        # The last classes of the school: groups 7 and 8.
        mornings.append(Morning(everybody[number - CLASSES * SIZE], number % 2 == 0, tuple(visits)))
    return mornings


def counted(mornings: Sequence[Morning]) -> dict[str, int]:
    """How many requests of each kind."""
    found: dict[str, int] = {}
    for morning in mornings:
        for visit in morning.visits:
            found[visit.kind] = found.get(visit.kind, 0) + sum(len(step) for step in visit.steps)
    return found


def navigate(host: str, path: str, cookie: str, *more: tuple[str, str]) -> Request:
    """A page that a pupil opens."""
    return request(host, path, (
        *BROWSER, ("accept", _PAGE_ACCEPT), ("upgrade-insecure-requests", "1"), ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1"), ("sec-fetch-dest", "document"), ("cookie", cookie),
        *more,
    ))  # fmt: skip


def piece(dice: random.Random, host: str, page: str, cookie: str, number: int) -> Request:
    """One of the files that a page consists of; `number` says of which kind."""
    ending, kind, accept = _PIECES[number % len(_PIECES)]
    query = f"?v={dice.randrange(10**6)}" if dice.random() < 0.4 else ""
    mode = "cors" if kind == "empty" else "no-cors"
    return request(host, f"/delen/{dice.randrange(400)}.{ending}{query}", (
        *BROWSER, ("accept", accept), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", mode),
        ("sec-fetch-dest", kind), ("referer", f"https://{host}{page}"), ("cookie", cookie),
    ))  # fmt: skip


def _practice(dice: random.Random, total: int, cookie: str) -> list[Visit]:
    """One practice site: the page with its parts, then a task at a time."""
    host = dice.choice(tunnelled())
    start = min(6, total)
    visits = [_whole_page(dice, "tunnel", host, "/oefenen/start", cookie, start)]
    left = total - start
    while left > 0:
        many = min(left, dice.choice((1, 2, 2, 3)))
        step = tuple(piece(dice, host, "/oefenen/start", cookie, 4 - number) for number in range(many))
        visits.append(Visit("tunnel", host, dice.uniform(*_THINK), (step,)))
        left -= many
    return visits


def _pages(dice: random.Random, total: int, cookie: str) -> list[Visit]:
    visits = []
    while total > 0:
        many = min(6, total)
        query = f"?bron=zoek&nr={dice.randrange(900)}" if dice.random() < 0.3 else ""
        path = f"/artikel/{dice.randrange(900)}{query}"
        visits.append(_whole_page(dice, "page", dice.choice(ORDINARY), path, cookie, many))
        total -= many
    return visits


def _whole_page(dice: random.Random, kind: str, host: str, path: str, cookie: str, many: int) -> Visit:
    pieces = tuple(piece(dice, host, path, cookie, number) for number in range(many - 1))
    steps = ((navigate(host, path, cookie),), *((pieces,) if pieces else ()))
    return Visit(kind, host, dice.uniform(*_THINK), steps)


def _search(dice: random.Random, cookie: str) -> Visit:
    host = ENGINES[0] if dice.random() < 0.8 else ENGINES[1]
    words = dice.choice(SEARCHES).replace(" ", "+")
    return Visit("search", host, dice.uniform(*_THINK), ((navigate(host, f"/search?q={words}", cookie),),))


def _closed(dice: random.Random) -> Visit:
    host = dice.choice(closed())
    return Visit("closed", host, dice.uniform(*_THINK), ((navigate(host, "/", "bezoek=1"),),))


# --- playing it ------------------------------------------------------------------------------------------------------


class Browser:
    """A pupil's browser: connections by site, made when they are needed and kept.

    With `h2` one a site, and else up to `most`.
    """

    def __init__(self, bench: Bench, pupil: Pupil, *, h2: bool, most: int = _H1_LINES) -> None:
        self.bench, self.pupil, self._h2, self._most = bench, pupil, h2, most
        self.dialled = 0
        self._lines: dict[str, list[Line]] = {}
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._only_h1: set[str] = set()

    async def fetch(self, kind: str, wanted: Request) -> None:
        """One request, on a free connection to the site or a new one."""
        host = wanted.host
        many = 1 if self._h2 and host not in self._only_h1 else self._most
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = asyncio.Semaphore(many)
        async with gate:
            line = self._free(host)
            if line is None:
                try:
                    line = await self.dial(host)
                except Broken as error:
                    self.broke(kind, error)
                    return
            if not line.h2:
                await self.get(line, kind, wanted)
                return
        await self.get(line, kind, wanted)

    def broke(self, kind: str, error: Broken) -> None:
        """There was no connection."""
        self.bench.sample.errors[f"{kind}: {error}"] += 1

    async def get(self, line: Line, kind: str, wanted: Request) -> None:
        """The request on its connection, and what came of it."""
        status = 403 if kind == "closed" and self.bench.proxy.denies else 200
        if await self.bench.get(line, wanted, status):
            self.bench.sample.units += 1

    def _free(self, host: str) -> Line | None:
        kept = [line for line in self._lines.get(host, ()) if line.open]
        self._lines[host] = kept
        return next((line for line in kept if line.h2 or not line.busy), None)

    async def dial(self, host: str) -> Line:
        """A new connection to a site. Raises `Broken`."""
        line = await self.bench.dial(self.pupil, host, h2=self._h2)
        self.dialled += 1
        self._lines[host].append(line)
        if self._h2 and not line.h2 and host not in self._only_h1:
            self._only_h1.add(host)  # this proxy speaks no h2: more connections then, as browsers do
            for _ in range(self._most - 1):
                self._gates[host].release()
        return line

    async def play(self, visits: Sequence[Visit]) -> None:
        """A script from begin to end."""
        for visit in visits:
            await asyncio.sleep(visit.think)
            for step in visit.steps:
                await asyncio.gather(*(self.fetch(visit.kind, wanted) for wanted in step))

    def close(self) -> None:
        """Hang up everything."""
        for lines in self._lines.values():
            for line in lines:
                line.close()


async def classmix(bench: Bench, *, share: int) -> None:
    """The script from begin to end; a unit is a request, so what connections cost is in it."""
    mornings = script(share, bench.pupils)
    if bench.seconds < SECONDS:
        mornings = mornings[:SIZE]
    await warm(bench)
    home = bench.proxy.home
    before = refusals(home) if home else 0
    browsers = [Browser(bench, morning.pupil, h2=morning.h2) for morning in mornings]
    async with bench.measured():
        plays = zip(browsers, mornings, strict=True)
        await asyncio.gather(*(browser.play(morning.visits) for browser, morning in plays))
    bench.sample.more = {"dialled": sum(browser.dialled for browser in browsers)}
    if home:
        await asyncio.sleep(1.5)  # facts are written in batches
        bench.sample.more["events"] = refusals(home) - before
        if not bench.sample.more["events"]:
            bench.sample.errors["no refusal was written down"] += 1
    for browser in browsers:
        browser.close()


async def warm(bench: Bench) -> None:
    """Every site once before it counts, so that certificates are there and names were thought about."""
    pupil = bench.pupils[0]
    if bench.proxy.denies:
        await _in_force(bench, pupil)
    for host in (*tunnelled(), *ORDINARY, *ENGINES, *closed()):
        path = "/search?q=dieren" if host in ENGINES else "/"
        status = 403 if host in closed() and bench.proxy.denies else 200
        try:
            line = await bench.dial(pupil, host)
        except Broken as error:
            bench.sample.errors[f"warming: {error}"] += 1
            continue
        await bench.get(line, navigate(host, path, "bezoek=1"), status)
        line.close()


async def _in_force(bench: Bench, pupil: Pupil) -> None:
    """The guard must refuse a name of the list of a million, or it is not what is measured."""
    host = next(made_up(1))
    try:
        line = await bench.dial(pupil, host)
    except Broken as error:
        bench.sample.errors[f"a listed name: {error}"] += 1
        return
    await bench.get(line, navigate(host, "/", "bezoek=1"), 403)
    line.close()
