"""Groups, persons with their names, and consents. The only table family that knows a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Group, Member, Role
from store.counsel import settle
from store.db import Change, Database
from store.prepared import forget_person
from store.tables import care, consents, group_consents, groups, memberships, people, sanctions
from store.year import school_year


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at school, with the name for staff's screens. `groups`: a pupil's classes, or what staff may act for."""

    id: str
    role: Role
    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupConsent:
    """Somebody said that the parents of everybody in the group agreed, for one school year."""

    group: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class People:
    """Groups, persons, consents of every school in the database."""

    database: Database

    def put_group(self, school: str, group: Group, by: str, now: datetime) -> None:
        """Add the group or change it (same id)."""
        row = {"name": group.name, "years": list(group.years), "until": group.until}
        with self.database.write(school) as change:
            change.upsert(groups, ("school_id", "id"), [{"school_id": school, "id": group.id} | row])
            change.moved(by, "group.put", now, [group.id])

    def remove_group(self, school: str, group_id: str, by: str, now: datetime) -> bool:
        """Remove a group and its memberships; the persons stay. False when there is none."""
        with self.database.write(school) as change:
            gone = change.execute(sa.delete(groups).where(groups.c.school_id == school, groups.c.id == group_id))
            if not gone.rowcount:
                return False
            change.moved(by, "group.remove", now, [group_id])
        return True

    def groups(self, school: str) -> tuple[Group, ...]:
        """All groups, by id; ended temporary groups included until they are forgotten."""
        with self.database.read() as connection:
            return tuple(read_groups(connection, school).values())

    def put_people(self, school: str, persons: Sequence[Person], by: str, now: datetime) -> None:
        """Add or change persons, all in one revision. Raises `ValueError` for a group that does not exist.

        A pupil who comes into a group without a yes from home ends what was said of the parents of all of it.
        """
        with self.database.write(school) as change:
            _put_people(change, persons, now)
            if persons:
                change.moved(by, "people.put", now, [person.id for person in persons])
            settle(change, by, now)

    def exchange(
        self,
        school: str,
        new_groups: Sequence[Group],
        persons: Sequence[Person],
        gone: Sequence[str],
        by: str,
        now: datetime,
        what: str = "people.exchange",
    ) -> None:
        """A list taken over or a new school year: groups, persons, and who goes, all in one revision.

        `gone` are forgotten as by `remove_person`; who is not there is passed over. The audit has `what` with the ids
        of who came or changed, and `person.remove` with who went. Raises `ValueError` as `put_people` does.
        """
        with self.database.write(school) as change:
            for one in new_groups:  # one that somebody made meanwhile stays as it is
                row = {"id": one.id, "name": one.name, "years": list(one.years), "until": one.until}
                change.insert_new(groups, ("school_id", "id"), {"school_id": school} | row)
            _put_people(change, persons, now)
            went = [person for person in gone if _remove_person(change, person)]
            change.moved(by, what, now, [*(one.id for one in new_groups), *(person.id for person in persons)])
            if went:
                change.moved(by, "person.remove", now, went)
            settle(change, by, now)

    def remove_person(self, school: str, person_id: str, by: str, now: datetime) -> bool:
        """Remove a person with memberships, consents, notes, bans, own exceptions and what they alone kept ready.

        False when there is none.
        """
        with self.database.write(school) as change:
            if not _remove_person(change, person_id):
                return False
            change.moved(by, "person.remove", now, [person_id])
            settle(change, by, now)
        return True

    def person(self, school: str, person_id: str) -> Person | None:
        """One person."""
        found = self._select(school, people.c.id == person_id)
        return found[0] if found else None

    def persons(self, school: str, role: Role | None = None) -> tuple[Person, ...]:
        """All persons, by name."""
        return self._select(school, sa.true() if role is None else people.c.role == role.value)

    def roster(self, school: str, group_id: str) -> tuple[Person, ...]:
        """The pupils of a group, by name."""
        inside = sa.select(memberships.c.person_id).where(
            memberships.c.school_id == school, memberships.c.group_id == group_id
        )
        return self._select(school, sa.and_(people.c.role == Role.PUPIL.value, people.c.id.in_(inside)))

    def _select(self, school: str, where: sa.ColumnElement[bool]) -> tuple[Person, ...]:
        with self.database.read() as connection:
            mine = sa.select(people).where(people.c.school_id == school, where)
            rows = connection.execute(mine).all()
            inside = groups_of(connection, school, [row.id for row in rows])
        # Sorted here, because databases differ in how they order capitals and accents.
        found = [Person(row.id, Role(row.role), row.name, inside.get(row.id, ())) for row in rows]
        return tuple(sorted(found, key=lambda person: (person.name.casefold(), person.id)))

    def set_consent(self, school: str, person_id: str, agreed: bool, by: str, now: datetime) -> bool:
        """What the parents answered for the school year of `now` (1 August to 31 July). False: unknown person."""
        key = {"school_id": school, "person_id": person_id, "year": school_year(now)}
        with self.database.write(school) as change:
            known = sa.select(people.c.id).where(people.c.school_id == school, people.c.id == person_id)
            if change.execute(known).first() is None:
                return False
            change.upsert(consents, tuple(key), [key | {"agreed": agreed, "at": now}])
            if not agreed:
                change.execute(_end_group_consents(school, [person_id]))
            change.moved(by, "consent.yes" if agreed else "consent.no", now, [person_id])
        return True

    def set_consents(self, school: str, answers: Mapping[str, bool | None], by: str, now: datetime) -> int:
        """What the parents of many answered for the school year of `now`, in one revision; None forgets an answer.

        Who is not at school is passed over. A no ends the consent of the whole group, and so does an answer that is
        forgotten. Returns how many answers are other than they were; of none the revision stays.
        """
        year = school_year(now)
        with self.database.write(school) as change:
            had = read_consents(change.connection, school, now)
            here = sa.select(people.c.id).where(people.c.school_id == school, people.c.id.in_(list(answers)))
            known = set(change.connection.scalars(here))
            new = {
                who: agreed for who, agreed in sorted(answers.items()) if who in known and had.get(who) is not agreed
            }
            row = {"school_id": school, "year": year, "at": now}
            told = [row | {"person_id": who, "agreed": agreed} for who, agreed in new.items() if agreed is not None]
            change.upsert(consents, ("school_id", "person_id", "year"), told)
            unasked = [who for who, agreed in new.items() if agreed is None]
            forget = sa.and_(consents.c.school_id == school, consents.c.year == year, consents.c.person_id.in_(unasked))
            change.execute(sa.delete(consents).where(forget))
            change.execute(_end_group_consents(school, [who for who, agreed in new.items() if not agreed]))
            for code, agreed in (("yes", True), ("no", False), ("unasked", None)):
                persons = [who for who, answer in new.items() if answer is agreed]
                if persons:
                    change.moved(by, f"consent.{code}", now, persons)
        return len(new)

    def set_group_consent(self, school: str, group_id: str, agreed: bool, by: str, now: datetime) -> bool:
        """Whether all parents of a group agreed, for the school year of `now`.

        False: unknown group, or somebody in it whose parents said no.
        """
        key = {"school_id": school, "group_id": group_id, "year": school_year(now)}
        with self.database.write(school) as change:
            known = sa.select(groups.c.id).where(groups.c.school_id == school, groups.c.id == group_id)
            if change.execute(known).first() is None:
                return False
            if agreed and change.execute(_refused_in(school, group_id, now)).first() is not None:
                return False
            this = [group_consents.c[name] == value for name, value in key.items()]
            change.execute(sa.delete(group_consents).where(*this))
            if agreed:
                change.execute(sa.insert(group_consents).values(**key, at=now, by_id=by))
            change.moved(by, "group_consent.yes" if agreed else "group_consent.no", now, [group_id])
        return True

    def consents(self, school: str, now: datetime) -> Mapping[str, bool]:
        """Person id to the answer, of the school year of `now`; who is not in it did not consent."""
        with self.database.read() as connection:
            return read_consents(connection, school, now)

    def group_consents(self, school: str, now: datetime) -> Mapping[str, GroupConsent]:
        """Group id to who said that all its parents agreed, and when, of the school year of `now`."""
        this_year = sa.and_(group_consents.c.school_id == school, group_consents.c.year == school_year(now))
        with self.database.read() as connection:
            rows = connection.execute(sa.select(group_consents).where(this_year)).all()
        return {row.group_id: GroupConsent(row.group_id, row.at, row.by_id) for row in rows}


def _put_people(change: Change, persons: Sequence[Person], now: datetime) -> None:
    """Write persons and their memberships; `ValueError` for a group that does not exist."""
    school, key = change.school, {"school_id": change.school}
    unknown = {g for person in persons for g in person.groups} - read_groups(change.connection, school).keys()
    if unknown:
        raise ValueError(f"there is no group `{min(unknown)}`; add the group first")
    if not persons:
        return
    rows = [key | {"id": p.id, "role": p.role.value, "name": p.name} for p in persons]
    change.upsert(people, ("school_id", "id"), rows)
    change.execute(_end_consents_of(school, _joined_unasked(change.connection, school, persons, now)))
    mine = memberships.c.person_id == sa.bindparam("who")
    forget = sa.delete(memberships).where(memberships.c.school_id == school, mine)
    change.execute(forget, [{"who": person.id} for person in persons])
    inside = [key | {"person_id": p.id, "group_id": g} for p in persons for g in dict.fromkeys(p.groups)]
    change.upsert(memberships, ("school_id", "person_id", "group_id"), inside)


def _remove_person(change: Change, person_id: str) -> bool:
    """Forget a person with what hangs on them; False: there is none."""
    school = change.school
    gone = change.execute(sa.delete(people).where(people.c.school_id == school, people.c.id == person_id))
    if not gone.rowcount:
        return False
    for table in (sanctions, care):
        change.execute(sa.delete(table).where(table.c.school_id == school, table.c.person_id == person_id))
    forget_person(change, person_id)
    return True


def read_groups(connection: Connection, school: str) -> dict[str, Group]:
    """Group id to group, in the order of ids."""
    rows = connection.execute(sa.select(groups).where(groups.c.school_id == school)).all()
    found = {row.id: Group(row.id, row.name, tuple(row.years), row.until) for row in rows}
    return dict(sorted(found.items()))


def read_members(connection: Connection, school: str) -> dict[str, Member]:
    """Person id to member: no names."""
    inside = groups_of(connection, school)
    rows = connection.execute(sa.select(people.c.id, people.c.role).where(people.c.school_id == school)).all()
    # Plain tuples sort many times faster than rows do.
    return {who: Member(who, Role(role), inside.get(who, ())) for who, role in sorted(map(tuple, rows))}


def read_pupils(connection: Connection, school: str) -> tuple[str, ...]:
    """The full names of all pupils, sorted: for a roster, which does not keep them."""
    mine = sa.and_(people.c.school_id == school, people.c.role == Role.PUPIL.value)
    return tuple(sorted(connection.scalars(sa.select(people.c.name).where(mine))))


def read_consents(connection: Connection, school: str, now: datetime) -> dict[str, bool]:
    """Person id to the answer of this school year."""
    this_year = sa.and_(consents.c.school_id == school, consents.c.year == school_year(now))
    rows = connection.execute(sa.select(consents.c.person_id, consents.c.agreed).where(this_year)).all()
    return dict(sorted((person, agreed) for person, agreed in rows))


def read_group_consents(connection: Connection, school: str, now: datetime) -> frozenset[str]:
    """The groups of which all parents agreed, in this school year."""
    this_year = sa.and_(group_consents.c.school_id == school, group_consents.c.year == school_year(now))
    return frozenset(connection.scalars(sa.select(group_consents.c.group_id).where(this_year)))


def _end_group_consents(school: str, persons: Sequence[str]) -> sa.Delete:
    """That everybody's parents agreed is no longer true of the groups that these pupils are in."""
    mine = sa.select(memberships.c.group_id).where(
        memberships.c.school_id == school, memberships.c.person_id.in_(list(persons))
    )
    return sa.delete(group_consents).where(group_consents.c.school_id == school, group_consents.c.group_id.in_(mine))


def _joined_unasked(connection: Connection, school: str, persons: Sequence[Person], now: datetime) -> set[str]:
    """The groups that get a pupil whose own parents did not say yes; asked before the memberships change."""
    before, agreed = groups_of(connection, school, [one.id for one in persons]), read_consents(connection, school, now)
    unasked = [one for one in persons if one.role is Role.PUPIL and not agreed.get(one.id)]
    return {group for one in unasked for group in one.groups if group not in before.get(one.id, ())}


def _end_consents_of(school: str, group_ids: Iterable[str]) -> sa.Delete:
    mine = group_consents.c.group_id.in_(sorted(group_ids))
    return sa.delete(group_consents).where(group_consents.c.school_id == school, mine)


def _refused_in(school: str, group_id: str, now: datetime) -> sa.Select[tuple[str]]:
    inside = sa.select(memberships.c.person_id).where(
        memberships.c.school_id == school, memberships.c.group_id == group_id
    )
    return sa.select(consents.c.person_id).where(
        consents.c.school_id == school,
        consents.c.year == school_year(now),
        sa.not_(consents.c.agreed),
        consents.c.person_id.in_(inside),
    )


def pupils_among(connection: Connection, school: str, persons: Iterable[str]) -> frozenset[str]:
    """Those of these persons that are pupils."""
    mine = sa.and_(people.c.school_id == school, people.c.role == Role.PUPIL.value, people.c.id.in_(list(persons)))
    return frozenset(connection.scalars(sa.select(people.c.id).where(mine)))


def groups_of(connection: Connection, school: str, persons: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Person id to group ids, of these persons (None: of all); a class before a temporary group, then by id."""
    same = sa.and_(groups.c.school_id == memberships.c.school_id, groups.c.id == memberships.c.group_id)
    columns = sa.select(memberships.c.person_id, groups.c.until.is_not(None), memberships.c.group_id)
    wish = columns.join(groups, same).where(memberships.c.school_id == school)
    chosen = None if persons is None else list(persons)
    if chosen is not None and len(chosen) <= 50:
        wish = wish.where(memberships.c.person_id.in_(chosen))
    found: dict[str, tuple[str, ...]] = {}
    for person, _, group in sorted(map(tuple, connection.execute(wish))):
        found[person] = (*found.get(person, ()), group)
    return found
