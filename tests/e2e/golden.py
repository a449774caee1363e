"""Golden cases as a real school: every case gets a group, people and a device of its own in one real database.

So all cases of a protocol can be asked of one running guard, by the real clock: the group's week is all lesson, all
break or no school, as the case's moment was, and what the case says of times is moved to now.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cli.check import Checker
from cli.question import QuestionLine, read_question
from cli.state_line import policy_of as policy_with
from cli.state_line import state_of
from config import load
from config.read import read_yaml
from policy.agreed import in_its_lesson
from policy.model import (
    AccessRequest,
    Action,
    Decision,
    Device,
    DeviceClass,
    Effect,
    Grant,
    Group,
    Lease,
    PeriodKind,
    Policy,
    Principal,
    Role,
    Schedule,
    Slot,
    Span,
    Strength,
)
from policy.schedule import period_at, zone_of
from store import Store
from store.people import Person
from tests.cast import noon_zone

CASES = Path(__file__).parent.parent / "cases"
SCHOOL = "school"
BY = "test"
DAY = timedelta(days=1)
_WEEK = range(7)
_FULL_DAY = (time(0, 0), time.max)


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is asked, what `decide` says to it, and where this case lives in the golden school."""

    id: str
    number: int
    question: QuestionLine
    expect: Mapping[str, Any]
    request: AccessRequest
    decision: Decision
    at: datetime

    @property
    def group(self) -> str:
        return f"g{self.number}"

    @property
    def address(self) -> str:
        """The device's own loopback address."""
        return f"127.0.{1 + self.number // 200}.{1 + self.number % 200}"

    @property
    def device(self) -> str:
        return f"d{self.number}"

    @property
    def key(self) -> str:
        return f"key-of-{self.number}"

    @property
    def proved(self) -> bool:
        return self.request.who.strength is Strength.PROVED or self.request.who.role is not Role.PUPIL

    def person(self, name: str) -> str:
        return f"{name}-{self.number}"


def http_cases(protocol: str) -> list[Case]:
    """The cases of a protocol (kalisto where a case names none) that can be said over http, https or a WebSocket."""
    found: list[Case] = []
    checker = Checker(protocol=protocol)
    for file in sorted(CASES.glob("*.yaml")):
        for row in read_yaml(file.read_bytes(), file.name).value:
            question = read_question(row["input"])
            if (question.protocol or "kalisto") != protocol or question.app is not None:
                continue
            if question.url is not None and not re.match(r"(https?|wss?)://", question.url):
                continue
            if question.action in {Action.PRINT, Action.RUN, Action.CONNECT}:
                continue
            if question.released or (question.state and question.state.interns_permit is not None):
                continue  # a second thought has tests of its own; one school cannot choose two ways
            if question.state and question.state.emergency is not None:
                continue  # an emergency is of the whole school: `test_emergency` has a school for it
            request, decision = checker.ask(question)
            at = question.at or datetime.now(UTC)
            if not _runs(checker, question, at):
                continue  # an agreement past its bell: here a lesson lasts all day
            # Staff's hours are the school's day, which is all lesson here.
            if request.who.role is not Role.PUPIL and _kind_at(checker, question, at) is PeriodKind.OUTSIDE:
                continue
            found.append(Case(row["id"], len(found) + 1, question, row["expect"], request, decision, at))
    return found


def _kind_at(checker: Checker, question: QuestionLine, at: datetime) -> PeriodKind:
    return period_at(checker._snapshot(question).policy.schedule, None, at).kind


def _runs(checker: Checker, question: QuestionLine, at: datetime) -> bool:
    """Whether the agreements of a case are for the lesson of its moment."""
    schedule, agreements = (
        checker._snapshot(question).policy.schedule,
        state_of(question.state).agreements if question.state else (),
    )
    period = period_at(schedule, question.group, at)
    return all(in_its_lesson(one, period, schedule, question.group) for one in agreements)


def hosts_of(cases: list[Case]) -> list[str]:
    """Every name that the cases say, without addresses."""
    names = {host for case in cases for host in case.request.hosts}
    return sorted(name for name in names if re.search(r"[a-z]", name) and ":" not in name)


@dataclass
class GoldenSchool:
    """Writes the cases of one protocol into a store."""

    store: Store
    cases: list[Case]
    now: datetime
    _others: set[str] = field(default_factory=set)

    def write(self, policy: Policy) -> None:
        """Everything, before the guard starts."""
        self._policy(policy)
        for case in self.cases:
            self.store.people.put_group(SCHOOL, Group(case.group, case.id), BY, self.now)
            self._others |= set(self._elsewhere(case))
        for group in sorted(self._others):
            self.store.people.put_group(SCHOOL, Group(group, group), BY, self.now)
        for case in self.cases:
            self._people(case)
            self._device(case)
            self._state(case)

    def _policy(self, policy: Policy) -> None:
        lesson = {day: (Slot(PeriodKind.LESSON, *_FULL_DAY),) for day in _WEEK}
        pause = {day: (Slot(PeriodKind.BREAK, *_FULL_DAY),) for day in _WEEK}
        weeks = {PeriodKind.LESSON: lesson, PeriodKind.BREAK: pause, PeriodKind.OUTSIDE: dict.fromkeys(_WEEK, ())}
        mine: dict[str, Mapping[int, tuple[Slot, ...]]] = {}
        for case in self.cases:
            kind = period_at(policy.schedule, case.question.group, case.at).kind
            mine[case.group] = weeks[kind]
            if not _has_group(case):
                assert kind is PeriodKind.LESSON, f"{case.id}: a stranger has no group to have a week of its own"
        rules = tuple(
            replace(rule, groups=rule.groups | {c.group for c in self.cases if c.question.group in rule.groups})
            if rule.groups
            else rule
            for rule in policy.rules
        )
        changed = replace(policy, schedule=Schedule(noon_zone(self.now), days=lesson, groups=mine), rules=rules)
        for case in self.cases:
            if case.question.state is not None:
                changed = policy_with(case.question.state, changed)
        written = self.store.policies.add(SCHOOL, changed, "golden", BY, self.now, based_on=0)
        assert written is not None

    def _people(self, case: Case) -> None:
        people = [Person(case.person(name), Role.PUPIL, name, (case.group,)) for name in sorted(self._names(case))]
        if case.request.who.role is not Role.PUPIL:
            people.append(Person(case.person("staff"), case.request.who.role, "staff", (case.group,)))
        if people:
            self.store.people.put_people(SCHOOL, people, BY, self.now)

    def _names(self, case: Case) -> set[str]:
        """Every pupil that the case speaks of."""
        state = case.question.state
        names = {case.question.pupil} if case.question.pupil else set()
        if state is not None:
            names |= {name for grant in state.grants if isinstance(grant.to, list) for name in grant.to}
            names |= {one.pupil for one in state.sanctions} | set(state.consents)
            names |= {one.pupil for one in state.care if one.pupil}
            names |= set(state.agreement.pupils) if state.agreement else set()
        return {name for name in names if name}

    def _device(self, case: Case) -> None:
        """The device that makes the guard as sure of who asks as the case says, and no surer."""
        who = case.request.who
        if who.device_class is DeviceClass.UNKNOWN or (who.strength is Strength.NONE and _is_pupils(who)):
            return
        staff = who.role is not Role.PUPIL
        # A digiboard is nobody's; at a pupil's device staff sit by a lease only.
        owns = who.device_class in {DeviceClass.STAFF, DeviceClass.PHONE}
        owner = case.person("staff") if staff and owns else None
        if not staff and who.person and who.strength is Strength.PROVED:
            owner = case.person(who.person)
        device = Device(
            case.device,
            case.id,
            who.device_class,
            case.group if _has_group(case) else None,
            owner,
            addresses=() if case.proved else (f"{case.address}/32",),
            key_hash=hashlib.sha256(case.key.encode()).hexdigest() if case.proved else None,
        )
        self.store.devices.put(SCHOOL, device, BY, self.now)
        sits = "staff" if staff and who.device_class is DeviceClass.PUPIL else ""
        if not staff and who.strength is Strength.CLAIMED:
            sits = who.person or ""
        if sits:
            lease = Lease(case.device, case.person(sits), self.now - DAY, self.now + DAY, BY)
            self.store.devices.lease(SCHOOL, lease, self.now)

    def _state(self, case: Case) -> None:
        line = case.question.state
        if line is None:
            return
        state = state_of(line)
        store, now = self.store, self.now
        for grant in state.grants:
            if grant.roles and case.request.who.role not in grant.roles:
                continue  # not for the one who asks
            store.grants.add(SCHOOL, self._moved(case, grant), now)
        for ban in state.sanctions:
            start, end = self._when(case, ban.start), self._when(case, ban.end)
            moved = replace(ban, id="", person=case.person(ban.person), start=start, end=end, by=BY, lifted=())
            made = store.measures.add_sanction(SCHOOL, moved, now)
            for first, last in ban.lifted:
                lifted = store.measures.lift_for_now(
                    SCHOOL, made.id, self._when(case, last), BY, self._when(case, first)
                )
                assert lifted
        for group in state.consented_groups:
            store.people.set_group_consent(SCHOOL, self._group(case, group), True, BY, now)
        for name, agreed in state.consents.items():
            store.people.set_consent(SCHOOL, case.person(name), agreed, BY, now)
        for care in state.care:
            whose = case.person(care.person) if care.person else None
            store.measures.add_care(SCHOOL, replace(care, id="", person=whose), BY, now)
        for agreement in state.agreements:
            moved_agreement = replace(
                agreement,
                id="",
                start=self._today(case, agreement.start),
                end=self._when(case, agreement.end),
                groups=frozenset(self._group(case, group) for group in agreement.groups),
                people=frozenset(case.person(name) for name in agreement.people),
                by=BY,
            )
            store.measures.start_agreement(SCHOOL, moved_agreement, now)
        for span in state.pauses:
            store.measures.pause(SCHOOL, Span(self._group(case, span.group), now - DAY, now + DAY, BY), now)
        for span in state.rainy:
            store.measures.rain(SCHOOL, Span(self._group(case, span.group), now - DAY, now + DAY, BY), now)

    def _moved(self, case: Case, grant: Grant) -> Grant:
        """The grant for the people of this case; what is for a whole role would be for every case of the school."""
        mine = {case.group} if grant.roles else {self._group(case, group) for group in grant.groups}
        return replace(
            grant,
            id="",
            start=self._today(case, grant.start),
            end=self._when(case, grant.end),
            by=BY,
            groups=frozenset(mine),
            people=frozenset(case.person(name) for name in grant.people),
            roles=frozenset(),
        )

    def _when(self, case: Case, moment: datetime) -> datetime:
        """A moment of the case, as far from now as it was from the case's own moment; for ever is a day."""
        return self.now + max(-DAY, min(DAY, _apart(moment, case.at)))

    def _today(self, case: Case, moment: datetime) -> datetime:
        """The same, not before this day's lesson: an agreement holds in its own, and what joins it comes after it."""
        zone = zone_of(noon_zone(self.now))
        morning = self.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(morning.astimezone(UTC), self._when(case, moment))

    def _group(self, case: Case, group: str) -> str:
        return case.group if group == case.question.group else f"{group}-{case.number}"

    def _elsewhere(self, case: Case) -> Iterator[str]:
        """Groups that the case names and that are not its own."""
        line = case.question.state
        if line is None:
            return
        named = [grant.to for grant in line.grants if isinstance(grant.to, str)]
        named += [*line.pause, *line.rainy, *line.consented_groups]
        if line.agreement and line.agreement.group:
            named.append(line.agreement.group)
        yield from (self._group(case, group) for group in named if group != case.question.group)


def _apart(moment: datetime, at: datetime) -> timedelta:
    return moment - at if abs(moment.year - at.year) < 2 else (DAY if moment > at else -DAY)


def _is_pupils(who: Principal) -> bool:
    return who.role is Role.PUPIL and who.device_class is DeviceClass.PUPIL


def _has_group(case: Case) -> bool:
    """Whether the guard can know a group: a stranger and an alarm have none."""
    who = case.request.who
    return case.question.group is not None or who.role is not Role.PUPIL


def expected(case: Case) -> Effect:
    """What `decide` says, which is also what the case expects."""
    assert str(case.expect["effect"]) == case.decision.effect.value, case.id
    return case.decision.effect


def policy_of(protocol: str) -> Policy:
    """The policy of a school that says nothing but its protocol."""
    return load.factory_policy(protocol)
