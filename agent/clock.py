"""The school's time on a device whose own clock may be wrong or moved: the server's word, counted on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def since_start() -> float:
    """Return seconds on a clock that nobody can set; on Linux it goes on while a laptop sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def system_time() -> datetime:
    """Return what the device's own clock says (UTC)."""
    return datetime.now(UTC)


class SchoolClock:
    """Tells the time as the school's server has it.

    Until the server has spoken it is the device's own clock, but never earlier than `earliest`, the last word of the
    server that is known from before: a clock that was put back brings no ended permission to life again.
    """

    def __init__(
        self,
        earliest: datetime | None = None,
        *,
        steady: Callable[[], float] = since_start,
        system: Callable[[], datetime] = system_time,
    ) -> None:
        self._steady = steady
        start = system()
        self._anchor = (max(start, earliest) if earliest else start, steady())

    def hear(self, server: datetime) -> None:
        """Take the server's time as the truth from now on."""
        self._anchor = (server, self._steady())

    def now(self) -> datetime:
        """Return the time now (UTC)."""
        then, mark = self._anchor
        return then + timedelta(seconds=self._steady() - mark)
