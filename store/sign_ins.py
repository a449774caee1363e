"""Who signed in where: pupils on shared computers, for one lesson.

A name that was only tapped waits for the teacher and seats nobody. With own pictures, or the teacher's word, it becomes
a `Lease` of the snapshot (`store.devices.read_leases`). Nothing of it is in the audit log: who sat where on which day
is nobody's business when the lesson is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from policy.model import Lease, Role, Strength
from store.db import Change, Database
from store.ids import new_id
from store.tables import leases, memberships, people
from store.tables import sign_ins as table


class SignInState(StrEnum):
    """How it stands. `IN` seats somebody, `WAITS` waits for the teacher; all others are over."""

    WAITS = "waits"
    IN = "in"
    REFUSED = "refused"  # the teacher: that is not you
    OUT = "out"  # the pupil is done
    STOPPED = "stopped"  # by the teacher
    MOVED = "moved"  # the pupil signed in elsewhere
    TAKEN = "taken"  # somebody else signed in here


OVER_EARLY = frozenset({SignInState.MOVED, SignInState.TAKEN})
"""Ended by somebody's sign-in: what a teacher is told of, calmly."""
_RANK = {SignInState.IN: 1, SignInState.WAITS: 2}


@dataclass(frozen=True, slots=True)
class SignIn:
    """A pupil of a group at a registered `device`, or at the `address` of one that is not (the other is empty).

    `proof` is how sure a name can get there. `at` is when this state began, `ends` the end of the lesson (both UTC).
    `by` is the teacher who said that it is so (None: the pupil's own pictures, or nobody yet).
    """

    id: str
    group: str
    person: str
    device: str
    address: str
    state: SignInState
    proof: Strength
    at: datetime
    ends: datetime
    by: str | None = None

    @property
    def number(self) -> int:
        """Two digits that the pupil's screen and the teacher's show, so that nobody says yes to the wrong computer."""
        return 10 + sum(self.id.encode()) % 90

    @property
    def lease(self) -> Lease:
        """The seat that it gives while the pupil is in."""
        return Lease(self.device, self.person, self.at, self.ends, self.by or self.person, self.address, self.proof)


@dataclass(frozen=True, slots=True)
class SignIns:
    """The sign-ins of every school in the database. Whoever calls knows that the lesson's code was right."""

    database: Database

    def ask(self, school: str, wish: SignIn, now: datetime) -> SignIn | None:
        """A pupil wants to be let in by the teacher. What waited at this place waits no more.

        None: no pupil of that group, or the lesson is over.
        """
        made = replace(wish, id=new_id(), state=SignInState.WAITS, at=now, by=None)
        with self.database.write(school) as change:
            if not _may(change, made, now):
                return None
            gone = sa.and_(_at(school, made.device, made.address), table.c.state == SignInState.WAITS.value)
            change.execute(sa.delete(table).where(gone))
            change.execute(sa.insert(table).values(school_id=school, **_row(made)))
            change.stirred()
        return made

    def enter(self, school: str, wish: SignIn, now: datetime) -> SignIn | None:
        """A pupil is in by its own pictures. None: as with `ask`, or somebody else is in at this very address.

        An address is one computer or a whole class behind one: only a teacher can tell, so there the teacher is asked.
        """
        made = replace(wish, id=new_id(), state=SignInState.IN, at=now, by=None)
        with self.database.write(school) as change:
            if not _may(change, made, now):
                return None
            if made.address and _other_in(change, made, now):
                return None
            _seat(change, made, now)
            change.execute(sa.insert(table).values(school_id=school, **_row(made)))
        return made

    def confirm(self, school: str, id_: str, group: str, by: str, now: datetime) -> SignIn | None:
        """A teacher of the group says that it is so. None: it does not wait any more."""
        return self._answer(school, id_, group, SignInState.IN, by, now)

    def refuse(self, school: str, id_: str, group: str, by: str, now: datetime) -> SignIn | None:
        """A teacher of the group says that it is not so. None: it does not wait any more."""
        return self._answer(school, id_, group, SignInState.REFUSED, by, now)

    def _answer(self, school: str, id_: str, group: str, state: SignInState, by: str, now: datetime) -> SignIn | None:
        waits = sa.and_(_one(school, id_), table.c.group_id == group, table.c.state == SignInState.WAITS.value)
        with self.database.write(school) as change:
            row = change.execute(sa.select(table).where(waits, table.c.ends > now)).first()
            if row is None:
                return None
            made = replace(_sign_in(row), state=state, at=now, by=by)
            if state is SignInState.IN:
                if not _may(change, made, now):
                    return None
                _seat(change, made, now)
            change.execute(sa.update(table).where(_one(school, id_)).values(state=state.value, at=now, by_id=by))
            change.stirred()
        return made

    def stop(self, school: str, id_: str, group: str, now: datetime) -> SignIn | None:
        """A teacher of the group signs a pupil out. None: the pupil is not in."""
        mine = sa.and_(_one(school, id_), table.c.group_id == group)
        with self.database.write(school) as change:
            return next(iter(_over(change, mine, SignInState.STOPPED, now)), None)

    def leave(self, school: str, device: str, address: str, now: datetime) -> SignIn | None:
        """Whoever is in at a place is done, and nobody waits there. None: nobody was in."""
        with self.database.write(school) as change:
            here = _at(school, device, address)
            waited = change.execute(sa.delete(table).where(here, table.c.state == SignInState.WAITS.value)).rowcount
            if waited:
                change.stirred()
            return next(iter(_over(change, here, SignInState.OUT, now)), None)

    def here(self, school: str, device: str, address: str, now: datetime) -> tuple[SignIn, ...]:
        """What happened at a place in the lesson that runs, the newest first."""
        wish = sa.select(table).where(_at(school, device, address), table.c.ends > now)
        return self._read(wish)

    def of_group(self, school: str, group: str, now: datetime) -> tuple[SignIn, ...]:
        """What happened in the lesson of a group that runs, the newest first."""
        return self._read(
            sa.select(table).where(table.c.school_id == school, table.c.group_id == group, table.c.ends > now)
        )

    def _read(self, wish: sa.Select[Any]) -> tuple[SignIn, ...]:
        with self.database.read() as connection:
            found = [_sign_in(row) for row in connection.execute(wish).all()]
        return tuple(sorted(found, key=_newness, reverse=True))


def read_sign_ins(connection: Connection, school: str, now: datetime) -> tuple[Lease, ...]:
    """The seats of who is in, by when they came in."""
    wish = sa.select(table).where(
        table.c.school_id == school, table.c.ends > now, table.c.state == SignInState.IN.value
    )
    return tuple(sorted((_sign_in(row).lease for row in connection.execute(wish).all()), key=_by_start))


def give_way(change: Change, device: str, person: str | None, now: datetime) -> bool:
    """A teacher seats somebody at a registered device, or nobody: who was in there is in no more, nor is that person
    elsewhere. Whether anybody was.
    """
    state = SignInState.STOPPED if person is None else SignInState.TAKEN
    ended = _over(change, _at(change.school, device, ""), state, now)
    if person is not None:
        mine = sa.and_(table.c.school_id == change.school, table.c.person_id == person)
        ended += _over(change, mine, SignInState.MOVED, now)
    return bool(ended)


def _seat(change: Change, made: SignIn, now: datetime) -> None:
    """Make room: one person sits at one place, and at one place sits one person."""
    school = change.school
    mine = sa.and_(table.c.school_id == school, table.c.person_id == made.person, table.c.id != made.id)
    here = sa.and_(_at(school, made.device, made.address), table.c.id != made.id)
    _over(change, here, SignInState.TAKEN, now, but=made.person)
    _over(change, sa.and_(mine, here), SignInState.OUT, now)
    _over(change, mine, SignInState.MOVED, now)
    # Who else waits at this place waits in vain; so does the same name elsewhere.
    waits = sa.and_(sa.or_(mine, here), table.c.state == SignInState.WAITS.value)
    change.execute(sa.delete(table).where(waits))
    seats = leases.c.person_id == made.person
    if made.device:
        seats = sa.or_(seats, leases.c.device_id == made.device)
    put = sa.and_(leases.c.school_id == school, leases.c.ends > now, seats)
    change.execute(sa.update(leases).where(put).values(ends=now))
    change.revision_moved = True


def _over(
    change: Change, where: sa.ColumnElement[bool], state: SignInState, now: datetime, *, but: str | None = None
) -> list[SignIn]:
    """End who is in; the guard hears of it."""
    live = sa.and_(where, table.c.state == SignInState.IN.value, table.c.ends > now)
    if but is not None:
        live = sa.and_(live, table.c.person_id != but)
    found = [replace(_sign_in(row), state=state, at=now) for row in change.execute(sa.select(table).where(live)).all()]
    for one in found:
        change.execute(sa.update(table).where(_one(change.school, one.id)).values(state=state.value, at=now))
        change.revision_moved = True
    return found


def _may(change: Change, wish: SignIn, now: datetime) -> bool:
    """Whether this is a pupil of the group, at one place, in a lesson that is not over."""
    if wish.ends <= now or bool(wish.device) == bool(wish.address):
        return False
    same = sa.and_(memberships.c.school_id == people.c.school_id, memberships.c.person_id == people.c.id)
    known = (
        sa.select(people.c.id)
        .join(memberships, same)
        .where(
            people.c.school_id == change.school,
            people.c.id == wish.person,
            people.c.role == Role.PUPIL.value,
            memberships.c.group_id == wish.group,
        )
    )
    return change.execute(known).first() is not None


def _other_in(change: Change, wish: SignIn, now: datetime) -> bool:
    live = sa.and_(table.c.state == SignInState.IN.value, table.c.ends > now, table.c.person_id != wish.person)
    here = _at(change.school, wish.device, wish.address)
    return change.execute(sa.select(table.c.id).where(here, live)).first() is not None


def _one(school: str, id_: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.school_id == school, table.c.id == id_)


def _at(school: str, device: str, address: str) -> sa.ColumnElement[bool]:
    where = table.c.device_id == device if device else sa.and_(table.c.device_id.is_(None), table.c.address == address)
    return sa.and_(table.c.school_id == school, where)


def _row(one: SignIn) -> dict[str, Any]:
    return {
        "id": one.id,
        "group_id": one.group,
        "person_id": one.person,
        "device_id": one.device or None,
        "address": one.address,
        "state": one.state.value,
        "proof": one.proof.name.lower(),
        "at": one.at,
        "ends": one.ends,
        "by_id": one.by,
    }


def _sign_in(row: sa.Row[Any]) -> SignIn:
    return SignIn(
        row.id,
        row.group_id,
        row.person_id,
        row.device_id or "",
        row.address,
        SignInState(row.state),
        Strength[row.proof.upper()],
        row.at,
        row.ends,
        row.by_id,
    )


def _newness(one: SignIn) -> tuple[datetime, int, str]:
    """Of what happened at one moment: who had to go, then who came in, then who came after that and waits."""
    return (one.at, _RANK.get(one.state, 0), one.id)


def _by_start(lease: Lease) -> tuple[datetime, str]:
    return (lease.start, lease.person)
