"""Pupils who keep asking, each from a place of their own: what they got, and how long they were without an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException

from tests.e2e.clients import Device, Refused

OPEN, CLOSED, HELP = "https://onzeschool.test/", "https://fotodrop.test/", "https://zoekmaar.test/zoek?q=ik+word+gepest"
_ROUND = (OPEN, CLOSED, HELP)
_PAUSE = 0.1  # seconds between two questions of one pupil
_AGAIN = 0.05  # seconds until a browser that was cut off asks again


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a pupil wanted: from when until it was answered, and how often it had to be asked."""

    pupil: int
    what: str
    start: float
    end: float
    tries: int

    @property
    def waited(self) -> float:
        return self.end - self.start


class Surfing:
    """Use it as a context manager. A pupil who is cut off asks again at once, until there is an answer."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(target=self._go, args=(number, device), daemon=True)
            for number, device in enumerate(devices)
        ]

    def __enter__(self) -> Surfing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads), "a pupil never got an answer"

    @property
    def many(self) -> int:
        return len(self._threads)

    def since(self, moment: float) -> list[Asked]:
        """What was wanted after that."""
        return [one for one in self.asked if one.start >= moment]

    def longest(self, since: float = 0.0) -> float:
        """Seconds that somebody was without an answer, of what was answered after `since`."""
        return max((one.waited for one in self.asked if one.end >= since), default=0.0)

    def everybody_has_all(self, since: float) -> bool:
        """Whether each pupil had each kind of answer, to what was wanted after that."""
        return len({(one.pupil, one.what) for one in self.since(since)}) == self.many * len(_ROUND)

    def _go(self, number: int, device: Device) -> None:
        while not self._enough.is_set():
            for what in _ROUND:
                self._want(number, device, what)
                if self._enough.wait(_PAUSE):
                    return

    def _want(self, number: int, device: Device, what: str) -> None:
        start, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                answer = device.fetch(what)
            except (OSError, EOFError, Refused, HTTPException):
                if self._enough.is_set() and time.monotonic() - start > 30:
                    return
                time.sleep(_AGAIN)
                continue
            if told := _wrong(what, answer.status, answer.text):
                self.wrong.append(told)
            self.asked.append(Asked(number, what, start, time.monotonic(), tries))
            return


def _wrong(what: str, status: int, text: str) -> str:
    good = {
        OPEN: status == 200 and "</html>" in text,
        CLOSED: status == 403 and "Fotodrop" not in text,
        HELP: status == 200 and "Kindertelefoon" in text,
    }[what]
    return "" if good else f"{what}: {status} {text[:200]!r}"
