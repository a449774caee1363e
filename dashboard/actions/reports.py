"""What people tell by themselves ("not my fault"), each for whom its teller chose. A report counts against nobody.

For the teacher they stand on the lesson page (of a device in no group: with the office), for the management and for the
counsellors each in a list of their own. What is for one is in no list, number or audit line of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.counsel import may_hear
from policy.model import Group, Member, ReportKind, ReportTo, Role
from store.incidents import LONGEST_NOTE, Report

READER = {ReportTo.MANAGEMENT: Role.MANAGEMENT, ReportTo.COUNSELLOR: Role.COUNSELLOR}
"""Who reads what is not for a teacher: the role itself, nobody above it."""

_LOOKED = "reports.look"
_LOOKS = timedelta(hours=1)
_MOST = 5  # of one person in `_LOOKS`
_MOST_LOOKED_AT = 1000  # of all groups together, to find those of none: one busy group must not hide them


@dataclass(frozen=True, slots=True)
class Told:
    """What was told to one audience, newest first, with the names it needs; `readers` are all who may look in here."""

    reports: tuple[Report, ...]
    people: Mapping[str, str]
    devices: Mapping[str, str]
    groups: Mapping[str, Group]
    readers: tuple[str, ...]
    days: int


def look(desk: Desk, who: Member, now: datetime) -> Outcome[Told]:
    """What was told to the management. The audit says that somebody looked, at most once an hour."""
    if who.role is not Role.MANAGEMENT:
        return refused("role")
    lately = desk.store.audit.entries(desk.school, limit=50, who=who.id)
    if not any(entry.what == _LOOKED and now - entry.when < _LOOKS for entry in lately):
        desk.store.audit.add(desk.school, who.id, _LOOKED, now)
    return done("seen", told_to(desk, ReportTo.MANAGEMENT, now))


def told_to(desk: Desk, audience: ReportTo, now: datetime) -> Told:
    """What was told to an audience; only for who may read it, and who notes that it was read."""
    snapshot = desk.snapshot(now)
    people = {person.id: person.name for person in desk.store.people.persons(desk.school)}
    role = READER[audience]
    readers = (people[member.id] for member in snapshot.people.values() if member.role is role and member.id in people)
    return Told(
        reports=desk.store.incidents.reports(desk.school, None, unseen=False, audience=audience),
        people=people,
        devices={device.id: device.name for device in snapshot.devices.values()},
        groups=snapshot.groups,
        readers=tuple(sorted(readers, key=str.casefold)),
        days=desk.settings.retention["reports"],
    )


def see(desk: Desk, who: Member, audience: ReportTo, report_id: str, now: datetime) -> Outcome[None]:
    """Somebody it was told to has seen it."""
    if READER.get(audience) is not who.role:
        return refused("role")
    seen = desk.store.incidents.see_report(desk.school, report_id, who.id, now, audience=audience)
    return done("told_seen") if seen else refused("gone")


def tell(desk: Desk, who: Member, kind: str, audience: str, line: str, now: datetime) -> Outcome[Report]:
    """Somebody of staff tells what happened to them, to the management or to the counsellors. Their name is with it."""
    chosen = next((one for one in ReportKind if one.value == kind), None)
    heard = audiences(desk, who, now)
    to = next((one for one in heard if one.value == audience), None)
    if who.role is Role.PUPIL:
        return refused("role")
    if chosen is None or to is None:
        return refused("told_choose")
    known = desk.store.incidents.reports(desk.school, None, unseen=False, audience=to)
    if sum(report.person == who.id and now - report.when < _LOOKS for report in known) >= _MOST:
        return refused("told_many")
    note = " ".join(line.split())[:LONGEST_NOTE]
    made = desk.store.incidents.report(desk.school, "", now, kind=chosen, audience=to, note=note, person=who.id)
    return done(f"told_{to.value}", made)


def audiences(desk: Desk, who: Member, now: datetime) -> tuple[ReportTo, ...]:
    """Whom somebody of staff may choose to tell."""
    return may_hear(ReportKind.OTHER, who.role, desk.snapshot(now))


# --- what is for the teacher -----------------------------------------------------------------------------------------


def see_report(desk: Desk, who: Member, group: str, report_id: str, now: datetime) -> Outcome[None]:
    """Somebody looked at a report of the group."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    mine = {report.id for report in desk.store.incidents.reports(desk.school, (group,))}
    if report_id not in mine or not desk.store.incidents.see_report(desk.school, report_id, who.id, now):
        return refused("gone")
    return done("seen")


def homeless_reports(desk: Desk, who: Member) -> tuple[Report, ...]:
    """Unseen reports that no group's screen shows: the device was nobody's, or its group is gone. For the office."""
    if who.role not in OFFICE:
        return ()
    groups = {group.id for group in desk.store.people.groups(desk.school)}
    told = desk.store.incidents.reports(desk.school, None, limit=_MOST_LOOKED_AT)
    return tuple(report for report in told if report.group not in groups)


def see_homeless_report(desk: Desk, who: Member, report_id: str, now: datetime) -> Outcome[None]:
    """Somebody of the office looked at a report that no group's screen shows."""
    if report_id not in {report.id for report in homeless_reports(desk, who)}:
        return refused("gone")
    return done("seen") if desk.store.incidents.see_report(desk.school, report_id, who.id, now) else refused("gone")
