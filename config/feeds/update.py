"""Adds, updates and removes feeds: fetch, read, judge, keep, and make the index. The only writer of the folder.

A feed never gets worse by an update: what cannot be had, is empty, is a web page or changed too much leaves the version
in force as it is, and the reason stands with the feed.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from xxhash import xxh3_128

from config.feeds import formats
from config.feeds.compiled import Compiled, compile_feeds
from config.feeds.fetch import Fetched, Limits, fetch
from config.feeds.guards import Guard, Kept
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists, Subscription, Version, shown, stamp
from policy.match import within

GREATEST_CHANGE = 0.2
"""Of the number of names; more than this waits for a yes."""

MOST_NAMES = 20_000_000
_BATCH = 20_000


class Outcome(StrEnum):
    """What became of an update."""

    SAME = "same"
    TAKEN = "taken"
    WAITS = "waits"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an update goes by: the time, the hosts that stay open, CA files to trust beside the usual ones."""

    now: datetime
    kept: Kept
    trust: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)


def add(lists: Lists, feed: Subscription, by: Conditions) -> Subscription:
    """Subscribe: fetch and read the feed, and take it into force. Call it while `lists.alone()`.

    Raises:
        FeedError: the id is in use, or the feed cannot be had or read; then nothing was added.
    """
    if feed.id in lists.shelf().feeds:
        raise FeedError(f"there is a feed `{feed.id}` already", "choose another with --id, or remove that one first")
    found = _load(lists, feed, by)
    if found is None:
        raise FeedError(f"`{shown(feed.source)}` says that it did not change, but it was never here")
    _file_of(lists, feed, "new").replace(lists.names_file(feed.id))
    made = replace(feed, now=found, tried=stamp(by.now))
    lists.put(made)
    make_index(lists, by)
    return lists.shelf().feeds[feed.id]


def update(lists: Lists, feed: Subscription, by: Conditions, *, yes: bool = False) -> Outcome:
    """Bring one feed up to date; `make_index` must follow when something was taken. Call it while `lists.alone()`.

    `yes` takes what waits as it is; when nothing waits, it takes whatever comes.
    """
    if yes and feed.waits is not None and lists.names_file(feed.id, "waiting").exists():
        _take(lists, feed, feed.waits, lists.names_file(feed.id, "waiting"), by)
        return Outcome.TAKEN
    new = _file_of(lists, feed, "new")
    try:
        found = _load(lists, feed, by)
    except FeedError as error:
        new.unlink(missing_ok=True)
        lists.put(replace(feed, tried=stamp(by.now), problem=str(error)))
        return Outcome.FAILED
    try:
        return _judge(lists, feed, found, new, by, yes=yes)
    finally:
        new.unlink(missing_ok=True)


def _judge(lists: Lists, feed: Subscription, found: Version | None, new: Path, by: Conditions, *, yes: bool) -> Outcome:
    tried = replace(feed, tried=stamp(by.now), problem="")
    if found is None:
        lists.put(tried)
        return Outcome.WAITS if feed.waits else Outcome.SAME
    if found.digest == feed.now.digest:
        lists.names_file(feed.id, "waiting").unlink(missing_ok=True)
        same = replace(feed.now, etag=found.etag, modified=found.modified)
        lists.put(replace(tried, now=same, waits=None))
        return Outcome.SAME
    refused = feed.waits is not None and found.digest == feed.waits.digest
    if not yes and (refused or changed_too_much(feed.now.names, found.names)):
        new.replace(lists.names_file(feed.id, "waiting"))
        lists.put(replace(tried, waits=found))
        return Outcome.WAITS
    _take(lists, feed, found, new, by)
    return Outcome.TAKEN


def changed_too_much(before: int, after: int) -> bool:
    """Whether a number of names moved by more than a fifth, up or down."""
    return abs(after - before) > GREATEST_CHANGE * before


def _take(lists: Lists, feed: Subscription, version: Version, names: Path, by: Conditions) -> None:
    """Put a version into force. The one before it is kept: linked first, so that there are names at every moment."""
    current, previous = lists.names_file(feed.id), lists.names_file(feed.id, "previous")
    previous.unlink(missing_ok=True)
    if current.exists():
        previous.hardlink_to(current)
    names.replace(current)
    lists.names_file(feed.id, "waiting").unlink(missing_ok=True)
    lists.put(replace(feed, now=version, before=feed.now, waits=None, tried=stamp(by.now), problem=""))


def step_back(lists: Lists, feed: Subscription) -> None:
    """Take the version before this one into force; `make_index` must follow. The newer one waits for a yes.

    Raises:
        FeedError: there is none.
    """
    current, previous = lists.names_file(feed.id), lists.names_file(feed.id, "previous")
    if feed.before is None or not previous.exists():
        raise FeedError(f"there is no version of `{feed.id}` before this one")
    waiting = lists.names_file(feed.id, "waiting")
    waiting.unlink(missing_ok=True)
    waiting.hardlink_to(current)
    previous.replace(current)
    lists.put(replace(feed, now=feed.before, before=None, waits=feed.now))


def remove(lists: Lists, feed: str, by: Conditions) -> None:
    """Give a feed up, with everything that was kept of it, and make the index without it.

    Raises:
        FeedError: there is no such feed.
    """
    shelf = lists.shelf()
    if feed not in shelf.feeds:
        raise FeedError(f"there is no feed `{feed}`", "`klaswacht lists status` shows what there is")
    lists.write(replace(shelf, feeds={name: one for name, one in shelf.feeds.items() if name != feed}))
    make_index(lists, by)
    for kind in ("names", "previous", "waiting"):
        lists.names_file(feed, kind).unlink(missing_ok=True)


def make_index(lists: Lists, by: Conditions) -> Compiled:
    """Make the index of all feeds and note what the guard left out of each. Call it while `lists.alone()`.

    Raises:
        FeedError: it could not be made; the one before it stays in force.
    """
    shelf = lists.shelf()
    made = compile_feeds(lists.folder, shelf.feeds.values(), Guard(by.kept))
    feeds = {
        feed.id: replace(feed, dropped=dict(left.counts), samples=tuple(left.samples))
        for feed in shelf.feeds.values()
        for left in (made.left[feed.id],)
    }
    lists.write(replace(shelf, feeds=feeds, kept=by.kept.digest))
    return made


# --- fetching and reading ------------------------------------------------------------------------------------------


def _load(lists: Lists, feed: Subscription, by: Conditions) -> Version | None:
    """Fetch the feed and write its names to `ID.new`; None when the server says that it did not change."""
    last = feed.waits or feed.now
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=lists.folder) as folder:
        if _is_local(feed.address):
            path, fetched = _local(feed.address), Fetched(0)
        else:
            path = Path(folder) / "feed"
            answer = fetch(feed.address, path, last.etag, last.modified, by.trust, by.limits)
            if answer is None:
                return None
            fetched = answer
        reading = formats.opened(path, feed.form or None, feed.part)
        names, digest = _write_names(reading, _file_of(lists, feed, "new"))
        size = fetched.size or (path.stat().st_size if path.is_file() else 0)
    skipped = dict(reading.tally.skipped.most_common())
    return Version(stamp(by.now), names, size, digest, fetched.etag, fetched.modified, reading.form, skipped)


def _is_local(address: str) -> bool:
    return "://" not in address or address.startswith("file://")


def _local(address: str) -> Path:
    path = Path(address.removeprefix("file://"))
    if not path.exists():
        raise FeedError(f"`{path}` is not there")
    return path


def _file_of(lists: Lists, feed: Subscription, kind: str) -> Path:
    return lists.names_file(feed.id, kind)


def _write_names(reading: formats.Reading, path: Path) -> tuple[int, str]:
    """Write the names of a feed, its own exceptions taken out; how many, and their digest."""
    raw = path.with_suffix(".read")
    try:
        count, digest = _stream(reading.names(), raw)
        exceptions = reading.tally.exceptions
        if exceptions:
            above = frozenset(name.partition(".")[2] for name in exceptions)
            with raw.open(encoding="ascii") as file:
                kept = (name for name in map(str.rstrip, file) if not within(name, exceptions))
                count, digest = _stream(_told(kept, above, reading), path)
        else:
            raw.replace(path)
    except OSError as error:
        raise FeedError(f"cannot write `{path}` ({error.strerror})", "make room on disk") from error
    finally:
        raw.unlink(missing_ok=True)
    unread = reading.tally.skipped["no_name"]
    if count == 0 or unread > count:
        path.unlink(missing_ok=True)
        if count == 0:
            raise FeedError(f"there are no names in it (read as {reading.form})", "name another form with --format")
        raise FeedError(f"most of its lines are no names (read as {reading.form})", "name another form with --format")
    return count, digest


def _told(names: Iterable[str], above: frozenset[str], reading: formats.Reading) -> Iterator[str]:
    """The names; one that still covers an exception of the feed is counted, because a list cannot have holes."""
    for name in names:
        if name in above:
            reading.tally.skip("exception_below")
        yield name


def _stream(names: Iterator[str], path: Path) -> tuple[int, str]:
    count, digest = 0, xxh3_128()
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        path.chmod(0o600)
        for batch in itertools.batched(names, _BATCH, strict=False):
            count += len(batch)
            if count > MOST_NAMES:
                raise FeedError(f"there are more than {MOST_NAMES:,} names in it")
            data = ("\n".join(batch) + "\n").encode("ascii")
            digest.update(data)
            file.write(data)
    return count, digest.hexdigest()
