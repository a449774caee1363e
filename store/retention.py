"""What is forgotten when. Terms may be made shorter than these, never longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store import due as dues
from store.audit import forget
from store.db import Change, Database, StoreUnavailable
from store.due import Due, Standing, Terms
from store.event_tables import proposals
from store.identities import forget_identities
from store.second_factors import forget_second_factors
from store.tallies import counted, keep

__all__ = [
    "Counts",
    "Refused",
    "Terms",
    "compact",
    "purge_accounts",
    "purge_main",
    "purge_substitutes",
    "shorten",
    "standings",
]


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that is not granted: the term's name, what was wished, and the longest that is allowed (days).

    `longest` 0: there is no term with that name.
    """

    name: str
    wished: int
    longest: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a purge removed, by kind, and whether the space was wiped (`compacted`)."""

    events: int = 0
    noted: int = 0
    asks: int = 0
    reports: int = 0
    grants: int = 0
    measures: int = 0
    notes: int = 0
    audit: int = 0
    consents: int = 0
    groups: int = 0
    codes: int = 0
    counts: int = 0
    sessions: int = 0
    signals: int = 0
    proposals: int = 0
    notices: int = 0
    refusals: int = 0
    prepared: int = 0
    ban_proposals: int = 0
    substitutes: int = 0
    sign_ins: int = 0
    pictures: int = 0
    tallies: int = 0
    emergencies: int = 0
    self_tests: int = 0
    bindings: int = 0
    print_jobs: int = 0
    compacted: bool = False

    @property
    def total(self) -> int:
        """All rows together."""
        return sum(getattr(self, one.name) for one in fields(self) if one.name != "compacted")


def shorten(wishes: Mapping[str, int]) -> Terms | Refused:
    """The terms with a school's wishes (name to days). The first wish that is longer, unknown or below 1 is refused."""
    longest = {one.name: int(one.default) for one in fields(Terms) if isinstance(one.default, int)}
    for name, days in wishes.items():
        if name not in longest or not 1 <= days <= longest[name]:
            return Refused(name, days, longest.get(name, 0))
    return replace(Terms(), **wishes)


def purge_main(database: Database, school: str, now: datetime, terms: Terms) -> Counts:
    """Forget the school's rows that are past their term, in one transaction; what they come to a day is kept first."""
    with database.read() as connection:
        numbers = counted(connection, school, now)
    with database.write(school) as change:
        gone: dict[str, Any] = dict.fromkeys((one.name for one in fields(Counts) if one.name != "compacted"), 0)
        for due in dues.MAIN:
            rows = _forget(change, due, now, terms)
            gone[due.kind] += rows
            # A held site that nobody visits is held no longer; last year's yes from home is no yes any more.
            released = due.table is proposals and due.term == "proposals"
            change.revision_moved |= rows > 0 and (released or due.kind in {"groups", "consents"})
        gone["audit"] = forget(change, now, dues.TRAIL.limit(now, terms))
        keep(change, numbers, now)
        found = Counts(**gone)
        if found.total:
            change.note("retention", "purge", now, [str(found.total)])
    return found


def purge_accounts(database: Database, school: str, now: datetime, terms: Terms) -> int:
    """Forget ended sessions, used or expired links, old attempts, used recovery codes, old news; how many rows.

    A second factor that was never confirmed goes after a day; who is who at the school's own sign-in goes with the
    account, an address that nobody came with after its term.
    """
    with database.write(school) as change:
        told = forget_second_factors(change, now - timedelta(days=1), now - timedelta(days=terms.sessions))
        told += forget_identities(change, now - timedelta(days=terms.expected))
        return told + sum(_forget(change, due, now, terms) for due in dues.ACCOUNTS)


def purge_substitutes(database: Database, school: str, now: datetime, terms: Terms) -> int:
    """Forget the codes of days that are long over, and the accounts that came in with them; how many accounts."""
    with database.write(school) as change:
        return [_forget(change, due, now, terms) for due in dues.SUBSTITUTES][-1]


def standings(
    main: Database, accounts: Database | None, school: str, now: datetime, terms: Terms
) -> tuple[Standing, ...]:
    """How each kind of what is forgotten stands: the proof that the purge did its work."""
    with main.read() as connection:
        found = dues.standings(connection, school, (*dues.MAIN, dues.TRAIL), now, terms)
    if accounts is not None:
        with accounts.read() as connection:
            found += dues.standings(connection, school, dues.ACCOUNTS + dues.SUBSTITUTES, now, terms)
    return tuple(found)


def compact(database: Database) -> bool:
    """Wipe the space of what was forgotten. False: somebody was in the way; the next purge tries again."""
    try:
        with database.bare() as connection:
            connection.exec_driver_sql("VACUUM")
            if not database.sqlite:
                return True
            # The write-ahead log holds old pages until it is emptied too.
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
            return busy is not None and busy[0] == 0
    except (StoreUnavailable, sa.exc.ProgrammingError):
        return False


def _forget(change: Change, due: Due, now: datetime, terms: Terms) -> int:
    mine = due.table.c.school_id == change.school
    return change.execute(sa.delete(due.table).where(mine, due.over(now, terms))).rowcount
