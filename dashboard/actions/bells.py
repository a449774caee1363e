"""What another timetable does to what runs and what is planned: told before it is saved.

A permission, a substitute's code and a seat keep the end that they were given (an absolute moment). An agreement
belongs to its lesson, so it moves with the bell, and is gone where no lesson is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.actions.desk import Desk
from policy.agreed import stretch_of
from policy.model import Agreement, Grant, Group, Period, Schedule, Snapshot
from policy.schedule import period_at, zone_of
from policy.schoolday import school_day


class About(StrEnum):
    """What is affected."""

    NOW = "now"  # what it is at this moment, and until when
    GRANT = "grant"  # runs on to the end it was given
    AGREED = "agreed"  # runs now, ends at another time
    PLANNED = "planned"  # is at another time
    GONE = "gone"  # was planned, and has no lesson any more
    CODE = "code"  # a substitute's code
    SEATS = "seats"  # pupils who said who they are


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing that another timetable touches. `was` and `becomes` are ends (UTC); None: there is none in sight.

    `start` is for what is planned: its new beginning; `what` a permission's sites or an agreement's goal; `count` is
    of seats; `before` and `after` are periods, for `NOW`.
    """

    about: About
    group: str
    was: datetime | None = None
    becomes: datetime | None = None
    start: datetime | None = None
    what: str = ""
    count: int = 0
    before: Period | None = None
    after: Period | None = None


def affected(desk: Desk, new: Schedule, now: datetime) -> tuple[Affected, ...]:
    """What would go otherwise under `new`, group by group. Nothing is written."""
    snapshot = desk.snapshot(now)
    found: list[Affected] = []
    for group in sorted(snapshot.groups.values(), key=lambda one: (min(one.years, default=99), one.name)):
        if group.until is None or group.until > now:
            found.extend(_group(desk, snapshot, group, new, now))
    return tuple(found)


def _group(desk: Desk, snapshot: Snapshot, group: Group, new: Schedule, now: datetime) -> Iterator[Affected]:
    old = snapshot.policy.schedule
    before, after = period_at(old, group.id, now), period_at(new, group.id, now)
    if (before.kind, before.end) != (after.kind, after.end):
        yield Affected(About.NOW, group.id, before.end, after.end, before=before, after=after)
        yield from _running(snapshot, group, before, after, now)
    for agreed in snapshot.state.agreements:
        if group.id in agreed.groups:
            yield from _agreed(agreed, group, old, new, now)
    if desk.store.has_accounts:
        zone = zone_of(new.zone)
        for code in desk.store.day_codes.standing(desk.school, group.id, now):
            day = code.start.astimezone(zone).date()
            was, becomes = (school_day(one, group.id, day) for one in (old, new))
            if (was and was.end) != (becomes and becomes.end):
                yield Affected(About.CODE, group.id, code.until, becomes.end if becomes else None)


def _running(snapshot: Snapshot, group: Group, before: Period, after: Period, now: datetime) -> Iterator[Affected]:
    """Permissions and seats that were given to the bell as it was."""
    for grant in snapshot.state.grants:
        if grant.start <= now < grant.end and grant.end == before.end and _of(snapshot, grant, group):
            what = ", ".join((*grant.sites, *sorted(grant.categories))) or grant.goal
            yield Affected(About.GRANT, group.id, grant.end, after.end, what=what)
    seats = sum(
        one.start <= now < one.end and one.end == before.end and _in_group(snapshot, one.person, group)
        for one in snapshot.state.leases
    )
    if seats:
        yield Affected(About.SEATS, group.id, before.end, after.end, count=seats)


def _agreed(agreed: Agreement, group: Group, old: Schedule, new: Schedule, now: datetime) -> Iterator[Affected]:
    was, becomes = (stretch_of(agreed, one, group.id) for one in (old, new))
    if was == becomes or was is None or was[1] <= now:
        return
    if becomes is None or becomes[1] <= now:
        yield Affected(About.GONE, group.id, was[1], start=was[0], what=agreed.goal)
    elif was[0] <= now:
        if was[1] != becomes[1]:
            yield Affected(About.AGREED, group.id, was[1], becomes[1], what=agreed.goal)
    else:
        yield Affected(About.PLANNED, group.id, was[1], becomes[1], becomes[0], agreed.goal)


def _of(snapshot: Snapshot, grant: Grant, group: Group) -> bool:
    return group.id in grant.groups or any(_in_group(snapshot, person, group) for person in grant.people)


def _in_group(snapshot: Snapshot, person: str, group: Group) -> bool:
    found = snapshot.people.get(person)
    return found is not None and group.id in found.groups
