"""Who somebody is who signed in elsewhere: an account that is linked, or one for which this address is expected.

Nobody is ever made by signing in. Whoever is nobody's account gets one answer, without a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dashboard.actions import second_factor
from dashboard.actions.accounts import Entry, session_for
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.oidc import Claims
from policy.model import Role
from store.accounts import Account, AccountState

WAY = "oidc"
FREE_RETURNS = 30
"""Returns from a provider that come before a wait, for one address: a school may be behind one."""


def may_return(desk: Desk, address: str, now: datetime) -> bool:
    """Count a return from a provider by the network address that it comes from; False: too many went wrong."""
    return desk.store.accounts.attempt(desk.school, _key(address), now, free=FREE_RETURNS).allowed


def enter(
    desk: Desk, claims: Claims, address: str, now: datetime, *, browser: str, known: Callable[[str], bool]
) -> Outcome[tuple[Entry, str]]:
    """How the sign-in of who proved to be `claims` goes on, and the account's login; the first time it is linked.

    `browser` is its kind (`dashboard.browsers`), `known` says whether a login was used with it before.
    """
    account = _account_of(desk, claims, now)
    if account is None:
        return refused("oidc_nobody")
    entered = session_for(desk, account, now, way=WAY, second=claims.twice, browser=browser, known=known(account.login))
    if entered.value is None:
        return refused("oidc_nobody")
    desk.store.accounts.cleared(desk.school, _key(address))
    return done("signed_in", (entered.value, account.login))


def prove_again(desk: Desk, claims: Claims, token: str, since: datetime, now: datetime) -> Outcome[None]:
    """Whoever is signed in proved anew to be there: the same person, and at the provider after `since`.

    `token` is the session's. A provider that does not say when (Google) cannot be used for this, nor one that asked
    for less than the account's own second factor.
    """
    session = desk.store.accounts.session(desk.school, token, now)
    linked = desk.store.identities.account_of(desk.school, claims.issuer, claims.subject)
    if session is None or linked != session.account.id:
        return refused("oidc_other")
    weaker = second_factor.has_one(desk, session.account) and not claims.twice
    if claims.proved is None or claims.proved < since or weaker:
        return refused("oidc_not_anew")
    if not desk.store.accounts.prove(desk.school, token, now, second=claims.twice):
        return refused("expired")
    return done("proved")


def _account_of(desk: Desk, claims: Claims, now: datetime) -> Account | None:
    """The open account of staff that the person is linked to, now or from now on."""
    identities = desk.store.identities
    found = identities.account_of(desk.school, claims.issuer, claims.subject)
    if found is None:
        expected = identities.expected(desk.school, claims.address)
        if expected is None or not _is_staffs(desk.store.accounts.get(desk.school, expected)):
            return None
        found = identities.link(desk.school, claims.issuer, claims.subject, claims.address, now)
        if found is None:
            return None
        linked = desk.store.accounts.get(desk.school, found)
        if linked is not None:
            desk.store.audit.add(desk.school, linked.person, "oidc.link", now, (linked.person,))
    account = desk.store.accounts.get(desk.school, found)
    return account if account is not None and _is_staffs(account) and account.state is AccountState.ACTIVE else None


def _is_staffs(account: Account | None) -> bool:
    """Whether it is an open account that lasts, and not a pupil's."""
    if account is None or account.state is AccountState.CLOSED:
        return False
    return account.closes is None and account.role is not Role.PUPIL


def _key(address: str) -> str:
    return f"oidc:{address}"
