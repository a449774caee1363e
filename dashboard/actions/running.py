"""What somebody left running: permissions, agreements, tests, attention and rain that nobody looks after any more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.actions import agreement, group, permission
from dashboard.actions.desk import Desk, Outcome, refused
from policy.authority import may_act_for
from policy.model import Agreement, Grant, Member, Role, Snapshot, Span
from policy.printer import for_one_job


class Kind(StrEnum):
    """What runs."""

    PERMISSION = "permission"
    AGREEMENT = "agreement"
    TEST = "test"
    ATTENTION = "attention"
    RAIN = "rain"


@dataclass(frozen=True, slots=True)
class Running:
    """One thing that runs in a group until `end` (UTC). `id` is empty where a group has one at most."""

    kind: Kind
    group: str
    end: datetime
    by: str
    id: str = ""
    grant: Grant | None = None
    agreement: Agreement | None = None

    @property
    def key(self) -> str:
        """What a form sends to stop just this."""
        return f"{self.kind.value}:{self.id}"


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A test whose teacher has not looked for a while; `name` is theirs, or empty."""

    test: Running
    name: str


def running(snapshot: Snapshot, groups: Collection[str], now: datetime) -> tuple[Running, ...]:
    """What runs in these groups now, what ends first on top. What stands for staff is nobody's lesson."""
    found = [one for name in groups for one in _in_group(snapshot, name, now)]
    return tuple(sorted(found, key=lambda one: (one.end, one.group, one.kind, one.id)))


def left_by(desk: Desk, who: Member, now: datetime, *, beside: str = "") -> tuple[Running, ...]:
    """What `who` began and what still runs, in the groups that they may act for, without the group `beside`.

    A duo colleague's own lesson is not in it: that is not forgotten, somebody else is at work there.
    """
    snapshot = desk.snapshot(now)
    interns = snapshot.policy.interns_permit  # asked of one snapshot: of the desk it were a question a group
    groups = [name for name in snapshot.groups if name != beside and may_act_for(who, name, interns=interns)]
    return tuple(one for one in running(snapshot, groups, now) if one.by == who.id)


def stop(desk: Desk, who: Member, group_id: str, key: str, now: datetime) -> Outcome[None]:
    """Stop one thing of a group now, whoever began it."""
    if not desk.may_act_for(who, group_id, now):
        return refused("not_yours")
    mine = [one for one in running(desk.snapshot(now), [group_id], now) if one.key == key]
    if not mine:
        return refused("ended")
    return _stop(desk, who, mine[0], now)


def stop_all(desk: Desk, who: Member, now: datetime) -> int:
    """Stop everything that `who` left running; how many that were."""
    return sum(1 for one in left_by(desk, who, now) if _stop(desk, who, one, now).ok)


def unwatched(
    desk: Desk, who: Member, group_id: str, now: datetime, away: Callable[[str], bool]
) -> tuple[Unwatched, ...]:
    """Tests of a group that a colleague began who has Mijn les open no longer (`away`, by person id)."""
    tests = [one for one in _in_group(desk.snapshot(now), group_id, now) if one.kind is Kind.TEST]
    alone = [one for one in tests if one.by != who.id and away(one.by)]
    people = {one.by: desk.store.people.person(desk.school, one.by) for one in alone}
    names = {by: person.name if person else "" for by, person in people.items()}
    return tuple(Unwatched(one, names[one.by]) for one in alone)


def _stop(desk: Desk, who: Member, one: Running, now: datetime) -> Outcome[None]:
    match one.kind:
        case Kind.PERMISSION:
            outcome = permission.stop(desk, who, one.group, one.id, now)
            return Outcome(outcome.ok, outcome.code)
        case Kind.AGREEMENT | Kind.TEST:
            return agreement.stop(desk, who, one.group, one.id, now)
        case Kind.ATTENTION:
            return group.resume(desk, who, one.group, now)
        case Kind.RAIN:
            return group.dry(desk, who, one.group, now)


def _in_group(snapshot: Snapshot, name: str, now: datetime) -> Iterable[Running]:
    state = snapshot.state
    pupils = frozenset(one.id for one in snapshot.people.values() if one.role is Role.PUPIL and name in one.groups)
    for grant in state.grants:
        for_lessons = not grant.roles and not for_one_job(grant)
        if grant.start <= now < grant.end and for_lessons and _about(grant, name, pupils):
            yield Running(Kind.PERMISSION, name, grant.end, grant.by, grant.id, grant=grant)
    for agreed in agreement.running(snapshot, name, now):
        kind = Kind.TEST if agreed.test else Kind.AGREEMENT
        yield Running(kind, name, agreed.end, agreed.by, agreed.id, agreement=agreed)
    for kind, spans in ((Kind.ATTENTION, state.pauses), (Kind.RAIN, state.rainy)):
        yield from (Running(kind, name, span.end, span.by) for span in spans if _holds(span, name, now))


def _about(one: Grant | Agreement, name: str, pupils: frozenset[str]) -> bool:
    return name in one.groups or not one.people.isdisjoint(pupils)


def _holds(span: Span, name: str, now: datetime) -> bool:
    return span.group == name and span.start <= now < span.end


def closes_with(found: Iterable[Running], end: datetime) -> tuple[Running, ...]:
    """Of what runs that which is over by itself when the lesson ends at `end`."""
    return tuple(one for one in found if one.end <= end and one.kind is not Kind.RAIN)
