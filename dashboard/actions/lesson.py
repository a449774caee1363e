"""What a teacher sees of a lesson: one reading of the rows, as nouns, before a word is put to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.actions import agreement
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import liftable, liftable_categories, period_of, rests, touches
from policy.authority import lifts, school_ends
from policy.model import (
    Agreement,
    BasisKind,
    Clause,
    Device,
    DeviceClass,
    Facet,
    Grant,
    Group,
    Lease,
    LiftableBy,
    Member,
    Period,
    PeriodKind,
    Role,
    Snapshot,
    Span,
)
from policy.schedule import zone_of
from store.events import Event, Stored, What
from store.incidents import Ask, Report
from store.people import Person

_EVENTS = 300
_QUICK = 4
_SHOWN = frozenset({What.BLOCKED, What.HELD, What.GRANTED})
# These say that something is looked up or greeted, not what a lesson is about.
_NO_SUBJECT = frozenset({"learning", "greeting"})


@dataclass(frozen=True, slots=True)
class Agreed:
    """A running agreement, and the sites on its list that stay closed until they are permitted too."""

    agreement: Agreement
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What may be permitted besides places, by the rules and by whoever looks.

    `topics` maps the id of a topic to its names by language. `school_ends` is the latest end for a phone (UTC).
    `looser` is the clause that keeps computers shut in breaks: a rainy break is looser than it; `school` wrote it.
    """

    prints: bool
    phones: bool
    topics: Mapping[str, Mapping[str, str]]
    school_ends: datetime | None
    looser: Clause | None
    school: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """The group's lesson as it stands at `now`. `earlier` are permissions of before, newest first, one of a kind.

    `rests`: a break in which nothing may be permitted. `changes` is when it changes by itself (UTC), if that is in
    sight. `aside` are the permissions (ids) that a running agreement sets aside.
    """

    group: Group
    now: datetime
    period: Period
    rests: bool
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
    agreed: tuple[Agreed, ...]
    aside: frozenset[str]
    offers: Offers

    @property
    def in_lesson(self) -> bool:
        """Whether permissions may be given now, as far as the clock and the school's breaks go."""
        return self.period.kind is not PeriodKind.OUTSIDE and self.period.end is not None and not self.rests

    @property
    def names(self) -> Mapping[str, str]:
        """Pupil id to name."""
        return {person.id: person.name for person in self.pupils}

    @property
    def changes(self) -> datetime | None:
        """The next moment at which something on the page is over."""
        spans = [span.end for span in (self.pause, self.rainy) if span]
        spans += [agreed.agreement.end for agreed in self.agreed]
        moments = [*spans, *(grant.end for grant in self.grants), *(lease.end for lease in self.leases)]
        if self.period.end:
            moments.append(self.period.end)
        return min((moment for moment in moments if moment > self.now), default=None)


def see_lesson(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[Lesson]:
    """The lesson of a group that `who` may act for."""
    snapshot = desk.snapshot(now)
    group = snapshot.groups.get(group_id)
    if group is None or not desk.may_act_for(who, group_id, now):
        return refused("not_yours")
    store, school, state = desk.store, desk.school, snapshot.state
    interns = snapshot.policy.interns_permit
    live = tuple(
        grant
        for grant in state.grants
        if grant.start <= now < grant.end
        and touches(grant, snapshot, group_id)
        and lifts(grant.role, LiftableBy.TEACHER, interns=interns)  # what opens nothing any more is not shown as open
    )
    devices = tuple(device for device in snapshot.devices.values() if device.group == group_id)
    stored = store.events.latest(school, (group_id,), limit=_EVENTS)
    lesson = Lesson(
        group=group,
        now=now,
        period=period_of(snapshot, group_id, now),
        rests=rests(snapshot, group_id, now),
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
        agreed=tuple(
            Agreed(one, agreement.still_closed(one, snapshot, group_id, now))
            for one in agreement.running(snapshot, group_id, now)
        ),
        aside=agreement.set_aside(snapshot, group_id, now),
        offers=_offers(snapshot, who, group_id, now),
    )
    return done("seen", lesson)


def _offers(snapshot: Snapshot, who: Member, group: str, now: datetime) -> Offers:
    phones = liftable(snapshot, who, group, Facet.CONNECT)
    return Offers(
        prints=bool(liftable(snapshot, who, group, Facet.PRINT)),
        phones=any(DeviceClass.PHONE in rule.devices for rule in phones),
        topics=_topics(snapshot) if liftable(snapshot, who, group, Facet.WORDS) else {},
        school_ends=school_ends(snapshot, group, now),
        looser=_looser(snapshot, group),
        school=snapshot.policy.protocol.school,
    )


def _topics(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]]:
    """The topics that some search word is about, in the order of their list."""
    lexicon = snapshot.knowledge.lexicon
    used = frozenset().union(*(term.topics for term in lexicon.terms)) - _NO_SUBJECT
    return {topic.id: topic.names for topic in lexicon.topics if topic.id in used}


def _looser(snapshot: Snapshot, group: str) -> Clause | None:
    for rule in snapshot.break_rules:
        about = Role.PUPIL in rule.roles and (not rule.groups or group in rule.groups)
        if about and rule.basis.kind is BasisKind.CLAUSE and rule.basis.clause:
            return snapshot.clauses.get(rule.basis.clause)
    return None


def _of(spans: tuple[Span, ...], group: str, now: datetime) -> Span | None:
    return next((span for span in spans if span.group == group and span.start <= now < span.end), None)


def _today(stored: tuple[Stored, ...], now: datetime, zone: str) -> tuple[Event, ...]:
    """Today's exceptions, newest first."""
    midnight = now.astimezone(zone_of(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    since = max(midnight, now - timedelta(days=1))
    return tuple(row.event for row in stored if row.event.what in _SHOWN and row.event.when >= since)


def _earlier(desk: Desk, stored: tuple[Stored, ...], live: tuple[Grant, ...], group: str) -> tuple[Grant, ...]:
    """The last permissions for the whole group, one of each kind, without what is open now."""
    running = {_kind(grant) for grant in live if group in grant.groups}
    found: list[Grant] = []
    ids = dict.fromkeys(row.event.grant for row in stored if row.event.what is What.PERMISSION and row.event.grant)
    for grant_id in ids:
        grant = desk.store.grants.get(desk.school, grant_id)
        if grant is None or group not in grant.groups or not _again(grant):
            continue
        kind = _kind(grant)
        if kind not in running:
            running.add(kind)
            found.append(grant)
        if len(found) == _QUICK:
            break
    return tuple(found)


def _kind(grant: Grant) -> tuple[object, ...]:
    """What makes two permissions the same."""
    return (grant.sites, grant.categories, grant.facets, grant.topics)


def _again(grant: Grant) -> bool:
    """Whether a permission can be given again with one tap: a place, printing, or the words of a topic."""
    place = Facet.PLACE in grant.facets and bool(grant.sites or grant.categories)
    return place or grant.facets == {Facet.PRINT} or (grant.facets == {Facet.WORDS} and len(grant.topics) == 1)
