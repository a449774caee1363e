"""Permissions. What is added here was allowed by `policy.authority` first; the store keeps order and ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Effect, Facet, Grant, Reason, Role
from store.db import Change, Database
from store.events import Event, What, write_events
from store.ids import new_id
from store.incidents import AskState, answer_in
from store.people import groups_of, pupils_among
from store.tables import grants as table
from store.tables import schools


@dataclass(frozen=True, slots=True)
class Grants:
    """The grants of every school in the database. Ids of persons only, never names."""

    database: Database

    def add(self, school: str, grant: Grant, now: datetime) -> Grant:
        """Write a grant; with an empty `id` a new one is made. Returns it as written.

        Audit and an event per group are written too; `grant.by` is who did it. Raises `ValueError` when the end is not
        after the start.
        """
        made = made_grant(grant)
        with self.database.write(school) as change:
            write_grant(change, made, now)
        return made

    def say_yes(self, school: str, ask_id: str, grant: Grant, now: datetime, text: str = "") -> Grant | None:
        """Write a grant that says yes to a pupil's ask, and answer it with `text`, in one transaction.

        None: nobody waits for that answer any more, and nothing was written. Of two who say yes at once one is first.
        """
        made = made_grant(grant)
        with self.database.write(school) as change:
            if not answer_in(change, ask_id, AskState.YES, made.by, now, text=text, grant=made.id):
                return None
            write_grant(change, made, now)
        return made

    def extend(self, school: str, grant_id: str, end: datetime, by: str, now: datetime) -> Grant | None:
        """Move the end of a live grant (authority was asked before). None: revoked, ended, unknown, or `end` is past.

        A revoke always wins, whichever of the two comes first.
        """
        if end <= now:
            return None
        return self._change(school, grant_id, by, now, {"ends": end})

    def revoke(self, school: str, grant_id: str, by: str, now: datetime) -> Grant | None:
        """End a grant at `now`, for good: no extend wins from it. None: unknown, or ended or revoked already."""
        return self._change(school, grant_id, by, now, {"ends": now, "revoked": now})

    def _change(self, school: str, grant_id: str, by: str, now: datetime, values: dict[str, datetime]) -> Grant | None:
        with self.database.write(school) as change:
            # The condition is in the statement itself, so that of two at once the second sees what the first did.
            live = sa.and_(_one(school, grant_id), table.c.revoked.is_(None), table.c.ends > now)
            if not change.execute(sa.update(table).where(live).values(**values)).rowcount:
                return None
            changed = _grant(change.execute(sa.select(table).where(_one(school, grant_id))).one())
            if "revoked" in values:
                _tell(change, changed, What.PERMISSION_ENDED, by, "grant.revoke", now)
            else:
                _tell(change, changed, What.PERMISSION, by, "grant.extend", now)
        return changed

    def live(self, school: str, now: datetime, groups: Collection[str] | None = None) -> tuple[Grant, ...]:
        """Grants that have not ended, future ones included, oldest first.

        With `groups`: those for one of these groups or for a pupil in one of them; what stands for staff is no group's.
        """
        with self.database.read() as connection:
            found = read_grants(connection, school, now)
            if groups is None:
                return found
            mine = frozenset(groups)
            inside = _home(connection, school, {person for grant in found for person in grant.people})
        return tuple(
            grant
            for grant in found
            if grant.groups & mine or any(mine.intersection(inside.get(person, ())) for person in grant.people)
        )

    def get(self, school: str, grant_id: str) -> Grant | None:
        """One grant, ended or not."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_one(school, grant_id))).first()
        return None if row is None else _grant(row)


def read_grants(connection: Connection, school: str, now: datetime) -> tuple[Grant, ...]:
    """Grants that have not ended. Revoked ones never, whatever the clocks of two machines say."""
    live = sa.and_(table.c.school_id == school, table.c.ends > now, table.c.revoked.is_(None))
    found = [_grant(row) for row in connection.execute(sa.select(table).where(live))]
    # Sorted here, because databases differ in how they order capitals.
    return tuple(sorted(found, key=lambda grant: (grant.start, grant.id)))


def end_grants(change: Change, grant_ids: Collection[str], by: str, now: datetime) -> None:
    """Revoke some grants inside a transaction that does more."""
    for grant_id in sorted(grant_ids):
        live = sa.and_(_one(change.school, grant_id), table.c.revoked.is_(None), table.c.ends > now)
        if change.execute(sa.update(table).where(live).values(ends=now, revoked=now)).rowcount:
            ended = _grant(change.execute(sa.select(table).where(_one(change.school, grant_id))).one())
            _tell(change, ended, What.PERMISSION_ENDED, by, "grant.revoke", now)


def made_grant(grant: Grant) -> Grant:
    """A grant with an id. Raises `ValueError` when the end is not after the start."""
    if grant.end <= grant.start:
        raise ValueError("a grant ends after it starts")
    return grant if grant.id else replace(grant, id=new_id())


def write_grant(change: Change, made: Grant, now: datetime) -> None:
    """Write a grant inside a transaction that does more, with its audit and events."""
    change.execute(sa.insert(table).values(**_values(change.school, made)))
    _tell(change, made, What.PERMISSION, made.by, "grant.add", now)


def _tell(change: Change, grant: Grant, what: What, by: str, code: str, now: datetime) -> None:
    """Audit, revision, and an event for every group that it is about (no person: the grant's id is enough).

    What stands for staff is no group's: its event has none.
    """
    change.moved(by, code, now, [grant.id])
    inside = _home(change.connection, change.school, grant.people) if grant.people else {}
    about = set(grant.groups).union(*(inside.get(person, ()) for person in grant.people))
    before = change.execute(sa.select(schools.c.revision).where(schools.c.school_id == change.school)).scalar() or 0
    event = Event(
        what=what,
        when=now,
        effect=Effect.ALLOW,
        reason=Reason.GRANTED,
        category=next(iter(grant.categories)) if len(grant.categories) == 1 else None,
        host=grant.sites[0] if len(grant.sites) == 1 else None,
        revision=before + 1,
        grant=grant.id,
    )
    write_events(change, [replace(event, group=group) for group in sorted(about)] or [event])
    change.stirred()


def _home(connection: Connection, school: str, persons: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Pupil id to group ids. The groups that staff may act for are not theirs in this sense."""
    return groups_of(connection, school, pupils_among(connection, school, persons))


def _one(school: str, grant_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == grant_id)


def _values(school: str, grant: Grant) -> dict[str, Any]:
    return {
        "school_id": school,
        "id": grant.id,
        "starts": grant.start,
        "ends": grant.end,
        "role": grant.role.value,
        "by_id": grant.by,
        "groups": sorted(grant.groups),
        "people": sorted(grant.people),
        "without": sorted(grant.without),
        "sites": list(grant.sites),
        "categories": sorted(grant.categories),
        "facets": sorted(facet.value for facet in grant.facets),
        "items": list(grant.items),
        "topics": sorted(grant.topics),
        "kinds": sorted(grant.kinds),
        "roles": sorted(role.value for role in grant.roles),
        "goal": grant.goal,
    }


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        start=row.starts,
        end=row.ends,
        role=Role(row.role),
        by=row.by_id,
        groups=frozenset(row.groups),
        people=frozenset(row.people),
        without=frozenset(row.without),
        sites=tuple(row.sites),
        categories=frozenset(row.categories),
        facets=frozenset(Facet(facet) for facet in row.facets),
        items=tuple(row.items),
        topics=frozenset(row.topics),
        kinds=frozenset(row.kinds),
        roles=frozenset(Role(role) for role in row.roles),
        goal=row.goal,
    )
