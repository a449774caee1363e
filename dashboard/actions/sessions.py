"""One's own sign-ins: seeing and ending them, proving again who one is, and another password."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum, auto

from dashboard import passwords
from dashboard.actions import second_factor
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.seal import Seal
from policy.model import Member, Role
from store.account_news import What
from store.accounts import Account
from store.sessions import Session

FRESH = timedelta(minutes=10)
"""How long a proof counts for what weighs more; signing in is one."""
_OFFICE = frozenset({Role.COORDINATOR, Role.MANAGEMENT})


class Proof(StrEnum):
    """What somebody proves with that they are there."""

    CODE = auto()
    PASSWORD = auto()
    ELSEWHERE = auto()


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether the person proved a moment ago to be there."""
    return now - session.proved < FRESH


def proof_of(desk: Desk, account: Account) -> Proof:
    """What this account proves with: its second factor, else its password, else by signing in again."""
    if second_factor.has_one(desk, account):
        return Proof.CODE
    return Proof.PASSWORD if account.password else Proof.ELSEWHERE


def prove(desk: Desk, seal: Seal, account: Account, token: str, typed: str, now: datetime) -> Outcome[None]:
    """Prove again to be there; ten tries, and then one waits."""
    kind = proof_of(desk, account)
    if kind is Proof.ELSEWHERE:
        return refused("proof_elsewhere")
    if kind is Proof.CODE:
        checked = second_factor.check(desk, seal, account, typed, now)
    else:
        checked = _password(desk, account, typed, now)
    if checked.ok:
        desk.store.accounts.prove(desk.school, token, now, second=kind is Proof.CODE)
    return checked


def own(desk: Desk, account: Account, now: datetime) -> tuple[Session, ...]:
    """The account's live sign-ins."""
    return desk.store.accounts.sessions(desk.school, account, now)


def end_one(desk: Desk, account: Account, session: str, now: datetime) -> Outcome[None]:
    """End one of one's own sign-ins."""
    if not desk.store.accounts.close_one(desk.school, account.id, session, now):
        return refused("gone")
    desk.store.audit.add(desk.school, account.person, "session.end", now)
    return done("session_ended")


def end_others(desk: Desk, session: Session, now: datetime) -> Outcome[int]:
    """End all one's own sign-ins but this one."""
    ended = desk.store.accounts.close_sessions(desk.school, session.account.id, now, but=session.id)
    desk.store.audit.add(desk.school, session.account.person, "session.end_others", now)
    return done("sessions_ended", ended)


def end_all_of(desk: Desk, who: Member, person: str, now: datetime) -> Outcome[int]:
    """Sign a colleague out everywhere, such as of a laptop that was stolen; the person is told."""
    if who.role not in _OFFICE or person == who.id:
        return refused("role")
    mine = [one for one in desk.store.accounts.accounts(desk.school) if one.person == person]
    ended = 0
    for account in mine:
        gone = desk.store.accounts.close_sessions(desk.school, account.id, now)
        if gone:
            desk.store.account_news.add(desk.school, account.id, What.SIGNED_OUT, now)
        ended += gone
    if mine:
        desk.store.audit.add(desk.school, who.id, "session.end_all", now, (person,))
    return done("sessions_ended_of", ended) if mine else refused("gone")


def change_password(desk: Desk, session: Session, old: str, new: str, again: str, now: datetime) -> Outcome[str]:
    """Another password, by who knows the old one. All sign-ins end; the value is the token of the new session here."""
    account = session.account
    checked = _password(desk, account, old, now)
    if not checked.ok:
        return Outcome(False, checked.code)
    if new != again:
        return refused("differ")
    person = desk.store.people.person(desk.school, account.person)
    about = (person.name if person else "", desk.settings.school.name)
    weak = passwords.weakness(new, account.login, *about) or ("same" if new == old else None)
    if weak:
        return refused(weak)
    accounts = desk.store.accounts
    if not accounts.set_password(desk.school, account.id, passwords.hashed(new), now):
        return refused("gone")
    desk.store.audit.add(desk.school, account.person, "password.change", now)
    second = session.second is not None
    token = accounts.open_session(desk.school, account.id, now, second=second, way=session.way, browser=session.browser)
    return done("password_changed", token) if token else refused("expired")


def _password(desk: Desk, account: Account, typed: str, now: datetime) -> Outcome[None]:
    key = f"prove:{account.id}"
    if not desk.store.accounts.attempt(desk.school, key, now).allowed:
        return refused("wait")
    if not passwords.matches(typed[: passwords.LONGEST], account.password):
        return refused("proof_password")
    desk.store.accounts.cleared(desk.school, key)
    return done("signed_in")
