"""What all processes counted together. A count never goes down, not even when the one that counted is gone."""

from __future__ import annotations

import threading
from collections.abc import Mapping

STANDS = "now."
"""Begins the name of a number that stands (open connections), as against one that only rises."""


class Sums:
    """Written by the supervisor's own thread, read by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._risen: dict[str, float] = {}

    def heard(self, before: Mapping[str, float], now: Mapping[str, float]) -> None:
        """Add what a process counted since its beat `before`."""
        with self._lock:
            for name, value in now.items():
                if not name.startswith(STANDS):
                    rise = max(value - before.get(name, 0.0), 0.0)
                    self._risen[name] = self._risen.get(name, 0.0) + rise

    def all(self) -> dict[str, float]:
        """Every count, by its name."""
        with self._lock:
            return dict(self._risen)
