"""Pupils who keep asking, each from a place of their own: what they got, and how long they were without what is theirs.

One who is cut off, or gets something else than usual, asks again at once, as somebody before a browser does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.e2e.clients import Device, Refused

OPEN, CLOSED, PERMITTED = "https://onzeschool.test/", "https://fotodrop.test/", "https://kletsplein.test/"
HELP = "https://zoekmaar.test/zoek?q=ik+word+gepest"
SITES: Mapping[str, str] = {"open": OPEN, "closed": CLOSED, "help": HELP, "permitted": PERMITTED, "banned": OPEN}
_SITE, _PAGE = "site", "page"
_GOOD = {"open": _SITE, "closed": _PAGE, "help": "help", "permitted": _SITE, "banned": _PAGE}
_AGAIN = 0.05  # seconds until somebody who was cut off asks again


@dataclass(frozen=True, slots=True)
class Pupil:
    """Somebody with a device, and the kinds of things (`SITES`) that she asks for in turn."""

    device: Device
    wants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a pupil wanted: from when until she had it, and what came before that (empty: no answer)."""

    pupil: int
    kind: str
    start: float
    end: float
    before: tuple[str, ...]

    @property
    def waited(self) -> float:
        return self.end - self.start


@dataclass
class Surfing:
    """Threads, one a pupil, until the block ends."""

    pupils: Sequence[Pupil]
    pause: float = 0.15  # seconds between two questions of one pupil
    asked: list[Asked] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    """What was shown and should not have been."""
    _enough: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _now: dict[int, tuple[str, float, list[str]]] = field(default_factory=dict)

    def __enter__(self) -> Surfing:
        self._threads = [
            threading.Thread(target=self._go, args=(number, one), daemon=True) for number, one in enumerate(self.pupils)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def had(self, since: float) -> list[Asked]:
        """What somebody got after that, also what she wanted before it."""
        return [one for one in tuple(self.asked) if one.end >= since]

    def longest(self, since: float, but: str = "") -> float:
        """Seconds that somebody was without what is hers, of what came after `since`."""
        return max((one.waited for one in self.had(since) if one.kind != but), default=0.0)

    def steady(self, since: float, times: int = 2) -> bool:
        """Whether everybody got each of her things at once, so often, of what was wanted after `since`."""
        good = [(one.pupil, one.kind) for one in self.had(since) if one.start >= since and not one.before]
        return all(good.count((number, kind)) >= times for number, one in enumerate(self.pupils) for kind in one.wants)

    def waiting(self) -> dict[int, tuple[str, float, list[str]]]:
        """Who waits for what, since when, and what came instead: to be read where something never came."""
        return dict(self._now)

    def told(self, since: float, *kinds: str) -> str:
        """How it went for some kinds of things, in a few words."""
        mine = [one for one in self.had(since) if one.kind in kinds]
        again = sum(len(one.before) for one in mine)
        longest = max((one.waited for one in mine), default=0.0)
        often = "never asked twice" if not again else f"{again} asked again"
        return f"{len(mine)} answers, {often}, longest wait {longest:.1f} s"

    def _go(self, number: int, pupil: Pupil) -> None:
        while not self._enough.is_set():
            for kind in pupil.wants:
                self._want(number, pupil.device, kind)
                if self._enough.wait(self.pause):
                    return

    def _want(self, number: int, device: Device, kind: str) -> None:
        start, before = time.monotonic(), list[str]()
        self._now[number] = (kind, start, before)
        while not self._enough.is_set():
            got, said = _got(device, kind)
            if got == _GOOD[kind]:
                self.asked.append(Asked(number, kind, start, time.monotonic(), tuple(before)))
                return
            if _GOOD[kind] == _PAGE and got == _SITE:
                self.shown.append(f"{kind} {said}")
            before.append(said)
            self._enough.wait(_AGAIN)


def _got(device: Device, kind: str) -> tuple[str, str]:
    try:
        answer = device.fetch(SITES[kind])
    except Refused as refused:
        return "refused", str(refused.status)
    except (OSError, HTTPException, ValueError) as error:
        return "", type(error).__name__
    said = f"{answer.status}"
    if kind == "help" and answer.status == 200 and "Kindertelefoon" in answer.text:
        return "help", said
    if answer.status == 403:
        return _PAGE, said
    return (_SITE, said) if answer.status == 200 else ("", said)
