"""Standing personal exceptions: what a person or device may always use. Why is asked nowhere and kept nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.measures import MOST_SITES, sites_in
from dashboard.actions.office import OFFICE
from policy.asking import Asking
from policy.authority import rules_in_the_way
from policy.model import AccessRequest, Action, Care, Facet, Gate, Grant, Member, Principal, Role, Snapshot, Strength
from policy.program import app_name
from policy.schedule import zone_of

REVIEW = timedelta(days=365)
SOON = timedelta(days=14)
_LONGEST_APP = 60  # characters


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody may always use: `person` or `device` is an id, the other is empty.

    `sites` and `apps` are lines as typed, `review` an ISO date.
    """

    person: str = ""
    device: str = ""
    sites: str = ""
    apps: str = ""
    review: str = ""


def add(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Care]:
    """Write a standing exception. It has a day on which somebody looks at it again, a year away at most."""
    if who.role not in OFFICE:
        return refused("role")
    snapshot = desk.snapshot(now)
    if bool(wish.person) is bool(wish.device) or not _known(snapshot, wish):
        return refused("care_who")
    sites, apps = sites_in(wish.sites), apps_in(wish.apps)
    if sites is None:
        return refused("bad_site")
    if not sites and not apps:
        return refused("care_what")
    if _on_the_floor(snapshot, sites, apps, now):
        return refused("locked")
    review = _review(snapshot, wish.review, now)
    if review is None:
        return refused("care_review")
    care = Care("", wish.person or None, wish.device or None, sites, apps, review)
    return done("care", desk.store.measures.add_care(desk.school, care, who.id, now))


def go_on(desk: Desk, who: Member, care_id: str, now: datetime) -> Outcome[None]:
    """Somebody looked at it: it stands for another year."""
    if who.role not in OFFICE:
        return refused("role")
    review = today(desk.snapshot(now), now) + REVIEW
    kept = desk.store.measures.review_care(desk.school, care_id, review, who.id, now)
    return done("care_on") if kept else refused("gone")


def end(desk: Desk, who: Member, care_id: str, now: datetime) -> Outcome[None]:
    """End a standing exception now."""
    if who.role not in OFFICE:
        return refused("role")
    return done("care_end") if desk.store.measures.end_care(desk.school, care_id, who.id, now) else refused("gone")


def standing(desk: Desk, who: Member) -> tuple[Care, ...]:
    """All standing exceptions, what must be looked at first on top."""
    if who.role not in OFFICE:
        return ()
    return tuple(sorted(desk.store.measures.care(desk.school), key=lambda one: (one.review or date.min, one.id)))


def is_due(care: Care, day: date) -> bool:
    """Whether it is time to look at an exception again, or nearly."""
    return care.review is None or care.review <= day + SOON


def today(snapshot: Snapshot, now: datetime) -> date:
    """The school's day."""
    return now.astimezone(zone_of(snapshot.policy.schedule.zone)).date()


def apps_in(text: str) -> tuple[str, ...]:
    """The programs in a line of text, by the one name that a program has; names may have spaces, so a comma parts."""
    names = (app_name(part.strip()[:_LONGEST_APP]) for part in re.split(r"[,;\n]", text))
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_SITES]


def _known(snapshot: Snapshot, wish: Wish) -> bool:
    return wish.person in snapshot.people if wish.person else wish.device in snapshot.devices


def _review(snapshot: Snapshot, text: str, now: datetime) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    first = today(snapshot, now)
    # One day more than a year: a date field that was filled in before midnight is still good after it.
    return day if first < day <= first + REVIEW + timedelta(days=1) else None


def _on_the_floor(snapshot: Snapshot, sites: tuple[str, ...], apps: tuple[str, ...], now: datetime) -> bool:
    """Whether the safety floor would still say no: then the exception would be an empty promise."""
    who = Principal(Role.PUPIL, strength=Strength.PROVED)
    asking = Asking(AccessRequest(Action.VISIT, who), snapshot, now)
    wish = Grant("", now, now + REVIEW, Role.MANAGEMENT, sites=sites, facets=frozenset({Facet.PLACE}))
    if any(rule.gate is Gate.LOCKED for rule in rules_in_the_way(asking, wish)):
        return True
    kinds = {snapshot.knowledge.apps.get(app, "") for app in apps} - {""}
    return any(rule.apps & (kinds | set(apps)) for rule in snapshot.floor_rules)
