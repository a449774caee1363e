"""What is in the way of everybody at school, told by the workers that notice it: a kind and since when.

Of no site, no device and nobody. A worker says again and again that it is so; when it stops (it is over, or the worker
is gone) the notice ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from store.db import Change, Database
from store.event_tables import notices as table

LASTS = timedelta(seconds=30)
"""So long holds what a worker said last; it says it again well within that."""
_MOST = 200


class Condition(StrEnum):
    """What can be in the way, the gravest first."""

    RULES = "rules"  # the rules cannot be read: only help is open
    UPSTREAM = "upstream"  # no site answers
    NAMES = "names"  # no name is found
    CERTIFICATES = "certificates"  # many sites cannot prove who they are: the clock, or a sign-in page of the provider
    OVERLOADED = "overloaded"  # too much at a time for this machine
    FAULTS = "faults"  # the guard fails again and again
    LISTS = "lists"  # the lists of others cannot be used


@dataclass(frozen=True, slots=True)
class Notice:
    """One condition, all workers together. It stands `until` then (UTC), unless it is said again before."""

    kind: Condition
    since: datetime
    until: datetime
    workers: int = 1

    def stands(self, now: datetime) -> bool:
        """Whether it is so at `now`."""
        return self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices of every school in the database."""

    database: Database

    def tell(self, school: str, worker: str, standing: Mapping[Condition, datetime], now: datetime) -> None:
        """Write what stands for one worker at `now`, with since when; what it said before and does not stand ends now.

        Live screens are woken only when something began or ended.
        """
        mine = sa.and_(table.c.school_id == school, table.c.worker == worker)
        with self.database.write(school) as change:
            before = change.execute(sa.select(table).where(mine, table.c.until > now)).all()
            stands = {(kind.value, since) for kind, since in standing.items()}
            over = [row for row in before if (row.kind, row.since) not in stands]
            for row in over:
                _set(change, mine, row, until=now, seen=now)
            known = {(row.kind, row.since) for row in before}
            rows = [
                {"school_id": school, "worker": worker, "kind": kind, "since": since, "seen": now, "until": now + LASTS}
                for kind, since in sorted(stands)
            ]
            change.upsert(table, ("school_id", "worker", "kind", "since"), rows)
            if over or stands - known:
                change.stirred()

    def standing(self, school: str, now: datetime) -> tuple[Notice, ...]:
        """What is in the way now, the gravest first, of several workers the earliest beginning and the latest end."""
        return tuple(one for one in self._merged(school, now) if one.stands(now))

    def past(self, school: str, since: datetime, now: datetime) -> tuple[Notice, ...]:
        """What was in the way after `since` and is over, the newest first; what workers saw at one time is one."""
        merged = self._merged(school, since)
        return tuple(sorted((one for one in merged if not one.stands(now)), key=lambda one: one.since, reverse=True))

    def _merged(self, school: str, after: datetime) -> tuple[Notice, ...]:
        wish = sa.select(table).where(table.c.school_id == school, table.c.until > after)
        with self.database.read() as connection:
            rows = connection.execute(wish.order_by(table.c.since.desc()).limit(_MOST)).all()
        found: list[Notice] = []
        for kind in Condition:
            for row in sorted((row for row in rows if row.kind == kind.value), key=lambda row: row.since):
                last = found[-1] if found else None
                if last is not None and last.kind is kind and row.since <= last.until:
                    until = max(last.until, row.until)
                    found[-1] = Notice(kind, last.since, until, last.workers + 1)
                else:
                    found.append(Notice(kind, row.since, row.until))
        return tuple(found)


def _set(change: Change, mine: sa.ColumnElement[bool], row: sa.Row[Any], **values: datetime) -> None:
    one = sa.and_(mine, table.c.kind == row.kind, table.c.since == row.since)
    change.execute(sa.update(table).where(one).values(**values))
