"""Who somebody is at the school's own sign-in (OpenID Connect), and which address is expected there for whom.

Of a sign-in only two things are kept: the provider's address (issuer) and its name for the person (subject). An address
is there from the moment that a coordinator enters it until the first sign-in with it; then only the identity is left,
so that an address that somebody else gets later opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.account_tables import accounts, expected_addresses, identities
from store.accounts import AccountState, at, end_sessions
from store.db import Change, Database


@dataclass(frozen=True, slots=True)
class Identity:
    """One link: `subject` at `issuer` is the account's person, since `made` (UTC)."""

    issuer: str
    subject: str
    account: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Identities:
    """The links and the expected addresses of every school in the database."""

    database: Database

    def account_of(self, school: str, issuer: str, subject: str) -> str | None:
        """The id of the account that is linked, open or not; None: nobody's."""
        mine = sa.and_(identities.c.school_id == school, identities.c.issuer == issuer)
        with self.database.read() as connection:
            wish = sa.select(identities.c.account_id).where(mine, identities.c.subject == subject)
            found: str | None = connection.execute(wish).scalar()
        return found

    def expected(self, school: str, address: str) -> str | None:
        """The id of the account for which an address is expected; None: nobody's."""
        mine = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.address == folded(address))
        with self.database.read() as connection:
            found: str | None = connection.execute(sa.select(expected_addresses.c.account_id).where(mine)).scalar()
        return found

    def links(self, school: str) -> tuple[Identity, ...]:
        """All links of the school."""
        with self.database.read() as connection:
            rows = connection.execute(sa.select(identities).where(identities.c.school_id == school)).all()
        return tuple(Identity(row.issuer, row.subject, row.account_id, row.made) for row in rows)

    def addresses(self, school: str) -> Mapping[str, str]:
        """The address that is expected for each account that waits for its first sign-in."""
        mine = expected_addresses.c.school_id == school
        with self.database.read() as connection:
            return {
                row.account_id: row.address for row in connection.execute(sa.select(expected_addresses).where(mine))
            }

    def expect(self, school: str, account_id: str, address: str, now: datetime) -> bool:
        """Expect this address for an account, in the place of an earlier one; an empty one: none any more.

        False: the account is closed, unknown or of one day, or the address is expected for somebody else.
        """
        with self.database.write(school) as change:
            if not _lasts(change, account_id):
                return False
            mine = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.account_id == account_id)
            taken = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.address == folded(address))
            others = sa.select(expected_addresses.c.account_id).where(taken)
            if address and change.execute(others).scalar() not in {None, account_id}:
                return False
            change.execute(sa.delete(expected_addresses).where(mine))
            if address:
                row = {"school_id": school, "address": folded(address), "account_id": account_id, "made": now}
                change.execute(sa.insert(expected_addresses).values(**row))
        return True

    def link(self, school: str, issuer: str, subject: str, address: str, now: datetime) -> str | None:
        """Link whoever just signed in to the account for which `address` is expected; the id of the account.

        The address is used up by it, and an account without a password is opened by it. None: it is expected for
        nobody, the account is closed or of one day, or somebody is linked to it at this issuer already.
        """
        with self.database.write(school) as change:
            mine = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.address == folded(address))
            account_id: str | None = change.execute(sa.select(expected_addresses.c.account_id).where(mine)).scalar()
            if account_id is None or not _lasts(change, account_id) or _linked(change, issuer, account_id):
                return None
            row = {"school_id": school, "issuer": issuer, "subject": subject, "account_id": account_id, "made": now}
            if not change.insert_new(identities, ("school_id", "issuer", "subject"), row):
                return None
            change.execute(sa.delete(expected_addresses).where(mine))
            new = sa.and_(at(school, account_id), accounts.c.state == AccountState.NEW.value)
            change.execute(sa.update(accounts).where(new).values(state=AccountState.ACTIVE.value))
        return account_id

    def unlink(self, school: str, account_id: str, now: datetime) -> int:
        """Take away every link of an account and the address that is expected; its sessions end. How many links."""
        with self.database.write(school) as change:
            mine = sa.and_(identities.c.school_id == school, identities.c.account_id == account_id)
            waits = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.account_id == account_id)
            gone = change.execute(sa.delete(identities).where(mine)).rowcount
            change.execute(sa.delete(expected_addresses).where(waits))
            if gone:
                end_sessions(change, account_id, now)
        return gone


def folded(address: str) -> str:
    """An address as it is kept and compared."""
    return address.strip().casefold()


def forget_identities(change: Change, expected_before: datetime) -> int:
    """Forget the links and addresses of closed accounts, and addresses that nobody came with; how many rows."""
    school = change.school
    closed = sa.select(accounts.c.id).where(
        accounts.c.school_id == school, accounts.c.state == AccountState.CLOSED.value
    )
    rows = 0
    for table in (identities, expected_addresses):
        gone = sa.and_(table.c.school_id == school, table.c.account_id.in_(closed))
        rows += change.execute(sa.delete(table).where(gone)).rowcount
    old = sa.and_(expected_addresses.c.school_id == school, expected_addresses.c.made < expected_before)
    return rows + change.execute(sa.delete(expected_addresses).where(old)).rowcount


def _lasts(change: Change, account_id: str) -> bool:
    """Whether the account is open and not of one day."""
    open_one = sa.and_(at(change.school, account_id), accounts.c.state != AccountState.CLOSED.value)
    return change.execute(sa.select(accounts.c.id).where(open_one, accounts.c.closes.is_(None))).first() is not None


def _linked(change: Change, issuer: str, account_id: str) -> bool:
    mine = sa.and_(identities.c.school_id == change.school, identities.c.issuer == issuer)
    return (
        change.execute(sa.select(identities.c.subject).where(mine, identities.c.account_id == account_id)).first()
        is not None
    )
