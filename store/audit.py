"""What staff did: who, what, when, to which ids. Rows are only ever added, in a chain; no free text.

The database itself refuses to change a row, or to forget one before its term (triggers of the migrations).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.chain import link_of
from store.db import Change, Database
from store.event_tables import audit as table
from store.event_tables import audit_cuts as cuts


@dataclass(frozen=True, slots=True)
class Entry:
    """One staff action. `what` is a code such as `grant.add`; `targets` are ids; `link` is of the chain."""

    id: int
    who: str
    what: str
    when: datetime
    targets: tuple[str, ...] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of one person, with one of these codes, from `start` to before `end`; what is None is all."""

    who: str | None = None
    codes: frozenset[str] | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the chain holds. `broken` is the first entry that does not fit; `newest` is the newest link.

    `linked` and `before` are how many entries have a link, and how many are of before there was a chain.
    """

    linked: int
    before: int
    newest: str | None
    broken: Entry | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """The staff actions of every school in the database. Changes made through the store write their own entry."""

    database: Database

    def add(self, school: str, who: str, what: str, now: datetime, targets: Sequence[str] = ()) -> None:
        """Add an entry for what the store does not see itself, such as a sign-in or a look at a pupil's page."""
        with self.database.write(school) as change:
            change.note(who, what, now, targets)

    def entries(
        self, school: str, after: int = 0, limit: int = 200, who: str | None = None, what: Collection[str] = ()
    ) -> tuple[Entry, ...]:
        """Entries with a number above `after`, newest first; with `what` only those with one of these codes."""
        wish = sa.select(table).where(table.c.school_id == school, table.c.id > after)
        if who is not None:
            wish = wish.where(table.c.who == who)
        if what:
            wish = wish.where(table.c.what.in_(sorted(what)))
        with self.database.read() as connection:
            rows = connection.execute(wish.order_by(table.c.id.desc()).limit(limit)).all()
        return tuple(map(_entry, rows))

    def wanted(self, school: str, wish: Wanted, *, start: int = 0, limit: int | None = None) -> tuple[Entry, ...]:
        """The entries that are wanted, newest first, without the first `start` of them."""
        found = sa.select(table).where(*_where(school, wish)).order_by(table.c.id.desc()).offset(start)
        with self.database.read() as connection:
            rows = connection.execute(found if limit is None else found.limit(limit)).all()
        return tuple(map(_entry, rows))

    def how_many(self, school: str, wish: Wanted) -> int:
        """How many entries are wanted."""
        with self.database.read() as connection:
            found = connection.execute(sa.select(sa.func.count()).select_from(table).where(*_where(school, wish)))
            return int(found.scalar() or 0)

    def used(self, school: str) -> tuple[frozenset[str], frozenset[str]]:
        """Who is in the trail, and which codes are: what there is to choose from."""
        with self.database.read() as connection:
            who = connection.execute(sa.select(table.c.who).where(table.c.school_id == school).distinct()).scalars()
            what = connection.execute(sa.select(table.c.what).where(table.c.school_id == school).distinct()).scalars()
            return frozenset(who), frozenset(what)

    def proof(self, school: str) -> Proof:
        """Walk the whole chain, from what was forgotten last to the newest entry."""
        rows = sa.select(table).where(table.c.school_id == school).order_by(table.c.id)
        linked = unlinked = 0
        with self.database.read() as connection:
            cut = connection.execute(sa.select(cuts.c.link).where(cuts.c.school_id == school)).first()
            last = None if cut is None else cut.link
            for row in connection.execute(rows):
                # Rows of before the chain have no link; after the first link every row has one.
                if row.link is None and last is None:
                    unlinked += 1
                    continue
                if row.link != link_of(last, school, row.who, row.what, row.at, row.targets):
                    return Proof(linked, unlinked, last, _entry(row))
                last, linked = row.link, linked + 1
        return Proof(linked, unlinked, last)


def forget(change: Change, now: datetime, before: datetime) -> int:
    """Forget the beginning of the school's trail, up to the first row at or after `before`; how many rows.

    An older row among younger ones (the clock was wrong then) goes when those do: a chain has no holes.
    """
    mine = table.c.school_id == change.school
    first = change.execute(sa.select(sa.func.min(table.c.id)).where(mine, table.c.at >= before)).scalar()
    old = sa.and_(mine, table.c.id < first) if first is not None else mine
    last = change.execute(sa.select(table.c.id, table.c.link).where(old).order_by(table.c.id.desc()).limit(1)).first()
    if last is None:
        return 0
    cut = {"school_id": change.school, "upto": last.id, "since": before, "at": now, "link": last.link}
    change.upsert(cuts, ("school_id",), [cut])
    return change.execute(sa.delete(table).where(mine, table.c.id <= last.id)).rowcount


def _where(school: str, wish: Wanted) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = [table.c.school_id == school]
    if wish.who is not None:
        where.append(table.c.who == wish.who)
    if wish.codes is not None:
        where.append(table.c.what.in_(sorted(wish.codes)))
    if wish.start is not None:
        where.append(table.c.at >= wish.start)
    if wish.end is not None:
        where.append(table.c.at < wish.end)
    return where


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(row.id, row.who, row.what, row.at, tuple(row.targets), row.link)
