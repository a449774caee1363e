"""What is forgotten when. Terms may be made shorter than these, never longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from store.account_tables import account_news, accounts, attempts, day_codes, links, sessions
from store.audit import forget
from store.class_codes import WINDOW
from store.db import Change, Database, StoreUnavailable
from store.event_tables import asks, counts, events, notices, print_jobs, proposals, refusals, reports, signals
from store.identities import forget_identities
from store.second_factors import forget_second_factors
from store.tables import (
    agreements,
    ban_proposals,
    bindings,
    class_codes,
    codes,
    consents,
    emergencies,
    grants,
    group_consents,
    groups,
    leases,
    notes,
    picture_passwords,
    prepared,
    sanctions,
    self_tests,
    sign_in_tries,
    sign_ins,
    spans,
)
from store.tallies import counted, forget_tallies, keep
from store.year import school_year, start_of_year


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
    # Bans, grants and the like go with the school year, or earlier where the school wishes.
    ended = max(start_of_year(now), _before(now, terms.measures))
    with database.write(school) as change:
        found = Counts(
            events=_forget(change, events, events.c.at < _before(now, terms.blocked), events.c.note.is_(None)),
            noted=_forget(change, events, events.c.at < _before(now, terms.noted), events.c.note.is_not(None)),
            asks=_forget(change, asks, asks.c.at < _before(now, terms.asks)),
            reports=_forget(change, reports, reports.c.at < _before(now, terms.reports)),
            signals=_forget(change, signals, signals.c.at < _before(now, terms.signals)),
            proposals=_old_proposals(change, now, terms),
            notices=_forget(change, notices, notices.c.until < _before(now, terms.notices)),
            refusals=_old_refusals(change, now, terms),
            audit=forget(change, now, _before(now, terms.audit)),
            counts=_forget(change, counts, counts.c.hour < _before(now, terms.counts)),
            codes=_forget(change, codes, codes.c.expires < now),
            consents=sum(_forget(change, one, one.c.year < school_year(now)) for one in (consents, group_consents)),
            grants=_forget(change, grants, grants.c.ends < ended),
            measures=sum(_forget(change, one, one.c.ends < ended) for one in (sanctions, agreements, spans, leases)),
            notes=_forget(change, notes, notes.c.at < ended),
            ban_proposals=_forget(change, ban_proposals, ban_proposals.c.at < ended),
            groups=_forget(change, groups, groups.c.until < ended),
            sign_ins=_old_sign_ins(change, now, terms),
            # New groups, new places: each child chooses anew in its new year.
            pictures=_forget(change, picture_passwords, picture_passwords.c.at < start_of_year(now)),
            self_tests=_forget(change, self_tests, self_tests.c.at < _before(now, terms.self_tests)),
            # What a print server forgot to take away: a job is over at the bell.
            print_jobs=_forget(change, print_jobs, print_jobs.c.at < _before(now, terms.print_jobs)),
            # Where a laptop was is nobody's business any more once it is not there.
            bindings=_forget(change, bindings, bindings.c.until < now - timedelta(hours=1)),
            prepared=_unused(change, _before(now, terms.prepared)),
            tallies=forget_tallies(change, now),
            emergencies=_forget(change, emergencies, emergencies.c.ends < _before(now, terms.emergencies)),
        )
        keep(change, numbers, now)
        if found.total:
            change.note("retention", "purge", now, [str(found.total)])
        if found.groups or found.consents:  # last year's yes from home is no yes any more
            change.revision_moved = True
    return found


def purge_accounts(database: Database, school: str, now: datetime, terms: Terms) -> int:
    """Forget ended sessions, used or expired links, old attempts, used recovery codes, old news; how many rows.

    A second factor that was never confirmed goes after a day; who is who at the school's own sign-in goes with the
    account, an address that nobody came with after its term.
    """
    limit = _before(now, terms.sessions)
    with database.write(school) as change:
        ended = sa.or_(sessions.c.ended < limit, sessions.c.until < limit)
        dead = sa.or_(links.c.used < limit, links.c.expires < limit)
        old = attempts.c.last < now - timedelta(days=1)
        told = forget_second_factors(change, now - timedelta(days=1), limit)
        told += forget_identities(change, _before(now, terms.expected))
        told += _forget(change, account_news, account_news.c.at < limit)
        return told + _forget(change, sessions, ended) + _forget(change, links, dead) + _forget(change, attempts, old)


def purge_substitutes(database: Database, school: str, now: datetime, terms: Terms) -> int:
    """Forget the codes of days that are long over, and the accounts that came in with them; how many accounts."""
    limit = _before(now, terms.substitutes)
    with database.write(school) as change:
        _forget(change, day_codes, day_codes.c.until < limit)
        return _forget(change, accounts, accounts.c.closes < limit)


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


def _old_proposals(change: Change, now: datetime, terms: Terms) -> int:
    """What waits goes some time after the site was last seen, what was decided after that."""
    waits = proposals.c.state == "open"
    seen, decided = proposals.c.last_seen < _before(now, terms.proposals), proposals.c.decided_at
    old = _forget(change, proposals, waits, seen)
    change.revision_moved |= old > 0  # a held site that nobody visits is held no longer
    return old + _forget(change, proposals, sa.not_(waits), decided < _before(now, terms.decided))


def _old_refusals(change: Change, now: datetime, terms: Terms) -> int:
    """What waits goes some time after it was last seen, what was decided after that."""
    waits = refusals.c.state == "open"
    old = _forget(change, refusals, waits, refusals.c.last_seen < _before(now, terms.refusals))
    return old + _forget(change, refusals, sa.not_(waits), refusals.c.decided_at < _before(now, terms.decided))


def _unused(change: Change, before: datetime) -> int:
    """What was kept ready and not tapped for a year goes."""
    return _forget(change, prepared, sa.func.coalesce(prepared.c.used, prepared.c.made) < before)


def _old_sign_ins(change: Change, now: datetime, terms: Terms) -> int:
    """Who sat where, and what opened the door: gone soon after the lesson."""
    tried = sign_in_tries.c.since < now - WINDOW
    gone = _forget(change, class_codes, class_codes.c.until < now) + _forget(change, sign_in_tries, tried)
    return gone + _forget(change, sign_ins, sign_ins.c.ends < _before(now, terms.sign_ins))


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _forget(change: Change, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return change.execute(sa.delete(table).where(table.c.school_id == change.school, *where)).rowcount
