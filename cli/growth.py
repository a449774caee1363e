"""Memory of the workers: one that has grown past its bound is replaced by a fresh one.

What counts is memory of its own: pages of files, such as the lists that all workers map and share, are left out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from cli.life import Child, Life

_log = logging.getLogger(__name__)

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks, from a start to the weight that growth is counted from, and between two replacements."""

    look: float = 30.0
    settle: float = 60.0
    rest: float = 300.0


def own_memory(pid: int) -> int | None:
    """Bytes in memory that are the process's own; None when it cannot be told (it is gone)."""
    try:
        found = psutil.Process(pid).memory_info()
    except psutil.Error:
        return None
    return int(found.rss - getattr(found, "shared", 0))


class Scales:
    """Weighs the processes now and then."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._next = 0.0

    def grown(self, children: Iterable[Child]) -> Child | None:
        """Weigh all when it is time for that; the first that is to be replaced."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + self._pace.look
        gains = [(self._gain(child, child.now, now), child) for child in children if child.now is not None]
        gain, child = max(gains, key=lambda one: one[0], default=(0, None))
        if child is None or gain == 0:
            return None
        _log.warning("%s has grown by %d MB and makes room for a fresh one", child.task.name, gain // MIB)
        return child

    def _gain(self, child: Child, life: Life, now: float) -> int:
        """Bytes that a process gained, when it is to be replaced for them; else 0."""
        most = child.task.most_growth
        if most is None or not life.ready or now - life.started < self._pace.settle:
            return 0
        weight = own_memory(life.process.pid)
        if weight is None:
            return 0
        if life.weight is None:
            life.weight = weight
        gain = weight - life.weight
        rested = now - max(child.renewed, life.started) >= self._pace.rest
        return gain if gain > most and rested else 0
