"""The counsellors' inbox: that somebody looked for help, and when; and what somebody chose to tell them.

Nobody else may see that there is anything in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.actions.counsellors import settle
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.reports import Told, told_to
from policy.counsel import counsellors, has_inbox
from policy.model import Group, Member, ReportTo, Role
from store.signals import Kept

COUNSELLORS = frozenset({Role.COUNSELLOR})
_LOOKED = "inbox.look"
_LOOKS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Inbox:
    """The signals, newest first, with the names they need; `readers` are the names of all who may look in here.

    `told` is what somebody chose to tell them; `on`: the management switched it on.
    """

    signals: tuple[Kept, ...]
    people: Mapping[str, str]
    devices: Mapping[str, str]
    groups: Mapping[str, Group]
    readers: tuple[str, ...]
    days: int
    told: Told
    on: bool


def look(desk: Desk, who: Member, now: datetime) -> Outcome[Inbox]:
    """What is in the inbox. The audit says that a counsellor looked, at most once an hour: never at what, or how often.

    What came in while there were enough counsellors stays readable when one of them leaves.
    """
    if who.role not in COUNSELLORS:
        return refused("role")
    settle(desk, now)
    snapshot = desk.snapshot(now)
    people = {person.id: person.name for person in desk.store.people.persons(desk.school)}
    _remember(desk, who, now)
    return done(
        "seen",
        Inbox(
            signals=desk.store.signals.newest(desk.school),
            people=people,
            devices={device.id: device.name for device in snapshot.devices.values()},
            groups=snapshot.groups,
            readers=tuple(sorted((people[x] for x in counsellors(snapshot) if x in people), key=str.casefold)),
            days=desk.settings.retention["signals"],
            told=told_to(desk, ReportTo.COUNSELLOR, now),
            on=has_inbox(snapshot),
        ),
    )


def see(desk: Desk, who: Member, signal: str, now: datetime) -> Outcome[None]:
    """A counsellor has seen a signal. Not in the audit: a line there would say that there was one."""
    if who.role not in COUNSELLORS:
        return refused("role")
    return done("inbox_seen") if desk.store.signals.see(desk.school, signal, who.id, now) else refused("gone")


def _remember(desk: Desk, who: Member, now: datetime) -> None:
    lately = desk.store.audit.entries(desk.school, limit=50, who=who.id)
    if not any(entry.what == _LOOKED and now - entry.when < _LOOKS for entry in lately):
        desk.store.audit.add(desk.school, who.id, _LOOKED, now)
