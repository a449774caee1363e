"""What a teacher sees of a lesson: one reading of the rows, as nouns, before a word is put to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import liftable_categories, period_of, touches
from policy.authority import may_act_for
from policy.model import Device, Grant, Group, Lease, Member, Period, PeriodKind, Span
from policy.schedule import zone_of
from store.events import Event, Stored, What
from store.incidents import Ask, Report
from store.people import Person

_EVENTS = 300
_QUICK = 4
_SHOWN = frozenset({What.BLOCKED, What.HELD, What.GRANTED})


@dataclass(frozen=True, slots=True)
class Lesson:
    """The group's lesson as it stands at `now`. `earlier` are permissions of before, newest first, one of a kind.

    `changes` is when it changes by itself (UTC), if that is in sight.
    """

    group: Group
    now: datetime
    period: Period
    zone: str
    pupils: tuple[Person, ...]
    devices: tuple[Device, ...]
    leases: tuple[Lease, ...]
    grants: tuple[Grant, ...]
    earlier: tuple[Grant, ...]
    categories: tuple[str, ...]
    asks: tuple[Ask, ...]
    reports: tuple[Report, ...]
    seen: tuple[Event, ...]
    pause: Span | None
    rainy: Span | None

    @property
    def in_lesson(self) -> bool:
        """Whether permissions may be given now, as far as the clock goes."""
        return self.period.kind is not PeriodKind.OUTSIDE and self.period.end is not None

    @property
    def names(self) -> Mapping[str, str]:
        """Pupil id to name."""
        return {person.id: person.name for person in self.pupils}

    @property
    def changes(self) -> datetime | None:
        """The next moment at which something on the page is over."""
        spans = [span.end for span in (self.pause, self.rainy) if span]
        moments = [*spans, *(grant.end for grant in self.grants), *(lease.end for lease in self.leases)]
        if self.period.end:
            moments.append(self.period.end)
        return min((moment for moment in moments if moment > self.now), default=None)


def see_lesson(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[Lesson]:
    """The lesson of a group that `who` may act for."""
    snapshot = desk.snapshot(now)
    group = snapshot.groups.get(group_id)
    if group is None or not may_act_for(who, group_id):
        return refused("not_yours")
    store, school, state = desk.store, desk.school, snapshot.state
    live = tuple(
        grant for grant in state.grants if grant.start <= now < grant.end and touches(grant, snapshot, group_id)
    )
    devices = tuple(device for device in snapshot.devices.values() if device.group == group_id)
    stored = store.events.latest(school, (group_id,), limit=_EVENTS)
    lesson = Lesson(
        group=group,
        now=now,
        period=period_of(snapshot, group_id, now),
        zone=snapshot.policy.schedule.zone,
        pupils=store.people.roster(school, group_id),
        devices=tuple(sorted(devices, key=lambda device: device.name.casefold())),
        leases=tuple(x for x in state.leases if x.start <= now < x.end and x.device in {d.id for d in devices}),
        grants=live,
        earlier=_earlier(desk, stored, live, group_id),
        categories=liftable_categories(snapshot, who, group_id),
        asks=store.incidents.asks(school, (group_id,)),
        reports=store.incidents.reports(school, (group_id,)),
        seen=_today(stored, now, snapshot.policy.schedule.zone),
        pause=_of(state.pauses, group_id, now),
        rainy=_of(state.rainy, group_id, now),
    )
    return done("seen", lesson)


def _of(spans: tuple[Span, ...], group: str, now: datetime) -> Span | None:
    return next((span for span in spans if span.group == group and span.start <= now < span.end), None)


def _today(stored: tuple[Stored, ...], now: datetime, zone: str) -> tuple[Event, ...]:
    """Today's exceptions, newest first."""
    midnight = now.astimezone(zone_of(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    since = max(midnight, now - timedelta(days=1))
    return tuple(row.event for row in stored if row.event.what in _SHOWN and row.event.when >= since)


def _earlier(desk: Desk, stored: tuple[Stored, ...], live: tuple[Grant, ...], group: str) -> tuple[Grant, ...]:
    """The last permissions for the whole group, one of each kind, without what is open now."""
    running = {(grant.sites, grant.categories, grant.facets) for grant in live if group in grant.groups}
    found: list[Grant] = []
    ids = dict.fromkeys(row.event.grant for row in stored if row.event.what is What.PERMISSION and row.event.grant)
    for grant_id in ids:
        grant = desk.store.grants.get(desk.school, grant_id)
        if grant is None or group not in grant.groups:
            continue
        kind = (grant.sites, grant.categories, grant.facets)
        if kind not in running:
            running.add(kind)
            found.append(grant)
        if len(found) == _QUICK:
            break
    return tuple(found)
