"""What people send: asks for permission, and reports ("not my fault"). Kept apart from events.

A report is for whom its teller chose. Only one for the teacher wakes a class's live screen; that there is one for the
counsellors is nobody else's to know, so it is not in the audit either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from policy.model import Facet, ReportKind, ReportTo
from store.db import Change, Database
from store.event_tables import asks as table
from store.event_tables import reports
from store.events import bare_host
from store.ids import new_id

WAITING_PER_ASKER = 5
WAITING_PER_GROUP = 40
LONGEST_NOTE = 200
_SAME = ("host", "facet", "kinds")  # what makes two asks of one device the same


class AskState(StrEnum):
    """How an ask stands."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pupil asks for: a host and its category, a fixed reason code and a line of own text.

    `facet` is what the rule in the way speaks of: the place, what is done there, words, personal data; of the last two
    `kinds` tells which.
    """

    host: str
    why: str
    category: str | None = None
    line: str = ""
    group: str | None = None
    device: str | None = None
    person: str | None = None
    facet: Facet = Facet.PLACE
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish as kept. `id` cannot be guessed; who has it may read the state."""

    id: str
    when: datetime
    wish: Wish
    state: AskState = AskState.OPEN
    answer: str = ""
    answered: datetime | None = None
    by: str | None = None
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody tells by themselves, to one audience. Never a violation, and never counted against anybody.

    `host` is empty when it is not about a site; `note` is the teller's own line.
    """

    id: str
    when: datetime
    host: str
    note: str = ""
    group: str | None = None
    device: str | None = None
    person: str | None = None
    seen: datetime | None = None
    by: str | None = None
    kind: ReportKind = ReportKind.SAW
    audience: ReportTo = ReportTo.TEACHER


@dataclass(frozen=True, slots=True)
class Incidents:
    """Asks and reports of every school in the database."""

    database: Database

    def ask(self, school: str, wish: Wish, now: datetime) -> Ask | None:
        """Write an ask. The same device (or person) asking again for the same host gets its waiting ask back.

        None: this device, person or (when neither is known) group has too many asks waiting already. The line is cut
        to 200 characters.
        """
        row = _ask_row(school, wish, now)
        most = WAITING_PER_ASKER if wish.device or wish.person else WAITING_PER_GROUP
        with self.database.write(school) as change:
            waiting = change.execute(_waiting(school, wish)).all()
            again = [old for old in waiting if all(getattr(old, name) == row[name] for name in _SAME)]
            if again:
                if row["line"]:
                    change.execute(sa.update(table).where(_one(school, again[0].id)).values(line=row["line"]))
                    change.stirred()
                found = change.execute(sa.select(table).where(_one(school, again[0].id))).one()
                return _ask(found)
            if len(waiting) >= most:
                return None
            change.execute(sa.insert(table).values(**row))
            change.stirred()
            return _ask(change.execute(sa.select(table).where(_one(school, row["id"]))).one())

    def asks(
        self,
        school: str,
        groups: Collection[str] | None,
        states: Collection[AskState] = (AskState.OPEN, AskState.LATER),
        limit: int = 100,
    ) -> tuple[Ask, ...]:
        """Asks of these groups (None: all, those of no group too) in these states, oldest first."""
        wish = sa.select(table).where(table.c.school_id == school, table.c.state.in_([s.value for s in states]))
        if groups is not None:
            wish = wish.where(table.c.group_id.in_(list(groups)))
        with self.database.read() as connection:
            return tuple(_ask(row) for row in connection.execute(wish.order_by(table.c.at, table.c.id).limit(limit)))

    def get_ask(self, school: str, ask_id: str) -> Ask | None:
        """One ask."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_one(school, ask_id))).first()
        return None if row is None else _ask(row)

    def answer(
        self,
        school: str,
        ask_id: str,
        state: AskState,
        by: str,
        now: datetime,
        *,
        text: str = "",
        grant: str | None = None,
    ) -> Ask | None:
        """Answer an ask that is open or later. None: unknown, or somebody answered it already."""
        with self.database.write(school) as change:
            if not answer_in(change, ask_id, state, by, now, text=text, grant=grant):
                return None
            return _ask(change.execute(sa.select(table).where(_one(school, ask_id))).one())

    def report(
        self,
        school: str,
        host: str,
        now: datetime,
        *,
        kind: ReportKind = ReportKind.SAW,
        audience: ReportTo = ReportTo.TEACHER,
        note: str = "",
        group: str | None = None,
        device: str | None = None,
        person: str | None = None,
        once: str | None = None,
    ) -> Report:
        """Write a report (`host` empty: not about a site). The note is cut to 200 characters.

        `once` is an id of its own for a form that was sent: sent again (a page loaded anew) it stays one report.
        """
        line, place = note[:LONGEST_NOTE], bare_host(host) or ""
        made = Report(once or new_id(), now, place, line, group, device, person, kind=kind, audience=audience)
        values = {"id": made.id, "at": now, "host": made.host, "note": made.note}
        who = {"group_id": group, "device_id": device, "person_id": person}
        what = {"kind": kind.value, "audience": audience.value}
        with self.database.write(school) as change:
            mine = sa.and_(reports.c.school_id == school, reports.c.id == made.id)
            known = change.execute(sa.select(reports).where(mine)).first() if once else None
            if known is not None:
                return _report(known)
            change.execute(sa.insert(reports).values(school_id=school, **values, **who, **what))
            if audience is ReportTo.TEACHER:
                change.stirred()
        return made

    def reports(
        self,
        school: str,
        groups: Collection[str] | None,
        unseen: bool = True,
        limit: int = 100,
        *,
        audience: ReportTo = ReportTo.TEACHER,
    ) -> tuple[Report, ...]:
        """Reports for one audience, of these groups (None: all); `unseen`: only those nobody looked at.

        What nobody looked at comes first, then the newest: whoever tells a lot pushes no other child's words away for
        good. What is for another audience is never among them.
        """
        wish = sa.select(reports).where(reports.c.school_id == school, reports.c.audience == audience.value)
        if groups is not None:
            wish = wish.where(reports.c.group_id.in_(list(groups)))
        if unseen:
            wish = wish.where(reports.c.seen.is_(None))
        with self.database.read() as connection:
            order = (reports.c.seen.is_not(None), reports.c.at.desc(), reports.c.id)
            rows = connection.execute(wish.order_by(*order).limit(limit)).all()
        return tuple(_report(row) for row in rows)

    def see_report(
        self, school: str, report_id: str, by: str, now: datetime, *, audience: ReportTo = ReportTo.TEACHER
    ) -> bool:
        """Somebody of its audience looked at it. False: unknown, for another audience, or seen already."""
        mine = sa.and_(reports.c.school_id == school, reports.c.id == report_id, reports.c.seen.is_(None))
        with self.database.write(school) as change:
            seen = sa.update(reports).where(mine, reports.c.audience == audience.value).values(seen=now, by_id=by)
            if not change.execute(seen).rowcount:
                return False
            if audience is not ReportTo.COUNSELLOR:
                change.note(by, "report.see", now, [report_id])
            if audience is ReportTo.TEACHER:
                change.stirred()
        return True


def answer_in(
    change: Change,
    ask_id: str,
    state: AskState,
    by: str,
    now: datetime,
    *,
    text: str = "",
    grant: str | None = None,
) -> bool:
    """Answer an ask inside a transaction; False when nobody waits for it any more."""
    waits = table.c.state.in_([AskState.OPEN.value, AskState.LATER.value])
    values = {"state": state.value, "answer": text[:200], "answered": now, "by_id": by, "grant_id": grant}
    if not change.execute(sa.update(table).where(_one(change.school, ask_id), waits).values(**values)).rowcount:
        return False
    change.note(by, f"ask.{state.value}", now, [ask_id, *([grant] if grant else [])])
    change.stirred()
    return True


def _one(school: str, ask_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == ask_id)


def _waiting(school: str, wish: Wish) -> sa.Select[Any]:
    """The asks that this asker waits for: by device, else by person, else all nameless ones of the group."""
    if wish.device:
        asker = table.c.device_id == wish.device
    elif wish.person:
        asker = table.c.person_id == wish.person
    else:
        asker = sa.and_(table.c.group_id.is_(wish.group) if wish.group is None else table.c.group_id == wish.group)
        asker = sa.and_(asker, table.c.device_id.is_(None), table.c.person_id.is_(None))
    waits = table.c.state.in_([AskState.OPEN.value, AskState.LATER.value])
    return sa.select(table.c.id, *(table.c[name] for name in _SAME)).where(table.c.school_id == school, asker, waits)


def _ask_row(school: str, wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "school_id": school,
        "id": new_id(),
        "at": now,
        "host": bare_host(wish.host) or "",
        "category": wish.category,
        "facet": wish.facet.value,
        "kinds": sorted(wish.kinds),
        "why": wish.why[:40],
        "line": wish.line[:200],
        "group_id": wish.group,
        "device_id": wish.device,
        "person_id": wish.person,
        "state": AskState.OPEN.value,
        "answer": "",
    }


def _ask(row: sa.Row[Any]) -> Ask:
    who = (row.group_id, row.device_id, row.person_id)
    wish = Wish(row.host, row.why, row.category, row.line, *who, Facet(row.facet), tuple(row.kinds))
    return Ask(row.id, row.at, wish, AskState(row.state), row.answer, row.answered, row.by_id, row.grant_id)


def _report(row: sa.Row[Any]) -> Report:
    who = (row.group_id, row.device_id, row.person_id)
    told = (ReportKind(row.kind), ReportTo(row.audience))
    return Report(row.id, row.at, row.host, row.note, *who, row.seen, row.by_id, *told)
