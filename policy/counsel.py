"""Who at school hears: that a child looked for help, the counsellors, in school hours; what somebody tells, who may be
chosen for that.

One answer for the page that tells the child and for the note that is sent, so that they cannot say different things.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from policy.model import PeriodKind, Principal, ReportKind, ReportTo, Role, Snapshot, Strength
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
    """Whether the counsellors hear: the management switched it on, and enough of them are (still) named."""
    return snapshot.inbox and len(counsellors(snapshot)) >= NEEDED


def may_hear(kind: ReportKind, role: Role, snapshot: Snapshot) -> tuple[ReportTo, ...]:
    """Who may be chosen to hear a report of this kind by somebody of this role; one, or a choice, never none.

    Bullying and misuse of pictures go past the class: to the counsellors or the management; where no counsellor hears
    the teacher may be chosen too. What somebody of staff tells never stands on a class's screen.
    """
    heard = {member.role for member in snapshot.people.values()}
    private = [ReportTo.COUNSELLOR] if has_inbox(snapshot) else []
    if Role.MANAGEMENT in heard or (role is not Role.PUPIL and not private):
        private.append(ReportTo.MANAGEMENT)
    if role is not Role.PUPIL:
        return tuple(private)
    if kind is ReportKind.SAW:
        return (ReportTo.TEACHER,)
    if kind is ReportKind.OTHER:
        return (ReportTo.TEACHER, *private)
    return tuple(private) if ReportTo.COUNSELLOR in private else (*private, ReportTo.TEACHER)


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
