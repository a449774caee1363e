"""Putting a backup back. All of it is read and proved first; then each part takes its place in one move.

What was there is kept aside, and comes back by itself when anything goes wrong halfway (`cli.backup.moves`).
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from cli.backup import contents, moves
from cli.backup.contents import DATABASES, LISTS, Manifest
from cli.backup.envelope import Opener
from cli.backup.locks import BackupError, Lock
from cli.backup.moves import ASIDE, STAMP
from cli.backup.packing import STAGING, fingerprint, staging
from cli.home import Home, Trouble
from cli.school import only_one, proxy_away, read_file
from config import load
from policy.model import Knowledge
from store import copies, open_store
from store.db import Database, StoreUnavailable
from store.migrate import Chain

KEPT_ASIDE = timedelta(days=30)
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
    with only_one(home), proxy_away(home), staging(home) as folder:
        recover(home)
        manifest = _proved(home, file, lock, folder)
        try:
            plan = moves.planned(home, manifest, now)
            moves.begin(home, plan, folder)
        except (StoreUnavailable, OSError) as error:
            raise BackupError("before", problem=error) from error
        try:
            moves.carry_out(home, plan, manifest, folder)
            _tried(home, manifest, now)
            _owned(home, manifest)
            moves.done(home, plan)
        except BaseException as error:
            recover(home)
            if isinstance(error, (StoreUnavailable, OSError)):
                raise BackupError("halfway", problem=error) from error
            raise
    here = fingerprint(home)
    return Restored(manifest, moves.kept_in(home, plan), bool(here) and here == manifest.ca)


def recover(home: Home) -> bool:
    """Undo a restore that did not end; whether there was one. For whoever holds the home folder.

    Raises:
        BackupError: it cannot be undone now, and nothing may run on what is here.
    """
    try:
        return moves.undo(home)
    except (StoreUnavailable, OSError) as error:
        raise BackupError("unfinished", problem=error) from error


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
        with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key, migrate=True)) as store:
            store.check()
            store.snapshot(manifest.school, _knowledge(home), now)
            store.audit.add(manifest.school, "cli", "backup.restore", now)
    except Trouble as error:
        raise BackupError("halfway", problem=error) from error


def _knowledge(home: Home) -> Knowledge:
    return load.knowledge(read_file(home)[0].settings)


def _owned(home: Home, manifest: Manifest) -> None:
    """Who restores as root leaves everything to the owner of the folder, as whom the guard runs."""
    owner = home.path.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    places = [home.path / name for name in manifest.files if name not in DATABASES.values()]
    places += [home.path / LISTS, home.path / contents.SECRETS, home.lock_file]
    places += [*home.path.glob(f"{ASIDE}*"), home.path / f"{STAGING}lock"]
    if manifest.database == "sqlite":
        places += [file for url in (home.database_url, home.accounts_url) for file in copies.files(url)]
    for place in places:
        for one in (place, *place.rglob("*")) if place.is_dir() else (place,):
            if one.exists():
                os.chown(one, owner.st_uid, owner.st_gid)


def _since(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
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
