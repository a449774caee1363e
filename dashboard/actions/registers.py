"""The school's lists of accounts and of its own means for parents, and of what does not fit it; what needs care."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from config.sense import closing_categories, line_of
from dashboard.actions import ownlists
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.ownlists import Change, What
from dashboard.actions.target import site_in
from dashboard.actions.trial import Moment, moment_of, ordinary
from policy.address import canonical, is_ip, name_without_suffix
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    DeviceClass,
    Group,
    Member,
    Policy,
    Principal,
    Role,
    Snapshot,
    Strength,
)
from store.people import Person
from store.registers import Entry, Register

IDENTITY = "identity"
LONGEST_NAME = 80
_LONGEST_PLACE = 200


class Lack(StrEnum):
    """What a line of a register misses."""

    MANAGER = "manager"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Wish:
    """A new line, as typed: `person` and `group` are ids, or empty."""

    register: Register
    name: str = ""
    place: str = ""
    person: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a register with who and whose it is now, and what it misses. `shut` is of the school's own means."""

    entry: Entry
    manager: Person | None
    group: Group | None
    lacks: tuple[Lack, ...] = ()
    shut: Shut | None = None


@dataclass(frozen=True, slots=True)
class Shut:
    """A host that should stay open and does not, for these roles. `remedy`: taking it out of its category opens it."""

    host: str
    roles: tuple[Role, ...]
    remedy: bool


def add(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Entry]:
    """Write a line. An official account has one manager, of staff; a group's account a group and who answers for it."""
    if who.role not in OFFICE:
        return refused("role")
    name = " ".join(wish.name.split())[:LONGEST_NAME]
    if not name:
        return refused("name")
    means = wish.register is Register.MEANS
    place = site_in(wish.place) if means else place_in(wish.place)
    if place is None:
        return refused("bad_site" if means else "register_place")
    wrong = None if means else _wrong(desk, wish.register, wish.person, wish.group, now)
    if wrong is not None:
        return refused(wrong)
    group = wish.group if wish.register is Register.GROUP else None
    entry = Entry("", wish.register, name, place, None if means else wish.person, group)
    made = desk.store.registers.add(desk.school, entry, who.id, now)
    return done("register_added", made) if made is not None else refused("register_already")


def assign(desk: Desk, who: Member, entry_id: str, person: str, group: str, now: datetime) -> Outcome[None]:
    """Another manager for an account, and of a group's account another group."""
    entry = desk.store.registers.get(desk.school, entry_id)
    if who.role not in OFFICE:
        return refused("role")
    if entry is None or entry.register is Register.MEANS:
        return refused("gone")
    wrong = _wrong(desk, entry.register, person, group, now)
    if wrong is not None:
        return refused(wrong)
    whose = group if entry.register is Register.GROUP else None
    kept = desk.store.registers.assign(desk.school, entry_id, person, whose, who.id, now)
    return done("register_assigned") if kept else refused("gone")


def remove(desk: Desk, who: Member, entry_id: str, now: datetime) -> Outcome[None]:
    """Take a line away."""
    if who.role not in OFFICE:
        return refused("role")
    gone = desk.store.registers.remove(desk.school, entry_id, who.id, now)
    return done("removed") if gone else refused("gone")


def open_means(desk: Desk, who: Member, entry_id: str, now: datetime) -> Outcome[Policy]:
    """Take one of the school's own means out of every category but the safety floor's, so that parents are reached."""
    entry = desk.store.registers.get(desk.school, entry_id)
    if who.role not in OFFICE:
        return refused("role")
    if entry is None or entry.register is not Register.MEANS:
        return refused("gone")
    found = shut(desk, entry.place, now)
    if found is not None and not found.remedy:
        return refused("means_stays")
    return ownlists.save_now(desk, who, Change(What.OPEN, entry.place), now)


def lines(desk: Desk, who: Member, now: datetime) -> tuple[Line, ...]:
    """Every line of every register, by name; none for who may not see them."""
    if who.role not in OFFICE:
        return ()
    staff = {one.id: one for one in desk.store.people.persons(desk.school) if one.role is not Role.PUPIL}
    groups = {group.id: group for group in desk.groups_of(who, now)}
    found = []
    for entry in desk.store.registers.entries(desk.school):
        manager, group = staff.get(entry.person or ""), groups.get(entry.group or "")
        closed = shut(desk, entry.place, now) if entry.register is Register.MEANS else None
        found.append(Line(entry, manager, group, tuple(_lacks(entry, manager, group)), closed))
    return tuple(found)


def count_of_care(lines: tuple[Line, ...]) -> int:
    """How many lines need somebody's care."""
    return sum(bool(line.lacks) or line.shut is not None for line in lines)


def shut(desk: Desk, host: str, now: datetime) -> Shut | None:
    """Whether a host is closed to pupils in a lesson or to teachers, on any ordinary day; None: it is open."""
    snapshot = ordinary(desk.snapshot(now))
    closed = _closed_to(snapshot, host, now)
    if not closed:
        return None
    opened = ownlists.made(snapshot, desk.settings, Change(What.OPEN, host)).value
    helps = opened is not None and not _closed_to(replace(snapshot, policy=opened), host, now)
    return Shut(host, closed, helps)


def identity_sites(snapshot: Snapshot) -> tuple[str, ...] | None:
    """The school's own list of what does not fit it; None: no rule of this school asks for it."""
    if IDENTITY not in closing_categories(snapshot.policy):
        return None
    return snapshot.policy.lists.get(IDENTITY, ())


def add_identity(desk: Desk, who: Member, site: str, now: datetime) -> Outcome[Policy]:
    """A site that does not fit the school's identity closes."""
    return ownlists.save_now(desk, who, Change(What.CLOSE, site.strip(), category=IDENTITY), now)


def remove_identity(desk: Desk, who: Member, site: str, now: datetime) -> Outcome[Policy]:
    """A site is taken off that list."""
    return ownlists.save_now(desk, who, Change(What.NO_CLOSE, site.strip(), category=IDENTITY), now)


def place_in(text: str) -> str | None:
    """Where an account is: an address without `https://` and `www.`, or else the words as typed; None: nothing."""
    typed = line_of(" ".join(text.split()))
    if typed is None or len(typed) > _LONGEST_PLACE:
        return None
    address = canonical(typed if "://" in typed else f"https://{typed}") if " " not in typed else None
    if address is None or not (is_ip(address.host) or name_without_suffix(address.host)) or "." not in typed:
        return None if "://" in typed else typed
    query = f"?{address.query}" if address.query else ""
    return f"{address.host.removeprefix('www.')}{address.path.rstrip('/')}{query}"


def _wrong(desk: Desk, register: Register, person: str, group: str, now: datetime) -> str | None:
    """The code of what is not right about who manages an account and whose it is."""
    found = desk.store.people.person(desk.school, person) if person else None
    if found is None or found.role is Role.PUPIL:
        return "register_manager"
    known = desk.snapshot(now).groups.get(group)
    if register is Register.GROUP and (known is None or (known.until is not None and known.until <= now)):
        return "group"
    return None


def _lacks(entry: Entry, manager: Person | None, group: Group | None) -> list[Lack]:
    lacks = []
    if entry.register is not Register.MEANS and manager is None:
        lacks.append(Lack.MANAGER)
    if entry.register is Register.GROUP and group is None:
        lacks.append(Lack.GROUP)
    return lacks


def _closed_to(snapshot: Snapshot, host: str, now: datetime) -> tuple[Role, ...]:
    """Pupils, teachers, both or nobody. Pupils in a lesson of theirs: a break may be without computers altogether."""
    asked = [Principal(Role.PUPIL, groups=(group,), strength=Strength.GROUP) for group in sorted(snapshot.groups)]
    asked += [
        Principal(Role.PUPIL),
        Principal(Role.TEACHER, device_class=DeviceClass.STAFF, strength=Strength.PROVED),
    ]
    found: dict[Role, None] = {}
    for who in asked:
        group = who.groups[0] if who.groups else ""
        at = moment_of(snapshot, group, Moment.LESSON, now) or now
        address = canonical(f"https://{host}/")
        # What a page loads is not reminded of anything: a reminder closes nothing.
        request = AccessRequest(Action.VISIT, who, (host,), address, navigation=False)
        if not decide(request, snapshot, at).open:
            found[who.role] = None
    return tuple(found)
