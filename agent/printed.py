"""What the print server keeps on disk: its setting, a journal of what was moved, and the backend's marks.

The marks are the backend's (`platform/klaswacht-backend`), which runs as root inside CUPS; here they are only read.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

HOME = Path("/var/lib/klaswacht-printing")
_SETTING = "setting.json"
_JOURNAL = "journal.json"
_MARKS = "marks"


@dataclass(frozen=True, slots=True)
class PrintSetting:
    """Two queues and what holds between them. `cap`: the most pages of one job; None: any number.

    `guard` is the account that moves jobs. `people` maps an account's name on a job to a person of the school, where
    they differ.
    """

    pupils: str = "leerling"
    real: str = "echt"
    guard: str = "root"
    cap: int | None = 10
    staff: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    socket: str = "/run/cups/cups.sock"
    backends: str = "/usr/lib/cups/backend"


def read_setting(home: Path) -> PrintSetting | None:
    """Return what `klaswacht printing setup` wrote; None: this computer is no print server, or it cannot be read."""
    found = read_json(home / _SETTING)
    try:
        return PrintSetting(**{**found, "staff": tuple(found.get("staff", ()))}) if found else None
    except TypeError:
        return None


def write_setting(home: Path, setting: PrintSetting) -> None:
    """Keep a setting. Raises `OSError`."""
    write_json(home / _SETTING, asdict(setting), 0o644)


class Mark(StrEnum):
    """How far a job came in the backend: not there, its first byte went out, its last one did."""

    NOTHING = "nothing"
    BEGUN = "begun"
    DONE = "done"


class Marks:
    """The backend's marks."""

    def __init__(self, home: Path) -> None:
        self._folder = home / _MARKS

    def mark(self, number: int, uuid: str) -> Mark:
        """Return how far a job came. Marks that cannot be read are doubt: then nothing is moved."""
        try:
            names = {path.suffix for path in self._folder.iterdir() if path.stem == f"{number}.{uuid}"}
        except OSError:
            return Mark.BEGUN
        if ".done" in names:
            return Mark.DONE
        return Mark.BEGUN if ".begun" in names else Mark.NOTHING


class Stage(StrEnum):
    """What was last done with a job."""

    WARNED = "warned"
    MOVING = "moving"
    MOVED = "moved"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Entry:
    """One job in the journal: what was done, when, and its number in CUPS."""

    stage: Stage
    at: datetime
    number: int


class Journal:
    """What was done with which job, by UUID; on disk before it is done. One that cannot be read starts empty.

    That loses a warning or a "moved" and doubles nothing: where a job is, CUPS and the marks say.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _JOURNAL
        self.entries: dict[str, Entry] = {}
        for uuid, entry in (read_json(self._file) or {}).items():
            try:
                self.entries[uuid] = Entry(
                    Stage(entry["stage"]), datetime.fromisoformat(entry["at"]), int(entry["number"])
                )
            except (ValueError, KeyError, TypeError):
                continue

    def write(self, uuid: str, entry: Entry) -> None:
        """Keep this for sure. Raises `OSError`: then it must not be done either."""
        self.entries[uuid] = entry
        self._keep()

    def forget(self, uuid: str) -> None:
        """Drop what is settled. Raises `OSError`."""
        if self.entries.pop(uuid, None) is not None:
            self._keep()

    def _keep(self) -> None:
        kept = {
            uuid: {"stage": one.stage.value, "at": one.at.isoformat(), "number": one.number}
            for uuid, one in self.entries.items()
        }
        write_json(self._file, kept, 0o600)


def read_json(file: Path) -> dict[str, Any] | None:
    """Return a mapping from a file; None where there is none that can be read."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_json(file: Path, value: Mapping[str, Any], mode: int) -> None:
    """Write a mapping whole or not at all, and on the disk when this returns. Raises `OSError`."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
            json.dump(value, out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        new.unlink(missing_ok=True)
