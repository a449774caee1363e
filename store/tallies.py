"""How many of what on a day: whole numbers of a group and a kind, which outlive the events that they count.

No name, device, site or hour is in them, and nothing at all about looking for help or about what was told to the
counsellors or the management. Who shows them keeps small numbers back (`dashboard.actions.numbers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Action, Effect, Reason, ReportTo
from store.db import Change, Database
from store.event_tables import asks, events, reports
from store.event_tables import tallies as table
from store.events import What
from store.incidents import AskState
from store.tables import grants, sanctions
from store.year import ZONE, start_of_year


class Kind(StrEnum):
    """What is counted. The first six are exceptions; the others are what people did about them."""

    PAGE = "page"
    WORDS = "words"
    SENDING = "sending"
    APP = "app"
    PRINT = "print"
    OTHER = "other"
    PERMISSION = "permission"
    BAN = "ban"
    REPORT = "report"
    ASKED = "asked"
    ANSWERED = "answered"


EXCEPTIONS = (Kind.PAGE, Kind.WORDS, Kind.SENDING, Kind.APP, Kind.PRINT, Kind.OTHER)

_MOST_DAYS = 100
_WORDS = (Reason.WORDS, Reason.TEXT)
_SENT = (Reason.CHAT, Reason.POST, Reason.UPLOAD, Reason.LIVE, Reason.ACTION, Reason.PERSONAL)
_SENDS = (Action.CHAT, Action.POST, Action.UPLOAD, Action.LIVE, Action.SUBMIT)
_NEVER = (Reason.HELP, Reason.HELP_HOST, Reason.FAILED)


@dataclass(frozen=True, slots=True)
class Tally:
    """`n` things of one kind on a local `day`, in a group (None: no group is known), of at least `people` somebodies.

    `category` is there for pages only. Somebody is a person, or else a device.
    """

    day: date
    kind: Kind
    n: int
    people: int
    group: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Tallies:
    """The numbers of every school in the database."""

    database: Database

    def since(self, school: str, first: date, now: datetime) -> tuple[Tally, ...]:
        """The numbers of every day from `first` until now: those that were kept, and what the rows say today."""
        with self.database.read() as connection:
            mine = sa.and_(table.c.school_id == school, table.c.day >= first.isoformat())
            kept = [_kept(row) for row in connection.execute(sa.select(table).where(mine))]
            return merged([*kept, *(one for one in counted(connection, school, now) if one.day >= first)])


def merged(tallies: Iterable[Tally]) -> tuple[Tally, ...]:
    """One tally of each day, kind, group and category: the largest that was ever seen."""
    found: dict[tuple[date, Kind, str | None, str | None], Tally] = {}
    for one in tallies:
        key = (one.day, one.kind, one.group, one.category)
        old = found.get(key)
        n, people = (one.n, one.people) if old is None else (max(old.n, one.n), max(old.people, one.people))
        found[key] = Tally(one.day, one.kind, n, people, one.group, one.category)
    return tuple(found.values())


def counted(connection: Connection, school: str, now: datetime) -> tuple[Tally, ...]:
    """What the rows that are still there come to, a day each; one query a table."""
    made: list[Tally] = []
    for what, who, group, moment, kind, category, where in _sources():
        source = sa.select(sa.func.min(moment)).where(what.c.school_id == school, *where)
        oldest = connection.execute(source).scalar()
        if oldest is None:
            continue
        days = _days(max(oldest, now - timedelta(days=_MOST_DAYS)), now)
        starts = [start for _, start in days]
        bucket = sa.case(*((moment >= start, index) for index, start in reversed(list(enumerate(starts)))), else_=-1)
        inner = sa.select(
            bucket.label("day"), group.label("grp"), kind.label("kind"), category.label("cat"), who.label("who")
        ).where(what.c.school_id == school, moment >= starts[0], moment <= now, *where)
        rows = inner.subquery()
        keys = (rows.c.day, rows.c.grp, rows.c.kind, rows.c.cat)
        numbers = (sa.func.count().label("n"), sa.func.count(rows.c.who.distinct()).label("people"))
        for row in connection.execute(sa.select(*keys, *numbers).group_by(*keys)):
            day = days[row.day][0]
            made.append(Tally(day, Kind(row.kind), row.n, row.people, row.grp or None, row.cat or None))
    return tuple(made)


def keep(change: Change, tallies: Sequence[Tally], now: datetime) -> None:
    """Keep the numbers of the days that are over. A number that was kept only grows: events are forgotten."""
    today = now.astimezone(ZONE).date()
    rows = [
        {
            "school_id": change.school,
            "day": one.day.isoformat(),
            "group_id": one.group or "",
            "kind": one.kind.value,
            "category": one.category or "",
            "n": one.n,
            "people": one.people,
        }
        for one in tallies
        if one.day < today and one.day >= start_of_year(now).astimezone(ZONE).date()
    ]
    change.upsert_largest(table, ("school_id", "day", "group_id", "kind", "category"), ("n", "people"), rows)


def forget_tallies(change: Change, now: datetime) -> int:
    """Forget the numbers of earlier school years; how many rows."""
    first = start_of_year(now).astimezone(ZONE).date().isoformat()
    return change.execute(sa.delete(table).where(table.c.school_id == change.school, table.c.day < first)).rowcount


def _sources() -> list[tuple[Any, ...]]:
    """A row for each query: table, who, group, moment, kind, category, which rows."""
    none = sa.literal("")
    page = _kind_of_event() == Kind.PAGE.value
    exception = (
        events.c.what.in_([What.BLOCKED.value, What.HELD.value]),
        events.c.effect != Effect.HELP.value,
        events.c.reason.not_in([reason.value for reason in _NEVER]),
    )
    asker, teller = (sa.func.coalesce(one.c.person_id, one.c.device_id) for one in (asks, reports))
    category = sa.case((page, sa.func.coalesce(events.c.category, "")), else_="")
    who = sa.func.coalesce(events.c.person_id, events.c.device_id)
    answered = asks.c.state.in_([AskState.YES.value, AskState.NO.value])
    return [
        (events, who, _group(events), events.c.at, _kind_of_event(), category, exception),
        (grants, grants.c.id, none, grants.c.starts, sa.literal(Kind.PERMISSION.value), none, ()),
        (sanctions, sanctions.c.person_id, none, sanctions.c.starts, sa.literal(Kind.BAN.value), none, ()),
        (asks, asker, none, asks.c.at, sa.literal(Kind.ASKED.value), none, ()),
        (asks, asker, none, asks.c.at, sa.literal(Kind.ANSWERED.value), none, (answered,)),
        # What somebody told the counsellors or the management is in no number.
        (
            reports,
            teller,
            none,
            reports.c.at,
            sa.literal(Kind.REPORT.value),
            none,
            (reports.c.audience == ReportTo.TEACHER.value,),
        ),
    ]


def _group(rows: sa.Table) -> sa.ColumnElement[str]:
    return sa.func.coalesce(rows.c.group_id, "")


def _kind_of_event() -> sa.ColumnElement[str]:
    """What an exception is, by why it was stopped and by what was done."""

    def among(column: sa.ColumnElement[Any], codes: Sequence[StrEnum]) -> sa.ColumnElement[bool]:
        return column.in_([code.value for code in codes])

    return sa.case(
        (among(events.c.reason, _WORDS), Kind.WORDS.value),
        (among(events.c.action, (Action.RUN,)), Kind.APP.value),
        (among(events.c.action, (Action.PRINT,)), Kind.PRINT.value),
        (among(events.c.reason, _SENT), Kind.SENDING.value),
        (among(events.c.action, _SENDS), Kind.SENDING.value),
        (among(events.c.action, (Action.VISIT, Action.SEARCH)), Kind.PAGE.value),
        else_=Kind.OTHER.value,
    )


def _days(first: datetime, last: datetime) -> list[tuple[date, datetime]]:
    """The local days from `first` to `last`, each with the moment at which it begins (UTC)."""
    day, end = first.astimezone(ZONE).date(), last.astimezone(ZONE).date()
    found = []
    while day <= end:
        found.append((day, datetime.combine(day, time(), ZONE).astimezone(UTC)))
        day += timedelta(days=1)
    return found or [(end, datetime.combine(end, time(), ZONE).astimezone(UTC))]


def _kept(row: sa.Row[Any]) -> Tally:
    day = date.fromisoformat(row.day)
    return Tally(day, Kind(row.kind), row.n, row.people, row.group_id or None, row.category or None)
