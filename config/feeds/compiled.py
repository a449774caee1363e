"""All feeds of a school as one index file, made anew when one of them changes.

A new file is written beside the old one and the pointer (`index`, a file with a name in it) is replaced in one move:
whoever reads the old index goes on undisturbed. Files that the pointer no longer names are removed; a process that has
one of them mapped keeps it until it lets go.
"""

from __future__ import annotations

import mmap
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.feeds.guards import Guard, Left
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Subscription, write_private
from config.private_folder import mode_in
from policy.nametable import Builder, NameTableError, size_for

POINTER = "index"
_PATTERN = "index-*.names"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What was made: how many different names, and what was left out, by feed."""

    names: int
    left: Mapping[str, Left]


def compile_feeds(folder: Path, feeds: Iterable[Subscription], guard: Guard) -> Compiled:
    """Make the index of all `feeds` and put it into force; with none of them there is no index any more.

    Needs room on disk beside the old index, and little memory: names are read as a stream.

    Raises:
        FeedError: the disk is full, or the names of a feed are gone.
    """
    feeds = tuple(feeds)
    if not feeds:
        (folder / POINTER).unlink(missing_ok=True)
        _tidy(folder, "")
        return Compiled(0, {})
    name = f"index-{secrets.token_hex(6)}.names"
    try:
        made = _fill(folder, folder / f".{name}", feeds, guard)
        (folder / f".{name}").replace(folder / name)
        write_private(folder / POINTER, name.encode())
    except NameTableError as error:
        raise FeedError(f"the index could not be made: {error}") from error
    except OSError as error:
        raise FeedError(f"the index could not be written ({error.strerror or error})", "make room on disk") from error
    finally:
        (folder / f".{name}").unlink(missing_ok=True)
    _tidy(folder, name)
    return made


def _fill(folder: Path, path: Path, feeds: tuple[Subscription, ...], guard: Guard) -> Compiled:
    left = {feed.id: Left() for feed in feeds}
    most = sum(_count(folder / f"{feed.id}.names") for feed in feeds)
    size = size_for(most)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    path.chmod(mode_in(folder))
    with os.fdopen(number, "r+b") as file:
        # Taken now, so that a full disk is an error here; written over a map it would end the process.
        os.posix_fallocate(number, 0, size)
        with mmap.mmap(number, size) as room:
            builder = Builder(room, most, secrets.randbits(64))
            for feed in feeds:
                names = _names(folder / f"{feed.id}.names")
                builder.add(guard.passing(names, feed.category, left[feed.id]), feed.category)
            tail = builder.finish()
            room.flush()
        file.seek(size)
        file.write(tail)
        file.flush()
        os.fsync(number)
    return Compiled(builder.names, left)


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _names(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _tidy(folder: Path, but: str) -> None:
    for old in (*folder.glob(_PATTERN), *folder.glob(f".{_PATTERN}")):
        if old.name != but:
            old.unlink(missing_ok=True)
