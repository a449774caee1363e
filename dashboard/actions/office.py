"""What the coordinator keeps: groups and people. Few fields; the school's own administration is the source."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from dashboard.actions.accounts import Link, add_account, make_link
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.substitute import is_substitute
from policy.model import Group, Member, Role
from policy.schedule import zone_of
from store.accounts import Account, AccountState
from store.people import Person

OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
STAFF = tuple(role for role in Role if role is not Role.PUPIL)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_LONGEST_NAME = 80


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
    if person is None or is_substitute(person_id):  # hers is the group of her code, until it ends
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


def _name(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_NAME]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
