"""What a feed comes in: a file, a folder, a zip, a tar, any of them with gzip. Read in place, never unpacked to disk.

Nothing is written, so no name inside an archive can lead out of anywhere. What is read is bounded: members, bytes in
all, bytes that one read may give; an archive that unfolds to more is refused.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

MOST_MEMBERS = 50_000
MOST_BYTES = 1 << 30
_ONE_READ = 1 << 24
_DIRECTORY_BYTES = 1 << 23  # of a zip's table of contents
_EXTRAS = frozenset({b"x", b"g", b"X", b"L", b"K"})  # pax and GNU: long names and the like
_LARGEST_EXTRA = 1 << 20
_END = struct.Struct("<4s4H2LH")


class FeedError(Exception):
    """A feed cannot be had, read or used; `str` is one line: `problem; remedy` (input in backticks)."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy

    def __str__(self) -> str:
        """Return the one line."""
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem


class Bounded(io.RawIOBase):
    """A stream that gives at most `left` bytes and then refuses."""

    def __init__(self, inner: BinaryIO, left: int) -> None:
        super().__init__()
        self._inner, self.left = inner, left

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; raises `FeedError` when it would be too many at once or in all."""
        if size is None or size < 0 or size > _ONE_READ:
            raise FeedError("the archive wants too much memory")
        data = self._inner.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise FeedError(f"it unpacks to more than {MOST_BYTES // 2**20} MB")
        return data

    def readable(self) -> bool:
        """It is."""
        return True


@contextmanager
def troubles(path: Path) -> Iterator[None]:
    """Whatever goes wrong while a file of others is read becomes a `FeedError`."""
    try:
        yield
    except FeedError:
        raise
    except FileNotFoundError as error:
        raise FeedError(f"`{path}` is not there") from error
    except OSError as error:
        raise FeedError(f"`{path.name}` cannot be read ({error.strerror or 'damaged'})") from error
    except Exception as error:  # what others wrote may break a reader in any way; it never breaks the guard
        raise FeedError(f"`{path.name}` is damaged ({type(error).__name__})") from error


def members(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Every file inside, with its name there (`/` between folders; empty for a file that is no archive).

    A stream must be read before the next one is asked for.

    Raises:
        FeedError: it cannot be read, or unfolds to too much.
    """
    with troubles(path):
        if path.is_dir():
            yield from _of_folder(path)
            return
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start == b"PK\x03\x04":
                yield from _of_zip(file)
            elif start[:2] == b"\x1f\x8b":
                yield from _of_stream(Bounded(cast("BinaryIO", gzip.GzipFile(fileobj=file)), MOST_BYTES))
            elif start[:3] == b"BZh" or start[:4] in (b"\xfd7zX", b"(\xb5/\xfd", b"Rar!", b"7z\xbc\xaf"):
                raise FeedError(f"`{path.name}` is packed in a way that is not read", "take a .zip, .tar.gz or .gz")
            else:
                yield from _of_stream(Bounded(file, MOST_BYTES))


def _of_folder(folder: Path) -> Iterator[tuple[str, BinaryIO]]:
    left = MOST_BYTES
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number >= MOST_MEMBERS:
            raise FeedError(f"there are more than {MOST_MEMBERS:,} files in it", "name the folder of the feed itself")
        if path.is_file():
            with path.open("rb") as file:
                bounded = Bounded(file, left)
                yield path.relative_to(folder).as_posix(), cast("BinaryIO", bounded)
                left = bounded.left


def _of_stream(stream: Bounded) -> Iterator[tuple[str, BinaryIO]]:
    """A tar, or the one file that this is."""
    start = stream.read(512)
    whole = cast("Any", _Rejoined(start, stream))
    if start[257:262] != b"ustar":
        yield "", whole
        return
    with tarfile.open(fileobj=whole, mode="r|", tarinfo=_Header) as tar:
        for number, member in enumerate(tar):
            if number >= MOST_MEMBERS:
                raise FeedError(f"there are more than {MOST_MEMBERS:,} files in it")
            tar.members.clear()  # type: ignore[attr-defined] # no type knows it; else each one is remembered
            if member.isreg() and not member.issparse():
                inner = tar.extractfile(member)
                if inner is not None:
                    yield member.name.removeprefix("./"), cast("BinaryIO", inner)


class _Header(tarfile.TarInfo):
    """A header whose extras are small: those are read into memory whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTRAS and info.size > _LARGEST_EXTRA:
            raise FeedError("the archive has a header of more than a megabyte")
        return info


class _Rejoined(io.RawIOBase):
    """What was read already, and then the rest."""

    def __init__(self, start: bytes, rest: Bounded) -> None:
        super().__init__()
        self._start, self._rest = start, rest

    def read(self, size: int | None = -1) -> bytes:
        if self._start and size is not None and size >= 0:
            given, self._start = self._start[:size], self._start[size:]
            return given
        return self._rest.read(size)

    def readable(self) -> bool:
        return True


def _of_zip(file: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    _small_directory(file)
    left = MOST_BYTES
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            with archive.open(info) as inner:
                bounded = Bounded(cast("BinaryIO", inner), left)
                yield info.filename.replace("\\", "/").removeprefix("./"), cast("BinaryIO", bounded)
                left = bounded.left


def _small_directory(file: BinaryIO) -> None:
    """Refuse a zip whose table of contents is too big, before it is read into memory."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END.size - 0xFFFF))
    tail = file.read()
    at = len(tail) - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\x05\x06":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise FeedError("the zip is cut off or damaged")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, at)
    if entries > MOST_MEMBERS or directory > _DIRECTORY_BYTES:
        raise FeedError(f"there are more than {MOST_MEMBERS:,} files in it")
    file.seek(0)
