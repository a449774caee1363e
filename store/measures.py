"""Bans, standing exceptions, agreements, pauses and rainy days. Ids of persons only, never names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Agreement, Care, Sanction, SanctionTarget, Span
from store.db import Change, Database
from store.grants import end_grants
from store.ids import new_id
from store.tables import agreements, notes, sanctions, spans
from store.tables import care as cares

PAUSE = "pause"
RAIN = "rain"


@dataclass(frozen=True, slots=True)
class Imposed:
    """A ban with the reason that was written down: for those who decide, and in no snapshot."""

    sanction: Sanction
    reason: str


@dataclass(frozen=True, slots=True)
class Measures:
    """What comes and goes besides grants. With an empty `id` a new one is made; the noun is returned as written.

    Adding something that does not end after its start raises `ValueError`.
    """

    database: Database

    def add_sanction(self, school: str, sanction: Sanction, now: datetime, *, reason: str = "") -> Sanction:
        """Write a ban; `sanction.by` is who did it. `reason` is for those who decide, and in no snapshot."""
        made = sanction if sanction.id else replace(sanction, id=new_id())
        row = _timed(school, made) | {"id": made.id, "person_id": made.person, "target": made.on.value}
        with self.database.write(school) as change:
            change.execute(sa.insert(sanctions).values(**row, sites=list(made.sites), reason=reason, lifted=[]))
            change.moved(made.by, "sanction.add", now, [made.id, made.person])
        return made

    def lift_sanction(self, school: str, sanction_id: str, by: str, now: datetime) -> bool:
        """End a ban at `now`. False: unknown or ended already."""
        with self.database.write(school) as change:
            return _end(change, sanctions, sanctions.c.id == sanction_id, by, "sanction.lift", now, [sanction_id])

    def lift_for_now(self, school: str, sanction_id: str, end: datetime, by: str, now: datetime) -> bool:
        """Lift a ban from `now` to `end`, after which it is there again by itself. False: unknown or ended."""
        mine = sa.and_(sanctions.c.school_id == school, sanctions.c.id == sanction_id, sanctions.c.ends > now)
        with self.database.write(school) as change:
            row = change.execute(sa.select(sanctions.c.lifted).where(mine)).first()
            if row is None or end <= now:
                return False
            lifted = [*row.lifted, [now.isoformat(), end.isoformat()]]
            change.execute(sa.update(sanctions).where(mine).values(lifted=lifted))
            change.moved(by, "sanction.lift_for_now", now, [sanction_id])
        return True

    def withdraw_sanction(self, school: str, sanction_id: str, by: str, now: datetime) -> bool:
        """Remove a ban that should never have been there, with its reason. False: unknown.

        The audit keeps that it was there. A note that was written at it stays, and is then about no ban.
        """
        which = sa.and_(sanctions.c.school_id == school, sanctions.c.id == sanction_id)
        with self.database.write(school) as change:
            if not change.execute(sa.delete(sanctions).where(which)).rowcount:
                return False
            noted = sa.and_(notes.c.school_id == school, notes.c.sanction_id == sanction_id)
            change.execute(sa.update(notes).where(noted).values(sanction_id=None))
            change.moved(by, "sanction.withdraw", now, [sanction_id])
        return True

    def imposed(self, school: str, person: str | None = None) -> tuple[Imposed, ...]:
        """All bans that are still kept (of one person), also those that ended, the newest first."""
        mine = sanctions.c.school_id == school
        if person is not None:
            mine = sa.and_(mine, sanctions.c.person_id == person)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(sanctions).where(mine)).all()
        found = [Imposed(_sanction(row), row.reason) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.sanction.start, one.sanction.id), reverse=True))

    def reasons(self, school: str, now: datetime) -> dict[str, str]:
        """Ban id to the reason that was written down, of bans that have not ended."""
        with self.database.read() as connection:
            return {row.id: row.reason for row in _live(connection, sanctions, school, now)}

    def sanctions(self, school: str, now: datetime) -> tuple[Sanction, ...]:
        """Bans that have not ended."""
        with self.database.read() as connection:
            return read_sanctions(connection, school, now)

    def add_care(self, school: str, care: Care, by: str, now: datetime) -> Care:
        """Write a standing exception; no reason is kept."""
        made = care if care.id else replace(care, id=new_id())
        row = {"id": made.id, "person_id": made.person, "device_id": made.device, "review": made.review}
        lists = {"sites": list(made.sites), "apps": list(made.apps)}
        with self.database.write(school) as change:
            change.execute(sa.insert(cares).values(school_id=school, **row, **lists))
            change.moved(by, "care.add", now, [made.id])
        return made

    def end_care(self, school: str, care_id: str, by: str, now: datetime) -> bool:
        """Remove a standing exception. False: unknown."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(cares).where(cares.c.school_id == school, cares.c.id == care_id)).rowcount:
                return False
            change.moved(by, "care.end", now, [care_id])
        return True

    def review_care(self, school: str, care_id: str, review: date, by: str, now: datetime) -> bool:
        """Let a standing exception stand on, to be looked at again on `review` (local date). False: unknown."""
        with self.database.write(school) as change:
            which = sa.and_(cares.c.school_id == school, cares.c.id == care_id)
            if not change.execute(sa.update(cares).where(which).values(review=review)).rowcount:
                return False
            change.moved(by, "care.review", now, [care_id])
        return True

    def care(self, school: str) -> tuple[Care, ...]:
        """All standing exceptions."""
        with self.database.read() as connection:
            return read_care(connection, school)

    def start_agreement(
        self, school: str, agreement: Agreement, now: datetime, *, stop: Collection[str] = ()
    ) -> Agreement:
        """Write an agreement and, in the same revision, end the grants whose ids are in `stop`."""
        made = agreement if agreement.id else replace(agreement, id=new_id())
        row = _timed(school, made) | {"id": made.id, "goal": made.goal, "sites": list(made.sites), "test": made.test}
        whose = {"groups": sorted(made.groups), "people": sorted(made.people)}
        with self.database.write(school) as change:
            change.execute(sa.insert(agreements).values(**row, **whose))
            end_grants(change, stop, made.by, now)
            change.moved(made.by, "agreement.plan" if made.start > now else "agreement.start", now, [made.id])
        return made

    def stop_agreement(self, school: str, agreement_id: str, by: str, now: datetime) -> bool:
        """End an agreement at `now`. False: unknown or ended already."""
        with self.database.write(school) as change:
            return _end(change, agreements, agreements.c.id == agreement_id, by, "agreement.stop", now, [agreement_id])

    def move_agreement(
        self, school: str, agreement_id: str, start: datetime, end: datetime, by: str, now: datetime
    ) -> bool:
        """Give a planned agreement another stretch. False: unknown, or begun already."""
        if end <= start:
            raise ValueError("the end must be after the start")
        with self.database.write(school) as change:
            moved = sa.update(agreements).where(_planned(school, agreement_id, now)).values(starts=start, ends=end)
            if not change.execute(moved).rowcount:
                return False
            change.moved(by, "agreement.move", now, [agreement_id])
        return True

    def cancel_agreement(self, school: str, agreement_id: str, by: str, now: datetime) -> bool:
        """Take a planned agreement away. False: unknown, or begun already."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(agreements).where(_planned(school, agreement_id, now))).rowcount:
                return False
            change.moved(by, "agreement.cancel", now, [agreement_id])
        return True

    def agreements(self, school: str, now: datetime) -> tuple[Agreement, ...]:
        """Agreements that have not ended, planned ones too."""
        with self.database.read() as connection:
            return read_agreements(connection, school, now)

    def pause(self, school: str, span: Span, now: datetime) -> None:
        """Pause a group; a pause of that group that has not ended is replaced."""
        self._start(school, PAUSE, span, now)

    def resume(self, school: str, group: str, by: str, now: datetime) -> bool:
        """End the group's pause at `now`. False: there was none."""
        return self._stop(school, PAUSE, group, by, now)

    def pauses(self, school: str, now: datetime) -> tuple[Span, ...]:
        """Pauses that have not ended."""
        with self.database.read() as connection:
            return read_spans(connection, school, now)[PAUSE]

    def rain(self, school: str, span: Span, now: datetime) -> None:
        """A rainy day for a group; one that has not ended is replaced."""
        self._start(school, RAIN, span, now)

    def dry(self, school: str, group: str, by: str, now: datetime) -> bool:
        """End the group's rainy day at `now`. False: there was none."""
        return self._stop(school, RAIN, group, by, now)

    def rainy(self, school: str, now: datetime) -> tuple[Span, ...]:
        """Rainy days that have not ended."""
        with self.database.read() as connection:
            return read_spans(connection, school, now)[RAIN]

    def _start(self, school: str, kind: str, span: Span, now: datetime) -> None:
        row = _timed(school, span) | {"kind": kind, "group_id": span.group}
        running = sa.and_(spans.c.school_id == school, spans.c.kind == kind, spans.c.group_id == span.group)
        with self.database.write(school) as change:
            change.execute(sa.update(spans).where(running, spans.c.ends > now).values(ends=now))
            change.execute(sa.insert(spans).values(**row))
            change.moved(span.by, f"{kind}.start", now, [span.group])

    def _stop(self, school: str, kind: str, group: str, by: str, now: datetime) -> bool:
        which = sa.and_(spans.c.kind == kind, spans.c.group_id == group)
        with self.database.write(school) as change:
            return _end(change, spans, which, by, f"{kind}.stop", now, [group])


def read_sanctions(connection: Connection, school: str, now: datetime) -> tuple[Sanction, ...]:
    """Bans that have not ended."""
    return tuple(_sanction(row) for row in _live(connection, sanctions, school, now))


def read_care(connection: Connection, school: str) -> tuple[Care, ...]:
    """All standing exceptions."""
    rows = sorted(connection.execute(sa.select(cares).where(cares.c.school_id == school)), key=lambda row: str(row.id))
    return tuple(Care(r.id, r.person_id, r.device_id, tuple(r.sites), tuple(r.apps), r.review) for r in rows)


def read_agreements(connection: Connection, school: str, now: datetime) -> tuple[Agreement, ...]:
    """Agreements that have not ended."""
    return tuple(
        Agreement(
            id=r.id,
            start=r.starts,
            end=r.ends,
            groups=frozenset(r.groups),
            people=frozenset(r.people),
            sites=tuple(r.sites),
            goal=r.goal,
            by=r.by_id,
            test=r.test,
        )
        for r in _live(connection, agreements, school, now)
    )


def read_spans(connection: Connection, school: str, now: datetime) -> dict[str, tuple[Span, ...]]:
    """Pauses and rainy days that have not ended."""
    found: dict[str, tuple[Span, ...]] = {PAUSE: (), RAIN: ()}
    for row in _live(connection, spans, school, now):
        found[row.kind] = (*found[row.kind], Span(row.group_id, row.starts, row.ends, row.by_id))
    return found


def _planned(school: str, agreement_id: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(agreements.c.school_id == school, agreements.c.id == agreement_id, agreements.c.starts > now)


def _sanction(row: sa.Row[Any]) -> Sanction:
    return Sanction(
        id=row.id,
        person=row.person_id,
        on=SanctionTarget(row.target),
        start=row.starts,
        end=row.ends,
        by=row.by_id,
        sites=tuple(row.sites),
        lifted=tuple((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in row.lifted),
    )


def _live(connection: Connection, table: sa.Table, school: str, now: datetime) -> list[sa.Row[Any]]:
    live = sa.and_(table.c.school_id == school, table.c.ends > now)
    # Sorted here, because databases differ in how they order capitals.
    return sorted(connection.execute(sa.select(table).where(live)), key=lambda row: (row.starts, row.id))


def _timed(school: str, noun: Sanction | Agreement | Span) -> dict[str, Any]:
    if noun.end <= noun.start:
        raise ValueError("the end must be after the start")
    return {"school_id": school, "starts": noun.start, "ends": noun.end, "by_id": noun.by}


def _end(
    change: Change,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    by: str,
    code: str,
    now: datetime,
    targets: list[str],
) -> bool:
    live = sa.and_(table.c.school_id == change.school, which, table.c.ends > now)
    if not change.execute(sa.update(table).where(live).values(ends=now)).rowcount:
        return False
    change.moved(by, code, now, targets)
    return True
