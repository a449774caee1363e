"""Why? The same `decide` as at the proxy, asked by an adult: for whom, what, on what device and when.

What is typed lives for one answer: nothing of it is stored, logged or put in an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.trial import engine_choices
from policy.address import canonical
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Decision,
    DeviceClass,
    Member,
    Period,
    Principal,
    Role,
    Search,
    Snapshot,
    Strength,
)
from policy.program import app_name
from policy.schedule import period_at, zone_of
from policy.wouldchange import Way, ways


class Thing(StrEnum):
    """What is asked about."""

    ADDRESS = "address"
    SEARCH = "search"
    APP = "app"
    PRINT = "print"


DEVICES = (DeviceClass.PHONE, DeviceClass.UNKNOWN)
"""Other things to ask on than the device that somebody has of the school."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The form. `who` is `group:7`, `person:sam` or `role:teacher`; `day` and `clock` as a browser sends them (empty:
    now); `device` a class, or empty for the own device.
    """

    who: str
    thing: Thing = Thing.ADDRESS
    text: str = ""
    device: str = ""
    day: str = ""
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked at `at`, the decision with its trace, and the ways to another one."""

    wish: Wish
    request: AccessRequest
    decision: Decision
    ways: tuple[Way, ...]
    at: datetime
    period: Period


def why(desk: Desk, who: Member, wish: Wish, now: datetime, *, names: bool = True) -> Outcome[Answered]:
    """What somebody would get. `names`: named pupils may be asked about (not on a screen that a class can see)."""
    if who.role not in OFFICE:
        return refused("role")
    snapshot = desk.snapshot(now)
    asker = _asker(wish, snapshot, names=names)
    if asker is None:
        return refused("group")
    at = _moment(wish, snapshot, now)
    if at is None:
        return refused("date")
    request = _request(wish, asker, snapshot)
    if isinstance(request, str):
        return refused(request)
    group = asker.groups[0] if asker.groups and asker.role is Role.PUPIL else None
    answer, ways_ = decide(request, snapshot, at), ways(request, snapshot, at)
    return done("seen", Answered(wish, request, answer, ways_, at, period_at(snapshot.policy.schedule, group, at)))


def _asker(wish: Wish, snapshot: Snapshot, *, names: bool) -> Principal | None:
    """Who asks: a pupil of whom the group is known, a pupil at an own device, or somebody of staff at theirs."""
    kind, _, id_ = wish.who.partition(":")
    if wish.device and wish.device not in DEVICES:
        return None
    other = DeviceClass(wish.device) if wish.device else None
    if kind == "group" and id_ in snapshot.groups:
        return Principal(Role.PUPIL, groups=(id_,), device_class=other or DeviceClass.PUPIL, strength=Strength.GROUP)
    if kind == "role" and id_ in set(Role) - {Role.PUPIL}:
        return Principal(Role(id_), device_class=other or DeviceClass.STAFF, strength=Strength.PROVED)
    member = snapshot.people.get(id_) if kind == "person" and names else None
    if member is None or member.role is not Role.PUPIL:
        return None
    own = next((device.id for device in snapshot.devices.values() if device.person == id_), None)
    return Principal(
        Role.PUPIL, id_, member.groups, None if other else own, other or DeviceClass.PUPIL, Strength.PROVED
    )


def _moment(wish: Wish, snapshot: Snapshot, now: datetime) -> datetime | None:
    """When, by the school's clock; a time without a day is today, a day without a time that day at this hour."""
    if not wish.day and not wish.clock:
        return now
    zone = zone_of(snapshot.policy.schedule.zone)
    local = now.astimezone(zone)
    try:
        day = date.fromisoformat(wish.day) if wish.day else local.date()
        clock = time.fromisoformat(wish.clock) if wish.clock else local.time()
        return datetime.combine(day, clock.replace(tzinfo=None), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _request(wish: Wish, who: Principal, snapshot: Snapshot) -> AccessRequest | str:
    """The question, or the code of what is wrong with it."""
    typed = wish.text.strip()
    match wish.thing:
        case Thing.PRINT:
            return AccessRequest(Action.PRINT, who)
        case Thing.APP:
            name = app_name(typed)
            return AccessRequest(Action.RUN, who, app=name) if name else "name"
        case Thing.SEARCH:
            return _search(typed, who, snapshot) if typed else "trial_typed"
    address = canonical(typed if "://" in typed else f"https://{typed}")
    if address is None or not typed:
        return "url"
    search = snapshot.knowledge.engines.query(address)
    action = Action.SEARCH if search else Action.VISIT
    return AccessRequest(action, who, (address.host,), address, search=search)


def _search(typed: str, who: Principal, snapshot: Snapshot) -> AccessRequest:
    """Search words, typed where children search most."""
    engine, host = next(iter(engine_choices(snapshot)), ("unknown", ""))
    address = canonical(f"https://{host}/") if host else None
    return AccessRequest(Action.SEARCH, who, (host,) if host else (), address, search=Search(engine, typed))
