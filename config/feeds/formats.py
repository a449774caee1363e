"""One door for every form of feed: a downloaded file or a folder in, canonical names out, with a tally.

The form is told or found out. `part` says which list is meant where a feed holds many: a folder of UT1 (`adult`), a
list of v2fly (`category-games`), a file in an archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from config.feeds import v2fly
from config.feeds.lines import LINE_FORMS, Tally, form_of, lines_of
from config.feeds.packed import FeedError, members, troubles

UT1 = "ut1"
V2FLY = "v2fly"
FORMS = (*LINE_FORMS, UT1, V2FLY)
"""Every form that can be told."""

_SAMPLE = 2_000  # lines
_V2FLY_BYTES = 1 << 26  # of all its lists together; they are in memory while one is read
_SHOWN = 8


@dataclass(slots=True)
class Reading:
    """A feed being read: its form, and the tally, which is complete when `names` has ended."""

    path: Path
    form: str
    part: str = ""
    tally: Tally = field(default_factory=Tally)

    def names(self) -> Iterator[str]:
        """Canonical names as they stand in the feed, doubles included; exceptions are in the tally.

        Raises:
            FeedError: the file is damaged, or does not hold the part.
        """
        with troubles(self.path):
            if self.form == V2FLY:
                lists = _lists_of(self.path, self.tally)
                part = self.part or next(iter(lists), "")
                yield from v2fly.names(lists.get, part, self.tally)
            else:
                wanted = _wanted(self.path, self.form, self.part)
                read = LINE_FORMS["domains" if self.form == UT1 else self.form]
                for name, file in members(self.path):
                    if name == wanted:
                        yield from read(lines_of(file, self.tally), self.tally)
                        return


def opened(path: Path, form: str | None = None, part: str = "") -> Reading:
    """A feed ready to be read; `form` None is found out.

    Raises:
        FeedError: not a form that is read, a web page, nothing in it, or a part that is missing or needed.
    """
    if form is not None and form not in FORMS:
        raise FeedError(f"`{form}` is not a form of feed", f"known: {', '.join(FORMS)}")
    with troubles(path):
        form = form or _form_inside(path, part)
        if form == V2FLY:
            _one_of_v2fly(path, part)
        else:
            wanted = _wanted(path, form, part)
            _no_page(path, wanted)
    return Reading(path, form, part)


def _form_inside(path: Path, part: str) -> str:
    names = list(_names(path))
    last = {PurePosixPath(name).name for name in names}
    if "domains" in last:
        return UT1
    if path.is_dir() or names != [""]:
        inside = [name for name in names if PurePosixPath(name).parent.name == "data"]
        if inside or _looks_like_v2fly(path, names, part):
            return V2FLY
    wanted = _wanted(path, "", part)
    _no_page(path, wanted)
    found = form_of(_sample(path, wanted))
    if found is None:
        raise FeedError(f"nobody can tell which form `{path.name}` has", f"name it with --format: {', '.join(FORMS)}")
    return found


def _looks_like_v2fly(path: Path, names: list[str], part: str) -> bool:
    return part in names and form_of(_sample(path, part)) == V2FLY


def _names(path: Path) -> Iterator[str]:
    return (name for name, _ in members(path))


def _sample(path: Path, wanted: str) -> Iterable[str]:
    for name, file in members(path):
        if name == wanted:
            return list(islice(lines_of(file, Tally()), _SAMPLE))
    return ()


def _no_page(path: Path, wanted: str) -> None:
    """A sign-in page, an error page or a portal in the place of a feed is the most usual fault of all."""
    start = "\n".join(islice(_sample(path, wanted), 20)).lstrip("\ufeff \t\n").lower()
    if not start:
        raise FeedError("there is nothing in it")
    if start.startswith(("<!doctype", "<html", "<?xml", "<head", "<script")) or "<html" in start:
        raise FeedError("it is a web page and not a list", "look at the address in a browser")


def _wanted(path: Path, form: str, part: str) -> str:
    """The name inside of the one file that is meant."""
    names = list(_names(path))
    if form == UT1:
        found = [name for name in names if PurePosixPath(name).name == "domains"]
        right = [name for name in found if part in ("", PurePosixPath(name).parent.name)]
        choices = sorted(PurePosixPath(name).parent.name for name in found)
    else:
        right = [name for name in names if part in ("", name, PurePosixPath(name).name)]
        choices = sorted(names)
    if len(right) == 1:
        return right[0]
    some = ", ".join(f"`{name}`" for name in choices[:_SHOWN] if name)
    if not right:
        raise FeedError(f"there is no `{part}` in it", f"there are: {some}" if some else "")
    raise FeedError("there are several lists in it", f"name one after a `#` behind the address: {some}, ...")


def _lists_of(path: Path, tally: Tally) -> dict[str, list[str]]:
    """Every list of v2fly's data by its name. All of them, because one may include any other."""
    found: dict[str, list[str]] = {}
    beside: dict[str, list[str]] = {}
    left = _V2FLY_BYTES
    for name, file in members(path):
        place = PurePosixPath(name)
        in_data = place.parent.name == "data"
        if place.suffix or (not in_data and len(place.parts) > 1):
            continue
        lines = list(lines_of(file, tally))
        left -= sum(map(len, lines))
        if left < 0:
            raise FeedError(f"its lists are more than {_V2FLY_BYTES // 2**20} MB")
        (found if in_data else beside)[(place.name or path.name).lower()] = lines
    return found or beside


def _one_of_v2fly(path: Path, part: str) -> None:
    lists = _lists_of(path, Tally())
    if not part and len(lists) != 1:
        raise FeedError("there are many lists in v2fly's data", "name one after a `#`, like `...#category-games`")
    if part and part.lower() not in lists:
        raise FeedError(f"there is no list `{part}` in it")
