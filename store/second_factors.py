"""The second factor of an account, and its recovery codes. In the accounts' database; secrets come here sealed.

A secret waits until its first code was typed; until then the one before it counts. Each time step is used once, and so
is each recovery code: of two who try at the same moment only one gets in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.account_tables import accounts, recovery_codes
from store.account_tables import second_factors as table
from store.db import Change, Database


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An account's second factor as kept; `secret` and `waiting` are sealed, `made` is when the newest was made (UTC).

    `confirmed` is since when it counts, and None as long as none does. `step` is the last time step that was used.
    """

    account: str
    secret: str | None
    waiting: str | None
    made: datetime
    confirmed: datetime | None
    step: int


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """The second factors and recovery codes of every school in the accounts' database."""

    database: Database

    def of(self, school: str, account_id: str) -> SecondFactor | None:
        """The account's second factor, confirmed or not. None: it has none."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_at(school, account_id))).first()
        if row is None:
            return None
        return SecondFactor(row.account_id, row.secret, row.waiting, row.made, row.confirmed, row.step)

    def confirmed(self, school: str) -> frozenset[str]:
        """The ids of the accounts that have one that counts."""
        wish = sa.select(table.c.account_id).where(table.c.school_id == school, table.c.confirmed.is_not(None))
        with self.database.read() as connection:
            return frozenset(connection.execute(wish).scalars())

    def propose(self, school: str, account_id: str, sealed: str, now: datetime) -> bool:
        """Keep a new sealed secret until its first code; the old one counts on. False: no such account."""
        row = {"school_id": school, "account_id": account_id, "waiting": sealed, "made": now}
        with self.database.write(school) as change:
            if not _exists(change, account_id):
                return False
            change.upsert(table, ("school_id", "account_id"), [row])
        return True

    def confirm(self, school: str, account_id: str, sealed: str, step: int, now: datetime) -> bool:
        """From now on the waiting secret counts, with `step` used; the recovery codes of the old one are gone.

        False: another one waits by now, or none.
        """
        waits = sa.and_(_at(school, account_id), table.c.waiting == sealed)
        values = {"secret": sealed, "waiting": None, "confirmed": now, "step": step}
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(waits).values(**values)).rowcount:
                return False
            _drop_codes(change, account_id)
        return True

    def use_step(self, school: str, account_id: str, step: int) -> bool:
        """Use up a time step. False: it, or a later one, was used already."""
        mine = sa.and_(_at(school, account_id), table.c.step < step, table.c.confirmed.is_not(None))
        with self.database.write(school) as change:
            return change.execute(sa.update(table).where(mine).values(step=step)).rowcount > 0

    def remove(self, school: str, account_id: str) -> bool:
        """Take the second factor away, with what waits and its recovery codes. False: there was none."""
        with self.database.write(school) as change:
            return drop_second_factor(change, account_id)

    def put_codes(self, school: str, account_id: str, hashes: Collection[str]) -> bool:
        """Keep new recovery codes by their hashes; the older ones are gone. False: no such account."""
        rows = [{"hash": one, "account_id": account_id, "school_id": school} for one in hashes]
        with self.database.write(school) as change:
            if not _exists(change, account_id):
                return False
            _drop_codes(change, account_id)
            change.upsert(recovery_codes, ("school_id", "hash"), rows)
        return True

    def use_code(self, school: str, account_id: str, code_hash: str, now: datetime) -> bool:
        """Use up a recovery code. False: unknown, used, or of somebody else."""
        codes = recovery_codes.c
        mine = sa.and_(codes.school_id == school, codes.hash == code_hash, codes.account_id == account_id)
        with self.database.write(school) as change:
            wish = sa.update(recovery_codes).where(mine, codes.used.is_(None)).values(used=now)
            return change.execute(wish).rowcount > 0

    def codes_left(self, school: str, account_id: str) -> int:
        """How many recovery codes were not used yet."""
        codes = recovery_codes.c
        mine = sa.and_(codes.school_id == school, codes.account_id == account_id, codes.used.is_(None))
        with self.database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()


def has_second_factor(change: Change, account_id: str) -> bool:
    """Whether an account has one that counts, inside a transaction."""
    mine = sa.and_(_at(change.school, account_id), table.c.confirmed.is_not(None))
    return change.execute(sa.select(table.c.account_id).where(mine)).first() is not None


def drop_second_factor(change: Change, account_id: str) -> bool:
    """Take an account's second factor and codes away, inside a transaction. False: there was none."""
    _drop_codes(change, account_id)
    return change.execute(sa.delete(table).where(_at(change.school, account_id))).rowcount > 0


def forget_second_factors(change: Change, unconfirmed: datetime, used: datetime) -> int:
    """Forget secrets that waited since before `unconfirmed`, and recovery codes that were used before `used`; rows."""
    mine = table.c.school_id == change.school
    waited = sa.and_(mine, table.c.made < unconfirmed)
    change.execute(sa.update(table).where(waited, table.c.confirmed.is_not(None)).values(waiting=None))
    gone = change.execute(sa.delete(table).where(waited, table.c.confirmed.is_(None))).rowcount
    old = sa.and_(recovery_codes.c.school_id == change.school, recovery_codes.c.used < used)
    return gone + change.execute(sa.delete(recovery_codes).where(old)).rowcount


def _drop_codes(change: Change, account_id: str) -> None:
    mine = sa.and_(recovery_codes.c.school_id == change.school, recovery_codes.c.account_id == account_id)
    change.execute(sa.delete(recovery_codes).where(mine))


def _exists(change: Change, account_id: str) -> bool:
    mine = sa.and_(accounts.c.school_id == change.school, accounts.c.id == account_id)
    return change.execute(sa.select(accounts.c.id).where(mine)).first() is not None


def _at(school: str, account_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.account_id == account_id)
