"""While the guard runs: once a night the lists are brought up to date and a backup is made; the index when asked for.

Each is a process of its own, so that whatever happens in it, the guard goes on. The moment lies between 21:00 and 05:30
in the Netherlands and is another one for every installation; makers of lists ask not to be loaded by day, nor all at
once. A guard that is off at that moment does it when it is on again the same night; a backup, which is nobody's load,
also by day. Backups are made where the school has a key for them.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cli.backup import every_night
from cli.home import Home, Trouble
from cli.subscribed import needs_compiling
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists

_log = logging.getLogger(__name__)

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_FIRST = time(21)  # UT1 asks for 19:00 GMT and later, also in summer
_LATEST = timedelta(hours=9)  # after that, by 06:00, nothing is begun any more
_SPREAD = timedelta(hours=8, minutes=30)
_LOOK = 60.0  # seconds between looks at the clock
_PATIENCE = 2 * 3600.0  # seconds that an update may take
_LISTS, _BACKUP = "the lists were not brought up to date", "no backup was made"
_NOON = 12
_AGAIN = timedelta(hours=1)  # after a backup that failed


def night_of(now: datetime) -> datetime:
    """When the night of `now` begins (UTC): 21:00 in the Netherlands, and before noon that of the day before."""
    local = now.astimezone(_AMSTERDAM)
    day = local.date() if local.hour >= _NOON else local.date() - timedelta(days=1)
    return datetime.combine(day, _FIRST, _AMSTERDAM).astimezone(UTC)


def moment_of(now: datetime, seed: bytes) -> datetime:
    """When the update of the night of `now` is to begin (UTC); `seed` is the installation's own."""
    return night_of(now) + _part(b"nightly lists", seed) * _SPREAD


def due(now: datetime, last: datetime | None, seed: bytes) -> bool:
    """Whether the update of this night is to begin now; `last` is when one last began."""
    begins = moment_of(now, seed)
    return begins <= now < night_of(now) + _LATEST and (last is None or last < begins)


def backup_due(now: datetime, last: every_night.Standing, seed: bytes) -> bool:
    """Whether a backup is to be made now: the moment of this night is past, and none was made since."""
    night, later = night_of(now), _part(b"nightly backup", seed) * _SPREAD
    begins = night + later if night + later <= now else night_of(night - timedelta(hours=_NOON)) + later
    # A clock that was set back must not put it off.
    made = last.made is not None and begins <= last.made <= now
    return not made and (last.failed is None or not timedelta(0) <= now - last.failed < _AGAIN)


def _part(name: bytes, seed: bytes) -> float:
    """A part of the night (0 to 1) that is this installation's own."""
    return int.from_bytes(hashlib.sha256(name + seed).digest()[:4]) / 2**32


def begun(home: Home, *words: str) -> subprocess.Popen[bytes]:
    """`klaswacht ...` in this home, as a process of its own; its complaints come through `stderr`."""
    command = (sys.executable, "-m", "cli.main", *words)
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=os.environ | {"KLASWACHT_HOME": str(home.path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        process_group=0,
    )


class Nightly(threading.Thread):
    """Watches the clock until `stopping`."""

    def __init__(self, home: Home, seed: bytes, stopping: threading.Event) -> None:
        super().__init__(name="nightly", daemon=True)
        self._home, self._seed, self._stopping = home, seed, stopping
        self._last: datetime | None = None
        self._tried: datetime | None = None

    def run(self) -> None:
        """Compile if the rules ask for it, then look at the clock every minute."""
        self._safely(_LISTS, self._at_start)
        while not self._stopping.wait(_LOOK):
            self._safely(_LISTS, lambda: self.look(datetime.now(UTC)))
            self._safely(_BACKUP, lambda: self.look_at_backups(datetime.now(UTC)))

    def look(self, now: datetime) -> bool:
        """Begin the update when it is due and there are lists; whether it was begun."""
        lists = Lists(self._home.path)
        shelf = lists.shelf()
        stamp = datetime.fromisoformat(shelf.night) if shelf.night else None
        last = max((one for one in (stamp, self._last) if one is not None), default=None)
        if not shelf.feeds or not due(now, last, self._seed):
            return False
        self._last = now
        self._child(_LISTS, "lists", "update", "--nightly")
        return True

    def look_at_backups(self, now: datetime) -> bool:
        """Make a backup when it is due and the school has a key for it; whether it was begun."""
        if not self._home.backup_key.exists() or not backup_due(now, every_night.standing(self._home), self._seed):
            return False
        if self._tried is not None and timedelta(0) <= now - self._tried < _AGAIN:
            return False  # also when it ended without a word
        self._tried = now
        self._child(_BACKUP, "backup", "--nightly")
        return True

    def _at_start(self) -> None:
        if needs_compiling(self._home):
            self._child(_LISTS, "lists", "compile")

    def _safely(self, chore: str, do: Callable[[], object]) -> None:
        try:
            do()
        except (FeedError, Trouble) as error:
            self._tell(chore, str(error))
        except Exception as error:  # whatever it is, the guard and the next night go on
            self._tell(chore, type(error).__name__)

    def _tell(self, chore: str, why: str) -> None:
        _log.warning("%s: %s", chore, why)

    def _child(self, chore: str, *words: str) -> None:
        """Run `klaswacht ...` in this home; one line in the log when it does not succeed."""
        process = begun(self._home, *words)
        told = self._wait(process)
        if process.returncode and not self._stopping.is_set():
            lines = [line for line in told.decode("utf-8", "replace").splitlines() if line.strip()]
            self._tell(
                chore, lines[-1].removeprefix("klaswacht: ")[:500] if lines else f"exit code {process.returncode}"
            )

    def _wait(self, process: subprocess.Popen[bytes]) -> bytes:
        left = _PATIENCE
        while True:
            try:
                return process.communicate(timeout=1.0)[1]
            except subprocess.TimeoutExpired:
                left -= 1.0
                if self._stopping.is_set() or left <= 0:
                    process.terminate()
                    try:
                        return process.communicate(timeout=5.0)[1]
                    except subprocess.TimeoutExpired:
                        process.kill()
                        return process.communicate()[1]
