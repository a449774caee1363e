"""The backups that a guard makes by itself every night, if the school has a key for them: where, how long, how it went.

They lie in the folder of `KLASWACHT_BACKUPS`, else in the home folder. Each goes after 30 days, because it is
children's data; the newest stays, however old, because without it nothing comes back. How the last one went is kept in
a small file, so that people hear of it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.backup import packing
from cli.backup.locks import BackupError, Public
from cli.home import Home, Trouble, write_private
from config.private_folder import mode_in
from config.texts import say

KEPT = timedelta(days=30)
LATE = timedelta(days=3)
"""After so long without a good one somebody must look; a guard that is off at night makes it when it is on."""

_SCHOOL = ZoneInfo("Europe/Amsterdam")
_NAME = re.compile(r"klaswacht-(\d{4}-\d{2}-\d{2}-\d{4})(-\d+)?\.backup\Z")
_STAMP = "%Y-%m-%d-%H%M"
_MOST = 16 * 1024  # bytes
_LEFT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Standing:
    """When the last one was made and when one failed after that (None: never), with a sentence why."""

    made: datetime | None = None
    failed: datetime | None = None
    problem: str = ""


def folder(home: Home) -> Path:
    """Where they lie."""
    told = os.environ.get("KLASWACHT_BACKUPS")
    return Path(told).expanduser().absolute() if told else home.path / "backups"


def standing(home: Home) -> Standing:
    """How the last one went. Never raises: a file that makes no sense says nothing."""
    try:
        with _file(home).open("rb") as file:
            told = json.loads(file.read(_MOST))
        made, failed = (datetime.fromisoformat(told[name]) if told[name] else None for name in ("made", "failed"))
        return Standing(made, failed, str(told["problem"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Standing()


def make(home: Home, now: datetime, lang: str) -> Path:
    """Make tonight's, and throw away what is past its term; where it is. It is noted how that went.

    Raises:
        BackupError or Trouble: it could not be made; those of before stay.
    """
    try:
        made = _made(home, now)
    except (BackupError, Trouble) as error:
        told = say(f"backup.error.{error.code}", lang, **error.values) if isinstance(error, BackupError) else str(error)
        _note(home, Standing(standing(home).made, now, told.rstrip()))
        raise
    _note(home, Standing(now))
    forget(home, now)
    return made


def forget(home: Home, now: datetime) -> int:
    """Throw away those that are past their term, but for the newest; how many went."""
    old = sorted(_all(home))[:-1]
    gone = 0
    for when, path in old:
        if when < now - KEPT:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def count(home: Home) -> int:
    """How many there are."""
    return sum(1 for _ in _all(home))


def same_disk(home: Home) -> bool:
    """Whether they lie on the disk that the school itself is on; then both are lost together."""
    try:
        return folder(home).stat().st_dev == home.path.stat().st_dev
    except OSError:
        return False


def _made(home: Home, now: datetime) -> Path:
    try:
        lock = Public.read(home.backup_key.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise BackupError("key") from error
    place = folder(home)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear(place, now)
    except OSError as error:
        raise BackupError("disk", path=place, problem=error.strerror or error) from error
    stamp = f"klaswacht-{now.astimezone(_SCHOOL):{_STAMP}}"
    # The clock that goes back an hour writes the same minute twice.
    names = (place / f"{stamp}{more}.backup" for more in ("", *(f"-{number}" for number in range(2, 60))))
    return packing.pack(home, lock, next(one for one in names if not one.exists()), now).path


def _all(home: Home) -> Iterator[tuple[datetime, Path]]:
    """Each with the moment that its name says; other files are none of ours."""
    with suppress(OSError):
        for path in folder(home).iterdir():
            found = _NAME.fullmatch(path.name)
            if found is not None and path.is_file():
                with suppress(ValueError):
                    local = datetime.strptime(found[1], _STAMP).replace(tzinfo=_SCHOOL)
                    yield local.astimezone(UTC), path


def _clear(place: Path, now: datetime) -> None:
    """Take away what one that was killed left half written. Raises `OSError`."""
    for path in place.glob(".klaswacht-*.backup.*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - _LEFT:
            path.unlink(missing_ok=True)


def _note(home: Home, one: Standing) -> None:
    told = {
        "made": one.made.isoformat() if one.made else None,
        "failed": one.failed.isoformat() if one.failed else None,
        "problem": one.problem,
    }
    with suppress(OSError):  # a full disk: that the last one is old is seen by its own time
        write_private(_file(home), json.dumps(told).encode(), mode_in(home.path))


def _file(home: Home) -> Path:
    return home.path / ".backups.json"
