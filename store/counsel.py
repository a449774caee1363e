"""Whether the counsellors' inbox is switched on. It goes off by itself when too few people are counsellors.

What is in it stays: see `store.signals` and `store.incidents`. Switching moves the revision, so every worker knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.counsel import NEEDED
from policy.model import Role
from store.db import Change, Database
from store.event_tables import counsel as table
from store.tables import people


@dataclass(frozen=True, slots=True)
class Since:
    """Since when the inbox is on, and who switched it on."""

    when: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Counsel:
    """The switch of every school in the database."""

    database: Database

    def on(self, school: str) -> Since | None:
        """Since when it is on; None: it is off."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.school_id == school)).first()
        return None if row is None else Since(row.since, row.by_id)

    def switch_on(self, school: str, by: str, now: datetime) -> bool:
        """Switch it on. False: too few people are counsellors, or it is on already."""
        with self.database.write(school) as change:
            if _named(change) < NEEDED:
                return False
            row = {"school_id": school, "since": now, "by_id": by}
            if not change.insert_new(table, ("school_id",), row):
                return False
            change.moved(by, "counsel.on", now)
        return True

    def switch_off(self, school: str, by: str, now: datetime) -> bool:
        """Switch it off. False: it is off already."""
        with self.database.write(school) as change:
            return _off(change, by, now)


def settle(change: Change, by: str, now: datetime) -> None:
    """Inside a change of people: the inbox goes off when it has too few counsellors left."""
    if _named(change) < NEEDED:
        _off(change, by, now)


def read_counsel(connection: Connection, school: str) -> bool:
    """Whether it is on."""
    return connection.execute(sa.select(table.c.since).where(table.c.school_id == school)).first() is not None


def _named(change: Change) -> int:
    mine = sa.and_(people.c.school_id == change.school, people.c.role == Role.COUNSELLOR.value)
    return int(change.execute(sa.select(sa.func.count()).select_from(people).where(mine)).scalar() or 0)


def _off(change: Change, by: str, now: datetime) -> bool:
    if not change.execute(sa.delete(table).where(table.c.school_id == change.school)).rowcount:
        return False
    change.moved(by, "counsel.off", now)
    return True
