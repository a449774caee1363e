"""Replacing processes one at a time: the new one first; only when it listens does the old one make room.

A new one that does not come up leaves the old one in place, and ends the round: what is
broken never replaces what works.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cli.life import Child, Life

_log = logging.getLogger(__name__)

START_WITHIN = 120.0  # seconds for a new one to listen: it reads the rules and the lists first
GRACE = 30.0  # seconds that an old one may finish what runs
_AFTER_GRACE = 10.0  # seconds after that until it is killed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a round of replacing ended: who was replaced, and who could not be (None: nobody)."""

    renewed: tuple[str, ...]
    failed: str | None = None


class Rolling:
    """Replaces the processes of children. `start` starts one, `told` hears how a round that was asked for ended."""

    def __init__(self, start: Callable[[Child], Life], told: Callable[[Outcome], None], grace: float = GRACE) -> None:
        self._start = start
        self._told = told
        self._grace = grace
        self._queue: deque[Child] = deque()
        self._busy: Child | None = None
        self._until = 0.0
        self._round: list[str] | None = None  # who was replaced in the round that was asked for
        self._again: tuple[Child, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is being replaced."""
        return self._busy is None and not self._queue and self._round is None

    def all(self, children: Iterable[Child]) -> None:
        """Replace all that can be, one by one. Asked again meanwhile, it begins once more at the end."""
        able = tuple(child for child in children if child.task.beside)
        if self._round is not None:
            self._again = able
            return
        self._round = []
        self._queue.extend(able)

    def one(self, child: Child) -> None:
        """Replace one."""
        self._queue.append(child)

    def step(self) -> None:
        """Go on as far as can be gone now."""
        if self._busy is None and self._queue:
            self._begin(self._queue.popleft())
        if self._busy is not None:
            self._look(self._busy)
        if self._round is not None and self._busy is None and not self._queue:
            self._end(None)

    def _begin(self, child: Child) -> None:
        if child.now is None:
            return  # dead now: it starts anew anyway
        self._busy, self._until = child, time.monotonic() + START_WITHIN
        child.renewed = time.monotonic()
        try:
            child.coming = self._start(child)
        except OSError as error:
            self._fail(child, f"cannot be started ({error.strerror})")

    def _look(self, child: Child) -> None:
        """The new one listens: change over. The old one is gone too: done. No new one: leave the old."""
        coming, now = child.coming, time.monotonic()
        if coming is None:
            if not child.leaving:
                self._busy = None
            return
        if not coming.alive:
            self._fail(child, f"ended with code {coming.process.returncode} before it listened")
        elif coming.ready:
            old, child.now, child.coming = child.now, coming, None
            if self._round is not None:
                self._round.append(child.task.name)
            if old is not None:
                old.drain(self._grace)
                child.leaving.append((old, now + self._grace + _AFTER_GRACE))
        elif now > self._until:
            self._fail(child, f"did not listen within {START_WITHIN:.0f} s")

    def _fail(self, child: Child, why: str) -> None:
        _log.error("the new %s %s; the old one stays", child.task.name, why)
        if child.coming is not None:
            child.coming.kill()
            child.coming.close()
            child.coming = None
        self._busy = None
        self._queue.clear()
        if self._round is not None:
            self._end(child.task.name)

    def _end(self, failed: str | None) -> None:
        outcome = Outcome(tuple(self._round or ()), failed)
        self._round = None
        again, self._again = self._again, ()
        self._told(outcome)
        if again:
            self.all(again)
