"""Which account of school is whose: the address that is expected for a person, and taking a link away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import Member
from store.accounts import Account, AccountState

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody of staff: `since` is when they were linked (UTC; None: not yet), `expected` the address that waits."""

    account: str
    person: str
    name: str
    login: str
    since: datetime | None
    expected: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Addresses that were not taken: the account and the code of the sentence (`dash.no.*`)."""

    account: str
    code: str


def lines(desk: Desk) -> tuple[Line, ...]:
    """Everybody of staff with an open account that lasts, by name."""
    linked = {one.account: one.made for one in desk.store.identities.links(desk.school)}
    waits = desk.store.identities.addresses(desk.school)
    names = {one.id: one.name for one in desk.store.people.persons(desk.school)}
    found = [
        Line(one.id, one.person, names[one.person], one.login, linked.get(one.id), waits.get(one.id, ""))
        for one in desk.store.accounts.accounts(desk.school)
        if _lasts(one) and one.person in names
    ]
    return tuple(sorted(found, key=lambda line: line.name.casefold()))


def expect(desk: Desk, who: Member, typed: Mapping[str, str], now: datetime) -> Outcome[tuple[Wrong, ...]]:
    """Expect an address for each account (empty: none any more). What is right is kept, what is not comes back."""
    before = {line.account: line for line in lines(desk)}
    wrong: list[Wrong] = []
    changed: list[str] = []
    for account, text in typed.items():
        line, address = before.get(account), text.strip()
        if line is None or line.since is not None or address.casefold() == line.expected:
            continue
        if address and (len(address) > 254 or not _ADDRESS.fullmatch(address)):
            wrong.append(Wrong(account, "dash.no.oidc_address"))
        elif not desk.store.identities.expect(desk.school, account, address, now):
            wrong.append(Wrong(account, "dash.no.oidc_taken"))
        else:
            changed.append(line.person)
    if changed:
        desk.store.audit.add(desk.school, who.id, "oidc.expect", now, changed)
    if wrong:
        return refused("oidc_some", tuple(wrong))
    return done("oidc_expected", ())


def unlink(desk: Desk, who: Member, account: str, now: datetime) -> Outcome[None]:
    """Take the link of an account away; its sessions end."""
    line = next((one for one in lines(desk) if one.account == account), None)
    if line is None or not desk.store.identities.unlink(desk.school, account, now):
        return refused("gone")
    desk.store.audit.add(desk.school, who.id, "oidc.unlink", now, (line.person,))
    return done("oidc_unlinked")


def _lasts(account: Account) -> bool:
    return account.state is not AccountState.CLOSED and account.closes is None
