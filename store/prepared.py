"""What teachers keep ready: permissions and agreements that wait for one tap. Nothing is open because of them.

Whoever uses one goes through `policy.authority` anew, with the lesson of that moment. A shared one names no children:
it is for the group of whoever taps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from store.db import Change, Database
from store.ids import new_id
from store.tables import prepared as table


class PreparedKind(StrEnum):
    """What is kept ready."""

    PERMISSION = "permission"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Something kept ready under a `name` by the person `by`. `body` is plain JSON of whoever reads it back.

    `group`: for that group only (None: for any). `shared`: colleagues see it too; else only `by` does. `used` is when
    it was tapped last (None: never), UTC as `made` is.
    """

    id: str
    kind: PreparedKind
    name: str
    body: Mapping[str, Any]
    group: str | None
    by: str
    shared: bool
    made: datetime
    used: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What every school in the database keeps ready. It is in no snapshot: live screens wake, the guard does not."""

    database: Database

    def add(self, school: str, prepared: Prepared, now: datetime) -> Prepared:
        """Keep something ready; with an empty `id` a new one is made. Returns it as written, made at `now`."""
        made = replace(prepared, id=prepared.id or new_id(), made=now, used=None)
        row = {"school_id": school, "id": made.id, "kind": made.kind.value, "by_id": made.by, "made": now}
        with self.database.write(school) as change:
            change.execute(sa.insert(table).values(**row, **_values(made)))
            change.note(made.by, "prepared.add", now, [made.id])
            change.stirred()
        return made

    def change(self, school: str, prepared: Prepared, by: str, now: datetime) -> Prepared | None:
        """Write name, body, group and sharing of the one with this id anew; all else stays. None: unknown."""
        one = _one(school, prepared.id)
        with self.database.write(school) as change:
            if not change.execute(sa.update(table).where(one).values(**_values(prepared))).rowcount:
                return None
            change.note(by, "prepared.change", now, [prepared.id])
            change.stirred()
            return _prepared(change.execute(sa.select(table).where(one)).one())

    def remove(self, school: str, prepared_id: str, by: str, now: datetime) -> bool:
        """Take one away. False: unknown. What was given with it stays as it is."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(_one(school, prepared_id))).rowcount:
                return False
            change.note(by, "prepared.remove", now, [prepared_id])
            change.stirred()
        return True

    def used(self, school: str, prepared_id: str, now: datetime) -> None:
        """It was tapped: it is kept for longer. Of one that is gone nothing is written."""
        with self.database.write(school) as change:
            change.execute(sa.update(table).where(_one(school, prepared_id)).values(used=now))

    def get(self, school: str, prepared_id: str) -> Prepared | None:
        """One of them, whoever keeps it: who may see it is for the caller to ask."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(table).where(_one(school, prepared_id))).first()
        return None if row is None else _prepared(row)

    def on_shelf(self, school: str, kind: PreparedKind | None = None) -> tuple[Prepared, ...]:
        """All that is kept ready in a school, of everybody, by name."""
        wish = sa.select(table).where(table.c.school_id == school)
        if kind is not None:
            wish = wish.where(table.c.kind == kind.value)
        with self.database.read() as connection:
            rows = connection.execute(wish).all()
        # Sorted here, because databases differ in how they order capitals.
        return tuple(sorted(map(_prepared, rows), key=lambda one: (one.name.casefold(), one.made, one.id)))


def forget_person(change: Change, person: str) -> None:
    """Somebody goes: what they alone kept ready, and what names them. What they shared stays for their colleagues."""
    rows = change.execute(sa.select(table).where(table.c.school_id == change.school)).all()
    for row in rows:
        theirs = row.by_id == person and not row.shared
        if theirs or any(isinstance(value, list) and person in value for value in row.body.values()):
            change.execute(sa.delete(table).where(_one(change.school, row.id)))


def _one(school: str, prepared_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == prepared_id)


def _values(prepared: Prepared) -> dict[str, Any]:
    return {
        "name": prepared.name,
        "body": dict(prepared.body),
        "group_id": prepared.group,
        "shared": prepared.shared,
    }


def _prepared(row: sa.Row[Any]) -> Prepared:
    return Prepared(
        id=row.id,
        kind=PreparedKind(row.kind),
        name=row.name,
        body=row.body,
        group=row.group_id,
        by=row.by_id,
        shared=row.shared,
        made=row.made,
        used=row.used,
    )
