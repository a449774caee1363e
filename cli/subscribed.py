"""What the commands of `klaswacht lists` do in a home folder, and what the guard and the doctor ask about the lists."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli import school
from cli.home import Home, Trouble
from cli.lists_told import day, number
from config import load
from config.factory import category_names
from config.feeds import catalogue, formats, update
from config.feeds.guards import Kept, kept_open
from config.feeds.opened import FeedIndex
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Lists, Subscription, id_for, right_id, stamp
from config.feeds.update import Conditions, Outcome
from config.settings import SchoolFile
from config.words import nearest
from policy.model import Policy
from store import StoreUnavailable, open_store

_OLD = timedelta(days=10)
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person said when adding a list; empty where nothing was said."""

    source: str
    category: str = ""
    form: str = ""
    id: str = ""
    licence: str = ""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What goes wrong with a feed is one line for a person."""
    try:
        yield
    except FeedError as error:
        raise Trouble(error.problem, error.remedy) from error


def add(home: Home, wish: Wish) -> Subscription:
    """Subscribe to an offer of the catalogue, an address, a file or a folder.

    Raises:
        Trouble: the wish makes no sense, or the feed cannot be had or read; nothing was added.
    """
    file, policies = _school(home)
    offer = catalogue.offers().get(wish.source)
    if offer is not None:
        found = Subscription(offer.id, offer.address, offer.category, offer.form, offer.licence)
    else:
        source = _absolute(wish.source)
        found = Subscription(id_for(source), source, "")
    with told():
        feed = replace(
            found,
            id=right_id(wish.id or found.id),
            category=_category(wish.category or found.category, policies),
            form=_form(wish.form or found.form),
            licence=wish.licence or found.licence,
        )
        lists = Lists(home.path)
        with lists.alone():
            return update.add(lists, feed, _conditions(file, policies))


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of every list that was asked for, and how it stands now."""

    outcomes: Mapping[str, Outcome]
    feeds: Mapping[str, Subscription]


def bring_up_to_date(
    home: Home, wanted: Sequence[str], *, yes: bool = False, back: bool = False, nightly: bool = False
) -> Updated:
    """Update the lists that are wanted (none: all). `yes` takes what waits, `back` takes the version before.

    Raises:
        Trouble: there is no such list, or the index could not be made.
    """
    file, policies = _school(home)
    by = _conditions(file, policies)
    lists = Lists(home.path)
    with told(), lists.alone():
        shelf = lists.shelf()
        if (yes or back) and not wanted and len(shelf.feeds) > 1:
            raise FeedError("say for which list this is", f"there are: {', '.join(shelf.feeds)}")
        chosen = _chosen(wanted, shelf.feeds)
        if nightly:
            lists.write(replace(shelf, night=stamp(by.now)))
        outcomes = {name: _one(lists, name, by, yes=yes, back=back) for name in chosen}
        if Outcome.TAKEN in outcomes.values() or _stale(home, by.kept):
            update.make_index(lists, by)
        return Updated(outcomes, lists.shelf().feeds)


def _one(lists: Lists, name: str, by: Conditions, *, yes: bool, back: bool) -> Outcome:
    feed = lists.shelf().feeds[name]
    if not back:
        return update.update(lists, feed, by, yes=yes)
    update.step_back(lists, feed)
    return Outcome.TAKEN


def remove(home: Home, name: str) -> None:
    """Give a list up.

    Raises:
        Trouble: there is no such list, or the index could not be made.
    """
    file, policies = _school(home)
    lists = Lists(home.path)
    with told(), lists.alone():
        update.remove(lists, name, _conditions(file, policies))


def compile_again(home: Home) -> None:
    """Make the index from the names that are here.

    Raises:
        Trouble: it could not be made.
    """
    file, policies = _school(home)
    lists = Lists(home.path)
    with told(), lists.alone():
        update.make_index(lists, _conditions(file, policies))


def language(home: Home) -> str:
    """The language of the school; Dutch when its file cannot be read."""
    try:
        return load.read_school(home.school_file).settings.language
    except load.ConfigError:
        return "nl"


# --- the school ----------------------------------------------------------------------------------------------------


def _school(home: Home) -> tuple[SchoolFile, tuple[Policy, ...]]:
    """The school's file, and its rules: those of the file and those in force, which the dashboard may have changed."""
    file, _ = school.read_file(home)
    policies = [file.policy]
    url = home.database_url
    if not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists():
        with contextlib.suppress(StoreUnavailable):
            store = open_store(url, home.accounts_url, key=home.columns_key)
            try:
                current = store.policies.current(file.settings.school.id)
            finally:
                store.close()
            if current is not None:
                policies.append(current.policy)
    return file, tuple(policies)


def _conditions(file: SchoolFile, policies: tuple[Policy, ...]) -> Conditions:
    return Conditions(datetime.now(UTC), kept_open(file.settings, policies), file.settings.egress.trust)


def needs_compiling(home: Home) -> bool:
    """Whether there are lists and the index is not the one that the rules ask for.

    Raises:
        FeedError: what stands in the folder cannot be read.
        Trouble: there is no school file that can be read.
    """
    if not Lists(home.path).shelf().feeds:
        return False
    file, policies = _school(home)
    return _stale(home, kept_open(file.settings, policies))


def _stale(home: Home, kept: Kept) -> bool:
    shelf = Lists(home.path).shelf()
    if not shelf.feeds:
        return False
    index = FeedIndex(home.path)
    return shelf.kept != kept.digest or bool(index.problem) or not index.known()


def ailing(home: Home, now: datetime) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What the doctor finds about the lists: how bad (`ok`, `warn`, `fail`), a code of `cli.doctor`, its values."""
    try:
        shelf = Lists(home.path).shelf()
    except FeedError as error:
        yield "fail", "broken", {"problem": error}
        return
    if not shelf.feeds:
        return
    index = FeedIndex(home.path)
    values: dict[str, object] = {"names": number(len(index)), "feeds": len(shelf.feeds), "problem": index.problem}
    yield ("fail", "lists_damaged", values) if index.problem else ("ok", "lists", values)
    for feed in shelf.feeds.values():
        if feed.problem:
            yield "warn", "lists_problem", {"id": feed.id, "problem": feed.problem}
        elif feed.waits is not None:
            yield "warn", "lists_waits", {"id": feed.id}
        elif feed.tried and now - datetime.fromisoformat(feed.tried) > _OLD:
            yield "warn", "lists_old", {"id": feed.id, "when": day(feed.tried)}


# --- what a person asked for ---------------------------------------------------------------------------------------


def _absolute(source: str) -> str:
    """A path as it holds in any folder; an address as it is."""
    if "://" in source:
        return source
    path, mark, part = source.partition("#")
    return f"{Path(path).expanduser().absolute()}{mark}{part}"


def _category(category: str, policies: tuple[Policy, ...]) -> str:
    known = sorted(category_names().union(*(policy.lists for policy in policies)))
    if not category:
        raise FeedError("which kind of site does this list hold?", f"say so with --category: {', '.join(known)}")
    if category not in known:
        raise FeedError(f"no rule can name the category `{category}`", nearest(category, known))
    return category


def _form(form: str) -> str:
    if form and form not in formats.FORMS:
        raise FeedError(f"`{form}` is not a form of list", nearest(form, formats.FORMS))
    return form


def _chosen(feeds: Sequence[str], known: Mapping[str, Subscription]) -> list[str]:
    for name in feeds:
        if name not in known:
            raise FeedError(f"there is no feed `{name}`", "`klaswacht lists status` shows what there is")
    return list(dict.fromkeys(feeds or known))
