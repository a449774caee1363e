"""Signing in and out, setting a password by a one-time link, and making such a link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard import passwords
from dashboard.actions import second_factor
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.seal import Seal
from policy.model import Role
from store.account_news import What
from store.accounts import Account, AccountState, Purpose
from store.people import Person

LINK_VALID = timedelta(hours=24)
HALF_VALID = timedelta(minutes=5)
HALF = {Purpose.SECOND_FACTOR: "password", Purpose.SECOND_FACTOR_OIDC: "oidc"}
"""What a half sign-in waits for, and by which way it came so far."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class Entry:
    """How a sign-in goes on, for the cookie: with a session's token, or (`half`) one that wants the second factor."""

    token: str
    half: bool = False


@dataclass(frozen=True, slots=True)
class Halfway:
    """Whose half sign-in this is, and how they came so far (`password`, `oidc`)."""

    account: Account
    way: str


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link's secret, told once, and whose it is."""

    token: str
    name: str
    login: str
    until: datetime


def sign_in(
    desk: Desk, login: str, password: str, address: str, now: datetime, *, browser: str = "", kind: str = ""
) -> Outcome[Entry]:
    """Check a password; the value says how the sign-in goes on.

    `browser` is the id of a browser that this login signed in with before (the caller checked that). Its tries are
    counted by themselves, so that a pupil who tries ten times on a tablet does not lock the teacher out (OWASP: device
    cookies). The answer and its time are the same for an unknown name, a wrong password and a closed account.
    `kind` is the kind of browser (`dashboard.browsers`).
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
    if account is None or not fits:
        # For a name that nobody has too: what is written must not tell the two apart by its time.
        desk.store.audit.add(desk.school, account.person if account else "sign-on", "password.wrong", now)
        return refused("sign_in")
    entered = session_for(desk, account, now, browser=kind, known=bool(browser))
    if entered.ok:
        for key in keys:
            accounts.cleared(desk.school, key)
    return entered


def session_for(
    desk: Desk,
    account: Account,
    now: datetime,
    *,
    way: str = "password",
    second: bool = False,
    browser: str = "",
    known: bool = True,
) -> Outcome[Entry]:
    """A session for somebody who just proved to be this account's, or half a one where the second factor is wanted.

    `way` is `password` or `oidc`; `second`: the second factor was right too, here or where they came from. `browser` is
    its kind (`Chrome|ChromeOS`); one that is not `known` to this account is told to the person.
    """
    accounts = desk.store.accounts
    if not second and second_factor.has_one(desk, account):
        purpose = Purpose.SECOND_FACTOR_OIDC if way == "oidc" else Purpose.SECOND_FACTOR
        half = accounts.make_link(desk.school, account.id, purpose, now, valid=HALF_VALID)
        return done("signed_in", Entry(half, half=True)) if half else refused("sign_in")
    strange = not known and accounts.came_before(desk.school, account.id)
    token = accounts.open_session(desk.school, account.id, now, second=second, way=way, browser=browser)
    if token is None:
        return refused("sign_in")
    if strange:
        mine = accounts.session(desk.school, token, now)
        news = desk.store.account_news
        news.add(desk.school, account.id, What.SIGNED_IN, now, browser=browser, session=mine.id if mine else "")
    desk.store.audit.add(desk.school, account.person, "oidc.enter" if way == "oidc" else "sign-in", now)
    return done("signed_in", Entry(token))


def halfway(desk: Desk, token: str, now: datetime) -> Halfway | None:
    """Whose half sign-in this token is of. None: over, used or made up."""
    for purpose, way in HALF.items():
        account = desk.store.accounts.peek_link(desk.school, token, purpose, now) if token else None
        if account is not None:
            return Halfway(account, way)
    return None


def finish(
    desk: Desk, seal: Seal, token: str, code: str, now: datetime, *, known: str = "", browser: str = ""
) -> Outcome[Entry]:
    """The second half of a sign-in: a code of the app or a recovery code. It works once.

    `known` is the id of a browser that this account signed in with before, `browser` its kind.
    """
    half = halfway(desk, token, now)
    if half is None:
        return refused("expired")
    checked = second_factor.check(desk, seal, half.account, code, now, browser=known)
    if not checked.ok:
        return Outcome(False, checked.code)
    purpose = next(one for one, way in HALF.items() if way == half.way)
    account = desk.store.accounts.use_link(desk.school, token, purpose, now)
    if account is None:
        return refused("expired")
    return session_for(desk, account, now, way=half.way, second=True, browser=browser, known=bool(known))


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
    weak = passwords.weakness(password, account.login, _name(desk, account), desk.settings.school.name)
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
