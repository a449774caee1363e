"""When to look at what: all processes every few seconds, in between only those that came. Looking at all costs most."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from agent.observe import Observation, newcomers, observe, pids

WHOLE = timedelta(seconds=5)
"""How often everything is looked at: a program that took another name by itself is found then at the latest."""


class Rounds:
    """Gives the observation of each look. `processes` is the very same object while nothing came or went in between.

    What came since the last look is read now and once more in the next one: a program that is being started is for a
    moment still a copy of who starts it. Used by one thread.
    """

    def __init__(self, user: str | None = None) -> None:
        self._user = user
        self._last: Observation | None = None
        self._whole: datetime | None = None
        self._ids: frozenset[int] = frozenset()
        self._young: frozenset[int] = frozenset()

    def look(self, now: datetime) -> Observation:
        """Look at all, or at what came since; a clock that was put right makes nobody wait."""
        last, whole = self._last, self._whole
        if last is None or whole is None or not timedelta(0) <= now - whole < WHOLE:
            self._whole = now
            found = observe(now, self._user, last)
            ids = frozenset(one.pid for one in found.processes)
        else:
            ids = pids()
            found = self._between(last, now, ids)
        self._young = ids - self._ids if self._last is not None else frozenset()
        self._ids, self._last = ids, found
        return found

    def _between(self, last: Observation, now: datetime, ids: frozenset[int]) -> Observation:
        fresh = (ids - self._ids) | (self._young & ids)
        if not fresh and self._ids <= ids:
            return replace(last, at=now)
        kept = tuple(one for one in last.processes if one.pid in ids and one.pid not in fresh)
        processes = (*kept, *newcomers(fresh, last))
        same = frozenset(processes) == frozenset(last.processes)
        return replace(last, at=now, processes=last.processes if same else processes)
