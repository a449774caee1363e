"""What is in the way of everybody now, and who refuses the school's certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.model import Member
from policy.schedule import zone_of
from store.notices import Condition, Notice
from store.refusals import About, Kept

_NOT_FOR_A_LESSON = frozenset({Condition.LISTS})
"""Nobody in a class notices it, or can do anything."""


@dataclass(frozen=True, slots=True)
class Refusing:
    """What waits for the coordinator: hosts of apps, and devices with the name that the register gives them."""

    apps: tuple[Kept, ...]
    devices: tuple[tuple[str, Kept], ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.apps) + len(self.devices)


def in_lesson(desk: Desk, now: datetime) -> tuple[Notice, ...]:
    """What whoever teaches must know of, the gravest first."""
    return tuple(one for one in desk.store.notices.standing(desk.school, now) if one.kind not in _NOT_FOR_A_LESSON)


def standing(desk: Desk, now: datetime) -> tuple[Notice, ...]:
    """Everything that is in the way now, the gravest first."""
    return desk.store.notices.standing(desk.school, now)


def earlier(desk: Desk, now: datetime) -> tuple[Notice, ...]:
    """What was in the way today and is over, the newest first."""
    zone = zone_of(desk.snapshot(now).policy.schedule.zone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return desk.store.notices.past(desk.school, max(midnight, now - timedelta(days=1)), now)


def refusing(desk: Desk, now: datetime) -> Refusing:
    """Who refuses the certificate, without devices that left the register and hosts that are on the list now."""
    snapshot, kept = desk.snapshot(now), desk.store.refusals.open(desk.school, now)
    named = ((snapshot.devices.get(one.refusal.name), one) for one in kept if one.refusal.about is About.DEVICE)
    return Refusing(
        tuple(
            one
            for one in kept
            if one.refusal.about is About.HOST and one.refusal.name not in snapshot.knowledge.tunnels
        ),
        tuple((device.name, one) for device, one in named if device is not None),
    )


def decide(desk: Desk, who: Member, host: str, listed: bool, now: datetime) -> Outcome[Kept]:
    """The coordinator lists an app's host in `school.yaml`, or leaves it closed. Nothing opens by this."""
    if who.role not in OFFICE:
        return refused("role")
    kept = desk.store.refusals.decide(desk.school, host, listed, who.id, now)
    return refused("gone") if kept is None else done("refusal_listed" if listed else "refusal_shut", kept)
