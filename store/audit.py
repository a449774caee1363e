"""What staff did: who, what, when, to which ids. Rows are only ever added; no free text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.db import Database
from store.event_tables import audit as table


@dataclass(frozen=True, slots=True)
class Entry:
    """One staff action. `what` is a code such as `grant.add`; `targets` are ids."""

    id: int
    who: str
    what: str
    when: datetime
    targets: tuple[str, ...] = ()


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
        return tuple(Entry(row.id, row.who, row.what, row.at, tuple(row.targets)) for row in rows)
