"""Signing in and out, setting a password by a one-time link, and making such a link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard import passwords
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Role
from store.accounts import Account, AccountState, Purpose
from store.people import Person

LINK_VALID = timedelta(hours=24)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link's secret, told once, and whose it is."""

    token: str
    name: str
    login: str
    until: datetime


def sign_in(desk: Desk, login: str, password: str, address: str, now: datetime, *, browser: str = "") -> Outcome[str]:
    """Check a password; the value is the new session's token for the cookie.

    `browser` is the id of a browser that this login signed in with before (the caller checked that). Its tries are
    counted by themselves, so that a pupil who tries ten times on a tablet does not lock the teacher out (OWASP: device
    cookies). The answer and its time are the same for an unknown name, a wrong password and a closed account.
    """
    accounts = desk.store.accounts
    name = login.strip().casefold()[:80]
    keys = (f"login:{name}#{browser}",) if browser else (f"login:{name}", f"address:{address}")
    standing = [accounts.attempt(desk.school, key, now) for key in keys]
    if not all(tries.allowed for tries in standing):
        return refused("wait")
    account = accounts.find(desk.school, login)
    usable = account is not None and account.state is AccountState.ACTIVE
    fits = passwords.matches(password[: passwords.LONGEST], account.password if account and usable else None)
    token = accounts.open_session(desk.school, account.id, now) if account and fits else None
    if account is None or token is None:
        return refused("sign_in")
    for key in keys:
        accounts.cleared(desk.school, key)
    desk.store.audit.add(desk.school, account.person, "sign-in", now)
    return done("signed_in", token)


def sign_out(desk: Desk, token: str, person: str, now: datetime) -> Outcome[None]:
    """End the session of this token."""
    if desk.store.accounts.close_session(desk.school, token, now):
        desk.store.audit.add(desk.school, person, "sign-out", now)
    return done("signed_out")


def make_link(desk: Desk, account_id: str, by: str, now: datetime) -> Outcome[Link]:
    """A one-time link to set a password; older ones stop working."""
    account = desk.store.accounts.get(desk.school, account_id)
    token = desk.store.accounts.make_link(desk.school, account_id, Purpose.SET_PASSWORD, now, valid=LINK_VALID)
    if account is None or token is None:
        return refused("gone")
    desk.store.audit.add(desk.school, by, "link.make", now, (account.person,))
    return done("linked", Link(token, _name(desk, account), account.login, now + LINK_VALID))


def whose_link(desk: Desk, token: str, now: datetime) -> Outcome[Link]:
    """Whose link this is, without using it up."""
    account = desk.store.accounts.peek_link(desk.school, token, Purpose.SET_PASSWORD, now)
    if account is None:
        return refused("link")
    return done("linked", Link(token, _name(desk, account), account.login, now))


def set_password(desk: Desk, token: str, password: str, again: str, now: datetime) -> Outcome[None]:
    """Use a one-time link to set a password; all sessions of the account end."""
    accounts = desk.store.accounts
    account = accounts.peek_link(desk.school, token, Purpose.SET_PASSWORD, now)
    if account is None:
        return refused("link")
    if password != again:
        return refused("differ")
    weak = passwords.weakness(password, account.login)
    if weak:
        return refused(weak)
    argon2id = passwords.hashed(password)
    if accounts.use_link(desk.school, token, Purpose.SET_PASSWORD, now) is None:
        return refused("link")
    accounts.set_password(desk.school, account.id, argon2id, now)
    desk.store.audit.add(desk.school, account.person, "password.set", now)
    return done("password")


def add_account(desk: Desk, login: str, person: Person, by: str, now: datetime) -> Outcome[Account]:
    """An account without password for a person of staff."""
    name = login.strip().casefold()
    if not _LOGIN.fullmatch(name):
        return refused("login")
    if person.role is Role.PUPIL:
        return refused("role")
    account = desk.store.accounts.add(desk.school, name, person.id, person.role, now)
    if account is None:
        return refused("login_taken")
    desk.store.audit.add(desk.school, by, "account.add", now, (person.id,))
    return done("person", account)


def first_coordinator(desk: Desk, name: str, login: str, now: datetime) -> Outcome[Link]:
    """The first person of a new school, with a link to set a password; for the command line.

    An account with this login that has no password yet just gets a fresh link; one that has is refused.
    """
    account = desk.store.accounts.find(desk.school, login)
    if account is None:
        person = Person("coordinator", Role.COORDINATOR, name)
        desk.store.people.put_people(desk.school, (person,), "setup", now)
        added = add_account(desk, login, person, "setup", now)
        if added.value is None:
            return Outcome(False, added.code)
        account = added.value
    elif account.state is not AccountState.NEW:
        return refused("login_taken")
    return make_link(desk, account.id, "setup", now)


def _name(desk: Desk, account: Account) -> str:
    person = desk.store.people.person(desk.school, account.person)
    return person.name if person else account.login
