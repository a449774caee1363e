"""From an empty box to the first lesson: which steps are done, by what really is, and the few things that they do.

No step has a mark of its own: that it is done is read off the rules, the people, the devices and the tests. Only where
keeping what is there is a choice too (the protocol and the times that the box came with), the audit trail says that
somebody made it. It is kept for a year, so that a school looks at both once a year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from config.adopted import FIRST, protocol, template_week, under
from config.differences_told import DifferenceLine, lines_between
from config.holidays_file import Vacation, factory_vacations
from config.load import protocol_names
from config.read import ConfigError
from config.schema_timetable import REGIONS, WEEKDAYS
from config.times import times_of, with_times
from dashboard.actions import office
from dashboard.actions.amending import OFFICE, adopt
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import DeviceClass, Group, Member, Policy, Protocol, Role
from policy.schedule import zone_of
from store.accounts import AccountState
from store.policies import PolicyRevision
from store.self_tests import Probe, Tested

CHOSE_PROTOCOL, CHOSE_TIMES = "begin.protocol", "begin.times"
"""Entries of the audit trail: somebody looked, and kept what the box came with."""
_FROM_A_FILE = re.compile(r"[0-9a-f]{64}")
_SCHOOL_DAYS = WEEKDAYS[:5]
_SHORT = ("wed", "fri")
_AHEAD = timedelta(days=365)
_MOST_NAMES = 60


YEARS = tuple("12345678")


class Step(StrEnum):
    """The steps, in their order."""

    PROTOCOL = "protocol"
    GROUPS = "groups"
    TIMES = "times"
    HOLIDAYS = "holidays"
    PEOPLE = "people"
    DEVICES = "devices"
    CERTIFICATE = "certificate"
    TEACHER = "teacher"
    TEST = "test"


LATER = frozenset({Step.PEOPLE})
"""A lesson can begin without these: a group's device needs no child's name."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a step stands: `done`, and what is there (`count`), or what is waited for (`waits`, a word)."""

    step: Step
    done: bool
    count: int = 0
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Everything that the assistant tells. `by_file`: the rules in force came from the `school.yaml` on the box."""

    stands: tuple[Stand, ...]
    by_file: bool

    @property
    def finished(self) -> bool:
        """Whether a lesson can begin: every step is done but those that may come later."""
        return all(one.done or one.step in LATER for one in self.stands)

    @property
    def next(self) -> Step | None:
        """The first step that is not done; those that may come later last."""
        open_ = [one.step for one in self.stands if not one.done]
        return min(open_, key=lambda step: step in LATER, default=None)


@dataclass(frozen=True, slots=True)
class Choice:
    """A protocol and what it would change; `based_on` is the version that this was worked out on."""

    protocol: Protocol
    lines: tuple[DifferenceLine, ...]
    based_on: int
    same: bool


@dataclass(frozen=True, slots=True)
class Times:
    """A simple week as it is typed: `08:30`; `breaks` are pairs, an empty one is none; `short` is a day's own end."""

    start: str = ""
    end: str = ""
    breaks: tuple[tuple[str, str], ...] = ()
    short: Mapping[str, str] | None = None


def stands(desk: Desk, now: datetime) -> Start:
    """How every step stands."""
    snapshot = desk.snapshot(now)
    tested = desk.store.self_tests.newest(desk.school)
    current = desk.store.policies.current(desk.school)
    said = {entry.what for entry in desk.store.audit.entries(desk.school, what=(CHOSE_PROTOCOL, CHOSE_TIMES))}
    groups = [one for one in snapshot.groups.values() if one.until is None or one.until > now]
    devices = [one for one in snapshot.devices.values() if one.kind is DeviceClass.PUPIL]
    pupils = sum(one.role is Role.PUPIL for one in desk.store.people.persons(desk.school))
    trusted = sum(any(one.went.get(probe) for probe in (Probe.SOCIAL, Probe.WORDS, Probe.FLOOR)) for one in tested)
    chosen = snapshot.policy.protocol.id != FIRST or CHOSE_PROTOCOL in said
    timed = snapshot.policy.schedule.days != template_week().days or CHOSE_TIMES in said
    found = (
        Stand(Step.PROTOCOL, chosen),
        Stand(Step.GROUPS, bool(groups), len(groups)),
        Stand(Step.TIMES, timed),
        _holidays(snapshot.policy, now),
        Stand(Step.PEOPLE, bool(pupils), pupils),
        Stand(Step.DEVICES, bool(devices or desk.settings.listen.groups), len(devices)),
        Stand(Step.CERTIFICATE, bool(trusted), trusted),
        _teacher(desk),
        Stand(Step.TEST, any(one.good for one in tested), sum(one.good for one in tested)),
    )
    return Start(found, current is not None and bool(_FROM_A_FILE.fullmatch(current.origin)))


def finished(desk: Desk, now: datetime) -> bool:
    """Whether a lesson can begin."""
    return stands(desk, now).finished


def _holidays(policy: Policy, now: datetime) -> Stand:
    schedule = policy.schedule
    today = now.astimezone(zone_of(schedule.zone)).date()
    ahead = sum(one.last >= today and one.first <= today + _AHEAD for one in schedule.closures)
    waits = "confirm" if not ahead and schedule.waiting else ""
    return Stand(Step.HOLIDAYS, ahead > 0, ahead, waits)


def _teacher(desk: Desk) -> Stand:
    mine = [one for one in desk.store.accounts.accounts(desk.school) if one.role is Role.TEACHER and one.closes is None]
    ready = [one for one in mine if one.state is AccountState.ACTIVE]
    waits = "link" if not ready and any(one.state is AccountState.NEW for one in mine) else ""
    return Stand(Step.TEACHER, bool(ready), len(ready), waits)


# --- the protocol -----------------------------------------------------------------------------------------------------


def protocols(desk: Desk, now: datetime) -> tuple[Protocol, ...]:
    """The protocols that a school can choose from, its own first."""
    mine = desk.snapshot(now).policy.protocol
    found = [protocol(name) for name in protocol_names()]
    return (mine, *(one for one in found if one.id != mine.id))


def look(desk: Desk, who: Member, name: str, lang: str, now: datetime) -> Outcome[Choice]:
    """What another protocol would change. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    wanted = _under(current, name)
    if current is None or wanted is None:
        return refused("begin_protocol")
    same = current.policy.protocol.id == name
    names = {group.id: group.name for group in desk.snapshot(now).groups.values()}
    lines = () if same else lines_between(current.policy, wanted, lang, knowledge=desk.knowledge, groups=names)
    return done("seen", Choice(wanted.protocol, lines, current.number, same))


def choose(desk: Desk, who: Member, name: str, based_on: int, now: datetime) -> Outcome[object]:
    """Let a protocol hold, if the rules are still those that were looked at; or note that the one in force stays."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    wanted = _under(current, name)
    if current is None or wanted is None:
        return refused("begin_protocol")
    if current.policy.protocol.id != name:
        outcome = adopt(desk, who, wanted, based_on, now, written=current.written)
        if not outcome.ok:
            return Outcome(False, outcome.code)
    desk.store.audit.add(desk.school, who.id, CHOSE_PROTOCOL, now, (name,))
    return done("begin_protocol")


def _under(current: PolicyRevision | None, name: str) -> Policy | None:
    if current is None or (name not in protocol_names() and name != current.policy.protocol.id):
        return None
    if name == current.policy.protocol.id:
        return current.policy
    try:
        return under(current.policy, current.written, name)
    except ConfigError:
        return None


# --- groups and people ------------------------------------------------------------------------------------------------


def add_groups(desk: Desk, who: Member, years: Mapping[str, str], names: str, now: datetime) -> Outcome[object]:
    """Groups 1 to 8 that were ticked (a year to its name), and those typed, a line each (`7a`, `Groep 3/4`)."""
    if who.role not in OFFICE:
        return refused("role")
    known = desk.snapshot(now).groups
    wanted = [(year, name, year) for year, name in years.items() if year in YEARS]
    typed = [" ".join(line.split()) for line in re.split(r"[\n,;]+", names) if line.strip()]
    wanted += [(_code(name), name, " ".join(re.findall(r"[1-8]", name))) for name in typed]
    if not wanted or len(wanted) > _MOST_NAMES or not all(code for code, _, _ in wanted):
        return refused("begin_groups")
    for code, name, numbers in wanted:
        if code not in known:
            outcome: Outcome[Group] = office.put_group(desk, who, code, name, numbers, "", now)
            if not outcome.ok:
                return Outcome(False, outcome.code)
    return done("begin_groups")


def add_pupils(desk: Desk, who: Member, group: str, names: str, now: datetime) -> Outcome[object]:
    """Pupils of one group, a name on a line."""
    typed = list(dict.fromkeys(" ".join(line.split()) for line in names.splitlines() if line.strip()))
    if not typed or len(typed) > _MOST_NAMES:
        return refused("begin_names")
    for name in typed:
        outcome = office.add_pupil(desk, who, name, group, now)
        if not outcome.ok:
            return Outcome(False, outcome.code)
    return done("begin_people")


def _code(name: str) -> str:
    """A short code for a group: `Groep 3/4` is `3-4`."""
    word = re.sub(r"^(groep|group|klas)\s+", "", name.casefold())
    return re.sub(r"[^a-z0-9]+", "-", word).strip("-")[:40]


# --- times and holidays -----------------------------------------------------------------------------------------------


def simple_times(policy: Policy, kept: str) -> Times | None:
    """The week as the simple form has it; None where the school's own says more than that form."""
    values = times_of(policy, kept)
    days: Mapping[str, Any] = values.get("days") or {}
    if values.get("groups") or set(days) != set(_SCHOOL_DAYS):
        return None
    typed = _of_day(days["mon"])
    if typed is None:
        return None
    ends = {day: _end(days[day]) for day in _SHORT}
    found = Times(typed.start, typed.end, typed.breaks, {day: end for day, end in ends.items() if end != typed.end})
    return found if _days(found) == {day: _plain(days[day]) for day in _SCHOOL_DAYS} else None


def set_times(desk: Desk, who: Member, typed: Times, based_on: int, now: datetime) -> Outcome[object]:
    """Let a simple week hold for everybody; groups with a week of their own keep that."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None:
        return refused("gone")
    values = {**times_of(current.policy, current.written), "days": _days(typed)}
    try:
        policy, written = with_times(current.policy, current.written, values)
    except ConfigError:
        return refused("begin_times")
    if policy != current.policy:
        outcome = adopt(desk, who, policy, based_on, now, written=written)
        if not outcome.ok:
            return Outcome(False, outcome.code)
    return keep_times(desk, who, now)


def keep_times(desk: Desk, who: Member, now: datetime) -> Outcome[object]:
    """Note that somebody looked at the times, and that they are right."""
    if who.role not in OFFICE:
        return refused("role")
    desk.store.audit.add(desk.school, who.id, CHOSE_TIMES, now)
    return done("begin_times")


def vacations(region: str, now: datetime) -> tuple[Vacation, ...]:
    """The holidays of a region that are not over."""
    return tuple(one for one in factory_vacations().of(region) if one.last >= now.date())


def region_of(policy: Policy, kept: str) -> str:
    """The region that the school follows; empty when it chose none."""
    found = times_of(policy, kept).get("holidays")
    return str(found.get("region", "")) if isinstance(found, dict) else ""


def set_region(desk: Desk, who: Member, region: str, based_on: int, now: datetime) -> Outcome[object]:
    """Follow the school holidays of a region; whoever says so looked at the dates of the coming ones."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None or region not in REGIONS:
        return refused("begin_region")
    values = times_of(current.policy, current.written)
    years = list(dict.fromkeys(one.year for one in vacations(region, now)))
    old = values.get("holidays")
    before = list(old.get("confirmed", [])) if isinstance(old, dict) and old.get("region") == region else []
    values = {**values, "holidays": {"region": region, "confirmed": sorted({*before, *years})}}
    try:
        policy, written = with_times(current.policy, current.written, values)
    except ConfigError:
        return refused("begin_region")
    outcome = adopt(desk, who, policy, based_on, now, written=written)
    return done("begin_region") if outcome.ok else Outcome(False, outcome.code)


def _days(typed: Times) -> dict[str, dict[str, list[str]]]:
    short = typed.short or {}
    return {day: _day(typed, short.get(day) or typed.end) for day in _SCHOOL_DAYS}


def _day(typed: Times, end: str) -> dict[str, list[str]]:
    """One day as it is written; a break that begins when school is out is none."""
    breaks = [f"{first}-{last}" for first, last in typed.breaks if (first or last) and not (last and last > end)]
    found = {"lessons": [f"{typed.start}-{end}"]}
    return found | ({"breaks": breaks} if breaks else {})


def _of_day(day: Any) -> Times | None:
    lessons, breaks = list(day.get("lessons", [])), list(day.get("breaks", []))
    if day.get("free") or not lessons:
        return None
    pairs = tuple((first, last) for first, _, last in (one.partition("-") for one in breaks))
    spans = sorted([*lessons, *breaks])
    return Times(spans[0].partition("-")[0], _end(day), pairs)


def _plain(day: Any) -> dict[str, list[str]]:
    """A day in the form's own words: one stretch of lessons with the breaks in it."""
    typed = _of_day(day)
    return {} if typed is None else _day(typed, typed.end)


def _end(day: Any) -> str:
    spans = [*day.get("lessons", []), *day.get("breaks", [])]
    return max((str(one).partition("-")[2] for one in spans), default="")


def tested(desk: Desk) -> tuple[Tested, ...]:
    """The newest test of each device."""
    return desk.store.self_tests.newest(desk.school)
