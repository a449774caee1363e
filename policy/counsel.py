"""Who at school hears that a child looked for help: the named counsellors, in school hours, and how much they hear.

One answer for the page that tells the child and for the note that is sent, so that they cannot say different things.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from policy.model import PeriodKind, Principal, Role, Snapshot, Strength
from policy.schedule import period_at

NEEDED = 2
"""So many counsellors must be named: of two, one can be there, and neither keeps it alone."""


class Told(StrEnum):
    """The most that the counsellors are told besides the moment: a name, a device, a group; or they hear nothing."""

    NOBODY = "nobody"
    PERSON = "person"
    DEVICE = "device"
    GROUP = "group"
    TIME = "time"


def counsellors(snapshot: Snapshot) -> tuple[str, ...]:
    """The ids of the people who are counsellors."""
    return tuple(member.id for member in snapshot.people.values() if member.role is Role.COUNSELLOR)


def has_inbox(snapshot: Snapshot) -> bool:
    """Whether enough counsellors are named."""
    return len(counsellors(snapshot)) >= NEEDED


def told_of(snapshot: Snapshot | None, who: Principal, now: datetime) -> Told:
    """What the counsellors hear when `who` asks for help at `now` (aware). Outside school hours nothing is kept."""
    if snapshot is None or who.role is not Role.PUPIL or not has_inbox(snapshot):
        return Told.NOBODY
    group = who.groups[0] if who.groups else None
    if period_at(snapshot.policy.schedule, group, now).kind is PeriodKind.OUTSIDE:
        return Told.NOBODY
    if who.person is not None and who.strength >= Strength.CLAIMED:
        return Told.PERSON
    if who.device is not None:
        return Told.DEVICE
    return Told.TIME if group is None else Told.GROUP
