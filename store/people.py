"""Groups, persons with their names, and consents. The only table family that knows a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from policy.model import Group, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at school, with the name for staff's screens. `groups`: a pupil's classes, or those staff may act for."""

    id: str
    role: Role
    name: str
    groups: tuple[str, ...] = ()


class People:
    """Groups, persons, consents of every school in the database."""

    def put_group(self, school: str, group: Group, by: str, now: datetime) -> None:
        """Add the group or change it (same id)."""
        raise NotImplementedError

    def remove_group(self, school: str, group_id: str, by: str, now: datetime) -> bool:
        """Remove a group and its memberships; the persons stay. False when there is none."""
        raise NotImplementedError

    def groups(self, school: str) -> tuple[Group, ...]:
        """All groups, by id; ended temporary groups included until they are forgotten."""
        raise NotImplementedError

    def put_people(self, school: str, persons: Sequence[Person], by: str, now: datetime) -> None:
        """Add or change persons, all in one revision. Raises `ValueError` for a group that does not exist."""
        raise NotImplementedError

    def remove_person(self, school: str, person_id: str, by: str, now: datetime) -> bool:
        """Remove a person with memberships and consents. False when there is none."""
        raise NotImplementedError

    def person(self, school: str, person_id: str) -> Person | None:
        """One person."""
        raise NotImplementedError

    def persons(self, school: str, role: Role | None = None) -> tuple[Person, ...]:
        """All persons, by name."""
        raise NotImplementedError

    def roster(self, school: str, group_id: str) -> tuple[Person, ...]:
        """The pupils of a group, by name."""
        raise NotImplementedError

    def set_consent(self, school: str, person_id: str, agreed: bool, by: str, now: datetime) -> None:
        """What the parents answered for the school year of `now` (1 August to 31 July)."""
        raise NotImplementedError

    def consents(self, school: str, now: datetime) -> Mapping[str, bool]:
        """Person id to the answer, of the school year of `now`; who is not in it did not consent."""
        raise NotImplementedError
