"""What a list to take along is made of, for whoever may have it: the office, and a teacher for her own group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dashboard.actions import consents
from dashboard.actions.consents import Consented
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.model import Group, Member, Role
from store.notices import Notice
from store.photos import PhotoAnswer

_TAKERS = OFFICE | {Role.TEACHER}
_LOOK_BACK = timedelta(days=28)

type Said = Mapping[str, Sequence[tuple[Consented, PhotoAnswer | None]]]
"""Group id to its pupils with what was said of social media and of photos."""


def consented(desk: Desk, who: Member, now: datetime) -> tuple[tuple[Group, ...], Said]:
    """Every group with what its parents said."""
    if who.role not in OFFICE:
        return (), {}
    groups, found = desk.groups_of(who, now), {}
    for group in groups:
        photos = consents.photo_sheet(desk, who, group.id, now).value
        media = consents.consent_sheet(desk, who, group.id, now).value
        said = {row.person.id: row for row in media.rows} if media else {}
        rows = photos.rows if photos else ()
        found[group.id] = [(said.get(one.id, Consented(one, None, False)), answer) for one, answer in rows]
    return groups, found


def own_group(desk: Desk, who: Member, group_id: str, now: datetime) -> Outcome[tuple[Group, Said]]:
    """One group for whoever teaches it: its pupils, and who may be on a photo."""
    if who.role not in _TAKERS:
        return refused("role")
    sheet = consents.look_up_photos(desk, who, group_id, now).value
    if sheet is None or sheet.group is None:
        return refused("not_yours")
    rows = [(Consented(one, None, False), answer) for one, answer in sheet.rows]
    return done("seen", (sheet.group, {sheet.group.id: rows}))


def notices(desk: Desk, now: datetime) -> tuple[Notice, ...]:
    """What is or was in the way in the last four weeks, the newest first."""
    kept = (
        *desk.store.notices.standing(desk.school, now),
        *desk.store.notices.past(desk.school, now - _LOOK_BACK, now),
    )
    return tuple(sorted(kept, key=lambda one: (one.since, one.kind), reverse=True))
