"""Who sits at a device that proved itself with its key; the network and the device itself must agree on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from policy.model import Device, DeviceClass, Lease, Member, Principal, Role, Snapshot, Strength


def seated(snapshot: Snapshot, device: Device, now: datetime) -> Principal:
    """Return who asks from a proved device at `now`.

    In order: the person who was put or signed in there (as sure as that is: `Lease.proof`), its owner (proved), a
    digiboard's teacher, staff, a pupil of the device's group. A printer or alarm is nobody. Whom somebody puts at a
    device of their own stays proved.
    """
    lease = live_lease(snapshot, device.id, now)
    owner = owner_of(snapshot, device)
    if lease is not None:
        # Two who say the same: what a teacher adds to the key must not make it less sure.
        strength = Strength.PROVED if owner is not None and owner.id == lease.person else lease.proof
        return _person(snapshot.people.get(lease.person), device, strength) or _pupil(device)
    if owner is not None and device.kind is not DeviceClass.INFRASTRUCTURE:
        return _person(owner, device, Strength.PROVED) or _pupil(device)
    return unattended(device)


def unattended(device: Device) -> Principal:
    """Return who asks from a proved device that has no owner, while nobody was put at it."""
    if device.kind is DeviceClass.INFRASTRUCTURE:
        return replace(_pupil(device), role=Role.STAFF)
    if device.kind is DeviceClass.DIGIBOARD:
        return replace(_pupil(device), role=Role.TEACHER)
    if device.kind is DeviceClass.STAFF:
        return replace(_pupil(device), role=Role.STAFF)
    return _pupil(device)


def live_lease(snapshot: Snapshot, device_id: str, now: datetime) -> Lease | None:
    """Return the lease that holds for a registered device at `now`; of two, the one that started last."""
    leases = snapshot.state.leases
    mine = [lease for lease in leases if lease.device and lease.device == device_id]
    return _newest(mine, now)


def live_at(leases: Iterable[Lease], now: datetime) -> Lease | None:
    """Return which of one address's own leases holds at `now`; of two people, neither: doubt names nobody."""
    live = [lease for lease in leases if lease.start <= now < lease.end]
    return _newest(live, now) if len({lease.person for lease in live}) == 1 else None


def _newest(leases: Iterable[Lease], now: datetime) -> Lease | None:
    live = [lease for lease in leases if lease.start <= now < lease.end]
    return max(live, key=lambda lease: lease.start) if live else None


def owner_of(snapshot: Snapshot, device: Device) -> Member | None:
    """Return the owner where owning means sitting there: staff who own a pupils' device need a lease for it."""
    owner = snapshot.people.get(device.person) if device.person else None
    if owner is None or (device.kind is DeviceClass.PUPIL and owner.role is not Role.PUPIL):
        return None
    return owner


def groups_at(member: Member, device: Device) -> tuple[str, ...]:
    """Return the groups of somebody at this device: a pupil's own, for staff the device's if it has one."""
    return member.groups if member.role is Role.PUPIL or not device.group else (device.group,)


def _person(member: Member | None, device: Device, strength: Strength) -> Principal | None:
    if member is None:
        return None
    return Principal(member.role, member.id, groups_at(member, device), device.id, device.kind, strength)


def _pupil(device: Device) -> Principal:
    groups = (device.group,) if device.group else ()
    return Principal(Role.PUPIL, None, groups, device.id, device.kind, Strength.PROVED)
