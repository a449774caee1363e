"""Which account of the school's computers is which pupil's: what a name on a print job means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.printer import account_of
from store.db import Change, Database
from store.people import pupils_among
from store.tables import print_accounts as table

LONGEST = 64


@dataclass(frozen=True, slots=True)
class PrintAccounts:
    """The accounts of every school in the database. Only of pupils: a name on a job makes nobody more than that."""

    database: Database

    def all(self, school: str) -> dict[str, str]:
        """Account to pupil id."""
        with self.database.read() as connection:
            return read_accounts(connection, school)

    def put(self, school: str, accounts: Mapping[str, str], by: str, now: datetime) -> int:
        """Say whose accounts these are (person id to account; empty: none any more); how many that changed.

        A pupil has one account and an account one pupil: the newest word counts. One that is said of two at once is
        nobody's. Who is no pupil is passed over.
        """
        with self.database.write(school) as change:
            moved = put_accounts(change, accounts)
            if moved:
                change.moved(by, "print_account.put", now, moved)
        return len(moved)


def put_accounts(change: Change, accounts: Mapping[str, str]) -> list[str]:
    """The same inside a transaction; returns whose account is another one now."""
    school = change.school
    pupils = pupils_among(change.connection, school, accounts)
    wanted = {one: account_of(accounts[one])[:LONGEST] for one in sorted(accounts) if one in pupils}
    often = Counter(wanted.values())
    wanted = {one: account if often[account] == 1 else "" for one, account in wanted.items()}
    known = {person: account for account, person in read_accounts(change.connection, school).items()}
    new = {one: account for one, account in wanted.items() if known.get(one, "") != account}
    if not new:
        return []
    old = sa.or_(table.c.person_id.in_(list(new)), table.c.account.in_([one for one in new.values() if one]))
    change.execute(sa.delete(table).where(table.c.school_id == school, old))
    rows = [{"school_id": school, "account": account, "person_id": one} for one, account in new.items() if account]
    change.upsert(table, ("school_id", "account"), rows)
    return list(new)


def read_accounts(connection: Connection, school: str) -> dict[str, str]:
    """Account to pupil id, in the order of accounts."""
    rows = connection.execute(sa.select(table.c.account, table.c.person_id).where(table.c.school_id == school))
    return dict(sorted((account, person) for account, person in rows))
