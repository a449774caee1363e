"""Codes of one day, with which a substitute takes a group over. In the accounts' database; only a hash is kept.

A code is short, so that it can be read out over the phone: it works once, on one day, and failed tries are counted
(`store.sessions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.account_tables import accounts
from store.account_tables import day_codes as table
from store.accounts import AccountState, end_sessions
from store.db import Change, Database
from store.ids import hashed, new_code, typed


@dataclass(frozen=True, slots=True)
class DayCode:
    """A code as kept. `id` is its hash (safe to show); it works once from `start` until `until` (UTC).

    `used` is when it was used up, if it is; `account` (of the person `person`) came in with it at `entered`.
    """

    id: str
    group: str
    made: datetime
    start: datetime
    until: datetime
    by: str
    used: datetime | None = None
    account: str | None = None
    person: str | None = None
    entered: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayCodes:
    """The day codes of every school in the accounts' database. Who did what is in the audit by the action."""

    database: Database

    def make(self, school: str, group: str, start: datetime, until: datetime, by: str, now: datetime) -> str:
        """A new code, told once. One of the same day that nobody used yet stops working.

        Raises:
            ValueError: it would end before it starts, or is over already.
        """
        if until <= start or until <= now:
            raise ValueError("a code works for a while after now")
        code = new_code()
        row = {"hash": _hash(code), "group_id": group, "made": now, "starts": start, "until": until, "by_id": by}
        unused = sa.and_(table.c.school_id == school, table.c.group_id == group, table.c.used.is_(None))
        with self.database.write(school) as change:
            change.execute(sa.delete(table).where(unused, table.c.starts == start))
            change.execute(sa.insert(table).values(school_id=school, **row))
        return code

    def take(self, school: str, code: str, now: datetime) -> DayCode | None:
        """Use a code up: only the first who does gets it. None: unknown, of another day, used or withdrawn."""
        mine = sa.and_(_one(school, _hash(code)), table.c.used.is_(None), table.c.starts <= now, table.c.until > now)
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(mine).values(used=now)).rowcount:
                return None
            return _code(change.execute(_rows(_one(school, _hash(code)))).one())

    def handed(self, school: str, code_id: str, account_id: str, now: datetime) -> None:
        """Say which account came in with a code. One that came in with it before is closed: one person a code."""
        with self.database.write(school) as change:
            before = change.execute(sa.select(table.c.account_id).where(_one(school, code_id))).scalar()
            if before is not None:
                _close(change, before, now)
            change.execute(sa.update(table).where(_one(school, code_id)).values(account_id=account_id))

    def standing(self, school: str, group: str, now: datetime) -> tuple[DayCode, ...]:
        """The codes of a group that are not over, the earliest day first."""
        with self.database.read() as connection:
            live = sa.and_(table.c.school_id == school, table.c.group_id == group, table.c.until > now)
            found = [_code(row) for row in connection.execute(_rows(live))]
        return tuple(sorted(found, key=lambda code: (code.start, code.made, code.id)))

    def get(self, school: str, code_id: str) -> DayCode | None:
        """One code, over or not."""
        with self.database.read() as connection:
            row = connection.execute(_rows(_one(school, code_id))).first()
        return None if row is None else _code(row)

    def again(self, school: str, code_id: str, now: datetime) -> bool:
        """Let a used code work once more. False: unknown, not used, or over."""
        mine = sa.and_(_one(school, code_id), table.c.used.is_not(None), table.c.until > now)
        with self.database.write(school) as change:
            return change.execute(sa.update(table).where(mine).values(used=None)).rowcount > 0

    def end(self, school: str, code_id: str, now: datetime) -> DayCode | None:
        """Withdraw a code, close the account that came in with it and end its sessions. None: unknown or over."""
        mine = sa.and_(_one(school, code_id), table.c.until > now)
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(mine).values(until=now)).rowcount:
                return None
            code = _code(change.execute(_rows(_one(school, code_id))).one())
            if code.account is not None:
                _close(change, code.account, now)
        return code

    def over(self, school: str, now: datetime) -> tuple[str, ...]:
        """Close the accounts of a day that is over; the persons whose they were."""
        active = accounts.c.state == AccountState.ACTIVE.value
        past = sa.and_(accounts.c.school_id == school, accounts.c.closes <= now, active)
        with self.database.write(school) as change:
            rows = change.execute(sa.select(accounts.c.id, accounts.c.person_id).where(past)).all()
            for row in rows:
                _close(change, row.id, now)
        return tuple(sorted(row.person_id for row in rows))

    def persons_before(self, school: str, before: datetime) -> tuple[str, ...]:
        """The persons whose account of a day was over before a moment: to be forgotten."""
        old = sa.and_(accounts.c.school_id == school, accounts.c.closes < before)
        with self.database.read() as connection:
            return tuple(sorted(connection.scalars(sa.select(accounts.c.person_id).where(old))))


def _close(change: Change, account_id: str, now: datetime) -> None:
    mine = sa.and_(accounts.c.school_id == change.school, accounts.c.id == account_id)
    change.execute(sa.update(accounts).where(mine).values(state=AccountState.CLOSED.value))
    end_sessions(change, account_id, now)


def _hash(code: str) -> str:
    """The hash of a code as it was typed; of its own kind, so that it is the hash of nothing else."""
    return hashed(f"day-code:{typed(code)}")


def _one(school: str, code_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.hash == code_id)


def _rows(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    theirs = sa.and_(accounts.c.school_id == table.c.school_id, accounts.c.id == table.c.account_id)
    return sa.select(table, accounts.c.person_id, accounts.c.created).outerjoin(accounts, theirs).where(where)


def _code(row: sa.Row[Any]) -> DayCode:
    return DayCode(
        id=row.hash,
        group=row.group_id,
        made=row.made,
        start=row.starts,
        until=row.until,
        by=row.by_id,
        used=row.used,
        account=row.account_id,
        person=row.person_id,
        entered=row.created,
    )
