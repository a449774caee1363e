"""From which address a device says that it is here, kept for as long as that counts and a little longer.

All processes of a guard read the same rows, so that they agree on who is where and on who is two. Writing moves no
revision: it happens every half minute for every laptop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.binding import Bound, after_beat
from policy.devicefact import DeviceFact
from policy.model import Effect, Reason
from store.db import Change, Database
from store.events import Event, What, write_events
from store.tables import bindings as table
from store.tables import devices


@dataclass(frozen=True, slots=True)
class Bindings:
    """The bindings of every school in the database."""

    database: Database

    def beat(
        self, school: str, device: str, address: str, signed: datetime, now: datetime, day: date
    ) -> tuple[Bound, ...] | None:
        """Take a beat that was looked at; return where the device is from now on, and whether it counts as two.

        `signed` is the time in it, `day` the school's: of a device that counts as two the coordinator hears once a day.
        None: it is not newer than what the device said before, or the device is not registered.
        """
        with self.database.write(school) as change:
            known = _of(change.connection, school, device)
            after = after_beat(known, device, address, signed, now)
            mine = sa.and_(devices.c.school_id == school, devices.c.id == device)
            seen = change.execute(sa.select(devices.c.id, devices.c.last_seen).where(mine)).first()
            if after is None or seen is None:
                return None
            change.execute(sa.delete(table).where(_device(school, device)))
            change.execute(sa.insert(table), [_row(school, one) for one in after])
            if seen.last_seen is None or seen.last_seen < now:
                change.execute(sa.update(devices).where(mine).values(last_seen=now))
            if any(one.is_two(now) for one in after):
                _tell(change, device, now, day)
        return after

    def of(self, school: str, device: str) -> tuple[Bound, ...]:
        """Where a device was lately."""
        with self.database.read() as connection:
            return _of(connection, school, device)

    def live(self, school: str, now: datetime) -> tuple[Bound, ...]:
        """Every device that is somewhere, or counts as two."""
        counts = sa.or_(table.c.until > now, table.c.doubled > now)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.school_id == school, counts)).all()
        found = [_bound(row) for row in rows]
        return tuple(one for one in found if one.live(now) or one.is_two(now))


def _tell(change: Change, device: str, now: datetime, day: date) -> None:
    """A fact about the device for the coordinator: no person, no group, no address."""
    told = Event(
        What.DEVICE,
        now,
        Effect.ALLOW,
        Reason.CONNECT,
        category=DeviceFact.DOUBLE.value,
        device=device,
        uid=f"double:{device}:{day.isoformat()}",
    )
    if write_events(change, [told]):
        change.stirred()


def _of(connection: Connection, school: str, device: str) -> tuple[Bound, ...]:
    rows: Sequence[sa.Row[Any]] = connection.execute(sa.select(table).where(_device(school, device))).all()
    return tuple(_bound(row) for row in rows)


def _device(school: str, device: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.device_id == device)


def _bound(row: sa.Row[Any]) -> Bound:
    return Bound(row.device_id, row.address, row.signed, row.since, row.until, row.doubled)


def _row(school: str, one: Bound) -> dict[str, Any]:
    told = asdict(one)
    return {"school_id": school, "device_id": told.pop("device"), **told}
