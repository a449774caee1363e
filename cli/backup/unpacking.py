"""Putting a backup back. All of it is read and proved first; then each part takes its place in one move.

What was there is kept aside, and comes back by itself when anything goes wrong halfway.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from cli.backup import contents
from cli.backup.contents import DATABASES, LISTS, Manifest
from cli.backup.envelope import Opener
from cli.backup.locks import BackupError, Lock
from cli.backup.packing import STAGING, fingerprint, staging
from cli.home import Home, Trouble
from cli.school import only_one, opened, read_file
from config import load
from config.private_folder import mode_in
from policy.model import Knowledge
from store import copies
from store.db import Database, StoreUnavailable
from store.migrate import Chain

ASIDE = "before-restore-"
"""How the folder begins in which the state of before lies."""

KEPT_ASIDE = timedelta(days=30)
_STAMP = "%Y%m%d-%H%M%S"
_SCHEMA = re.compile(r"before_restore_(\d{8})_(\d{6})_(main|accounts)\Z")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: what the backup says, where the old state is, and whether the devices' CA is here."""

    manifest: Manifest
    aside: tuple[str, ...]
    same_ca: bool


def look(home: Home, file: Path, lock: Lock) -> Manifest:
    """Read and prove all of a backup, as `restore` would; nothing changes. Raises `BackupError` or `Trouble`."""
    home.prepare()
    with staging(home) as folder:
        return _proved(home, file, lock, folder)


def restore(home: Home, file: Path, lock: Lock, now: datetime) -> Restored:
    """Put a backup back in the home folder, where no guard may be running.

    Raises:
        BackupError or Trouble: nothing changed.
    """
    home.prepare()
    with only_one(home), staging(home) as folder:
        manifest = _proved(home, file, lock, folder)
        moves = _Moves(home, folder, now)
        try:
            moves.all(manifest)
            _tried(home, manifest, now)
        except BaseException as error:
            moves.undo()
            if isinstance(error, (StoreUnavailable, OSError)):
                raise BackupError("halfway", problem=error) from error
            raise
        _owned(home, manifest)
    here = fingerprint(home)
    return Restored(manifest, moves.aside, bool(here) and here == manifest.ca)


def forget_aside(home: Home, now: datetime) -> int:
    """Take away what restores kept aside long enough (30 days): it is children's data too. How many were taken away.

    Raises `StoreUnavailable`.
    """
    gone = 0
    for folder in home.path.glob(f"{ASIDE}*"):
        if _since(folder.name.removeprefix(ASIDE)) < now - KEPT_ASIDE:
            shutil.rmtree(folder)
            gone += 1
    for url in {home.database_url, home.accounts_url}:
        if copies.kind(url) == "postgresql":
            gone += _forget_schemas(url, now)
    return gone


def _proved(home: Home, file: Path, lock: Lock, folder: Path) -> Manifest:
    try:
        with file.open("rb") as sealed:
            manifest = contents.read(Opener(sealed, lock), folder)
    except OSError as error:
        raise BackupError("unreadable", path=file, problem=error.strerror or error) from error
    for chain in Chain:
        if manifest.versions.get(chain.value) not in copies.known(chain):
            raise BackupError("newer")
    if {copies.kind(home.database_url), copies.kind(home.accounts_url)} != {manifest.database}:
        raise BackupError("other_kind", kind=manifest.database)
    try:
        for chain, name in DATABASES.items():
            if manifest.database == "postgresql":
                copies.examine_dump(folder / name)
            elif copies.examine(folder / name, chain) != manifest.versions[chain.value]:
                raise BackupError("damaged")
        read_file(Home(folder))
    except (StoreUnavailable, Trouble) as error:
        raise BackupError("inside", problem=error) from error
    return manifest


def _tried(home: Home, manifest: Manifest, now: datetime) -> None:
    """Use it as a guard would: bring it to this program's version, and ask for everything that is decided by."""
    try:
        with closing(opened(home)) as store:
            store.check()
            store.snapshot(manifest.school, _knowledge(home), now)
            store.audit.add(manifest.school, "cli", "backup.restore", now)
    except Trouble as error:
        raise BackupError("halfway", problem=error) from error


def _knowledge(home: Home) -> Knowledge:
    return load.knowledge(read_file(home)[0].settings)


@dataclass(slots=True)
class _Moves:
    """What takes its place, and how each move is undone."""

    home: Home
    folder: Path
    now: datetime
    undoing: list[Callable[[], object]] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def stamp(self) -> str:
        return self.now.astimezone(UTC).strftime(_STAMP)

    @property
    def keep(self) -> Path:
        """Where the old state goes."""
        return self.home.path / f"{ASIDE}{self.stamp}"

    @property
    def aside(self) -> tuple[str, ...]:
        """Where the old state is, for people."""
        return (*([str(self.keep)] if self.keep.exists() else []), *self.named)

    def all(self, manifest: Manifest) -> None:
        if self.keep.exists():
            raise BackupError("busy")
        for chain, name in DATABASES.items():
            self._database(chain, self.folder / name, manifest.database)
        # A list that the backup does not have would go on closing sites: the folder goes as a whole.
        if (self.home.path / LISTS).exists():
            self._away(Path(LISTS))
        for name in manifest.files:
            if name not in DATABASES.values():
                self._file(Path(name))

    def undo(self) -> None:
        """As it was. What cannot be undone stays aside, and the others are undone."""
        for back in reversed(self.undoing):
            with suppress(OSError, StoreUnavailable, sa.exc.SQLAlchemyError):
                back()
        if not any(one.is_file() for one in self.keep.rglob("*")):
            shutil.rmtree(self.keep, ignore_errors=True)

    def _database(self, chain: Chain, new: Path, kind: str) -> None:
        url = self.home.database_url if chain is Chain.MAIN else self.home.accounts_url
        if kind == "postgresql":
            name = f"before_restore_{self.stamp.replace('-', '_')}_{chain.value}"
            copies.put_dump(url, chain, new, name)
            self.undoing.append(lambda: copies.undo_dump(url, chain, name))
            self.named.append(name)
            return
        self.undoing.append(lambda: copies.undo_file(url, self.keep / chain.value))
        copies.put_file(url, new, self.keep / chain.value)

    def _file(self, name: Path) -> None:
        target = self.home.path / name
        if target.exists():
            self._away(name)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o700, parents=True)
            with suppress(FileNotFoundError):  # a folder that the proxy's user may read stays one
                target.parent.chmod(stat.S_IMODE((self.keep / name).parent.stat().st_mode))
        self.undoing.append(lambda: target.unlink(missing_ok=True))
        (self.folder / name).replace(target)
        target.chmod(mode_in(target.parent))

    def _away(self, name: Path) -> None:
        target, kept = self.home.path / name, self.keep / name
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

        def back() -> None:
            if target.is_dir():
                shutil.rmtree(target)
            kept.replace(target)

        target.replace(kept)
        self.undoing.append(back)


def _owned(home: Home, manifest: Manifest) -> None:
    """Who restores as root leaves everything to the owner of the folder, as whom the guard runs."""
    owner = home.path.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    places = [home.path / name for name in manifest.files if name not in DATABASES.values()]
    places += [home.path / LISTS, home.path / contents.SECRETS, home.lock_file]
    places += [*home.path.glob(f"{ASIDE}*"), home.path / f"{STAGING}lock"]
    if manifest.database == "sqlite":
        files = [copies.place(url) for url in (home.database_url, home.accounts_url)]
        places += [Path(f"{file}{side}") for file in files for side in ("", "-wal", "-shm")]
    for place in places:
        for one in (place, *place.rglob("*")) if place.is_dir() else (place,):
            if one.exists():
                os.chown(one, owner.st_uid, owner.st_gid)


def _since(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _forget_schemas(url: str, now: datetime) -> int:
    database = Database(url)
    try:
        with database.errors(), database.engine.begin() as connection:
            names = [name for name in sa.inspect(connection).get_schema_names() if (found := _SCHEMA.match(name))
                     and _since(f"{found[1]}-{found[2]}") < now - KEPT_ASIDE]  # fmt: skip
            for name in names:
                connection.execute(sa.text(f'DROP SCHEMA "{name}" CASCADE'))
        return len(names)
    finally:
        database.close()
