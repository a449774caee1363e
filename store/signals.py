"""Quiet signals: somebody looked for help, and when. Never what was typed, where, or about what.

For the counsellors' inbox only. No live screen is woken by one and the audit does not name one: that there is a signal
is nobody else's to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store.db import Change, Database
from store.event_tables import signals as table
from store.ids import new_id

AGAIN = timedelta(minutes=10)
"""Within so long the same child or device is not told of a second time."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Somebody looked for help: a person, or else a device, or else only a group or nothing is known.

    `shared`: several children may be behind what is known, so a second signal may be somebody else's (not kept).
    """

    when: datetime
    group: str | None = None
    device: str | None = None
    person: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A signal as kept; `seen` and `by` say which counsellor looked at it first."""

    id: str
    signal: Signal
    seen: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of every school in the database."""

    database: Database

    def add_batch(self, school: str, signals: Sequence[Signal]) -> int:
        """Write signals in one transaction; how many were new (see `AGAIN`; a shared one always is)."""
        with self.database.write(school) as change:
            return sum(_add(change, signal) for signal in signals)

    def newest(self, school: str, limit: int = 500) -> tuple[Kept, ...]:
        """The signals, newest first."""
        wish = sa.select(table).where(table.c.school_id == school).order_by(table.c.at.desc(), table.c.id)
        with self.database.read() as connection:
            return tuple(_kept(row) for row in connection.execute(wish.limit(limit)))

    def see(self, school: str, signal_id: str, by: str, now: datetime) -> bool:
        """A counsellor looked at it. False: unknown, or seen already."""
        mine = sa.and_(table.c.school_id == school, table.c.id == signal_id, table.c.seen.is_(None))
        with self.database.write(school) as change:
            return bool(change.execute(sa.update(table).where(mine).values(seen=now, by_id=by)).rowcount)


def _add(change: Change, signal: Signal) -> bool:
    if not signal.shared and _told_lately(change, signal):
        return False
    who = {"group_id": signal.group, "device_id": signal.device, "person_id": signal.person}
    change.execute(sa.insert(table).values(school_id=change.school, id=new_id(), at=signal.when, **who))
    return True


def _told_lately(change: Change, signal: Signal) -> bool:
    """Whether the same child or device was told of around then; workers that share a port do not know each other's."""
    if signal.person is not None:
        same = table.c.person_id == signal.person
    else:
        same = sa.and_(table.c.device_id == signal.device, table.c.person_id.is_(None))
    around = sa.and_(table.c.at > signal.when - AGAIN, table.c.at < signal.when + AGAIN)
    mine = sa.select(table.c.id).where(table.c.school_id == change.school, same, around)
    return change.execute(mine.limit(1)).first() is not None


def _kept(row: sa.Row[Any]) -> Kept:
    return Kept(row.id, Signal(row.at, row.group_id, row.device_id, row.person_id), row.seen, row.by_id)
