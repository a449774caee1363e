"""Taking over a list of people: looked at first, done after, all in one revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.accounts import Link, make_link
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.roster_columns import Entry
from dashboard.actions.roster_plan import Options, Plan, School, make_plan
from dashboard.actions.substitute import is_substitute
from policy.model import Member
from store.accounts import Account, AccountState
from store.people import Person


@dataclass(frozen=True, slots=True)
class List:
    """What waits between looking and doing. `salt` makes the ids of new people; `options` is what was ticked."""

    entries: tuple[Entry, ...]
    salt: str
    options: Options


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was done, and the staff whose name to sign in with was taken meanwhile: they have no account."""

    plan: Plan
    without: tuple[str, ...] = ()


def look(desk: Desk, who: Member, wanted: List) -> Outcome[Plan]:
    """What taking over this list would do, as the school is now."""
    if who.role not in OFFICE:
        return refused("role")
    return done("seen", make_plan(wanted.entries, _school(desk), wanted.options, wanted.salt))


def adopt(desk: Desk, who: Member, wanted: List, mark: str, now: datetime) -> Outcome[Adopted]:
    """Take over the good rows. `mark` is that of the plan that was shown: when it would do something else now, no."""
    if who.role not in OFFICE:
        return refused("role")
    plan = make_plan(wanted.entries, _school(desk), wanted.options, wanted.salt)
    if plan.mark != mark:
        return refused("people_moved")
    if not plan.anything:
        return refused("people_nothing")
    persons = (*plan.new, *(one.after for one in plan.changed))
    gone = [person.id for person in plan.gone]
    desk.store.people.exchange(desk.school, plan.groups, persons, gone, who.id, now, "people.import")
    desk.store.print_accounts.put(desk.school, plan.accounts, who.id, now)
    staff = [person for person in plan.new if person.id in plan.logins]
    without = [person.name for person in staff if not _account(desk, person, plan.logins[person.id], who.id, now)]
    return done("people_adopted", Adopted(plan, tuple(without)))


def _account(desk: Desk, person: Person, login: str, by: str, now: datetime) -> bool:
    if desk.store.accounts.add(desk.school, login, person.id, person.role, now) is None:
        return False
    desk.store.audit.add(desk.school, by, "account.add", now, (person.id,))
    return True


def _school(desk: Desk) -> School:
    persons = tuple(one for one in desk.store.people.persons(desk.school) if not is_substitute(one.id))
    logins = {account.login: account.person for account in desk.store.accounts.accounts(desk.school)}
    accounts = desk.store.print_accounts.all(desk.school)
    return School(desk.school, desk.store.people.groups(desk.school), persons, logins, accounts)


def without_password(desk: Desk) -> tuple[tuple[Account, Person], ...]:
    """Who has an account and never set a password, by name."""
    people = {person.id: person for person in desk.store.people.persons(desk.school)}
    new = [one for one in desk.store.accounts.accounts(desk.school) if one.state is AccountState.NEW]
    found = [(account, people[account.person]) for account in new if account.person in people]
    return tuple(sorted(found, key=lambda pair: (pair[1].name.casefold(), pair[1].id)))


def make_links(desk: Desk, who: Member, persons: frozenset[str], now: datetime) -> Outcome[tuple[Link, ...]]:
    """A one-time link for each of these who never set a password; shown once. Older links of theirs stop working."""
    if who.role not in OFFICE:
        return refused("role")
    chosen = [account for account, person in without_password(desk) if person.id in persons]
    links = [outcome.value for account in chosen if (outcome := make_link(desk, account.id, who.id, now)).value]
    return done("people_linked", tuple(links)) if links else refused("people_nobody")
