"""How a backup takes its place: every move is written down before the first one, so that all of them can be undone.

The plan lies in the home folder from before the first move until after the last. Whoever finds it there finds a restore
that did not end (killed, a power cut) and undoes it; undoing may itself be killed, and done again. So a school is whole
at any moment that a guard can start: the old one as long as there is a plan, the new one after.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.backup.contents import DATABASES, LISTS, Manifest
from cli.backup.locks import BackupError
from cli.home import Home, write_private
from config.private_folder import mode_in
from store import copies
from store.migrate import Chain

ASIDE = "before-restore-"
"""How the folder begins in which the state of before lies."""

STAMP = "%Y%m%d-%H%M%S"
_COPYING = ".copying"


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that is to be replaced: what it is called, where the old one goes, and whether there was one."""

    target: str
    kept: str
    had: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """The same for a database on PostgreSQL: the chain, and what its old schema is called."""

    chain: str
    kept: str
    had: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. Names of files are within the home folder, or absolute."""

    aside: str
    places: tuple[Place, ...]
    schemas: tuple[Schema, ...]

    @property
    def written(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, data: bytes) -> Plan:
        """As it was kept. Raises `ValueError`, `KeyError` or `TypeError`."""
        told: dict[str, Any] = json.loads(data)
        places = tuple(Place(**one) for one in told["places"])
        return cls(told["aside"], places, tuple(Schema(**one) for one in told["schemas"]))


def planned(home: Home, manifest: Manifest, now: datetime) -> Plan:
    """What must move for this backup. Raises `StoreUnavailable`, or `BackupError` within the second of another one."""
    stamp = now.astimezone(UTC).strftime(STAMP)
    aside = f"{ASIDE}{stamp}"
    if (home.path / aside).exists():
        raise BackupError("busy")
    places: list[Place] = []
    schemas: list[Schema] = []
    for chain in DATABASES:
        url = _url(home, chain)
        if manifest.database == "postgresql":
            name = f"before_restore_{stamp.replace('-', '_')}_{chain.value}"
            schemas.append(Schema(chain.value, name, copies.has_schema(url, chain)))
            continue
        files = copies.files(url)
        places.extend(_place(home, file, f"{aside}/{chain.value}/{file.name}") for file in files)
    # A list that the backup does not have would go on closing sites: the folder goes as a whole.
    names = [LISTS, *(one for one in manifest.files if one not in DATABASES.values() and Path(one).parts[0] != LISTS)]
    places.extend(_place(home, home.path / name, f"{aside}/{name}") for name in names)
    return Plan(aside, tuple(places), tuple(schemas))


def begin(home: Home, plan: Plan, folder: Path) -> None:
    """Write the plan down; from here on whoever finds it undoes it. The new school is in `folder`. Raises `OSError`."""
    _on_disk(*(one for one in folder.rglob("*") if one.is_file()))
    write_private(home.restore_plan, plan.written)
    _hand_over(home, home.restore_plan)
    _on_disk(home.path)


def carry_out(home: Home, plan: Plan, manifest: Manifest, folder: Path) -> None:
    """Move the old away and the new, which lies in `folder`, into its place.

    Raises `StoreUnavailable` or `OSError`: then it is for `undo`.
    """
    for one in plan.places:
        if one.had:
            _make(home, (home.path / one.kept).parent)
            _move(home.path / one.target, home.path / one.kept)
    for schema in plan.schemas:
        chain = Chain(schema.chain)
        copies.put_dump(_url(home, chain), chain, folder / DATABASES[chain], schema.kept)
    for name in manifest.files:
        _bring(home, plan, manifest, folder, name)


def done(home: Home, plan: Plan) -> None:
    """All is in its place and was tried: from here on it is the school. Raises `OSError`."""
    folders = {(home.path / name).parent for one in plan.places for name in (one.target, one.kept)}
    _on_disk(*(one for one in folders if one.exists()))
    (home.restore_plan).unlink()
    _on_disk(home.path)


def undo(home: Home) -> bool:
    """Undo a restore that did not end; whether there was one. Only while nobody else uses the home folder.

    Raises:
        StoreUnavailable, OSError: it cannot be undone now; the plan stays, and so does the refusal to run.
        BackupError: the plan cannot be read.
    """
    for half in home.path.glob(f".{home.restore_plan.name}.*"):
        half.unlink()  # a plan that was never finished: nothing had moved yet
    try:
        plan = Plan.read((home.restore_plan).read_bytes())
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("plan", path=home.restore_plan) from error
    for schema in plan.schemas:
        chain = Chain(schema.chain)
        copies.undo_dump(_url(home, chain), chain, schema.kept, had=schema.had)
    for one in reversed(plan.places):
        target, kept = home.path / one.target, home.path / one.kept
        _drop(Path(f"{target}{_COPYING}"))
        if not one.had:
            _drop(target)
        elif os.path.lexists(kept):
            _drop(target)
            _move(kept, target)
    _drop_empty(home.path / plan.aside)
    done(home, plan)
    return True


def kept_in(home: Home, plan: Plan) -> tuple[str, ...]:
    """Where the old state is, for people."""
    folder = home.path / plan.aside
    schemas = (one.kept for one in plan.schemas if one.had)
    return (*([str(folder)] if folder.exists() else []), *schemas)


def _url(home: Home, chain: Chain) -> str:
    return home.database_url if chain is Chain.MAIN else home.accounts_url


def _place(home: Home, target: Path, kept: str) -> Place:
    name = target.relative_to(home.path) if target.is_relative_to(home.path) else target
    return Place(str(name), kept, os.path.lexists(target))


def _bring(home: Home, plan: Plan, manifest: Manifest, folder: Path, name: str) -> None:
    """One file of the backup into its place."""
    chain = next((one for one, called in DATABASES.items() if called == name), None)
    if chain is not None:
        if manifest.database == "sqlite":
            target = copies.place(_url(home, chain))
            _make(home, target.parent)
            _move(folder / name, target)
        return
    target = home.path / name
    if not target.parent.exists():
        _make(home, target.parent)
        with suppress(FileNotFoundError):  # a folder that the proxy's user may read stays one
            target.parent.chmod(stat.S_IMODE((home.path / plan.aside / name).parent.stat().st_mode))
    _move(folder / name, target)
    target.chmod(mode_in(target.parent))


def _move(source: Path, target: Path) -> None:
    """In one move, also to another file system: `target` is whole or not there. Raises `OSError`."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = Path(f"{target}{_COPYING}")
        _drop(copy)
        shutil.copy2(source, copy)
        owner = source.stat()
        if os.geteuid() == 0:
            os.chown(copy, owner.st_uid, owner.st_gid)
        _on_disk(copy)
        copy.rename(target)
        source.unlink()


def _make(home: Home, folder: Path) -> None:
    """Make a folder and those above it, for its owner only."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700)
        if one.is_relative_to(home.path):
            _hand_over(home, one)


def _hand_over(home: Home, path: Path) -> None:
    """Who restores as root leaves it to the owner of the home folder, as whom the guard runs and undoes."""
    owner = home.path.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _on_disk(*paths: Path) -> None:
    """See that files and the names in folders are on the disk: a power cut may come at any moment."""
    for path in paths:
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _drop(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _drop_empty(folder: Path) -> None:
    """Take away a folder in which no file is left; one with a file stays, whatever it is."""
    files: Iterator[Path] = (one for one in folder.rglob("*") if not one.is_dir())
    if folder.exists() and next(files, None) is None:
        shutil.rmtree(folder)
