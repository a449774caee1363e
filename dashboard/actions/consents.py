"""What parents and staff said yes to: social media in the lesson, and photos. Filled in for a whole group at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.substitute import staff_among
from policy.model import Group, Member, Role
from store.audit import Entry
from store.people import GroupConsent, Person
from store.photos import PhotoAnswer

LATEST = 12
"""How many of the last changes are shown."""
_CODES = (
    "consent.yes",
    "consent.no",
    "consent.unasked",
    "group_consent.yes",
    "group_consent.no",
    *(f"photo.{answer.value}" for answer in PhotoAnswer),
    "photo.unasked",
)

type Counts[A] = Mapping[A | None, int]
"""How many gave which answer; None is who was not asked."""


@dataclass(frozen=True, slots=True)
class Consented:
    """A pupil with what the parents answered (None: not asked). `by_group`: what was said of the group holds for it."""

    person: Person
    agreed: bool | None
    by_group: bool


@dataclass(frozen=True, slots=True)
class ConsentSheet:
    """One group's consents for social media. `whole` is there while the whole group has consent.

    `may_whole`: nobody said no, so that it may be said of the whole group. `following` is the group after this one.
    """

    group: Group
    rows: tuple[Consented, ...]
    whole: GroupConsent | None
    may_whole: bool
    following: Group | None


@dataclass(frozen=True, slots=True)
class PhotoSheet:
    """The photo permissions of a group's pupils, or of staff (`group` None)."""

    group: Group | None
    rows: tuple[tuple[Person, PhotoAnswer | None], ...]
    following: Group | None = None


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """How far a group is. `whole`: all its parents were said to agree."""

    group: Group
    consents: Counts[bool]
    whole: bool
    photos: Counts[PhotoAnswer]


@dataclass(frozen=True, slots=True)
class Overview:
    """Every group at a glance. `asked`: the school's rules ask for the parents' consent at all."""

    asked: bool
    groups: tuple[GroupCounts, ...]
    staff: Counts[PhotoAnswer]
    latest: tuple[Entry, ...]


def overview(desk: Desk, who: Member, now: datetime) -> Overview:
    """How far the registers are; empty for who may not see them."""
    asked = desk.snapshot(now).asks_consent
    if who.role not in OFFICE:
        return Overview(asked, (), {}, ())
    persons = desk.store.people.persons(desk.school)
    consents, whole = _read(desk, now)
    photos = desk.store.photos.answers(desk.school)
    groups = []
    for group in desk.groups_of(who, now):
        pupils = [one for one in persons if one.role is Role.PUPIL and group.id in one.groups]
        rows = [_consented(one, consents, whole) for one in pupils]
        groups.append(
            GroupCounts(
                group,
                _counted((True if row.by_group else row.agreed) for row in rows),
                group.id in whole,
                _counted(photos[one.id].answer if one.id in photos else None for one in pupils),
            )
        )
    staff = staff_among(persons)
    return Overview(
        asked,
        tuple(groups),
        _counted(photos[one.id].answer if one.id in photos else None for one in staff),
        desk.store.audit.entries(desk.school, limit=LATEST, what=_CODES),
    )


# --- social media --------------------------------------------------------------------------------------------------


def consent_sheet(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[ConsentSheet]:
    """The consents of one group, by name."""
    if who.role not in OFFICE:
        return refused("role")
    if not desk.snapshot(now).asks_consent:
        return refused("consent_unasked")
    group, following = _with_next(desk, who, group_id, now)
    if group is None:
        return refused("gone")
    consents, whole = _read(desk, now)
    rows = tuple(_consented(one, consents, whole) for one in desk.store.people.roster(desk.school, group_id))
    said_no = any(row.agreed is False for row in rows)
    return done("seen", ConsentSheet(group, rows, whole.get(group_id), bool(rows) and not said_no, following))


def save_consents(
    desk: Desk, who: Member, group_id: str, answers: Mapping[str, bool | None], now: datetime
) -> Outcome[int]:
    """Write the answers that are other than they were; who is not in the group is passed over."""
    sheet = consent_sheet(desk, who, group_id, now)
    if sheet.value is None:
        return Outcome(False, sheet.code)
    mine = {row.person.id for row in sheet.value.rows}
    chosen = {person: agreed for person, agreed in answers.items() if person in mine}
    changed = desk.store.people.set_consents(desk.school, chosen, who.id, now)
    if not changed:
        return done("answers_same", 0)
    ended = sheet.value.whole is not None and group_id not in desk.store.people.group_consents(desk.school, now)
    return done("consents_ended" if ended else "answers", changed)


def agree_for_all(desk: Desk, who: Member, group_id: str, agreed: bool, now: datetime) -> Outcome[None]:
    """Say that all parents of the group agreed, or take that back. Refused while somebody's parents said no."""
    sheet = consent_sheet(desk, who, group_id, now)
    if sheet.value is None:
        return Outcome(False, sheet.code)
    if not sheet.value.rows:
        return refused("consent_nobody")
    if not desk.store.people.set_group_consent(desk.school, group_id, agreed, who.id, now):
        return refused("consent_refused")
    return done("consent_whole" if agreed else "consent_whole_ended")


# --- photos --------------------------------------------------------------------------------------------------------


def photo_sheet(desk: Desk, who: Member, group_id: str | None, now: datetime) -> Outcome[PhotoSheet]:
    """The photo permissions of one group, or of staff (None), for who keeps them."""
    if who.role not in OFFICE:
        return refused("role")
    if group_id is None:
        staff = staff_among(desk.store.people.persons(desk.school))
        return done("seen", PhotoSheet(None, _answered(desk, staff)))
    group, following = _with_next(desk, who, group_id, now)
    if group is None:
        return refused("gone")
    rows = _answered(desk, desk.store.people.roster(desk.school, group_id))
    return done("seen", PhotoSheet(group, rows, following))


def save_photos(
    desk: Desk, who: Member, group_id: str | None, answers: Mapping[str, PhotoAnswer | None], now: datetime
) -> Outcome[int]:
    """Write the photo permissions that are other than they were; who is not on the sheet is passed over."""
    sheet = photo_sheet(desk, who, group_id, now)
    if sheet.value is None:
        return Outcome(False, sheet.code)
    mine = {person.id for person, _ in sheet.value.rows}
    chosen = {person: answer for person, answer in answers.items() if person in mine}
    changed = desk.store.photos.answer(desk.school, chosen, who.id, now)
    return done("answers" if changed else "answers_same", changed)


def look_up_photos(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[PhotoSheet]:
    """The same to read only, for who may act for the group and wants to post a photo."""
    group = desk.snapshot(now).groups.get(group_id)
    if group is None or not desk.may_act_for(who, group_id, now):
        return refused("not_yours")
    return done("seen", PhotoSheet(group, _answered(desk, desk.store.people.roster(desk.school, group_id))))


def _read(desk: Desk, now: datetime) -> tuple[Mapping[str, bool], Mapping[str, GroupConsent]]:
    people = desk.store.people
    return people.consents(desk.school, now), people.group_consents(desk.school, now)


def _consented(pupil: Person, consents: Mapping[str, bool], whole: Mapping[str, GroupConsent]) -> Consented:
    """As `decide` reads it: the answer of the parents, or else what was said of the pupil's first group."""
    agreed = consents.get(pupil.id)
    return Consented(pupil, agreed, agreed is None and bool(pupil.groups) and pupil.groups[0] in whole)


def _answered(desk: Desk, persons: Iterable[Person]) -> tuple[tuple[Person, PhotoAnswer | None], ...]:
    answers = desk.store.photos.answers(desk.school)
    return tuple((one, answers[one.id].answer if one.id in answers else None) for one in persons)


def _with_next(desk: Desk, who: Member, group_id: str, now: datetime) -> tuple[Group | None, Group | None]:
    groups = desk.groups_of(who, now)
    for number, group in enumerate(groups):
        if group.id == group_id:
            return group, groups[number + 1] if number + 1 < len(groups) else None
    return None, None


def _counted[A](answers: Iterable[A | None]) -> dict[A | None, int]:
    found: dict[A | None, int] = {}
    for answer in answers:
        found[answer] = found.get(answer, 0) + 1
    return found
