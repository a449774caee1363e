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

from config.adopted import FIRST, protocol, template_week, under
from config.differences_told import DifferenceLine, lines_between
from config.load import protocol_names
from config.read import ConfigError
from dashboard.actions import office
from dashboard.actions.amending import OFFICE, adopt
from dashboard.actions.begin_times import CHOSE_TIMES
from dashboard.actions.desk import Desk, Outcome, done, refused
from policy.model import DeviceClass, Group, Member, Policy, Protocol, Role
from policy.schedule import zone_of
from store.accounts import AccountState
from store.policies import PolicyRevision
from store.self_tests import Probe, Tested

CHOSE_PROTOCOL = "begin.protocol"
"""Entry of the audit trail: somebody looked, and kept what the box came with."""
_FROM_A_FILE = re.compile(r"[0-9a-f]{64}")
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
    outcome = _under(desk, who, name)
    if outcome.value is None:
        return Outcome(False, outcome.code)
    current, wanted = outcome.value
    same = current.policy.protocol.id == name
    names = {group.id: group.name for group in desk.snapshot(now).groups.values()}
    lines = () if same else lines_between(current.policy, wanted, lang, knowledge=desk.knowledge, groups=names)
    return done("seen", Choice(wanted.protocol, lines, current.number, same))


def choose(desk: Desk, who: Member, name: str, based_on: int, now: datetime) -> Outcome[object]:
    """Let a protocol hold, if the rules are still those that were looked at; or note that the one in force stays."""
    outcome = _under(desk, who, name)
    if outcome.value is None:
        return Outcome(False, outcome.code)
    current, wanted = outcome.value
    if current.policy.protocol.id != name:
        kept = adopt(desk, who, wanted, based_on, now, written=current.written)
        if not kept.ok:
            return Outcome(False, kept.code)
    desk.store.audit.add(desk.school, who.id, CHOSE_PROTOCOL, now, (name,))
    return done("begin_protocol")


def _under(desk: Desk, who: Member, name: str) -> Outcome[tuple[PolicyRevision, Policy]]:
    """The version in force, and the school's rules as they would be under a protocol."""
    if who.role not in OFFICE:
        return refused("role")
    current = desk.store.policies.current(desk.school)
    if current is None or (name not in protocol_names() and name != current.policy.protocol.id):
        return refused("begin_protocol")
    if name == current.policy.protocol.id:
        return done("seen", (current, current.policy))
    try:
        return done("seen", (current, under(current.policy, current.written, name)))
    except ConfigError:
        return refused("begin_protocol")


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


def tested(desk: Desk) -> tuple[Tested, ...]:
    """The newest test of each device."""
    return desk.store.self_tests.newest(desk.school)
