"""What is forgotten when, as data: the purge deletes by it, and whoever wants proof asks by it (`overdue`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store import account_tables as a
from store import event_tables as e
from store import tables as t
from store.class_codes import WINDOW
from store.year import ZONE, school_year, start_of_year


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days what is kept. Bans and grants go on 1 August after they ended, or earlier when `measures` says.

    Numbers a day (`store.tallies`) and pupils' picture passwords go on 1 August too, codes and tries of a lesson as
    well.
    """

    blocked: int = 14
    noted: int = 90
    asks: int = 30
    reports: int = 30
    measures: int = 366
    audit: int = 365
    sessions: int = 30
    counts: int = 90
    signals: int = 30
    proposals: int = 90
    decided: int = 365
    notices: int = 14
    refusals: int = 30
    prepared: int = 366
    sign_ins: int = 1
    substitutes: int = 30
    expected: int = 180
    emergencies: int = 365
    self_tests: int = 400
    print_jobs: int = 1


MEASURES, YEAR, LESSON, DAY, HOUR = "measures", "year", "lesson", "day", "hour"
"""Terms that are more than a number of days: with the school year or earlier, with the school year, with the lesson or
the code itself, after a day, after an hour."""

type Limit = Callable[[datetime, Terms], Any]
"""Before what a row's clock makes it too old, at a moment under the school's terms."""


@dataclass(frozen=True, slots=True)
class Due:
    """One kind of rows that are forgotten: of which table, by which of their clocks, and before what they are too old.

    `kind` is how the purge counts it, `term` a name in `Terms` or one of the words above. `only`: of these rows alone.
    """

    kind: str
    table: sa.Table
    term: str
    clock: sa.ColumnElement[Any]
    limit: Limit
    only: sa.ColumnElement[bool] | None = None

    def over(self, now: datetime, terms: Terms) -> sa.ColumnElement[bool]:
        """Which rows are past their term at `now`."""
        late = self.clock < self.limit(now, terms)
        return late if self.only is None else sa.and_(self.only, late)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one kind stands: how many rows whose clock runs, how many past their term, the oldest by its clock (UTC).

    `first` is the oldest of what goes by a year or a day instead of a moment.
    """

    due: Due
    rows: int
    over: int
    oldest: datetime | None
    first: str = ""


def _days(term: str) -> Limit:
    return lambda now, terms: now - timedelta(days=getattr(terms, term))


def _ended(now: datetime, terms: Terms) -> datetime:
    """Bans, grants and the like go with the school year, or earlier where the school wishes."""
    return max(start_of_year(now), now - timedelta(days=terms.measures))


def _year(now: datetime, _: Terms) -> datetime:
    return start_of_year(now)


def _numbered(now: datetime, _: Terms) -> int:
    return school_year(now)


def _first_day(now: datetime, _: Terms) -> str:
    return start_of_year(now).astimezone(ZONE).date().isoformat()


def _now(now: datetime, _: Terms) -> datetime:
    return now


def _yesterday(now: datetime, _: Terms) -> datetime:
    return now - timedelta(days=1)


def _by(kind: str, table: sa.Table, clock: sa.ColumnElement[Any], term: str = "") -> Due:
    return Due(kind, table, term or kind, clock, _days(term or kind))


def _open(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.state == "open"


MAIN: tuple[Due, ...] = (
    Due("events", e.events, "blocked", e.events.c.at, _days("blocked"), e.events.c.note.is_(None)),
    Due("noted", e.events, "noted", e.events.c.at, _days("noted"), e.events.c.note.is_not(None)),
    _by("asks", e.asks, e.asks.c.at),
    _by("reports", e.reports, e.reports.c.at),
    _by("signals", e.signals, e.signals.c.at),
    Due("proposals", e.proposals, "proposals", e.proposals.c.last_seen, _days("proposals"), _open(e.proposals)),
    Due("proposals", e.proposals, "decided", e.proposals.c.decided_at, _days("decided"), sa.not_(_open(e.proposals))),
    _by("notices", e.notices, e.notices.c.until),
    Due("refusals", e.refusals, "refusals", e.refusals.c.last_seen, _days("refusals"), _open(e.refusals)),
    Due("refusals", e.refusals, "decided", e.refusals.c.decided_at, _days("decided"), sa.not_(_open(e.refusals))),
    _by("counts", e.counts, e.counts.c.hour),
    Due("codes", t.codes, LESSON, t.codes.c.expires, _now),
    Due("consents", t.consents, YEAR, t.consents.c.year, _numbered),
    Due("consents", t.group_consents, YEAR, t.group_consents.c.year, _numbered),
    Due("grants", t.grants, MEASURES, t.grants.c.ends, _ended),
    *(Due("measures", one, MEASURES, one.c.ends, _ended) for one in (t.sanctions, t.agreements, t.spans, t.leases)),
    Due("notes", t.notes, MEASURES, t.notes.c.at, _ended),
    Due("ban_proposals", t.ban_proposals, MEASURES, t.ban_proposals.c.at, _ended),
    Due("groups", t.groups, MEASURES, t.groups.c.until, _ended),
    # Who sat where, and what opened the door: gone soon after the lesson.
    Due("sign_ins", t.class_codes, LESSON, t.class_codes.c.until, _now),
    Due("sign_ins", t.sign_in_tries, LESSON, t.sign_in_tries.c.since, lambda now, _: now - WINDOW),
    _by("sign_ins", t.sign_ins, t.sign_ins.c.ends),
    # New groups, new places: each child chooses anew in its new year.
    Due("pictures", t.picture_passwords, YEAR, t.picture_passwords.c.at, _year),
    _by("self_tests", t.self_tests, t.self_tests.c.at),
    # What was kept ready and not tapped for a year.
    _by("prepared", t.prepared, sa.func.coalesce(t.prepared.c.used, t.prepared.c.made, type_=t.prepared.c.made.type)),
    Due("tallies", e.tallies, YEAR, e.tallies.c.day, _first_day),
    _by("emergencies", t.emergencies, t.emergencies.c.ends),
    # What a print server forgot to take away: a job is over at the bell.
    _by("print_jobs", e.print_jobs, e.print_jobs.c.at),
    # Where a laptop was is nobody's business any more once it is not there.
    Due("bindings", t.bindings, HOUR, t.bindings.c.until, lambda now, _: now - timedelta(hours=1)),
)
"""All of the main database but the trail, which is a chain and has a way of its own (`store.audit.forget`)."""

TRAIL = _by("audit", e.audit, e.audit.c.at)

ACCOUNTS: tuple[Due, ...] = (
    _by("sessions", a.sessions, a.sessions.c.ended),
    _by("sessions", a.sessions, a.sessions.c.until),
    _by("sessions", a.links, a.links.c.used, "sessions"),
    _by("sessions", a.links, a.links.c.expires, "sessions"),
    Due("sessions", a.attempts, DAY, a.attempts.c.last, _yesterday),
    _by("sessions", a.account_news, a.account_news.c.at, "sessions"),
    Due("sessions", a.second_factors, DAY, a.second_factors.c.made, _yesterday, a.second_factors.c.confirmed.is_(None)),
    _by("sessions", a.recovery_codes, a.recovery_codes.c.used, "sessions"),
    _by("sessions", a.expected_addresses, a.expected_addresses.c.made, "expected"),
)
SUBSTITUTES: tuple[Due, ...] = (
    _by("", a.day_codes, a.day_codes.c.until, "substitutes"),
    _by("substitutes", a.accounts, a.accounts.c.closes),
)


def standings(
    connection: Connection, school: str, dues: tuple[Due, ...], now: datetime, terms: Terms
) -> list[Standing]:
    """How each kind stands in a database."""
    found = []
    for due in dues:
        mine = due.table.c.school_id == school
        of_it = mine if due.only is None else sa.and_(mine, due.only)
        late = sa.func.coalesce(sa.func.sum(sa.case((due.over(now, terms), 1), else_=0)), 0)
        # Without its clock a row is of no term: a group that stays, a session that goes on.
        wish = sa.select(sa.func.count(due.clock), late, sa.func.min(due.clock)).select_from(due.table).where(of_it)
        rows, over, oldest = connection.execute(wish).one()
        moment = oldest.astimezone(UTC) if isinstance(oldest, datetime) else None
        first = "" if oldest is None or moment is not None else str(oldest)
        found.append(Standing(due, int(rows), int(over), moment, first))
    return found
