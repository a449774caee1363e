"""Temporary bans of one pupil. The management decides; Klaswacht proposes none, and says beforehand where one holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import period_of
from dashboard.actions.target import site_in
from policy.model import Device, DeviceClass, Member, PeriodKind, Role, Sanction, SanctionTarget, Snapshot
from policy.schedule import zone_of
from policy.seat import owner_of

DECIDERS = frozenset({Role.MANAGEMENT})
LONGEST = timedelta(weeks=4)
LONGEST_REASON = 500  # characters
MOST_SITES = 20
_NO_PERSONS = frozenset({DeviceClass.INFRASTRUCTURE})


class Until(StrEnum):
    """When a ban ends: at the end of a day, or at a moment that somebody fills in."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    OWN = "own"


_DAYS = {Until.TODAY: 1, Until.TOMORROW: 2, Until.WEEK: 7}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to impose. `day` and `clock` (ISO, the school's wall clock) count for `Until.OWN` only.

    Without a `clock` the whole `day` counts. `sites` is a line of sites that stay open besides the learning list.
    """

    person: str
    on: SanctionTarget
    reason: str
    until: Until = Until.TODAY
    day: str = ""
    clock: str = ""
    sites: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a ban of a pupil would hold: on devices that prove with a key whose they are.

    `keyless` are the pupil's own too, but nothing proves it: a ban does not hold there.
    """

    on: SanctionTarget
    holds: tuple[Device, ...]
    keyless: tuple[Device, ...]


def reach(snapshot: Snapshot, person: str) -> tuple[Reach, ...]:
    """For each thing that a ban can be on: where it would hold."""
    mine = [device for device in snapshot.devices.values() if _is_of(snapshot, device, person)]
    mine.sort(key=lambda device: device.name.casefold())
    found = []
    for target in SanctionTarget:
        fitting = [device for device in mine if _fits(device, target)]
        proved = tuple(device for device in fitting if device.key_hash)
        found.append(Reach(target, proved, tuple(device for device in fitting if not device.key_hash)))
    return tuple(found)


def _is_of(snapshot: Snapshot, device: Device, person: str) -> bool:
    owner = owner_of(snapshot, device)
    return owner is not None and owner.id == person and device.kind not in _NO_PERSONS


def _fits(device: Device, target: SanctionTarget) -> bool:
    """The same split as the decision makes: what is no phone counts as a Chromebook, and printing is done from both."""
    if target is SanctionTarget.PRINTER:
        return True
    return (device.kind is DeviceClass.PHONE) is (target is SanctionTarget.PHONE)


def impose(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Sanction]:
    """Ban a pupil from one thing until an absolute end, four weeks away at most; the learning list stays open."""
    if who.role not in DECIDERS:
        return refused("role")
    snapshot = desk.snapshot(now)
    if pupil_of(snapshot, wish.person) is None:
        return refused("ban_pupil")
    reason = " ".join(wish.reason.split())[:LONGEST_REASON]
    if not reason:
        return refused("ban_reason")
    end = end_of(snapshot, wish, now)
    if end is None or end <= now:
        return refused("ban_end")
    if end > now + LONGEST:
        return refused("ban_long")
    if not any(one.on is wish.on and one.holds for one in reach(snapshot, wish.person)):
        return refused("ban_nowhere")
    sites = sites_in(wish.sites)
    if sites is None:
        return refused("bad_site")
    if any(_same(ban, wish, now) for ban in desk.store.measures.sanctions(desk.school, now)):
        return refused("ban_already")
    ban = Sanction("", wish.person, wish.on, now, end, who.id, sites)
    return done("ban", desk.store.measures.add_sanction(desk.school, ban, now, reason=reason))


def _same(ban: Sanction, wish: Wish, now: datetime) -> bool:
    return ban.person == wish.person and ban.on is wish.on and ban.end > now


def lift(desk: Desk, who: Member, ban_id: str, now: datetime) -> Outcome[Sanction]:
    """End a ban now."""
    ban = _live(desk, who, ban_id, now)
    if ban.value is None:
        return ban
    ended = desk.store.measures.lift_sanction(desk.school, ban_id, who.id, now)
    return done("ban_lifted", ban.value) if ended else refused("gone", ban.value)


def lift_for_lesson(desk: Desk, who: Member, ban_id: str, now: datetime) -> Outcome[Sanction]:
    """Lift a ban for the rest of the lesson (or break) that the pupil's group has now; then it is back by itself."""
    ban = _live(desk, who, ban_id, now)
    if ban.value is None:
        return ban
    snapshot = desk.snapshot(now)
    pupil = pupil_of(snapshot, ban.value.person)
    if pupil is None or not pupil.groups:
        return refused("gone")
    period = period_of(snapshot, pupil.groups[0], now)
    if period.kind is PeriodKind.OUTSIDE or period.end is None:
        return refused("no_lesson", ban.value)
    lifted = desk.store.measures.lift_for_now(desk.school, ban_id, min(period.end, ban.value.end), who.id, now)
    return done("ban_lifted_lesson", ban.value) if lifted else refused("gone", ban.value)


def withdraw(desk: Desk, who: Member, ban_id: str, now: datetime) -> Outcome[Sanction]:
    """Take away a ban that was a mistake: it is in no file any more. One that ended may have been a mistake too."""
    if who.role not in DECIDERS:
        return refused("role")
    ban = next((one.sanction for one in desk.store.measures.imposed(desk.school) if one.sanction.id == ban_id), None)
    gone = desk.store.measures.withdraw_sanction(desk.school, ban_id, who.id, now)
    return done("ban_withdrawn", ban) if gone and ban is not None else refused("gone", ban)


def _live(desk: Desk, who: Member, ban_id: str, now: datetime) -> Outcome[Sanction]:
    """A ban that runs, for whoever may decide about it: the management, so also who imposed it."""
    if who.role not in DECIDERS:
        return refused("role")
    ban = next((one for one in desk.store.measures.sanctions(desk.school, now) if one.id == ban_id), None)
    return refused("gone") if ban is None else done("ban", ban)


def pupil_of(snapshot: Snapshot, person: str) -> Member | None:
    """The pupil with this id; None for somebody unknown and for staff."""
    member = snapshot.people.get(person)
    return member if member is not None and member.role is Role.PUPIL else None


def end_of(snapshot: Snapshot, wish: Wish, now: datetime) -> datetime | None:
    """The moment a wish ends (UTC), by the school's wall clock; None: the date or time cannot be read."""
    zone = zone_of(snapshot.policy.schedule.zone)
    if wish.until is not Until.OWN:
        day = now.astimezone(zone).date() + timedelta(days=_DAYS[wish.until])
        return datetime.combine(day, time(), zone).astimezone(UTC)
    try:
        day = date.fromisoformat(wish.day.strip())
        if not wish.clock.strip():
            return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        clock = time.fromisoformat(wish.clock.strip())
        return datetime.combine(day, clock.replace(tzinfo=None), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def sites_in(text: str) -> tuple[str, ...] | None:
    """The sites in a line of text, each once; None when one of them is no site, or when there are too many."""
    found: dict[str, None] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        site = site_in(word) if word else None
        if word and site is None:
            return None
        if site is not None:
            found[site] = None
    return tuple(found) if len(found) <= MOST_SITES else None
