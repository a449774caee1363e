"""Making a backup: copies beside the guard while it runs, one sealed file out of them, and that file read over."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256

from cli.backup import contents
from cli.backup.contents import DATABASES, Manifest
from cli.backup.envelope import Opener, Sealer
from cli.backup.locks import BackupError, Lock
from cli.ca import CaFiles, signing
from cli.home import Home, Trouble
from cli.school import opened, read_file
from store import copies
from store.db import StoreUnavailable
from store.migrate import Chain

STAGING = ".backup-"
"""How the folder begins in which copies lie while a backup is made or read; in the home folder, which is private."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A backup that was made: where, how many bytes, and what it says of itself."""

    path: Path
    size: int
    manifest: Manifest


def pack(home: Home, lock: Lock, out: Path, now: datetime) -> Packed:
    """Make a backup in the new file `out`, for its owner only. The trail says that it was made.

    Raises:
        BackupError or Trouble: it cannot be made; then there is no file.
    """
    if out.exists():
        raise BackupError("exists", path=out)
    school = read_file(home)[0].settings.school.id
    with closing(opened(home, migrate=False)) as store:
        try:
            store.audit.add(school, "cli", "backup.make", now)
        except StoreUnavailable as error:
            raise BackupError("database", problem=error) from error
    with staging(home) as folder:
        try:
            manifest, files = _gathered(home, folder, school, now)
            return _sealed(manifest, files, lock, out)
        except StoreUnavailable as error:
            raise BackupError("database", problem=error) from error
        except OSError as error:
            raise BackupError("disk", path=error.filename or out, problem=error.strerror or error) from error


def _gathered(home: Home, folder: Path, school: str, now: datetime) -> tuple[Manifest, dict[str, Path]]:
    """Copies of the databases, and which files go along."""
    # The accounts first: then each account's person is in the copy that is made after it.
    kind = copies.kind(home.database_url)
    if copies.kind(home.accounts_url) != kind:
        raise BackupError("two_kinds")
    urls = {Chain.ACCOUNTS: home.accounts_url, Chain.MAIN: home.database_url}
    versions = {chain.value: copies.copy(url, chain, folder / DATABASES[chain]) for chain, url in urls.items()}
    files = {DATABASES[chain]: folder / DATABASES[chain] for chain in urls}
    for name, path in contents.files_of(home).items():
        # A copy, so that a file that is written meanwhile has one size.
        target = folder / "files" / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        files[name] = target
    sizes = {name: path.stat().st_size for name, path in files.items()}
    made = now.isoformat(timespec="seconds")
    return Manifest(made, version("klaswacht"), school, kind, versions, sizes, fingerprint(home)), files


def _sealed(manifest: Manifest, files: dict[str, Path], lock: Lock, out: Path) -> Packed:
    new = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            sealer = Sealer(file, lock)
            contents.write(sealer, manifest, files)
            os.fsync(file.fileno())
            file.seek(0)
            # Read over with the key that is still at hand: what cannot be read back is no backup.
            contents.read(Opener(file, None, sealer.key), None)
        new.replace(out)
    finally:
        new.unlink(missing_ok=True)
    return Packed(out, out.stat().st_size, manifest)


@contextmanager
def staging(home: Home) -> Iterator[Path]:
    """A private folder in the home for as long as it is needed; what an earlier one left behind is taken away.

    Raises:
        BackupError: another backup is being made or read, or it cannot be made.
    """
    try:
        with (home.path / f"{STAGING}lock").open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BackupError("busy") from error
            for old in home.path.glob(f"{STAGING}*"):
                if old.is_dir():
                    shutil.rmtree(old, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=home.path))
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise BackupError("disk", path=error.filename or home.path, problem=error.strerror or error) from error


def fingerprint(home: Home) -> str:
    """Of the certificate that devices trust; empty where there is none yet."""
    with suppress(Trouble):
        return signing(CaFiles(home.ca_folder)).anchor.fingerprint(SHA256()).hex()
    return ""
