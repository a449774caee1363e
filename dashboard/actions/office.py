"""What the coordinator keeps: groups, people and devices. Few fields; the school's own administration is the source."""

from __future__ import annotations

import re
import secrets
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from ipaddress import ip_network

from dashboard.actions.accounts import Link, add_account, make_link
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Device, DeviceClass, Group, Member, Role
from policy.schedule import zone_of
from store.accounts import Account, AccountState
from store.devices import Code
from store.people import Person

OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
STAFF = tuple(role for role in Role if role is not Role.PUPIL)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_LONGEST_NAME = 80
_WIDEST_IPV4 = 16  # bits of the prefix
_WIDEST_IPV6 = 48


@dataclass(frozen=True, slots=True)
class Key:
    """A device's key, told once; the register keeps its hash."""

    device: str
    name: str
    key: str


def put_group(
    desk: Desk, who: Member, group_id: str, name: str, years: str, until: str, now: datetime
) -> Outcome[Group]:
    """Add a group or change it. `years` is like `7 8`; `until` an ISO date for a temporary group, or empty."""
    if who.role not in OFFICE:
        return refused("role")
    code, title = group_id.strip().casefold(), _name(name)
    if not title:
        return refused("name")
    if not _ID.fullmatch(code):
        return refused("group_code")
    numbers = tuple(sorted({int(word) for word in re.findall(r"\d+", years) if 1 <= int(word) <= 8}))
    last = _date(until)
    if until.strip() and last is None:
        return refused("date")
    zone = zone_of(desk.snapshot(now).policy.schedule.zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC) if last else None
    group = Group(code, title, numbers, end)
    desk.store.people.put_group(desk.school, group, who.id, now)
    return done("group", group)


def remove_group(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[None]:
    """Remove a group; its people stay."""
    if who.role not in OFFICE:
        return refused("role")
    gone = desk.store.people.remove_group(desk.school, group_id, who.id, now)
    return done("removed") if gone else refused("gone")


def add_pupil(desk: Desk, who: Member, name: str, group: str, now: datetime) -> Outcome[Person]:
    """Add a pupil to a group."""
    if who.role not in OFFICE:
        return refused("role")
    if not _name(name):
        return refused("name")
    if group not in desk.snapshot(now).groups:
        return refused("group")
    pupil = Person(f"p-{secrets.token_hex(6)}", Role.PUPIL, _name(name), (group,))
    desk.store.people.put_people(desk.school, (pupil,), who.id, now)
    return done("person", pupil)


def add_staff(
    desk: Desk, who: Member, name: str, login: str, role: Role, groups: frozenset[str], now: datetime
) -> Outcome[Link]:
    """Add somebody of staff with an account, and make the one-time link to set a password."""
    if who.role not in OFFICE or role is Role.PUPIL:
        return refused("role")
    if not _name(name):
        return refused("name")
    if not groups <= desk.snapshot(now).groups.keys():
        return refused("group")
    if desk.store.accounts.find(desk.school, login.strip()) is not None:
        return refused("login_taken")
    person = Person(f"s-{secrets.token_hex(6)}", role, _name(name), tuple(sorted(groups)))
    account = add_account(desk, login, person, who.id, now)
    if account.value is None:
        return Outcome(False, account.code)
    desk.store.people.put_people(desk.school, (person,), who.id, now)
    return make_link(desk, account.value.id, who.id, now)


def set_groups(desk: Desk, who: Member, person_id: str, groups: frozenset[str], now: datetime) -> Outcome[Person]:
    """The groups somebody is in, or may act for."""
    if who.role not in OFFICE:
        return refused("role")
    person = desk.store.people.person(desk.school, person_id)
    if person is None:
        return refused("gone")
    if not groups <= desk.snapshot(now).groups.keys() or (person.role is Role.PUPIL and not groups):
        return refused("group")
    kept = tuple(group for group in person.groups if group in groups)
    changed = replace(person, groups=kept + tuple(sorted(groups.difference(kept))))
    desk.store.people.put_people(desk.school, (changed,), who.id, now)
    return done("person", changed)


def remove_person(desk: Desk, who: Member, person_id: str, now: datetime) -> Outcome[None]:
    """Remove a person and close the account. Nobody removes themselves."""
    if who.role not in OFFICE or person_id == who.id:
        return refused("role")
    for account in accounts_of(desk, person_id):
        desk.store.accounts.set_state(desk.school, account.id, AccountState.CLOSED, now)
    gone = desk.store.people.remove_person(desk.school, person_id, who.id, now)
    return done("removed") if gone else refused("gone")


def new_link(desk: Desk, who: Member, person_id: str, now: datetime) -> Outcome[Link]:
    """A fresh one-time link for somebody of staff."""
    if who.role not in OFFICE:
        return refused("role")
    account = next((x for x in accounts_of(desk, person_id) if x.state is not AccountState.CLOSED), None)
    return make_link(desk, account.id, who.id, now) if account else refused("gone")


def accounts_of(desk: Desk, person_id: str) -> tuple[Account, ...]:
    """The accounts of a person (one, as a rule)."""
    return tuple(account for account in desk.store.accounts.accounts(desk.school) if account.person == person_id)


def put_device(
    desk: Desk, who: Member, name: str, kind: DeviceClass, group: str, person: str, addresses: str, now: datetime
) -> Outcome[Device]:
    """Register a device. `group` and `person` may be empty; `addresses` are ranges such as `10.7.0.0/24`."""
    if who.role not in OFFICE:
        return refused("role")
    title, snapshot = _name(name), desk.snapshot(now)
    if not title:
        return refused("name")
    if (group and group not in snapshot.groups) or (person and person not in snapshot.people):
        return refused("group")
    ranges = _ranges(addresses)
    if ranges is None:
        return refused("addresses")
    device_id = _device_id(title, snapshot.devices.keys())
    device = Device(device_id, title, kind, group or None, person or None, ranges)
    desk.store.devices.put(desk.school, device, who.id, now)
    return done("device", device)


def remove_device(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[None]:
    """Take a device out of the register."""
    if who.role not in OFFICE:
        return refused("role")
    gone = desk.store.devices.remove(desk.school, device_id, who.id, now)
    return done("removed") if gone else refused("gone")


def new_key(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[Key]:
    """A fresh device key, told once; the old one stops working."""
    if who.role not in OFFICE:
        return refused("role")
    registered = desk.store.devices.get(desk.school, device_id)
    if registered is None:
        return refused("gone")
    key = secrets.token_urlsafe(24)
    device = replace(registered.device, key_hash=sha256(key.encode()).hexdigest())
    desk.store.devices.put(desk.school, device, who.id, now)
    return done("key", Key(device.id, device.name, key))


def new_code(desk: Desk, who: Member, device_id: str, now: datetime) -> Outcome[Code]:
    """A one-time code with which the agent on a device enrols itself."""
    if who.role not in OFFICE:
        return refused("role")
    code = desk.store.devices.make_code(desk.school, device_id, who.id, now)
    return done("enrol", code) if code else refused("gone")


def _name(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_NAME]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _ranges(text: str) -> tuple[str, ...] | None:
    """The address ranges in a line of text; None when one of them is no range, or wider than a device can be."""
    try:
        ranges = [ip_network(word, strict=False) for word in re.split(r"[\s,;]+", text.strip()) if word]
    except ValueError:
        return None
    # `0.0.0.0/0` would make every stranger this device; a school's own network is smaller than these.
    if any(found.prefixlen < (_WIDEST_IPV4 if found.version == 4 else _WIDEST_IPV6) for found in ranges):
        return None
    return tuple(map(str, ranges))


def _device_id(name: str, taken: Container[str]) -> str:
    """A readable id that is not taken: it is also the user name of the device at the proxy."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:32] or "device"
    return stem if stem not in taken else f"{stem}-{secrets.token_hex(3)}"
