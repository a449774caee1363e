"""The device register, enrolment by one-time code, and who sits where (leases)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Device, DeviceClass, Lease
from store.db import Change, Database
from store.ids import hashed, new_code, new_secret, typed
from store.sign_ins import give_way, read_sign_ins
from store.tables import bindings, codes, leases
from store.tables import devices as table


@dataclass(frozen=True, slots=True)
class Registered:
    """A device with what the register knows besides."""

    device: Device
    last_seen: datetime | None = None
    enrolled: datetime | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time enrolment code for people to type, such as `K7QF-2MXT`. Only its hash is kept."""

    code: str
    device: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The device and its key for the network, which is told once and kept only as hex SHA-256."""

    device: str
    key: str


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of every school in the database."""

    database: Database

    def put(self, school: str, device: Device, by: str, now: datetime) -> None:
        """Register a device or change it (same id). `key_hash` None keeps the key that it has."""
        self.put_all(school, (device,), by, now)

    def put_all(self, school: str, devices: Sequence[Device], by: str, now: datetime) -> None:
        """Register or change several at once: all of them, or none."""
        if not devices:
            return
        with self.database.write(school) as change:
            for device in devices:
                change.upsert(table, ("school_id", "id"), [_row(school, device)])
            change.moved(by, "device.put", now, [device.id for device in devices])

    def remove(self, school: str, device_id: str, by: str, now: datetime) -> bool:
        """Take a device out of the register, with its key, codes and leases. False: unknown."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(_one(school, device_id))).rowcount:
                return False
            change.moved(by, "device.remove", now, [device_id])
        return True

    def get(self, school: str, device_id: str) -> Registered | None:
        """One device."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_one(school, device_id))).first()
        return None if row is None else Registered(_device(row), row.last_seen, row.enrolled)

    def registered(self, school: str) -> tuple[Registered, ...]:
        """All devices, by name."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(table.c.school_id == school)).all()
        found = [Registered(_device(row), row.last_seen, row.enrolled) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.device.name.casefold(), one.device.id)))

    def seen(self, school: str, when: Mapping[str, datetime]) -> None:
        """Device id to when it was last seen; moves no revision, and never backwards."""
        if not when:
            return
        one = sa.and_(table.c.school_id == school, table.c.id == sa.bindparam("device"))
        older = sa.or_(table.c.last_seen.is_(None), table.c.last_seen < sa.bindparam("moment"))
        rows = [{"device": device, "moment": moment} for device, moment in when.items()]
        with self.database.write(school) as change:
            change.execute(sa.update(table).where(one, older).values(last_seen=sa.bindparam("moment")), rows)

    def last_seen(self, school: str, device_ids: Collection[str]) -> dict[str, datetime]:
        """When these devices were last seen; one that never was is left out."""
        mine = sa.and_(table.c.school_id == school, table.c.id.in_(list(device_ids)), table.c.last_seen.is_not(None))
        with self.database.read() as connection:
            return {
                row.id: row.last_seen
                for row in connection.execute(sa.select(table.c.id, table.c.last_seen).where(mine))
            }

    def make_code(
        self, school: str, device_id: str, by: str, now: datetime, valid: timedelta = timedelta(minutes=30)
    ) -> Code | None:
        """A fresh code for a registered device; older ones of it stop working. None: unknown device."""
        made = Code(new_code(), device_id, now + valid)
        row = {"hash": hashed(typed(made.code)), "device_id": device_id, "expires": made.expires}
        with self.database.write(school) as change:
            if change.execute(sa.select(table.c.id).where(_one(school, device_id))).first() is None:
                return None
            change.execute(sa.delete(codes).where(codes.c.school_id == school, codes.c.device_id == device_id))
            change.execute(sa.insert(codes).values(school_id=school, **row))
            change.note(by, "device.code", now, [device_id])
        return made

    def of_code(self, school: str, code: str, now: datetime) -> str | None:
        """Which device a code is for (typed as for `enrol`), without spending it. None: wrong, used or expired."""
        with self.database.read() as connection:
            return connection.execute(sa.select(codes.c.device_id).where(_fits(school, code, now))).scalar()

    def enrol(self, school: str, code: str, now: datetime, public_key: str | None = None) -> Enrolled | None:
        """Trade a code (case, spaces and hyphens do not matter) for the device's new key.

        `public_key` is what the device made itself and signs with from now on; one from before ends, also without a
        new one. None: wrong, used or expired. The caller limits how often may be tried.
        """
        mine = _fits(school, code, now)
        with self.database.write(school) as change:
            row = change.execute(sa.select(codes.c.device_id).where(mine)).first()
            # Whoever deletes the code has it: of two at once, one.
            if row is None or not change.execute(sa.delete(codes).where(mine)).rowcount:
                return None
            made = Enrolled(row.device_id, new_secret())
            values = {"key_hash": hashed(made.key), "public_key": public_key, "enrolled": now, "last_seen": now}
            change.execute(sa.update(table).where(_one(school, made.device)).values(**values))
            _unbind(change, made.device)
            change.moved(made.device, "device.enrol", now, [made.device])
        return made

    def public_key(self, school: str, device_id: str) -> str | None:
        """What a device's signatures are checked with (base64url). None: unknown, or its agent is not enrolled."""
        with self.database.read() as connection:
            return connection.execute(sa.select(table.c.public_key).where(_one(school, device_id))).scalar()

    def unenrol(self, school: str, device_id: str, now: datetime) -> bool:
        """End both keys of a device; it stays in the register. False: unknown, or it had none."""
        keyed = sa.or_(table.c.key_hash.is_not(None), table.c.public_key.is_not(None))
        ended = (
            sa.update(table).where(_one(school, device_id), keyed).values(key_hash=None, public_key=None, enrolled=None)
        )
        with self.database.write(school) as change:
            if not change.execute(ended).rowcount:
                return False
            _unbind(change, device_id)
            change.moved(device_id, "device.unenrol", now, [device_id])
        return True

    def lease(self, school: str, lease: Lease, now: datetime) -> bool:
        """A person sits at a device until the lease ends; a lease of that device that has not ended, ends now.

        False: the device is not registered. Raises `ValueError` when the end is not after the start.
        """
        if lease.end <= lease.start:
            raise ValueError("a lease ends after it starts")
        row = {"device_id": lease.device, "person_id": lease.person, "by_id": lease.by}
        with self.database.write(school) as change:
            if change.execute(sa.select(table.c.id).where(_one(school, lease.device))).first() is None:
                return False
            change.execute(sa.update(leases).where(_running(school, lease.device, now)).values(ends=now))
            give_way(change, lease.device, lease.person, now)
            change.execute(sa.insert(leases).values(school_id=school, starts=lease.start, ends=lease.end, **row))
            change.moved(lease.by, "lease.start", now, [lease.device, lease.person])
        return True

    def end_lease(self, school: str, device_id: str, by: str, now: datetime) -> bool:
        """End the device's lease at `now`, or sign out who is in there. False: nobody sat there."""
        with self.database.write(school) as change:
            ended = change.execute(sa.update(leases).where(_running(school, device_id, now)).values(ends=now)).rowcount
            if not ended and not give_way(change, device_id, None, now):
                return False
            change.moved(by, "lease.end", now, [device_id])
        return True

    def leases(self, school: str, now: datetime) -> tuple[Lease, ...]:
        """Leases that have not ended."""
        with self.database.read() as connection:
            return read_leases(connection, school, now)


def read_devices(connection: Connection, school: str) -> dict[str, Device]:
    """Device id to device, in the order of ids."""
    rows = connection.execute(sa.select(table).where(table.c.school_id == school)).all()
    return dict(sorted((row.id, _device(row)) for row in rows))


def read_leases(connection: Connection, school: str, now: datetime) -> tuple[Lease, ...]:
    """Leases that have not ended: who was put at a device, and who signed in on one or at an address."""
    live = sa.and_(leases.c.school_id == school, leases.c.ends > now)
    rows = connection.execute(sa.select(leases).where(live).order_by(leases.c.starts, leases.c.id)).all()
    put = tuple(Lease(row.device_id, row.person_id, row.starts, row.ends, row.by_id) for row in rows)
    return (*put, *read_sign_ins(connection, school, now))


def _row(school: str, device: Device) -> dict[str, Any]:
    row: dict[str, Any] = {"school_id": school, "id": device.id, "name": device.name, "kind": device.kind.value}
    row |= {"group_id": device.group, "person_id": device.person}
    row |= {"addresses": list(device.addresses), "ports": list(device.ports), "prints": device.prints}
    return row if device.key_hash is None else {**row, "key_hash": device.key_hash}


def _unbind(change: Change, device_id: str) -> None:
    """What was said with an earlier key counts no more."""
    change.execute(sa.delete(bindings).where(bindings.c.school_id == change.school, bindings.c.device_id == device_id))


def _one(school: str, device_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == device_id)


def _fits(school: str, code: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(codes.c.school_id == school, codes.c.hash == hashed(typed(code)), codes.c.expires > now)


def _running(school: str, device_id: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(leases.c.school_id == school, leases.c.device_id == device_id, leases.c.ends > now)


def _device(row: sa.Row[Any]) -> Device:
    return Device(
        id=row.id,
        name=row.name,
        kind=DeviceClass(row.kind),
        group=row.group_id,
        person=row.person_id,
        addresses=tuple(row.addresses),
        ports=tuple(row.ports),
        key_hash=row.key_hash,
        prints=row.prints,
    )
