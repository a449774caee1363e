"""What the database says of a group's lesson, read once for everybody who looks at that group.

A busy school writes an event every second, and every event wakes every screen. What is read here is shared between the
screens of a group, read again only when something moved, and the very same object as long as nothing of this group did:
a screen that finds it unchanged has nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from dashboard.actions import notices
from dashboard.actions.desk import Desk
from dashboard.actions.permission import PICTURES
from dashboard.actions.presence import own_devices
from dashboard.actions.signing import Signed, signed
from policy.model import Facet, Grant
from policy.printer import for_one_job
from store.db import Pulse
from store.events import Stored, What
from store.incidents import Ask, Report
from store.notices import Notice
from store.people import Person
from store.prepared import Prepared
from store.print_jobs import WaitingJob

_EVENTS = 300
_KINDS = 12
_FRESH = timedelta(seconds=14)
"""Below the heartbeat of the streams: what moves no counter (devices that are seen) is looked at with every beat."""
_NEAR = timedelta(minutes=5)
"""So long events count as known; what was forgotten in the database is forgotten here soon after."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one group. `permitted` are permissions of before, newest first, one of a kind.

    `shelf` is what everybody at school keeps ready: who may see what of it is for the one who shows it; `keepers` are
    the names of those who share something of it.
    """

    pupils: tuple[Person, ...]
    stored: tuple[Stored, ...]
    permitted: tuple[Grant, ...]
    asks: tuple[Ask, ...]
    reports: tuple[Report, ...]
    notices: tuple[Notice, ...]
    seen: Mapping[str, datetime]
    shelf: tuple[Prepared, ...] = ()
    keepers: Mapping[str, str] = field(default_factory=dict)
    signing: Signed = field(default_factory=Signed)
    prints: tuple[WaitingJob, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    pulse: Pulse
    at: datetime
    rows: Rows


class Readings:
    """The newest reading of every group that somebody looks at. Safe between threads."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def of(self, desk: Desk, group: str, now: datetime) -> Rows:
        """The rows of a group as they are now; the same object as before where nothing of them changed.

        Raises:
            StoreUnavailable: the database is away.
        """
        with self._locks[group]:
            kept, pulse = self._kept.get(group), desk.store.pulse(desk.school)
            if kept is not None and kept.pulse == pulse and abs(now - kept.at) < _FRESH:
                return kept.rows
            if kept is not None and kept.pulse.revision == pulse.revision:
                rows = _look_again(desk, group, kept.rows, now)
                rows = kept.rows if rows == kept.rows else rows
            else:
                near = kept is not None and abs(now - kept.at) < _NEAR
                rows = read(desk, group, now, kept.rows.stored if kept is not None and near else ())
            self._kept[group] = _Kept(pulse, now, rows)
            return rows


def read(desk: Desk, group: str, now: datetime, known: tuple[Stored, ...] = ()) -> Rows:
    """Everything of a group, from the database; of the events, which never change, only those after the `known`."""
    store, school = desk.store, desk.school
    stored = _events(desk, group, known) if known else store.events.latest(school, (group,), limit=_EVENTS)
    pupils = store.people.roster(school, group)
    shelf = store.prepared.on_shelf(school)
    return Rows(
        pupils=pupils,
        stored=stored,
        permitted=_permitted(desk, stored, group),
        asks=store.incidents.asks(school, (group,)),
        reports=store.incidents.reports(school, (group,)),
        notices=notices.in_lesson(desk, now),
        seen=_seen(desk, pupils, now),
        shelf=shelf,
        keepers=keepers(desk, shelf),
        signing=signed(desk, group, now),
        prints=store.print_jobs.waiting(school, (group,)),
    )


def _look_again(desk: Desk, group: str, before: Rows, now: datetime) -> Rows:
    """What may move without a new revision; of the events only those that came."""
    store, school = desk.store, desk.school
    stored = _events(desk, group, before.stored)
    shelf = store.prepared.on_shelf(school)
    return Rows(
        pupils=before.pupils,
        stored=stored,
        permitted=before.permitted,
        asks=store.incidents.asks(school, (group,)),
        reports=store.incidents.reports(school, (group,)),
        notices=notices.in_lesson(desk, now),
        seen=_seen(desk, before.pupils, now),
        shelf=shelf,
        keepers=before.keepers if shelf == before.shelf else keepers(desk, shelf),
        signing=signed(desk, group, now),
        prints=store.print_jobs.waiting(school, (group,)),
    )


def _events(desk: Desk, group: str, known: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The newest events of a group, newest first, when these are `known`; the very same where none came."""
    last = known[0].id if known else 0
    came = desk.store.events.since(desk.school, last, (group,), limit=_EVENTS)
    if len(came) == _EVENTS:  # perhaps there are more, and those are the newest
        return desk.store.events.latest(desk.school, (group,), limit=_EVENTS)
    return (*reversed(came), *known)[:_EVENTS] if came else known


def keepers(desk: Desk, shelf: Iterable[Prepared]) -> Mapping[str, str]:
    """Person id to name, of those who share something on the shelf."""
    people = (desk.store.people.person(desk.school, by) for by in dict.fromkeys(one.by for one in shelf if one.shared))
    return {person.id: person.name for person in people if person is not None}


def _seen(desk: Desk, pupils: tuple[Person, ...], now: datetime) -> Mapping[str, datetime]:
    owners = own_devices(desk.snapshot(now), {person.id for person in pupils})
    return desk.store.devices.last_seen(desk.school, owners) if owners else {}


def _permitted(desk: Desk, stored: tuple[Stored, ...], group: str) -> tuple[Grant, ...]:
    """The last permissions for the whole group that may be given again, one of each kind."""
    found: dict[tuple[object, ...], Grant] = {}
    ids = dict.fromkeys(row.event.grant for row in stored if row.event.what is What.PERMISSION and row.event.grant)
    for grant_id in ids:
        grant = desk.store.grants.get(desk.school, grant_id)
        if grant is not None and group in grant.groups and comes_again(grant):
            found.setdefault(kind_of(grant), grant)
        if len(found) == _KINDS:
            break
    return tuple(found.values())


def kind_of(grant: Grant) -> tuple[object, ...]:
    """What makes two permissions the same."""
    return (grant.sites, grant.items, grant.categories, grant.facets, grant.topics, grant.kinds)


def comes_again(grant: Grant) -> bool:
    """Whether a permission can be given again with one tap: a place, pictures, printing, or the words of a topic."""
    if grant.without:
        return False
    place = Facet.PLACE in grant.facets and bool(grant.sites or grant.categories or grant.items)
    pictures = grant.facets == {Facet.ACTION} and grant.kinds == PICTURES
    topic = grant.facets == {Facet.WORDS} and len(grant.topics) == 1
    return place or pictures or topic or (grant.facets == {Facet.PRINT} and not for_one_job(grant))
