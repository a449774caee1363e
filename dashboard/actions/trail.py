"""The audit trail for the management: who of staff did what, when and to whom. It is read, never changed.

What was typed is in no entry. Of the counsellors there is that one opened the inbox; of who looked for help, nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Member, Role
from policy.schedule import zone_of
from store.audit import Entry, Proof, Wanted

READERS = frozenset({Role.MANAGEMENT})
PER_PAGE = 50
MOST = 20_000
"""So many entries go into one list to take along."""


class Family(StrEnum):
    """Kinds of entries, to choose one of."""

    PEOPLE = "people"
    LESSON = "lesson"
    PERMISSIONS = "permissions"
    MEASURES = "measures"
    RULES = "rules"
    DEVICES = "devices"
    EXPORTS = "exports"
    ACCOUNTS = "accounts"
    OTHER = "other"


_REFUSED = "access.refuse"
_BETWEEN_REFUSALS = timedelta(hours=1)
_FAMILIES: Mapping[Family, tuple[str, ...]] = {
    Family.PEOPLE: ("person", "people", "group", "consent", "group_consent", "photo", "pictures"),
    Family.LESSON: (
        *("agreement", "pause", "rain", "ask", "lease", "class_code", "day_code", "event", "report"),
        *("prepared", "print"),
    ),
    Family.PERMISSIONS: ("grant", "register"),
    Family.MEASURES: ("sanction", "ban_proposal", "note", "care"),
    Family.RULES: ("policy", "proposal", "refusal", "emergency", "list", "begin"),
    Family.DEVICES: ("device", "ca", "print_account"),
    Family.EXPORTS: ("export", "file", "backup", "privacy"),
    Family.ACCOUNTS: (
        *("sign-in", "sign-out", "access", "link", "account", "password", "second_factor", "session"),
        *("oidc", "recovery_code", "recovery_codes", "inbox", "reports", "counsel"),
    ),
}


def note_refusal(desk: Desk, person: str, now: datetime) -> None:
    """Write down that somebody was refused what is not for that role or group: once an hour, and not what it was."""
    lately = Wanted(person, frozenset({_REFUSED}), now - _BETWEEN_REFUSALS)
    if not desk.store.audit.how_many(desk.school, lately):
        desk.store.audit.add(desk.school, person, _REFUSED, now)


def family_of(code: str) -> Family:
    """Which kind of entry a code is; by its first word."""
    head = code.partition(".")[0]
    return next((family for family, heads in _FAMILIES.items() if head in heads), Family.OTHER)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries, as somebody chose: a person's id, a family, the Monday of a week (ISO); empty is all."""

    who: str = ""
    family: str = ""
    week: str = ""


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of entries, newest first. `people` and `things` are the names that are still there.

    `who` and `families` are what there is to choose from; `page` of `pages` counts from 1; `count` is of all pages.
    `days` is how long an entry is kept.
    """

    entries: tuple[Entry, ...]
    people: Mapping[str, str]
    things: Mapping[str, str]
    who: tuple[str, ...]
    families: tuple[Family, ...]
    page: int
    pages: int
    count: int
    days: int


def look(desk: Desk, who: Member, wish: Filter, page: int, now: datetime) -> Outcome[Trail]:
    """One page of the trail."""
    if who.role not in READERS:
        return refused("role")
    wanted = _wanted(desk, wish, now)
    count = desk.store.audit.how_many(desk.school, wanted)
    pages = max(1, -(-count // PER_PAGE))
    at = min(max(1, page), pages)
    entries = desk.store.audit.wanted(desk.school, wanted, start=(at - 1) * PER_PAGE, limit=PER_PAGE)
    return done("seen", _trail(desk, entries, now, at, pages, count))


def take(desk: Desk, who: Member, wish: Filter, now: datetime) -> Outcome[Trail]:
    """The entries for a list to take along, the newest `MOST`."""
    if who.role not in READERS:
        return refused("role")
    entries = desk.store.audit.wanted(desk.school, _wanted(desk, wish, now), limit=MOST)
    return done("exported", _trail(desk, entries, now, 1, 1, len(entries)))


def prove(desk: Desk, who: Member) -> Outcome[Proof]:
    """Whether the chain of the whole trail holds."""
    if who.role not in READERS:
        return refused("role")
    return done("seen", desk.store.audit.proof(desk.school))


def _trail(desk: Desk, entries: tuple[Entry, ...], now: datetime, page: int, pages: int, count: int) -> Trail:
    snapshot = desk.snapshot(now)
    doers, codes = desk.store.audit.used(desk.school)
    pupils = {member.id for member in snapshot.people.values() if member.role is Role.PUPIL}
    families = {family_of(code) for code in codes}
    things = {group.id: group.name for group in snapshot.groups.values()}
    things |= {device.id: device.name for device in snapshot.devices.values()}
    return Trail(
        entries,
        {person.id: person.name for person in desk.store.people.persons(desk.school)},
        things,
        tuple(sorted(doers - pupils)),
        tuple(family for family in Family if family in families),
        page,
        pages,
        count,
        desk.settings.retention["audit"],
    )


def _wanted(desk: Desk, wish: Filter, now: datetime) -> Wanted:
    codes = None
    if wish.family in set(Family):
        codes = frozenset(code for code in desk.store.audit.used(desk.school)[1] if family_of(code) == wish.family)
    start = end = None
    try:
        first = date.fromisoformat(wish.week)
        monday = first - timedelta(days=first.weekday())
        zone = zone_of(desk.snapshot(now).policy.schedule.zone)
        start, end = (
            datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday, monday + timedelta(days=7))
        )
    except (ValueError, OverflowError):
        start = end = None
    return Wanted(wish.who or None, codes, start, end)
