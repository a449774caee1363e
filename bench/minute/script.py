"""What the devices of twelve classes do at half past eight: three pages of thirty requests each, in the class mix.

Two pages are of practice sites that pass unopened. The third is looking something up: a search and a second try, a page
of an ordinary site with pictures from a site that passes unopened, and something in it that is closed. Of all requests
80 % are tunnelled, 12 % pages, 5 % searches, 3 % closed, as in `bench.proxy.classmix`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.proxy.answers import Request
from bench.proxy.classmix import SEARCHES, navigate, piece
from bench.proxy.names import ENGINES, ORDINARY, closed, tunnelled
from bench.proxy.school import Pupil

GROUPS = ("1a", "1b", "2", "3", "4a", "4b", "5", "6a", "6b", "7a", "7b", "8")
PAGES, REQUESTS = 3, 30
BURST = 20.0  # seconds in which everybody opens a first page: half of them in the first quarter
LAST = 52.0  # seconds after which nobody opens another

type Ask = tuple[str, Request]
"""What kind of request it is (`tunnel`, `page`, `search`, `closed`), and the request."""


@dataclass(frozen=True, slots=True)
class Page:
    """Thirty requests, in steps that wait for each other; `at` is when it is opened, in seconds."""

    at: float
    steps: tuple[tuple[Ask, ...], ...]


@dataclass(frozen=True, slots=True)
class Device:
    """One device and its pages; every second one speaks h2."""

    pupil: Pupil
    h2: bool
    pages: tuple[Page, ...]


def script(everybody: Sequence[Pupil], seed: int = 8) -> list[Device]:
    """What every pupil of `everybody` does in the minute; the same seed gives the same."""
    dice = random.Random(seed)
    devices = []
    for number, pupil in enumerate(everybody):
        cookie = f"sessie={dice.getrandbits(96):024x}; taal=nl; voorkeur=gezien"
        made = [_practice(dice, cookie), _practice(dice, cookie), _looked_up(dice, cookie, number)]
        dice.shuffle(made)
        first = BURST * dice.random() ** 2
        moments = (first, dice.uniform(BURST, 36.0), dice.uniform(38.0, LAST))
        pages = tuple(Page(at, steps) for at, steps in zip(moments, made, strict=True))
        devices.append(Device(pupil, number % 2 == 0, pages))
    return devices


def _practice(dice: random.Random, cookie: str) -> tuple[tuple[Ask, ...], ...]:
    """A practice site: the page, what it needs to be seen, what it needs to work."""
    host, path = dice.choice(tunnelled()), "/oefenen/start"
    parts = [("tunnel", piece(dice, host, path, cookie, number)) for number in range(REQUESTS - 1)]
    return (("tunnel", navigate(host, path, cookie)),), tuple(parts[:8]), tuple(parts[8:])


def _looked_up(dice: random.Random, cookie: str, number: int) -> tuple[tuple[Ask, ...], ...]:
    engine, site, pictures = dice.choice(ENGINES), dice.choice(ORDINARY), dice.choice(tunnelled())
    searches = 4 + number % 2
    words = [dice.choice(SEARCHES).replace(" ", "+") for _ in range(2)]
    tries = [("search", navigate(engine, f"/search?q={one}", cookie)) for one in words]
    found = [("search", piece(dice, engine, "/search", cookie, one)) for one in range(searches - 2)]
    shut = 3 - number % 2
    path = f"/artikel/{dice.randrange(900)}"
    own = [("page", piece(dice, site, path, cookie, one)) for one in range(REQUESTS - 12 - searches - shut - 1)]
    others = [("tunnel", piece(dice, pictures, path, cookie, 2)) for _ in range(12)]
    forbidden = [("closed", piece(dice, dice.choice(closed()), path, cookie, 2)) for _ in range(shut - 1)]
    tried = ("closed", navigate(dice.choice(closed()), "/", "bezoek=1"))
    return (
        (tries[0],),
        tuple(found),
        (tries[1],),
        (("page", navigate(site, path, cookie)),),
        tuple(own[:4]),
        (*own[4:], *others, *forbidden),
        (tried,),
    )
