"""The device register, enrolment by one-time code, and who sits where (leases)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.model import Device, Lease


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
    """The device and its key, which is told once and kept only as hex SHA-256."""

    device: str
    key: str


class Devices:
    """The devices of every school in the database."""

    def put(self, school: str, device: Device, by: str, now: datetime) -> None:
        """Register a device or change it (same id). `key_hash` None keeps the key that it has."""
        raise NotImplementedError

    def remove(self, school: str, device_id: str, by: str, now: datetime) -> bool:
        """Take a device out of the register, with its key, codes and leases. False: unknown."""
        raise NotImplementedError

    def get(self, school: str, device_id: str) -> Registered | None:
        """One device."""
        raise NotImplementedError

    def registered(self, school: str) -> tuple[Registered, ...]:
        """All devices, by name."""
        raise NotImplementedError

    def seen(self, school: str, when: Mapping[str, datetime]) -> None:
        """Device id to when it was last seen; moves no revision."""
        raise NotImplementedError

    def make_code(
        self, school: str, device_id: str, by: str, now: datetime, valid: timedelta = timedelta(minutes=30)
    ) -> Code | None:
        """A fresh code for a registered device; older ones of it stop working. None: unknown device."""
        raise NotImplementedError

    def enrol(self, school: str, code: str, now: datetime) -> Enrolled | None:
        """Trade a code (case, spaces and hyphens do not matter) for the device's new key. None: wrong, used, expired."""
        raise NotImplementedError

    def lease(self, school: str, lease: Lease, now: datetime) -> None:
        """A person sits at a device until the lease ends; a lease of that device that still runs ends now."""
        raise NotImplementedError

    def end_lease(self, school: str, device_id: str, by: str, now: datetime) -> bool:
        """End the device's lease at `now`. False: there was none."""
        raise NotImplementedError

    def leases(self, school: str, now: datetime) -> tuple[Lease, ...]:
        """Leases that have not ended."""
        raise NotImplementedError
