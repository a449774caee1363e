"""The emergency exit without a database: a small file in the home folder, which every process of the guard looks at.

Written by `klaswacht emergency`. Whoever can write it owns the home folder, and so the whole guard: it asks for no
code. What is in it ends at a moment; what cannot be read, or is not for its owner alone, opens nothing.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from policy.emergency import in_bounds
from policy.model import Emergency

NAME = ".nooduitgang.json"
_MOST = 2048  # bytes
_OFF_LASTS = timedelta(days=1)  # longer than any emergency


@dataclass(frozen=True, slots=True)
class Word:
    """What the file says. `on`: this one is open; `off`: whatever began then or before is over."""

    on: Emergency | None = None
    off: datetime | None = None


NOTHING = Word()


class BadFile(Exception):
    """The file is there and says nothing that counts; the text says why."""


@dataclass(frozen=True, slots=True)
class EmergencyFile:
    """The file of one home folder."""

    home: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.home / NAME

    @property
    def _shared(self) -> bool:
        """Whether the folder is given to a group to read in (`chmod g+rxs`): the proxy then runs as another user."""
        mode = self.home.stat().st_mode
        return bool(mode & stat.S_ISGID and mode & stat.S_IXGRP)

    def read(self, now: datetime) -> Word:
        """What it says at `now`; nothing where there is none. One that is over is taken away, so that it stays over
        when a clock is set back.

        Raises:
            BadFile: it cannot be read, belongs to somebody else or is open to others, or makes no sense.
        """
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return NOTHING
        except OSError as error:
            raise BadFile(f"it cannot be read ({error.strerror})") from error
        with os.fdopen(handle, "rb") as file:
            known = os.fstat(file.fileno())
            if not stat.S_ISREG(known.st_mode) or known.st_mode & (0o037 if self._shared else 0o077):
                raise BadFile("it must be a file for its owner alone (mode 600)")
            if known.st_uid not in {0, os.geteuid(), self.home.stat().st_uid}:
                raise BadFile("it belongs to somebody else")
            text = file.read(_MOST)
        found = _word(text, now)
        if found is NOTHING:
            self.remove()
        return found

    def say_on(self, emergency: Emergency) -> None:
        """Have it opened."""
        times = {"start": emergency.start.isoformat(), "end": emergency.end.isoformat()}
        self._write({"on": True, "id": emergency.id, "by": emergency.by, "way": emergency.way, **times})

    def say_off(self, now: datetime) -> None:
        """Have everything closed that began until `now`, whatever else says that it is open."""
        self._write({"on": False, "at": now.isoformat()})

    def remove(self) -> None:
        """Take it away."""
        with suppress(OSError):  # it ends by itself
            self.path.unlink(missing_ok=True)

    def _write(self, told: dict[str, object]) -> None:
        """In one move, for the owner of the folder only: root may write it for the guard's own user."""
        new = self.path.with_name(f"{NAME}.{os.getpid()}")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        if self._shared:
            new.chmod(0o640)
        owner = self.home.stat()
        if owner.st_uid != os.geteuid():
            os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(self.path)


def _word(text: bytes, now: datetime) -> Word:
    try:
        told = json.loads(text)
        if told["on"] is not True:
            at = _moment(told["at"])
            return Word(off=at) if at <= now < at + _OFF_LASTS else NOTHING
        one = Emergency(
            str(told["id"])[:64],
            _moment(told["start"]),
            _moment(told["end"]),
            str(told["by"])[:64],
            str(told["way"])[:16],
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadFile("it makes no sense") from error
    if not one.id or one.end <= one.start or not in_bounds(one):
        raise BadFile("it would be open for longer than four hours")
    return Word(on=one) if now < one.end else NOTHING


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment needs its offset")
    return found.astimezone(UTC)
