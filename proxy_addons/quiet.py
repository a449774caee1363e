"""Quiet signals on their way to the counsellors: who is told of, once in a while, and what waits to be written.

Who asks for help is told of with a name, else a device, else a group - never with a word of what was typed, the host or
the address it came from, which only keeps children apart here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

from policy.counsel import Told, told_of
from policy.model import Principal, Snapshot, Strength
from store.signals import AGAIN, Signal

MOST_WAITING = 1000
_MOST_REMEMBERED = 5000

type _Key = tuple[str | None, ...]


class Quiet:
    """Signals that wait to be written. `confide` is called on one thread, `take` and `put_back` on another."""

    def __init__(self, clock: Callable[[], datetime], most_waiting: int = MOST_WAITING) -> None:
        self._clock = clock
        self._most = most_waiting
        self._lock = threading.Lock()
        self._waiting: deque[Signal] = deque()
        self._lost = 0
        self._told: dict[_Key, datetime] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def confide(self, who: Principal, address: str, snapshot: Snapshot | None) -> Told:
        """Queue a signal where counsellors are to hear of it; what they hear, also when they were told just before."""
        now = self._clock()
        told = told_of(snapshot, who, now)
        if told is Told.NOBODY:
            return told
        signal = _signal(who, told, now)
        if not self._told_lately(_key(signal, address), now):
            with self._lock:
                self._add(signal)
        return told

    def take(self) -> tuple[list[Signal], int]:
        """Everything that waits, and how many were lost since the last time."""
        with self._lock:
            signals, lost = list(self._waiting), self._lost
            self._waiting.clear()
            self._lost = 0
        return signals, lost

    def put_back(self, signals: list[Signal]) -> None:
        """They could not be written: they wait on, before what came since."""
        with self._lock:
            since = list(self._waiting)
            self._waiting.clear()
            for signal in (*signals, *since):
                self._add(signal)

    def _add(self, signal: Signal) -> None:
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(signal)

    def _told_lately(self, key: _Key, now: datetime) -> bool:
        before = self._told.get(key)
        if before is not None and now - before < AGAIN:
            return True
        if len(self._told) >= _MOST_REMEMBERED:
            self._told = {k: when for k, when in self._told.items() if now - when < AGAIN}
        self._told[key] = now
        return False


def _signal(who: Principal, told: Told, now: datetime) -> Signal:
    group = who.groups[0] if who.groups else None
    if told is Told.PERSON:
        return Signal(now, group, person=who.person)
    if told is Told.DEVICE:
        # Known by an address only, it may be a whole cart of them.
        return Signal(now, group, who.device, shared=who.strength is not Strength.PROVED)
    return Signal(now, group, shared=True)


def _key(signal: Signal, address: str) -> _Key:
    """What makes two signals the same: what is known, and where that may be several, the address too."""
    return (signal.person, signal.device, signal.group if signal.person is None else None, *([address] * signal.shared))
