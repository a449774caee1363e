"""The emergency exit from the desk: open it, close it, and the code for the safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.emergency import HOURS, end_of
from policy.model import Emergency, Member
from store.emergencies import Code, Way


@dataclass(frozen=True, slots=True)
class Exit:
    """How it stands: what is open now, the last ones (newest first), the code, and the names of who did it."""

    now: datetime
    current: Emergency | None
    past: tuple[Emergency, ...]
    code: Code | None
    names: Mapping[str, str]
    host: str


def current(desk: Desk, now: datetime) -> Emergency | None:
    """The one that is open now, for every screen; the one that ends last."""
    found = (one for one in desk.snapshot(now).state.emergencies if one.start <= now < one.end)
    return max(found, key=lambda one: one.end, default=None)


def see(desk: Desk, now: datetime) -> Exit:
    """All of it, for its page."""
    kept = desk.store.emergencies
    past, code = kept.past(desk.school), kept.code(desk.school)
    people = {one.by for one in past} | ({code.by} if code else set())
    found = (desk.store.people.person(desk.school, one) for one in sorted(people))
    names = {one.id: one.name for one in found if one is not None}
    host = desk.settings.listen.pupils_host
    return Exit(now, kept.current(desk.school, now), past, code, names, host)


def open_exit(desk: Desk, who: Member, hours: str, now: datetime) -> Outcome[Emergency]:
    """Open it for one of `policy.emergency.HOURS`, for everybody."""
    if who.role not in OFFICE:
        return refused("role")
    if hours not in {str(one) for one in HOURS}:
        return refused("emergency_hours")
    end = end_of(int(hours), now, desk.snapshot(now).policy.schedule)
    return done("emergency_on", desk.store.emergencies.start(desk.school, end, who.id, Way.DESK, now))


def shut_exit(desk: Desk, who: Member, now: datetime) -> Outcome[None]:
    """Close it before its end."""
    if who.role not in OFFICE:
        return refused("role")
    if not desk.store.emergencies.stop(desk.school, who.id, now):
        return refused("emergency_none")
    return done("emergency_off")


def new_code(desk: Desk, who: Member, now: datetime) -> Outcome[str]:
    """A new code for the safe, told once; the old one stops working."""
    if who.role not in OFFICE:
        return refused("role")
    return done("seen", desk.store.emergencies.make_code(desk.school, who.id, now))
