"""Another clock for a guard: set while it runs, without touching the machine's (libfaketime)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
# libfaketime asks the kernel for a wrong moment where somebody sleeps until one by the clock that it leaves alone.
_SLEEP = "import select, time\ntime.sleep = lambda seconds: select.select((), (), (), seconds) and None\n"


class Clock:
    """The guard's clock, told in a file: so many seconds beside the machine's. What counts seconds is left alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "clock"
        self._patch = folder / "patch"
        self._patch.mkdir()
        (self._patch / "sitecustomize.py").write_text(_SLEEP)
        self._beside = timedelta()
        self.set(timedelta())

    @property
    def environment(self) -> dict[str, str]:
        """What a guard is started with."""
        return {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._patch),
        }

    def set(self, beside: timedelta) -> None:
        """From now on it is so much later (or earlier) for the guard."""
        self._beside = beside
        new = self._file.with_suffix(".new")
        new.write_text(f"{beside.total_seconds():+.0f}\n")
        new.replace(self._file)

    def be(self, moment: datetime) -> None:
        """From now on it is that moment, and time goes on from there."""
        self.set(moment - datetime.now(UTC))

    def now(self) -> datetime:
        """What time it is for the guard, UTC."""
        return datetime.now(UTC) + self._beside
