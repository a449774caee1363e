"""Who refuses the school's certificate: hosts whose programs do (pinned), and devices that do not have it.

Of a host only how many devices it hit; of a device, one of the school's register, only that it misses the certificate.
Nothing is opened by this: the coordinator decides, and opens by `school.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from store.db import Change, Database
from store.event_tables import refusals as table
from store.events import bare_host

MOST_OPEN = 100
"""So many may wait in one school, of hosts and devices each."""
DEVICE_LASTS = timedelta(days=1)
"""A device that was not seen refusing for so long is no longer told of."""


class About(StrEnum):
    """What refuses."""

    HOST = "host"
    DEVICE = "device"


class RefusalState(StrEnum):
    """How it stands: `LISTED` was (or will be) put on the school's tunnels by the coordinator, `SHUT` stays closed."""

    OPEN = "open"
    LISTED = "listed"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a worker found: a host and how many devices it hit, or a device (its id in the register)."""

    about: About
    name: str
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A refusal as kept, with when it was seen first and last."""

    refusal: Refusal
    first_seen: datetime
    last_seen: datetime
    state: RefusalState = RefusalState.OPEN
    decided: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals of every school in the database."""

    database: Database

    def suggest(self, school: str, refusal: Refusal, now: datetime) -> bool:
        """Write that something refuses the certificate; whether that is new and waits for the coordinator.

        What was decided stays decided. A host that is none, or what comes after `MOST_OPEN`, is not written.
        """
        name = bare_host(refusal.name) if refusal.about is About.HOST else refusal.name
        if not name:
            return False
        mine = _one(school, refusal.about, name)
        with self.database.write(school) as change:
            row = change.execute(sa.select(table).where(mine)).first()
            if row is not None:
                most = max(row.devices, refusal.devices)
                last = max(row.last_seen, now)
                change.execute(sa.update(table).where(mine).values(devices=most, last_seen=last))
                return False
            if _waiting(change, refusal.about) >= MOST_OPEN:
                return False
            values = {"school_id": school, "about": refusal.about.value, "name": name, "devices": refusal.devices}
            seen = {"first_seen": now, "last_seen": now, "state": RefusalState.OPEN.value}
            change.execute(sa.insert(table).values(**values, **seen))
            change.stirred()
            return True

    def settle(self, school: str, device: str) -> bool:
        """A device has the certificate after all; whether it was told of."""
        with self.database.write(school) as change:
            gone = change.execute(sa.delete(table).where(_one(school, About.DEVICE, device))).rowcount
            if gone:
                change.stirred()
            return bool(gone)

    def open(self, school: str, now: datetime) -> tuple[Kept, ...]:
        """What waits for the coordinator, the newest first; devices only while it was seen lately."""
        lately = sa.or_(table.c.about == About.HOST.value, table.c.last_seen > now - DEVICE_LASTS)
        waits = sa.and_(table.c.school_id == school, table.c.state == RefusalState.OPEN.value, lately)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(waits)).all()
        return tuple(sorted(map(_kept, rows), key=lambda one: (-one.first_seen.timestamp(), one.refusal.name)))

    def decide(self, school: str, host: str, listed: bool, by: str, now: datetime) -> Kept | None:
        """The coordinator lists a host or leaves it closed. None: unknown, or decided already. No rule moves."""
        state = RefusalState.LISTED if listed else RefusalState.SHUT
        mine = _one(school, About.HOST, host)
        with self.database.write(school) as change:
            waits = sa.and_(mine, table.c.state == RefusalState.OPEN.value)
            values = {"state": state.value, "decided_at": now, "by_id": by}
            if not change.execute(sa.update(table).where(waits).values(**values)).rowcount:
                return None
            change.note(by, f"refusal.{state.value}", now, [host])
            change.stirred()
            return _kept(change.execute(sa.select(table).where(mine)).one())


def _one(school: str, about: About, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.about == about.value, table.c.name == name)


def _waiting(change: Change, about: About) -> int:
    waits = sa.and_(table.c.school_id == change.school, table.c.about == about.value)
    wish = sa.select(sa.func.count()).select_from(table).where(waits, table.c.state == RefusalState.OPEN.value)
    return int(change.execute(wish).scalar_one())


def _kept(row: sa.Row[Any]) -> Kept:
    refusal = Refusal(About(row.about), row.name, row.devices)
    return Kept(refusal, row.first_seen, row.last_seen, RefusalState(row.state), row.decided_at, row.by_id)
