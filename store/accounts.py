"""Staff accounts and their one-time links, in a database of their own (sessions and attempts: `store.sessions`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Role
from store.account_tables import accounts as table
from store.account_tables import links, sessions
from store.db import Change, Database
from store.ids import hashed, new_id, new_secret
from store.second_factors import drop_second_factor


class AccountState(StrEnum):
    """Whether an account may be used. `new`: no password was set yet."""

    NEW = "new"
    ACTIVE = "active"
    CLOSED = "closed"


class Purpose(StrEnum):
    """What a one-time link is for."""

    SET_PASSWORD = "set-password"  # noqa: S105 - a purpose, not a password
    # A sign-in that is right so far and still wants the second factor, by its way.
    SECOND_FACTOR = "second-factor"
    SECOND_FACTOR_OIDC = "second-factor-oidc"


@dataclass(frozen=True, slots=True)
class Account:
    """A staff member's account. `login` is kept case-folded. `password` is the argon2id hash; None: never set.

    `closes` is when a substitute's account is over by itself (UTC); None: it lasts.
    """

    id: str
    login: str
    person: str
    role: Role
    state: AccountState
    password: str | None = None
    closes: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountBook:
    """Accounts and one-time links of every school in the database."""

    database: Database

    def add(self, school: str, login: str, person: str, role: Role, now: datetime) -> Account | None:
        """A new account without password. None: the login is taken."""
        made = Account(new_id(), fold(login), person, role, AccountState.NEW)
        row = {"id": made.id, "login": made.login, "person_id": person, "role": role.value, "state": made.state.value}
        with self.database.write(school) as change:
            new = change.insert_new(table, ("school_id", "login"), {"school_id": school, "created": now} | row)
        return made if new else None

    def add_for_a_day(self, school: str, person: str, role: Role, closes: datetime, now: datetime) -> Account:
        """An account that is active at once, has no password ever, and is over at `closes`: a substitute's."""
        login = f"invaller-{new_id()}".casefold()
        made = Account(new_id(), login, person, role, AccountState.ACTIVE, None, closes)
        row = {"id": made.id, "login": made.login, "person_id": person, "role": role.value, "state": made.state.value}
        with self.database.write(school) as change:
            change.execute(sa.insert(table).values(school_id=school, created=now, closes=closes, **row))
        return made

    def find(self, school: str, login: str) -> Account | None:
        """By login, case-insensitive; also closed ones (look at `state`)."""
        return self._one(school, table.c.login == fold(login))

    def get(self, school: str, account_id: str) -> Account | None:
        """By id."""
        return self._one(school, table.c.id == account_id)

    def _one(self, school: str, where: sa.ColumnElement[bool]) -> Account | None:
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.school_id == school, where)).first()
        return None if row is None else to_account(row)

    def accounts(self, school: str) -> tuple[Account, ...]:
        """All accounts by login, without their password hashes."""
        wish = sa.select(*(column for column in table.c if column.name != "password")).where(
            table.c.school_id == school
        )
        with self.database.read() as connection:
            rows = connection.execute(wish).all()
        found = [Account(r.id, r.login, r.person_id, Role(r.role), AccountState(r.state), None, r.closes) for r in rows]
        return tuple(sorted(found, key=lambda account: account.login))

    def set_password(self, school: str, account_id: str, argon2id: str, now: datetime) -> bool:
        """Keep a new argon2id hash (`$argon2id$...`, else `ValueError`), activate, end all sessions.

        False: unknown or closed account.
        """
        if not argon2id.startswith("$argon2id$"):
            raise ValueError("only an argon2id hash is kept")
        with self.database.write(school) as change:
            # A closed account stays closed: an old link or a forgotten tab must not open it again.
            values = {"password": argon2id, "state": AccountState.ACTIVE.value}
            mine = sa.and_(at(school, account_id), table.c.state != AccountState.CLOSED.value)
            if not change.execute(sa.update(table).where(mine).values(**values)).rowcount:
                return False
            end_sessions(change, account_id, now)
        return True

    def set_state(self, school: str, account_id: str, state: AccountState, now: datetime) -> bool:
        """Open or close an account; closing ends its sessions and links.

        False: unknown, or `active` was wished for an account that never had a password.
        """
        with self.database.write(school) as change:
            mine = at(school, account_id)
            if state is AccountState.ACTIVE:
                mine = sa.and_(mine, table.c.password.is_not(None))
            if not change.execute(sa.update(table).where(mine).values(state=state.value)).rowcount:
                return False
            if state is AccountState.CLOSED:
                drop_second_factor(change, account_id)
            if state is not AccountState.ACTIVE:
                end_sessions(change, account_id, now)
                waiting = sa.and_(links.c.school_id == school, links.c.account_id == account_id, links.c.used.is_(None))
                change.execute(sa.update(links).where(waiting).values(used=now))
        return True

    def set_role(self, school: str, account_id: str, role: Role, now: datetime) -> bool:
        """Another role; ends all sessions. False: unknown."""
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(at(school, account_id)).values(role=role.value)).rowcount:
                return False
            end_sessions(change, account_id, now)
        return True

    def make_link(
        self, school: str, account_id: str, purpose: Purpose, now: datetime, valid: timedelta = timedelta(hours=24)
    ) -> str | None:
        """A one-time token. None: the account is unknown, closed or of a day.

        Older links to set a password stop working; half a sign-in on another device goes on.
        """
        token = new_secret()
        older = sa.and_(_of(school, account_id), links.c.purpose == purpose.value)
        row = {"hash": hashed(token), "account_id": account_id, "purpose": purpose.value, "expires": now + valid}
        with self.database.write(school) as change:
            # An account of one day never gets a password, so that nothing is left of it the day after.
            lasts = sa.and_(table.c.state != AccountState.CLOSED.value, table.c.closes.is_(None))
            open_one = sa.and_(at(school, account_id), lasts)
            if change.execute(sa.select(table.c.id).where(open_one)).first() is None:
                return None
            if purpose is Purpose.SET_PASSWORD:
                change.execute(sa.update(links).where(older, links.c.used.is_(None)).values(used=now))
            change.execute(sa.insert(links).values(school_id=school, **row))
        return token

    def peek_link(self, school: str, token: str, purpose: Purpose, now: datetime) -> Account | None:
        """Whose link this is, without using it (to show the form). None: wrong, used or expired."""
        with self.database.read() as connection:
            return _owner(connection, school, _usable(school, token, purpose, now))

    def use_link(self, school: str, token: str, purpose: Purpose, now: datetime) -> Account | None:
        """Use the link; only the first who does gets the account."""
        usable = _usable(school, token, purpose, now)
        with self.database.write(school) as change:
            account = _owner(change.connection, school, usable)
            if account is None or not change.execute(sa.update(links).where(usable).values(used=now)).rowcount:
                return None
        return account


def fold(login: str) -> str:
    """The login as it is kept and compared."""
    return login.strip().casefold()


def at(school: str, account_id: str) -> sa.ColumnElement[bool]:
    """This account."""
    return sa.and_(table.c.school_id == school, table.c.id == account_id)


def to_account(row: sa.Row[Any]) -> Account:
    """A row of the table as an account."""
    state = AccountState(row.state)
    return Account(row.id, row.login, row.person_id, Role(row.role), state, row.password, row.closes)


def end_sessions(change: Change, account_id: str, now: datetime, *, but: str = "") -> int:
    """End all sessions of an account inside a transaction, and sign-ins that are half done; how many sessions.

    The session with the id `but` goes on.
    """
    half = links.c.purpose != Purpose.SET_PASSWORD.value
    open_half = sa.and_(_of(change.school, account_id), half, links.c.used.is_(None))
    change.execute(sa.update(links).where(open_half).values(used=now))
    mine = sa.and_(sessions.c.school_id == change.school, sessions.c.account_id == account_id)
    live = sa.and_(sessions.c.ended.is_(None), sessions.c.until > now)
    others = sessions.c.hash != but
    return change.execute(sa.update(sessions).where(mine, live, others).values(ended=now)).rowcount


def _of(school: str, account_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(links.c.school_id == school, links.c.account_id == account_id)


def _usable(school: str, token: str, purpose: Purpose, now: datetime) -> sa.ColumnElement[bool]:
    mine = sa.and_(links.c.school_id == school, links.c.hash == hashed(token), links.c.purpose == purpose.value)
    return sa.and_(mine, links.c.used.is_(None), links.c.expires > now)


def _owner(connection: Connection, school: str, usable: sa.ColumnElement[bool]) -> Account | None:
    account_id = connection.execute(sa.select(links.c.account_id).where(usable)).scalar()
    if account_id is None:
        return None
    row = connection.execute(sa.select(table).where(at(school, account_id))).first()
    if row is None or row.state == AccountState.CLOSED.value:
        return None
    return to_account(row)
