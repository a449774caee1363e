"""What a teacher sees of a lesson: one reading of the rows, as nouns, before a word is put to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dashboard.actions import agreement, emergency
from dashboard.actions.agreement_shelf import Ready, ready
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.offers import Offers, offers_of
from dashboard.actions.permission import liftable_categories, period_of, rests, touches
from dashboard.actions.planned import Planned, planned
from dashboard.actions.prepared import Ready as ReadyPermission
from dashboard.actions.prepared import ready_for
from dashboard.actions.presence import Presence, who_is_here
from dashboard.actions.prints import Waits, waits
from dashboard.actions.reading import Rows, comes_again, kind_of, read
from dashboard.actions.running import Running, Unwatched, closes_with, left_by, running, unwatched
from dashboard.actions.signing import Signed
from dashboard.actions.substitute import Standing, may_invite, present, since
from policy.authority import lifts
from policy.model import (
    Agreement,
    Device,
    Emergency,
    Grant,
    Group,
    Lease,
    LiftableBy,
    Member,
    Period,
    PeriodKind,
    Snapshot,
    Span,
)
from policy.printer import for_one_job
from policy.schedule import zone_of
from store.events import Event, Stored, What
from store.incidents import Ask, Report
from store.notices import Notice
from store.people import Person

_QUICK = 4
_SHOWN = frozenset({What.BLOCKED, What.HELD, What.GRANTED})
LAST_MINUTES = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A running agreement, and the sites on its list that stay closed until they are permitted too."""

    agreement: Agreement
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """The group's lesson as it stands at `now`. `earlier` are permissions of before, newest first, one of a kind.

    `rests`: a break in which nothing may be permitted. `changes` is when it changes by itself (UTC), if that is in
    sight. `aside` are the permissions (ids) that a running agreement sets aside. `notices` say what is in the
    way; `emergency` is the exit that is open.
    `presence` is who is there; `elsewhere` what whoever looks left running in other groups (`groups`: their names);
    `closing` what is over by itself with this lesson, in its last minutes; `unwatched` are tests of a colleague who
    does not look any more. `planned` are agreements for lessons to come, `ready` those on the shelf and `at_hand`
    permissions on it; `keepers` are the names of colleagues who share one. `staff` are the names of colleagues who gave
    what runs, `substitutes` are in now (for who `may_invite` them), and `stands_in` says it of whoever looks. `prints`
    wait for a yes, `print_pages` is how long one may be.
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
    notices: tuple[Notice, ...] = ()
    presence: Presence = field(default_factory=Presence)
    elsewhere: tuple[Running, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    closing: tuple[Running, ...] = ()
    unwatched: tuple[Unwatched, ...] = ()
    planned: tuple[Planned, ...] = ()
    ready: tuple[Ready, ...] = ()
    keepers: Mapping[str, str] = field(default_factory=dict)
    at_hand: tuple[ReadyPermission, ...] = ()
    staff: Mapping[str, str] = field(default_factory=dict)
    substitutes: tuple[Standing, ...] = ()
    may_invite: bool = False
    stands_in: bool = False
    signing: Signed = field(default_factory=Signed)
    emergency: Emergency | None = None
    prints: tuple[Waits, ...] = ()
    print_pages: int | None = None

    @property
    def in_lesson(self) -> bool:
        """Whether permissions may be given now, as far as the clock and the school's breaks go."""
        return self.period.kind is not PeriodKind.OUTSIDE and self.period.end is not None and not self.rests

    @property
    def tested(self) -> bool:
        """Whether somebody of the group is doing a test: then nothing on the screen calls for attention."""
        return any(agreed.agreement.test for agreed in self.agreed)

    @property
    def not_kept(self) -> tuple[Grant, ...]:
        """What is open for the whole group now, or was lately, and is not kept ready by whoever looks."""
        kept = {kind_of(one.grant) for one in self.at_hand if one.own}
        whole = [grant for grant in self.grants if self.group.id in grant.groups and not grant.without]
        found = {kind_of(grant): grant for grant in (*self.earlier, *whole) if comes_again(grant)}
        return tuple(grant for kind, grant in found.items() if kind not in kept)

    @property
    def names(self) -> Mapping[str, str]:
        """Pupil id to name."""
        return {person.id: person.name for person in self.pupils}

    @property
    def changes(self) -> datetime | None:
        """The next moment at which something on the page is over."""
        spans = [span.end for span in (self.pause, self.rainy) if span]
        spans += [agreed.agreement.end for agreed in self.agreed]
        spans += [moment for one in self.planned for moment in (one.start, one.agreement.start) if moment]
        spans += [notice.until for notice in self.notices]
        spans += [self.emergency.end] if self.emergency else []
        spans += [one.end for one in self.elsewhere]
        moments = [*spans, *(grant.end for grant in self.grants), *(lease.end for lease in self.leases)]
        if self.period.end:
            moments += [self.period.end, self.period.end - LAST_MINUTES]
        if self.presence.changes:
            moments.append(self.presence.changes)
        return min((moment for moment in moments if moment > self.now), default=None)


def _nobody_known(_person: str) -> bool:
    return False


def see_lesson(
    desk: Desk,
    who: Member,
    group_id: str,
    now: datetime,
    rows: Rows | None = None,
    away: Callable[[str], bool] = _nobody_known,
) -> Outcome[Lesson]:
    """The lesson of a group that `who` may act for.

    `rows` where they were read just now already; `away` says of a colleague whether they look no longer.
    """
    snapshot = desk.snapshot(now)
    group = snapshot.groups.get(group_id)
    if group is None or not desk.may_act_for(who, group_id, now):
        return refused("not_yours")
    rows = rows or read(desk, group_id, now)
    came = since(desk, who, group_id, now)
    state, live, period = snapshot.state, _live(snapshot, group_id, now), period_of(snapshot, group_id, now)
    devices = tuple(device for device in snapshot.devices.values() if device.group == group_id)
    elsewhere = left_by(desk, who, now, beside=group_id)
    lesson = Lesson(
        group=group,
        now=now,
        period=period,
        rests=rests(snapshot, group_id, now),
        zone=snapshot.policy.schedule.zone,
        pupils=rows.pupils,
        devices=tuple(sorted(devices, key=lambda device: device.name.casefold())),
        leases=tuple(x for x in state.leases if x.start <= now < x.end and x.device in {d.id for d in devices}),
        grants=live,
        earlier=_earlier(rows.permitted, live, group_id),
        categories=liftable_categories(snapshot, who, group_id),
        asks=rows.asks,
        reports=tuple(one for one in rows.reports if came is None or one.when >= came),
        seen=_today(rows.stored, now, snapshot.policy.schedule.zone, came),
        pause=_of(state.pauses, group_id, now),
        rainy=_of(state.rainy, group_id, now),
        agreed=tuple(
            Agreed(one, agreement.still_closed(one, snapshot, group_id, now))
            for one in agreement.running(snapshot, group_id, now)
        ),
        aside=agreement.set_aside(snapshot, group_id, now),
        offers=offers_of(snapshot, who, group_id, now),
        notices=tuple(one for one in rows.notices if one.stands(now)),
        presence=Presence() if period.kind is PeriodKind.OUTSIDE else _presence(snapshot, rows, now),
        elsewhere=elsewhere,
        groups={one.group: snapshot.groups[one.group].name for one in elsewhere},
        closing=_closing(snapshot, group_id, period, now),
        unwatched=unwatched(desk, who, group_id, now, away),
        planned=planned(snapshot, group_id, now),
        ready=ready(rows.shelf, who),
        at_hand=ready_for(rows.shelf, who, group_id),
        keepers=rows.keepers,
        staff=_colleagues(desk, who, group_id, live, now),
        substitutes=present(desk, who, group_id, now),
        may_invite=may_invite(desk, who, group_id, now),
        stands_in=came is not None,
        signing=rows.signing,
        emergency=emergency.current(desk, now),
        prints=tuple(found for one in rows.prints if (found := waits(snapshot, one, now)) is not None),
        print_pages=snapshot.policy.print_pages,
    )
    return done("seen", lesson)


def _live(snapshot: Snapshot, group: str, now: datetime) -> tuple[Grant, ...]:
    """What is open by a permission; what opens nothing any more is not shown as open."""
    interns = snapshot.policy.interns_permit
    return tuple(
        grant
        for grant in snapshot.state.grants
        if grant.start <= now < grant.end
        and touches(grant, snapshot, group)
        and lifts(grant.role, LiftableBy.TEACHER, interns=interns)
        and not for_one_job(grant)
    )


def _presence(snapshot: Snapshot, rows: Rows, now: datetime) -> Presence:
    return who_is_here(snapshot, rows.pupils, rows.asks, rows.seen, now)


def _closing(snapshot: Snapshot, group: str, period: Period, now: datetime) -> tuple[Running, ...]:
    """In the last minutes of a lesson: what is over by itself with it."""
    if period.kind is PeriodKind.OUTSIDE or period.end is None or now < period.end - LAST_MINUTES:
        return ()
    return closes_with(running(snapshot, [group], now), period.end)


def _of(spans: tuple[Span, ...], group: str, now: datetime) -> Span | None:
    return next((span for span in spans if span.group == group and span.start <= now < span.end), None)


def _today(stored: tuple[Stored, ...], now: datetime, zone: str, came: datetime | None) -> tuple[Event, ...]:
    """Today's exceptions, newest first; for a substitute those since she `came`."""
    midnight = now.astimezone(zone_of(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    first = max(midnight, now - timedelta(days=1), *([came] if came else []))
    return tuple(row.event for row in stored if row.event.what in _SHOWN and row.event.when >= first)


def _colleagues(desk: Desk, who: Member, group: str, live: tuple[Grant, ...], now: datetime) -> Mapping[str, str]:
    """The names of others who gave what runs now: person id to name."""
    agreed = agreement.running(desk.snapshot(now), group, now)
    givers = {grant.by for grant in live} | {made.by for made in agreed}
    persons = [desk.store.people.person(desk.school, one) for one in sorted(givers - {who.id, ""})]
    return {person.id: person.name for person in persons if person is not None}


def _earlier(permitted: tuple[Grant, ...], live: tuple[Grant, ...], group: str) -> tuple[Grant, ...]:
    """The last permissions for the whole group, one of each kind, without what is open now."""
    open_now = {kind_of(grant) for grant in live if group in grant.groups}
    return tuple(grant for grant in permitted if kind_of(grant) not in open_now)[:_QUICK]
