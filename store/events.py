"""Exceptions as facts: host, kind and ids of rules or terms. Never a query, a form, a page or the path of a URL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from policy.model import Action, Effect, Reason
from store.db import Change, Database
from store.event_tables import counts as counters
from store.event_tables import events as table

LOST = "lost"


class What(StrEnum):
    """What kind of fact an event is."""

    BLOCKED = "blocked"
    HELD = "held"
    GRANTED = "granted"
    FAULT = "fault"
    PERMISSION = "permission"
    PERMISSION_ENDED = "permission ended"
    DEVICE = "device"  # what a device noticed about itself: `category` is the kind of fact, `thing` its detail


@dataclass(frozen=True, slots=True)
class Event:
    """One exception. `thing` is the kind of thing in a word: an app's name, `image`, `print`, `websocket`.

    `uid` (any unique string) makes sending the same event twice harmless. `revision` is the one it was decided on.
    """

    what: What
    when: datetime
    effect: Effect
    reason: Reason
    action: Action | None = None
    rules: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    category: str | None = None
    host: str | None = None
    thing: str | None = None
    group: str | None = None
    device: str | None = None
    person: str | None = None
    revision: int = 0
    grant: str | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as kept: its number (rises with every event of the school) and staff's note."""

    id: int
    event: Event
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many background things of one kind in one hour; no person, no device, no host. `hour` is cut to the hour."""

    name: str
    hour: datetime
    group: str | None = None
    category: str | None = None
    n: int = 1


@dataclass(frozen=True, slots=True)
class Events:
    """The events of every school in the database."""

    database: Database

    def add_batch(
        self, school: str, events: Sequence[Event], now: datetime, *, counts: Sequence[Count] = (), lost: int = 0
    ) -> int:
        """Write a batch in one transaction and wake live screens; returns how many were written.

        Help is never an event: such events are left out silently. A `host` that is not a bare host is dropped from its
        event. `lost` adds to the loss counter.
        """
        losses = (Count(LOST, now, n=lost),) if lost > 0 else ()
        with self.database.write(school) as change:
            written = write_events(change, events)
            keys = ("school_id", "name", "hour", "group_id", "category")
            change.add_count(counters, keys, "n", _count_rows(school, (*counts, *losses)))
            if written or losses:
                change.stirred()
        return written

    def since(
        self, school: str, after: int, groups: Collection[str] | None = None, limit: int = 200
    ) -> tuple[Stored, ...]:
        """Events with a number above `after`, oldest first, of these groups (None: of all and of no group)."""
        return self._select(school, groups, sa.and_(table.c.id > after), table.c.id, limit)

    def latest(self, school: str, groups: Collection[str] | None = None, limit: int = 50) -> tuple[Stored, ...]:
        """The newest events, newest first."""
        return self._select(school, groups, sa.true(), table.c.id.desc(), limit)

    def of_devices(self, school: str, since: datetime, limit: int = 200) -> tuple[Event, ...]:
        """What devices noticed about themselves since then, newest first; of nobody."""
        where = sa.and_(table.c.what == What.DEVICE.value, table.c.at >= since)
        return tuple(one.event for one in self._select(school, None, where, table.c.id.desc(), limit))

    def turned_away(self, school: str, since: datetime, limit: int = 200) -> tuple[Event, ...]:
        """Of devices in no group that may not be on the network, one notice a device a day; newest first, of nobody."""
        where = sa.and_(
            table.c.what == What.BLOCKED.value,
            table.c.action == Action.CONNECT.value,
            table.c.group_id.is_(None),
            table.c.device_id.is_(None),
            table.c.at >= since,
        )
        return tuple(one.event for one in self._select(school, None, where, table.c.id.desc(), limit))

    def _select(
        self,
        school: str,
        groups: Collection[str] | None,
        where: sa.ColumnElement[bool],
        order: sa.ColumnElement[Any],
        limit: int,
    ) -> tuple[Stored, ...]:
        wish = sa.select(table).where(table.c.school_id == school, where)
        if groups is not None:
            wish = wish.where(table.c.group_id.in_(list(groups)))
        with self.database.read() as connection:
            return tuple(_stored(row) for row in connection.execute(wish.order_by(order).limit(limit)))

    def last_id(self, school: str) -> int:
        """The newest number; 0 when there is none. Start of a live screen."""
        with self.database.read() as connection:
            newest = sa.select(sa.func.max(table.c.id)).where(table.c.school_id == school)
            return connection.execute(newest).scalar() or 0

    def note(self, school: str, event_id: int, text: str, by: str, now: datetime) -> bool:
        """Put staff's note with an event, which keeps it longer (empty: take it away). False: unknown."""
        mine = sa.and_(table.c.school_id == school, table.c.id == event_id)
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(mine).values(note=text[:500] or None)).rowcount:
                return False
            change.note(by, "event.note", now, [str(event_id)])
            change.stirred()
        return True

    def counts(self, school: str, since: datetime) -> tuple[Count, ...]:
        """Background counters from the hour of `since` on."""
        wish = sa.select(counters).where(counters.c.school_id == school, counters.c.hour >= hour_of(since))
        with self.database.read() as connection:
            rows = connection.execute(wish.where(counters.c.name != LOST).order_by(counters.c.hour)).all()
        return tuple(Count(row.name, row.hour, row.group_id or None, row.category or None, row.n) for row in rows)

    def lost(self, school: str, since: datetime) -> int:
        """How many events were lost from the hour of `since` on."""
        total = sa.select(sa.func.sum(counters.c.n)).where(
            counters.c.school_id == school, counters.c.name == LOST, counters.c.hour >= hour_of(since)
        )
        with self.database.read() as connection:
            return int(connection.execute(total).scalar() or 0)


def write_events(change: Change, events: Sequence[Event]) -> int:
    """Write events inside a transaction; how many were new. Help is left out: it is nobody's exception."""
    rows = [_row(change.school, event) for event in events if not _is_help(event)]
    known = _known(change, [row["uid"] for row in rows if row["uid"]])
    new: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        if row["uid"] not in known:
            new.setdefault(row["uid"] or f"\0{number}", row)
    if new:
        change.execute(sa.insert(table), list(new.values()))
    return len(new)


def _known(change: Change, uids: Sequence[str]) -> set[str]:
    """Which of these were written before. Writers of a school go one by one, so nobody slips in between."""
    found: set[str] = set()
    for start in range(0, len(uids), 500):
        some = table.c.uid.in_(uids[start : start + 500])
        found |= set(change.execute(sa.select(table.c.uid).where(table.c.school_id == change.school, some)).scalars())
    return found


def bare_host(host: str | None) -> str | None:
    """The host when it is nothing more than a host (or an IP, or either with a port), else None."""
    if not host or len(host) > 260 or not host.isprintable():
        return None
    return None if any(sign in host for sign in "/?#@\\% ") else host


def hour_of(moment: datetime) -> datetime:
    """The moment cut to its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _is_help(event: Event) -> bool:
    return event.effect is Effect.HELP or event.reason in {Reason.HELP, Reason.HELP_HOST}


def _count_rows(school: str, counts: Sequence[Count]) -> list[dict[str, Any]]:
    # Added up first: one statement may not touch the same row twice on PostgreSQL.
    total: dict[tuple[str, datetime, str, str], int] = {}
    for count in counts:
        key = (count.name, hour_of(count.hour), count.group or "", count.category or "")
        total[key] = total.get(key, 0) + count.n
    names = ("name", "hour", "group_id", "category")
    return [{"school_id": school, **dict(zip(names, key, strict=True)), "n": n} for key, n in total.items()]


def _row(school: str, event: Event) -> dict[str, Any]:
    return {
        "school_id": school,
        "uid": event.uid,
        "what": event.what.value,
        "at": event.when,
        "effect": event.effect.value,
        "reason": event.reason.value,
        "action": event.action.value if event.action else None,
        "rules": list(event.rules),
        "terms": list(event.terms),
        "category": event.category,
        "host": bare_host(event.host),
        "thing": event.thing[:60] if event.thing else None,
        "group_id": event.group,
        "device_id": event.device,
        "person_id": event.person,
        "revision": event.revision,
        "grant_id": event.grant,
    }


def _stored(row: sa.Row[Any]) -> Stored:
    event = Event(
        what=What(row.what),
        when=row.at,
        effect=Effect(row.effect),
        reason=Reason(row.reason),
        action=Action(row.action) if row.action else None,
        rules=tuple(row.rules),
        terms=tuple(row.terms),
        category=row.category,
        host=row.host,
        thing=row.thing,
        group=row.group_id,
        device=row.device_id,
        person=row.person_id,
        revision=row.revision,
        grant=row.grant_id,
        uid=row.uid,
    )
    return Stored(row.id, event, row.note)
