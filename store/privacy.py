"""All that is kept of one pupil: taken out for the pupil and its parents (AVG art. 15), and erased (art. 17).

Which table holds what is `store.inventory`. What others told in confidence, and what a pupil told in confidence, is
not for parents to read here; nor are the names of others in a text about this pupil.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Role
from store.db import Change, Database
from store.inventory import MAIN_HOLDINGS, Erase, Holding
from store.prepared import forget_person
from store.tables import devices, people
from store.tallies import counted, keep

ERASED, OTHER = "[gewist]", "[ander kind]"
"""What stands in a text where a name was."""

type Row = dict[str, Any]
"""A column's name to its value, as JSON takes it."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is kept of a pupil: the name, and rows by table, in the order of the inventory."""

    pupil: str
    name: str
    rows: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: how many rows went, or were cut, by table; how often the name stood in texts about others.

    `mentions` are rows (table and id) in whose text somebody typed the first name: only a person can say who is meant.
    """

    gone: Mapping[str, int]
    cut: Mapping[str, int]
    texts: int
    mentions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Privacy:
    """The rights of the pupils of every school in the database."""

    database: Database

    def export(self, school: str, pupil: str, by: str, now: datetime) -> Export | None:
        """All that a pupil or its parents may see. None: there is no pupil with this id. It is noted in the trail."""
        with self.database.write(school) as change:
            name = _name(change.connection, school, pupil)
            if name is None:
                return None
            others = _Names.of(_pupils(change.connection, school, pupil), [name])
            rows = {
                one.name: tuple(_shown(one, row, pupil, others) for row in _rows(change.connection, one, school, pupil))
                for one in MAIN_HOLDINGS
                if one.shown
            }
            change.note(by, "privacy.export", now, [pupil])
        return Export(pupil, name, {table: found for table, found in rows.items() if found})

    def erase(self, school: str, pupil: str, by: str, now: datetime) -> Erased | None:
        """Erase a pupil in one transaction, and note in the trail that it was done. None: there is no such pupil.

        Numbers a day are counted first: they are of nobody. What stays is said by the inventory.
        """
        with self.database.read() as connection:
            numbers = counted(connection, school, now)
        with self.database.write(school) as change:
            name = _name(change.connection, school, pupil)
            if name is None:
                return None
            keep(change, numbers, now)
            gone, cut = _erase_rows(change, pupil)
            texts = _erase_name(change, name)
            mentions = tuple(_mentions(change, name))
            change.moved(by, "privacy.erase", now, [pupil])
            change.stirred()
        return Erased(gone, cut, texts, mentions)


def _name(connection: Connection, school: str, pupil: str) -> str | None:
    wish = sa.select(people.c.name).where(
        people.c.school_id == school, people.c.id == pupil, people.c.role == Role.PUPIL.value
    )
    return connection.execute(wish).scalar()


@dataclass(frozen=True, slots=True)
class _Names:
    """Full names that are taken out of a text, and those that stay, also where one is the beginning of another."""

    pattern: re.Pattern[str]
    stay: frozenset[str]

    @classmethod
    def of(cls, out: Iterable[str], stay: Iterable[str]) -> _Names:
        kept = frozenset(one.strip().casefold() for one in stay if one.strip())
        every = {one.strip().casefold() for one in out if one.strip()} | kept
        # The longest first: whoever is called Noor de Vries-Kwik is not Noor de Vries.
        found = "|".join(map(re.escape, sorted(every, key=len, reverse=True))) or r"(?!)"
        return cls(re.compile(rf"(?<!\w)(?:{found})(?!\w)", re.IGNORECASE), kept)

    def taken_out(self, text: str, instead: str) -> str:
        return self.pattern.sub(lambda one: one[0] if one[0].casefold() in self.stay else instead, text)


def _pupils(connection: Connection, school: str, but: str) -> list[str]:
    mine = sa.and_(people.c.school_id == school, people.c.role == Role.PUPIL.value, people.c.id != but)
    return list(connection.scalars(sa.select(people.c.name).where(mine)))


def _rows(connection: Connection, one: Holding, school: str, pupil: str) -> list[Row]:
    """The rows of a table that are about the pupil, alone or among others."""
    mine = one.table.c.school_id == school
    if one.about:
        mine = sa.and_(mine, _about(one, school, pupil))
    found = [dict(row) for row in connection.execute(sa.select(one.table).where(mine)).mappings()]
    return [row for row in found if one.about or any(pupil in row[name] for name in one.among)]


def _about(one: Holding, school: str, pupil: str) -> sa.ColumnElement[bool]:
    """Rows with the pupil's id, and rows of nobody on the pupil's own device."""
    mine = one.table.c[one.about] == pupil
    if "device_id" not in one.table.columns:
        return mine
    own = sa.select(devices.c.id).where(devices.c.school_id == school, devices.c.person_id == pupil)
    return sa.or_(mine, sa.and_(one.table.c[one.about].is_(None), one.table.c.device_id.in_(own)))


def _shown(one: Holding, row: Row, pupil: str, others: _Names) -> Row:
    """A row without who did it, without secrets, and without the other children who are in it."""
    left_out = {"school_id", *one.staff, *one.secrets, *one.bodies}
    found: Row = {}
    for name, value in row.items():
        if name in left_out:
            continue
        if name in one.among:
            found[name] = [who for who in value if who == pupil]
        elif name in one.texts and isinstance(value, str):
            found[name] = others.taken_out(value, OTHER)
        else:
            found[name] = value.isoformat() if isinstance(value, datetime | date) else value
    return found


def _erase_rows(change: Change, pupil: str) -> tuple[dict[str, int], dict[str, int]]:
    gone: dict[str, int] = {}
    cut: dict[str, int] = {}
    school = change.school
    before = _count(change, "prepared")
    forget_person(change, pupil)
    # Devices and people last: by them is known what else is the pupil's, and what hangs on a person goes with it.
    for one in sorted(MAIN_HOLDINGS, key=lambda holding: (holding.table is people, holding.table is devices)):
        mine = one.table.c.school_id == school
        if one.erase is Erase.GONE:
            theirs = sa.delete(one.table).where(mine, _about(one, school, pupil))
            gone[one.name] = change.execute(theirs).rowcount
        elif one.erase is Erase.CUT and one.about:
            cutting = sa.update(one.table).where(mine, one.table.c[one.about] == pupil)
            cut[one.name] = change.execute(cutting.values({one.about: None})).rowcount
        elif one.erase is Erase.CUT and one.among:
            gone[one.name], cut[one.name] = _cut_lists(change, one, pupil)
    gone["prepared"] = before - _count(change, "prepared")
    return {name: rows for name, rows in gone.items() if rows}, {name: rows for name, rows in cut.items() if rows}


def _cut_lists(change: Change, one: Holding, pupil: str) -> tuple[int, int]:
    """Take the pupil out of lists. A list that was of this pupil alone must not become that of a whole group: its row
    goes.
    """
    gone = cut = 0
    for row in _rows(change.connection, one, change.school, pupil):
        this = sa.and_(one.table.c.school_id == change.school, one.table.c.id == row["id"])
        left = {name: [who for who in row[name] if who != pupil] for name in one.among}
        if row[one.among[0]] and not left[one.among[0]]:
            gone += change.execute(sa.delete(one.table).where(this)).rowcount
        else:
            cut += change.execute(sa.update(one.table).where(this).values(left)).rowcount
    return gone, cut


def _count(change: Change, name: str) -> int:
    table = next(one.table for one in MAIN_HOLDINGS if one.name == name)
    wish = sa.select(sa.func.count()).select_from(table).where(table.c.school_id == change.school)
    return int(change.execute(wish).scalar() or 0)


def _erase_name(change: Change, name: str) -> int:
    """Take the full name out of what people typed about others and about things; of how many rows.

    Not where another pupil has the same name: then it is that child's too. Not in what is left until its term.
    """
    left = change.connection.scalars(sa.select(people.c.name).where(people.c.school_id == change.school))
    names = _Names.of([name], left)
    changed = 0
    for one, row in _typed(change):
        new = {text: names.taken_out(row[text], ERASED) for text in one.texts if isinstance(row[text], str)}
        if any(new[text] != row[text] for text in new):
            this = sa.and_(one.table.c.school_id == change.school, one.table.c.id == row["id"])
            changed += change.execute(sa.update(one.table).where(this).values(new)).rowcount
    return changed


def _mentions(change: Change, name: str) -> Iterator[tuple[str, str]]:
    """Rows with the first name in a text, as a word of its own."""
    first = _Names.of(name.split()[:1], ())
    for one, row in _typed(change):
        if any(isinstance(row[text], str) and first.pattern.search(row[text]) for text in one.texts):
            yield one.name, str(row["id"])


def _typed(change: Change) -> Iterator[tuple[Holding, Row]]:
    for one in MAIN_HOLDINGS:
        if one.texts and one.erase is not Erase.LEFT and "id" in one.table.columns:
            mine = one.table.c.school_id == change.school
            columns = (one.table.c.id, *(one.table.c[text] for text in one.texts))
            for row in change.execute(sa.select(*columns).where(mine)).mappings().all():
                yield one, dict(row)
