"""What the school keeps a list of: its official accounts, the accounts of groups, its own means for parents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from store.db import Database
from store.ids import new_id
from store.tables import registers as table


class Register(StrEnum):
    """Which list: official accounts with one manager, functional accounts of groups, means for parents."""

    OFFICIAL = "official"
    GROUP = "group"
    MEANS = "means"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a register. `place` is an address or a host, `person` who manages it, `group` whose it is.

    Person and group are ids that may be of somebody who is not there any more: that is something to be told.
    """

    id: str
    register: Register
    name: str
    place: str
    person: str | None = None
    group: str | None = None
    note: str = ""
    at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of every school in the database. No decision reads them: they wake nobody."""

    database: Database

    def add(self, school: str, entry: Entry, by: str, now: datetime) -> Entry | None:
        """Write a new line; id, moment and writer of `entry` are replaced. None: the register has that place."""
        made = replace(entry, id=new_id(), at=now, by=by)
        with self.database.write(school) as change:
            same = sa.and_(
                table.c.school_id == school, table.c.kind == made.register.value, table.c.place == made.place
            )
            if change.execute(sa.select(table.c.id).where(same)).first() is not None:
                return None
            change.execute(
                sa.insert(table).values(
                    school_id=school,
                    id=made.id,
                    kind=made.register.value,
                    name=made.name,
                    place=made.place,
                    person_id=made.person,
                    group_id=made.group,
                    note=made.note,
                    at=now,
                    by_id=by,
                )
            )
            change.note(by, "register.add", now, [made.id, *filter(None, (made.person, made.group))])
        return made

    def assign(self, school: str, entry_id: str, person: str | None, group: str | None, by: str, now: datetime) -> bool:
        """Say who manages a line from now on, and whose it is. False: unknown."""
        with self.database.write(school) as change:
            values = {"person_id": person, "group_id": group, "at": now, "by_id": by}
            if not change.execute(sa.update(table).where(_one(school, entry_id)).values(**values)).rowcount:
                return False
            change.note(by, "register.assign", now, [entry_id, *filter(None, (person, group))])
        return True

    def remove(self, school: str, entry_id: str, by: str, now: datetime) -> bool:
        """Take a line away. False: unknown."""
        with self.database.write(school) as change:
            if not change.execute(sa.delete(table).where(_one(school, entry_id))).rowcount:
                return False
            change.note(by, "register.remove", now, [entry_id])
        return True

    def get(self, school: str, entry_id: str) -> Entry | None:
        """One line."""
        found = self._select(_one(school, entry_id))
        return found[0] if found else None

    def entries(self, school: str, register: Register | None = None) -> tuple[Entry, ...]:
        """The lines of a register (None: of all), by name."""
        of = sa.true() if register is None else table.c.kind == register.value
        return self._select(sa.and_(table.c.school_id == school, of))

    def _select(self, where: sa.ColumnElement[bool]) -> tuple[Entry, ...]:
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table).where(where)).all()
        found = (
            Entry(r.id, Register(r.kind), r.name, r.place, r.person_id, r.group_id, r.note, r.at, r.by_id) for r in rows
        )
        # Sorted here, because databases differ in how they order capitals and accents.
        return tuple(sorted(found, key=lambda entry: (entry.name.casefold(), entry.id)))


def _one(school: str, entry_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == entry_id)
