"""What a teacher does with the group as a whole: its attention, a rainy break, and who sits where."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import period_of
from policy.model import Lease, Member, PeriodKind, Role, Span
from policy.schedule import zone_of

PAUSE_AT_MOST = timedelta(minutes=15)


def pause(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[Span]:
    """Ask for the group's attention: no new pages, a quarter of an hour at most and never past the lesson."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    period = period_of(desk.snapshot(now), group, now)
    if period.kind is PeriodKind.OUTSIDE:
        return refused("no_lesson")
    end = now + PAUSE_AT_MOST if period.end is None else min(now + PAUSE_AT_MOST, period.end)
    span = Span(group, now, end, who.id)
    desk.store.measures.pause(desk.school, span, now)
    return done("paused", span)


def resume(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[None]:
    """Give the attention back."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    desk.store.measures.resume(desk.school, group, who.id, now)
    return done("unpaused")


def rain(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[Span]:
    """A rainy day: until midnight the group's breaks are rainy breaks."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    zone = zone_of(desk.snapshot(now).policy.schedule.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    span = Span(group, now, datetime.combine(tomorrow, time(), zone).astimezone(UTC), who.id)
    desk.store.measures.rain(desk.school, span, now)
    return done("rainy", span)


def dry(desk: Desk, who: Member, group: str, now: datetime) -> Outcome[None]:
    """The sun is back."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    desk.store.measures.dry(desk.school, group, who.id, now)
    return done("dry")


def seat(desk: Desk, who: Member, group: str, pupil: str, device: str, now: datetime) -> Outcome[Lease]:
    """Say that a pupil of the group sits at one of its devices, until the lesson ends."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    snapshot = desk.snapshot(now)
    member, thing = snapshot.people.get(pupil), snapshot.devices.get(device)
    if member is None or member.role is not Role.PUPIL or group not in member.groups:
        return refused("who")
    if thing is None or thing.group != group:
        return refused("gone")
    period = period_of(snapshot, group, now)
    if period.kind is PeriodKind.OUTSIDE or period.end is None:
        return refused("no_lesson")
    lease = Lease(device, pupil, now, period.end, who.id)
    desk.store.devices.lease(desk.school, lease, now)
    return done("seated", lease)


def unseat(desk: Desk, who: Member, group: str, device: str, now: datetime) -> Outcome[None]:
    """Nobody sits at the device any more."""
    thing = desk.snapshot(now).devices.get(device)
    if not desk.may_act_for(who, group, now) or thing is None or thing.group != group:
        return refused("not_yours")
    desk.store.devices.end_lease(desk.school, device, who.id, now)
    return done("unseated")
