"""What is in a backup, and what never is.

In it: both databases, the school's rules and settings, which lists of others it has with their names, and the secrets
that people and laptops go by (so nobody enrols again). Not in it: the CA's private keys and the dashboard's, what can
be made again (the compiled index, the dashboard's certificate), and what is of this moment only.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from cli.backup.envelope import Opener, Sealer
from cli.backup.locks import BackupError
from cli.home import Home
from store.migrate import Chain

FORMAT = 1
MANIFEST = "manifest.json"
DATABASES = {Chain.MAIN: "main", Chain.ACCOUNTS: "accounts"}
"""What each database is called in a backup."""

SECRETS, LISTS = "secrets", "lists"
_PIECE = 1024 * 1024
_MOST_MANIFEST = 1024 * 1024
_KEY = b"PRIVATE KEY-----"  # of a PEM file: such keys stay where they are


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `made` is ISO in UTC, `database` the kind, `versions` those of its migrations.

    `files` are names with their sizes in bytes; `ca` is the fingerprint of the CA that devices trust, or empty.
    """

    made: str
    program: str
    school: str
    database: str
    versions: dict[str, str]
    files: dict[str, int]
    ca: str = ""
    format: int = FORMAT

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """What was written. Raises `BackupError`."""
        try:
            told: dict[str, Any] = json.loads(data)
            if told["format"] != FORMAT:
                raise BackupError("newer")
            found = cls(**told)
        except (ValueError, TypeError, KeyError) as error:
            raise BackupError("damaged") from error
        for name in found.files:
            parts = PurePosixPath(name).parts
            if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
                raise BackupError("damaged")
        return found

    @property
    def written(self) -> bytes:
        """As it goes into the file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()


def files_of(home: Home) -> dict[str, Path]:
    """The files of a home folder that go into a backup, by their names in it."""
    wanted = [
        home.school_file,
        home.good_file,
        home.backup_key,
        *_inside(home.path / SECRETS),
        *_inside(home.path / LISTS),
    ]
    found = {path.relative_to(home.path).as_posix(): path for path in wanted if path.is_file()}
    if home.columns_key.is_file():
        # Wherever it is kept (another disk behind a link, what systemd handed over): without it nobody reads a name.
        found[f"{SECRETS}/columns"] = home.columns_key
    return {name: path for name, path in found.items() if _KEY not in path.read_bytes()[: 64 * 1024]}


def _inside(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            # The index is compiled again where it is missing; a file that begins with a dot is being written.
            made = folder.name == LISTS and (path.name == "lock" or path.name.startswith("index"))
            if not made and not path.name.startswith(".") and not path.is_symlink():
                yield path


def write(sealer: Sealer, manifest: Manifest, files: dict[str, Path]) -> None:
    """Write all of it, the manifest first. Raises `OSError`, also for a file that is shorter by now."""
    into: Any = sealer  # of a file tarfile uses `write` alone
    with tarfile.open(fileobj=into, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _put(archive, MANIFEST, BytesIO(manifest.written), len(manifest.written))
        for name, path in files.items():
            with path.open("rb") as file:
                _put(archive, name, file, manifest.files[name])
    sealer.close()


def _put(archive: tarfile.TarFile, name: str, file: Any, size: int) -> None:
    one = tarfile.TarInfo(name)
    one.size, one.mode = size, 0o600
    archive.addfile(one, file)


def read(opener: Opener, folder: Path | None) -> Manifest:
    """Read all of it, to the last byte, into an empty `folder` (None: only prove it).

    Raises `BackupError`: it is damaged, or is not what its manifest says.
    """
    source: Any = opener  # of a file tarfile uses `read` alone
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            first = archive.next()
            if first is None or first.name != MANIFEST or first.size > _MOST_MANIFEST:
                raise BackupError("damaged")
            manifest = Manifest.read(b"".join(_pieces(archive, first)))
            left = dict(manifest.files)
            while (one := archive.next()) is not None:
                if not one.isreg() or left.pop(one.name, -1) != one.size:
                    raise BackupError("damaged")
                _take(archive, one, folder)
    except tarfile.TarError as error:
        raise BackupError("damaged") from error
    opener.drain()
    if left:
        raise BackupError("damaged")
    return manifest


def _take(archive: tarfile.TarFile, one: tarfile.TarInfo, folder: Path | None) -> None:
    if folder is None:
        for _ in _pieces(archive, one):
            pass
        return
    target = folder / one.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600, exist_ok=False)
    with target.open("wb") as file:
        for piece in _pieces(archive, one):
            file.write(piece)


def _pieces(archive: tarfile.TarFile, one: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(one)
    while file is not None and (piece := file.read(_PIECE)):
        yield piece
