"""What one process counts of its own work, for who watches over machines: numbers alone, never whose or where.

Every name is a kind that is written here or in an enumeration of ours. `cli.metrics` says what each of them means.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from proxy_addons.facts import Ruling

if TYPE_CHECKING:
    from proxy_addons.doorway import Doorway
    from proxy_addons.gate import Gate

EVERY = 1.0  # seconds
BOUNDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0)
"""Seconds that an answer took, at most; what took longer is counted with all."""

type Tell = Callable[[Mapping[str, float]], None]
"""Hears the numbers every second, on the event loop."""


class Measured:
    """Belongs to one event loop. Counts only rise."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._took = 0.0

    def entered(self, door: str) -> None:
        """Count a connection by what the door said."""
        self._counts[f"doors.{door}"] += 1

    def answered(self, ruling: Ruling, seconds: float) -> None:
        """Count a request by what it got, and how long the answer was waited for."""
        effect = "own" if ruling.decision is None else ruling.decision.effect.value
        self._counts[f"requests.{effect}"] += 1
        self._counts["answers"] += 1
        self._took += seconds
        for bound in BOUNDS:
            if seconds <= bound:
                self._counts[f"answers.{bound}"] += 1
                break

    def numbers(self) -> dict[str, float]:
        """All of them by now."""
        return {**self._counts, "answers.seconds": self._took}


async def tell_on(tell: Tell, numbers: Callable[[], Mapping[str, float]]) -> None:
    """Tell `numbers` every second, with how late the loop came to it, until cancelled."""
    loop = asyncio.get_running_loop()
    late = 0.0
    while True:
        tell({**numbers(), "now.late": late})
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        late = max(loop.time() - due, 0.0)


def rules_of(gate: Gate) -> dict[str, float]:
    """Whether a process has rules, and whether they are those of the store; what waits to be written."""
    live, recorder = gate.live, gate.recorder
    return {
        "now.rules": float(live.snapshot is not None),
        "now.store": float(not live.degraded),
        "now.revision": float(live.revision),
        "now.waiting": float(recorder.waiting),
        "events.lost": float(recorder.lost),
    }


def door_of(doorway: Doorway) -> dict[str, float]:
    """What the door and the asking behind it saw."""
    away = {f"away.{why.value}": float(count) for why, count in doorway.turned_away.items()}
    faults = float(sum(doorway.failsafe.broken.values()))
    return {**doorway.failsafe.measured.numbers(), **away, "faults": faults, "now.connections": float(doorway.inside)}
