"""Telephones and devices that nobody registered: one notice a day of each that is turned away, and never of whom.

A telephone asks for hundreds of names an hour by itself; that is one fact: it is on, on the school's network. The
notice has the group, if there is one, and no device, person, site or address. That a device was told of today is kept
as a keyed hash of the day, so that several processes and a restart do not tell it twice, and nobody can turn it back.
"""

from __future__ import annotations

import hmac
from datetime import date, datetime

from policy.model import AccessRequest, Action, Decision, DeviceClass, Effect, Principal, Reason, Snapshot
from policy.schedule import zone_of
from proxy_addons.names.following import Leases
from store.events import Event, What

_OFF = frozenset({Reason.PHONE, Reason.CONNECT})
_MOST = 5000  # devices that are remembered


class Strangers:
    """Makes the notices. Called on one thread; no I/O."""

    def __init__(self, leases: Leases | None = None, secret: bytes = b"") -> None:
        self._leases = leases if leases is not None else Leases()
        self._secret = secret
        self._told: dict[str, date] = {}

    @staticmethod
    def concerns(decision: Decision) -> bool:
        """Whether the device itself is what is closed, whatever it asks for."""
        return decision.effect is Effect.DENY and decision.reason in _OFF

    def notice(
        self, request: AccessRequest, decision: Decision, snapshot: Snapshot, group: str | None, now: datetime
    ) -> Event | None:
        """The notice of the device that was turned away, or None when it was told of today (at school)."""
        key, day = self._key(request.who), now.astimezone(zone_of(snapshot.policy.schedule.zone)).date()
        if self._told.get(key) == day:
            return None
        if len(self._told) >= _MOST:
            self._told = {one: when for one, when in self._told.items() if when == day}
            if len(self._told) >= _MOST:
                return None  # more devices than a school has: somebody makes them up
        self._told[key] = day
        uid = hmac.new(self._secret, f"{day}|{key}".encode(), "sha256").hexdigest()[:32]
        return Event(
            What.BLOCKED,
            now,
            decision.effect,
            decision.reason,
            Action.CONNECT,
            rules=decision.rules,
            group=group,
            revision=snapshot.revision,
            uid=uid,
        )

    def _key(self, who: Principal) -> str:
        if who.device is not None:
            return f"device {who.device}"
        lease = self._leases.at(who.at) if who.at else None
        return f"hardware {lease.mac}" if lease is not None and lease.mac else f"address {who.at}"


def unlisted(who: Principal, leases: Leases) -> str:
    """What its page tells an unregistered device: `unlisted`, `private` (it hides which one it is) or nothing."""
    if who.device is not None or who.device_class not in (DeviceClass.PHONE, DeviceClass.UNKNOWN) or not who.at:
        return ""
    lease = leases.at(who.at)
    return "" if lease is None else "private" if lease.private_mac else "unlisted"
