"""What `klaswacht doctor` and the page Gezondheid both look at: clock, certificates, disk and backups.

Every finding is a code of `cli.doctor` with its values.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cli.backup import every_night
from cli.ca import CaFiles, load_ca, signing
from cli.ca.rotation import WAIT, standing
from cli.home import Home, Trouble
from cli.school import AMSTERDAM

_LOW, _VERY_LOW = 1024, 200  # MB of free disk
_ENDS_SOON = timedelta(days=90)
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)  # no installation is older than this


class Level(StrEnum):
    """How bad it is; only `FAIL` makes the command fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how bad, which sentence, and what it names."""

    level: Level
    code: str
    values: dict[str, object] = field(default_factory=dict)


def clock_findings(home: Home, now: datetime) -> Iterator[Finding]:
    """Whether the clock can be right, and whether anything keeps it so."""
    values: dict[str, object] = {"time": f"{now.astimezone():%d-%m-%Y %H:%M:%S %Z}"}
    began = _BEGAN
    with contextlib.suppress(Trouble):  # told with the CA
        began = load_ca(CaFiles(home.ca_folder)).not_valid_before_utc
    if now < began:
        yield Finding(Level.FAIL, "clock_wrong", values)
    elif synchronised() is False:
        yield Finding(Level.WARN, "clock_free", values)
    else:
        yield Finding(Level.OK, "clock", values)


def synchronised() -> bool | None:
    """Whether the kernel's clock is kept right by NTP; None when it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    nothing_to_change = ctypes.create_string_buffer(512)  # struct timex is some 208 bytes; modes 0 only reads
    state = int(ctypes.CDLL(None).adjtimex(nothing_to_change))
    return None if state < 0 else state != _TIME_ERROR


def ca_findings(home: Home, now: datetime) -> Iterator[Finding]:
    """What is to be said of the certificate authority; `klaswacht up` says it too where it is not all right."""
    files = CaFiles(home.ca_folder)
    if not files.engine.exists() and not files.public.exists():
        yield Finding(Level.WARN, "ca_missing")
        return
    try:
        known = standing(files)
        _see_pair(files)
    except Trouble as trouble:
        yield Finding(Level.FAIL, "broken", {"problem": trouble})
        return
    secrets: list[tuple[Path, int]] = [(files.folder, 0o700), *((path, 0o600) for path in files.secrets)]
    for path, mode in secrets:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding(Level.FAIL, "ca_mode", {"path": path, "mode": f"{mode:o}"})
            if path.stat().st_uid != os.geteuid():
                yield Finding(Level.FAIL, "ca_owner", {"path": path})
    # Whatever of the chain ends first ends all of it.
    first = min(known.signs.chain, key=lambda one: one.not_valid_after_utc)
    yield _ends(first, now, _ENDS_SOON, ("ca", "ca_ends", "ca_ended"), {})
    for other, code, public in (
        (known.next, "ca_next", files.next_public),
        (known.previous, "ca_previous", files.previous_public),
    ):
        if other is not None:
            days = {"since": f"{other.since.astimezone():%d-%m-%Y}", "day": f"{other.since + WAIT:%d-%m-%Y}"}
            yield Finding(Level.WARN, code, {"file": public, **days})
    if files.dashboard.exists():
        leaf = x509.load_pem_x509_certificates(files.dashboard.read_bytes())[0]
        yield _ends(leaf, now, timedelta(0), ("leaf", "leaf", "leaf_ended"), {})


def _see_pair(files: CaFiles) -> None:
    """Raise `Trouble` when the key is not the certificate's, or devices were given another certificate."""
    pem = files.engine.read_bytes()
    remedy = f"put `{files.folder}` back from a backup"
    try:
        key = load_pem_private_key(pem, None)
    except ValueError as error:
        raise Trouble(f"the key in `{files.engine}` cannot be read", remedy) from error
    ca = signing(files)
    if key.public_key() != ca.certificate.public_key():
        raise Trouble(f"the key in `{files.engine}` is not that of its certificate", remedy)
    if not files.public.exists() or x509.load_pem_x509_certificate(files.public.read_bytes()) != ca.anchor:
        raise Trouble(f"`{files.public}` is not the certificate of `{files.engine}`", "start Klaswacht again")


def _ends(
    certificate: x509.Certificate,
    now: datetime,
    soon: timedelta,
    codes: tuple[str, str, str],
    values: dict[str, object],
) -> Finding:
    end = certificate.not_valid_after_utc
    told = values | {"until": f"{end.astimezone():%d-%m-%Y}"}
    good, near, over = codes
    if now >= end:
        return Finding(Level.FAIL, over, told)
    return Finding(Level.WARN, near, told) if end - now < soon else Finding(Level.OK, good, told)


def disk_findings(home: Home) -> Iterator[Finding]:
    """How much of the disk is free."""
    place = next(folder for folder in (home.path, *home.path.parents) if folder.exists())
    free = shutil.disk_usage(place).free // 2**20
    level = Level.FAIL if free < _VERY_LOW else Level.WARN if free < _LOW else Level.OK
    yield Finding(level, "disk" if level is Level.OK else "disk_low", {"free": free})


def backup_findings(home: Home, now: datetime) -> Iterator[Finding]:
    """When the last backup of the night was made, and whether the last one failed."""
    if not home.backup_key.exists():
        yield Finding(Level.WARN, "backup_no_key")
        return
    last = every_night.standing(home)
    values: dict[str, object] = {"folder": every_night.folder(home)}
    if last.failed is not None:
        late = last.made is None or now - last.made > every_night.LATE
        when = {"when": _moment(last.failed), "problem": last.problem}
        yield Finding(Level.FAIL if late else Level.WARN, "backup_failed", values | when)
    if last.made is None:
        if last.failed is None:
            # Nights after the key was made, and not even a word that one failed: what makes them is killed each time.
            since = datetime.fromtimestamp(home.backup_key.stat().st_mtime, UTC)
            never = now - since > every_night.LATE
            told = values | {"since": _moment(since)}
            yield Finding(Level.FAIL if never else Level.OK, "backup_never" if never else "backup_first", told)
        return
    told = values | {"when": _moment(last.made), "count": every_night.count(home)}
    late = now - last.made > every_night.LATE
    yield Finding(Level.FAIL if late else Level.OK, "backup_late" if late else "backup", told)
    if every_night.same_disk(home):
        yield Finding(Level.WARN, "backup_same_disk", values)


def _moment(when: datetime) -> str:
    """A moment as people of the school read it."""
    return f"{when.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
