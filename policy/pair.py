"""Two policies side by side, each made a school where everything that either names has its made-up host or program.

A category stands for all of its hosts by one made-up host, the day by one lesson, one break and one evening. What is
asked of the two is in `policy.probes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from enum import StrEnum

from policy import kinds
from policy.match import HostIndex, Layers
from policy.model import (
    DeviceClass,
    Facet,
    Gate,
    Knowledge,
    PeriodKind,
    Policy,
    Principal,
    Role,
    Rule,
    Schedule,
    Slot,
    Snapshot,
    State,
    Strength,
)

ELSEWHERE = ""
"""Stands among categories and groups for what no rule names."""
MOMENTS = {
    PeriodKind.LESSON: datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    PeriodKind.BREAK: datetime(2026, 11, 23, 10, 30, tzinfo=UTC),
    PeriodKind.OUTSIDE: datetime(2026, 11, 23, 20, tzinfo=UTC),
}
_DAY = (
    Slot(PeriodKind.LESSON, time(9), time(10)),
    Slot(PeriodKind.BREAK, time(10), time(11)),
)
_WEEK = Schedule(zone="UTC", days={0: _DAY})
_NONE: frozenset[str] = frozenset()


class Schools(StrEnum):
    """Which two schools are asked: without reminders, with reminders alone, or with the words as they really are."""

    PLAIN = "plain"
    REMINDING = "reminding"
    LEXICAL = "lexical"


class Pair:
    """Two policies side by side: the schools of the probes, and what in their rules is not the same.

    `groups` are those that a rule tells apart, and one that none does.
    """

    def __init__(self, adopted: Policy, own: Policy, knowledge: Knowledge) -> None:
        self.policies = (adopted, own)
        self.rules = (*adopted.rules, *own.rules)
        self.changed = frozenset(adopted.rules) ^ frozenset(own.rules)
        self.groups = [ELSEWHERE, *sorted(_NONE.union(*(rule.groups for rule in self.rules)))]
        both = self.policies
        self.schools = {
            # A reminder takes no rule's place and none takes its: the two are asked apart.
            Schools.PLAIN: tuple(_school(p, self, knowledge, lambda rule: not is_reminder(rule)) for p in both),
            Schools.REMINDING: tuple(_school(p, self, knowledge, is_reminder) for p in both),
            Schools.LEXICAL: tuple(Snapshot(0, "words", replace(p, schedule=_WEEK), knowledge) for p in both),
        }

    def of(self, about: Facet | Gate, *, changed: bool = True) -> tuple[Rule, ...]:
        """The rules of a facet or gate that only one of the two has; or all that either has."""
        rules = self.changed if changed else self.rules
        return tuple(rule for rule in rules if about in (rule.facet, rule.gate))

    def categories(self) -> list[str]:
        """Every category that either names, and elsewhere."""
        named = _NONE.union(*(rule.categories for rule in self.rules), *(policy.lists for policy in self.policies))
        return [ELSEWHERE, *sorted(named)]

    def app_kinds(self) -> list[str]:
        """Everything that either names programs by: kinds and names."""
        return sorted(_NONE.union(*(rule.apps for rule in self.rules), *(r.categories for r in self.of(Facet.APP))))


def host_of(category: str) -> str:
    """The made-up host that stands for a category."""
    return f"{category or 'elders'}.invalid"


def is_reminder(rule: Rule) -> bool:
    """Whether a rule only asks to read something before a page opens."""
    return rule.facet is Facet.PLACE and rule.second_thought


def _school(policy: Policy, pair: Pair, knowledge: Knowledge, speaks: Callable[[Rule], bool]) -> Snapshot:
    """A school with those rules of a policy where every category has its host, every kind of program a program."""
    hosts = {category: (host_of(category),) for category in pair.categories()}
    if not policy.hold_unknown:
        hosts[ELSEWHERE] = (host_of(ELSEWHERE), *hosts.pop(kinds.UNKNOWN, ()))
    known = replace(
        knowledge,
        categories=Layers((HostIndex.of(hosts), knowledge.categories)),
        apps={**knowledge.apps, **{f"{kind}.invalid": kind for kind in pair.app_kinds()}},
    )
    rules = tuple(rule for rule in policy.rules if speaks(rule))
    plain = replace(policy, rules=rules, schedule=_WEEK, terms=(), passed_words=())
    return Snapshot(0, "differences", plain, known, state=State())


def who(role: Role, group: str, device: DeviceClass | None = None) -> Principal:
    """Somebody of a role in a group, at a device of their own unless told."""
    own = DeviceClass.PUPIL if role is Role.PUPIL else DeviceClass.STAFF
    return Principal(role, "somebody", (group or "-",), device_class=device or own, strength=Strength.PROVED)
