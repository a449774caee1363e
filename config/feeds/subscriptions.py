"""Which feeds a school has, in the folder `lists` of its home: what stands in `subscriptions.json` and beside it.

    subscriptions.json     every feed: source, category, licence, when and how big, what waits, what went wrong
    ID.names               the names in force, one a line, canonical
    ID.previous            the names before that
    ID.waiting             names that wait for a yes
    index, index-*.names   the pointer to the compiled index, and that index (`config.feeds.compiled`)

All for its owner only, and every file is written in one move.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from config.feeds.packed import FeedError
from config.private_folder import mode_in

FOLDER = "lists"
"""Where feeds are, in the home folder."""

_VERSION = 1
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,49}\Z")
_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a feed: what the server called it (`etag`, `modified`), its names and when it was fetched.

    `digest` is of the names, `size` the bytes that were fetched, `skipped` lines that gave no name, by reason.
    """

    when: str = ""
    names: int = 0
    size: int = 0
    digest: str = ""
    etag: str = ""
    modified: str = ""
    form: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One feed of a school. `form` is empty when it is found out each time.

    `now` is in force, `before` is kept, `waits` wants a yes. `dropped` are the names that the guard left out at the
    last compilation, by reason, with some of them in `samples`. `problem` is why the last try failed, since `tried`.
    """

    id: str
    source: str
    category: str
    form: str = ""
    licence: str = ""
    now: Version = field(default_factory=Version)
    before: Version | None = None
    waits: Version | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    tried: str = ""
    problem: str = ""

    @property
    def address(self) -> str:
        """The source without its part."""
        return self.source.partition("#")[0]

    @property
    def part(self) -> str:
        """Which list of the source is meant; empty when it holds only one."""
        return self.source.partition("#")[2]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands in the folder: the feeds by id, which hosts were kept open when the index was made, the last night.

    `kept` is `guards.Kept.digest`; `night` is when the nightly update last began, ISO in UTC.
    """

    feeds: Mapping[str, Subscription] = field(default_factory=dict)
    kept: str = ""
    night: str = ""


def shown(source: str) -> str:
    """A source as it may be shown: without a password or a query, which may be a key."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(an address that cannot be read)"
    return urlunsplit((parts.scheme, host, parts.path, "", parts.fragment))


class Lists:
    """The folder of one school. Making one touches nothing."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self._state = self.folder / "subscriptions.json"

    def names_file(self, feed: str, kind: str = "names") -> Path:
        """Where the names of a feed are; `kind` is `names`, `previous` or `waiting`."""
        return self.folder / f"{feed}.{kind}"

    def shelf(self) -> Shelf:
        """What stands there; empty when nothing was ever subscribed to.

        Raises:
            FeedError: it cannot be read.
        """
        try:
            with self._state.open("rb") as file:
                data = json.loads(file.read(_MOST_BYTES))
            if data["version"] != _VERSION:
                raise FeedError(f"`{self._state}` is of another version of Klaswacht")
            feeds = {one["id"]: _subscription(one) for one in data["feeds"]}
            return Shelf(feeds, data["kept"], data["night"])
        except FileNotFoundError:
            return Shelf()
        except OSError as error:
            raise FeedError(f"`{self._state}` cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FeedError(f"`{self._state}` is damaged", "put it back from a backup, or remove it") from error

    def write(self, shelf: Shelf) -> None:
        """Write all of it in one move."""
        feeds = [asdict(one) for one in shelf.feeds.values()]
        told = {"version": _VERSION, "kept": shelf.kept, "night": shelf.night, "feeds": feeds}
        write_private(self._state, json.dumps(told, indent=1, ensure_ascii=False).encode())

    def put(self, feed: Subscription) -> None:
        """Write one feed, new or changed."""
        shelf = self.shelf()
        self.write(replace(shelf, feeds={**shelf.feeds, feed.id: feed}))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder, so that two updates cannot mix; makes it when it is not there.

        Raises:
            FeedError: another program holds it, or it cannot be made.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.folder / "lock").open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise FeedError("the lists are being updated at this moment", "try again in a minute") from error
                yield
        except OSError as error:
            raise FeedError(f"cannot write in `{self.folder}` ({error.strerror or error})") from error


def _subscription(told: dict[str, Any]) -> Subscription:
    if not _ID.match(told["id"]):
        raise ValueError(told["id"])
    known = {one.name for one in fields(Subscription)}
    values = {name: value for name, value in told.items() if name in known}
    for name in ("now", "before", "waits"):
        values[name] = Version(**values[name]) if values.get(name) else None
    values["now"] = values["now"] or Version()
    return Subscription(**values | {"samples": tuple(values.get("samples", ()))})


def id_for(source: str) -> str:
    """A fitting id for a source without one: the end of its path, or its part."""
    path, _, part = source.partition("#")
    last = [piece for piece in re.split(r"[/\\]", path.partition("?")[0]) if piece]
    text = part or (last[-1] if last else "feed")
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower().removesuffix(".gz").removesuffix(".tar")).strip("-")
    return slug[:50].strip("-") or "feed"


def right_id(text: str) -> str:
    """The id, when it may be one.

    Raises:
        FeedError: it may not.
    """
    if not _ID.match(text):
        raise FeedError(f"`{text[:60]}` is not an id", "use small letters, digits and `-`, at most 50")
    return text


def stamp(now: datetime) -> str:
    """A moment as it is kept (UTC)."""
    return now.isoformat(timespec="seconds")


def write_private(path: Path, data: bytes) -> None:
    """Write a file in one move, for its owner only where the folder is not shared."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.chmod(mode_in(path.parent))
    new.replace(path)
