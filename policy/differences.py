"""What a school does otherwise than the protocol that it adopted: stricter, looser or just otherwise, by what happens.

Not the words of the rules are compared but the answers: every thing that a rule names is asked of both, for every role
and group that a rule tells apart, in a lesson, in a break and outside school. Without a grant, a ban or any other
measure: those are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from policy import gates, kinds
from policy.asking import Asking, lift_rank
from policy.model import (
    PERSONAL_TYPES,
    AccessRequest,
    Action,
    BasisKind,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    Knowledge,
    LiftableBy,
    PeriodKind,
    Policy,
    Principal,
    Role,
    Snapshot,
)
from policy.pair import ELSEWHERE, MOMENTS, Pair, Schools, who
from policy.probes import MEDIA, Probe, Subject, probes
from policy.weighing import STRICTNESS, Word

INTERNS = "interns"
type _Told = tuple[str, str, Role, str, PeriodKind, Stand, Stand]
_ANYTHING = AccessRequest(Action.VISIT, Principal(Role.PUPIL))


class Bearing(StrEnum):
    """Which way a school differs. `other`: stricter in one thing and looser in another (closed, but for a teacher)."""

    STRICTER = "stricter"
    LOOSER = "looser"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stand:
    """What one policy says of something: the effect, and what it takes to lift it; nothing more when it is open.

    `basis`, `clause` and `decided` are of the rule that speaks (None: no rule does); `rules` its id. `listed`: it is
    open because the school named it among its open sites.
    """

    effect: Effect = Effect.ALLOW
    liftable_by: LiftableBy | None = None
    consent: bool = False
    second_thought: bool = False
    basis: BasisKind | None = None
    clause: str | None = None
    decided: date | None = None
    listed: bool = False
    rules: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def behaviour(self) -> tuple[object, ...]:
        """What anybody would notice of it."""
        return self.effect, self.liftable_by, self.consent, self.second_thought


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the school does otherwise. Empty `groups` means all; `but` are groups for which it is not so.

    `rules` are the ids on both sides, for a school that looks for the place in its file.
    """

    bearing: Bearing
    subject: Subject
    adopted: Stand
    own: Stand
    roles: frozenset[Role] = frozenset()
    periods: frozenset[PeriodKind] = frozenset()
    groups: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()

    @property
    def rules(self) -> frozenset[str]:
        """The rules that speak on either side."""
        return self.adopted.rules | self.own.rules


def differences(adopted: Policy, own: Policy, knowledge: Knowledge) -> tuple[Difference, ...]:
    """What `own` does otherwise than `adopted`, gathered: looser first, then stricter, then other.

    Empty: both decide the same about everything, timetables and the school's own names and facts aside.
    """
    pair = Pair(adopted, own, knowledge)
    shut, asked, told = _Shut(pair), tuple(probes(pair)), set[_Told]()
    found = [one for probe in asked for one in _of_probe(pair, probe, shut, told)]
    whole = [*_gathered(found, asked), *_interns(adopted, own)]
    order = (Bearing.LOOSER, Bearing.STRICTER, Bearing.OTHER)
    return tuple(sorted(whole, key=lambda one: order.index(one.bearing)))


def bearing(adopted: Stand, own: Stand) -> Bearing | None:
    """Which way `own` differs from `adopted`; None: not at all."""
    if adopted.behaviour == own.behaviour:
        return None
    if _at_least(own, adopted):
        return Bearing.STRICTER
    return Bearing.LOOSER if _at_least(adopted, own) else Bearing.OTHER


def _at_least(one: Stand, other: Stand) -> bool:
    """Whether `one` is nowhere looser than `other`."""
    if other.effect is Effect.ALLOW:
        return True
    if one.effect is Effect.ALLOW or STRICTNESS[one.effect] < STRICTNESS[other.effect]:
        return False
    harder = lift_rank(one.liftable_by or LiftableBy.TEACHER) >= lift_rank(other.liftable_by or LiftableBy.TEACHER)
    by_itself = one.second_thought and not other.second_thought
    # What nobody lifts, no parents' consent lifts either.
    asks_home = one.consent or one.liftable_by is LiftableBy.NOBODY or not other.consent
    return harder and asks_home and not by_itself


class _Shut:
    """For whom the computer is closed in breaks in both: what else a rule says of a break is never noticed there."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._known: dict[tuple[Role, str], bool] = {}

    def for_(self, role: Role, group: str) -> bool:
        key = (role, group)
        if key not in self._known:
            probe = Probe(Subject(Gate.BREAK), _ANYTHING, gates.break_, ())
            stands = (
                _stand(school, probe, role, group, PeriodKind.BREAK) for school in self._pair.schools[Schools.PLAIN]
            )
            self._known[key] = all(stand.effect is not Effect.ALLOW for stand in stands)
        return self._known[key]


def _of_probe(pair: Pair, probe: Probe, shut: _Shut, told: set[_Told]) -> list[Difference]:
    """The differences in one thing, with all periods, roles and groups of each; `told` are those of whole categories.

    A site of a category that differs in the same way is no difference of its own.
    """
    found: list[Difference] = []
    subject = probe.subject
    inside = subject.categories or _categories(pair, probe)
    for role in sorted(frozenset[Role]().union(*(rule.roles for rule in probe.rules))):
        for group in pair.groups:
            for period in probe.periods:
                if period is PeriodKind.BREAK and subject.about != Gate.BREAK and shut.for_(role, group):
                    continue
                one = _difference(pair, probe, role, group, period)
                if one is None:
                    continue
                same = {(subject.about, name, role, group, period, one.adopted, one.own) for name in inside}
                if subject.categories:
                    told |= same
                if subject.categories or told.isdisjoint(same):
                    found.append(one)
    for name in ("periods", "groups", "roles"):
        found = _together(found, name)
    return [_named_groups(one, frozenset(pair.groups)) for one in found]


def _categories(pair: Pair, probe: Probe) -> frozenset[str]:
    if not probe.subject.sites or probe.subject.about not in (Facet.PLACE, "reminder"):
        return frozenset()
    return frozenset[str]().union(
        *(kinds.of_host(probe.request.hosts[0], school) for school in pair.schools[Schools.PLAIN])
    )


def _difference(pair: Pair, probe: Probe, role: Role, group: str, period: PeriodKind) -> Difference | None:
    schools = pair.schools[probe.of]
    adopted, own = (_stand(school, probe, role, group, period) for school in schools)
    way = bearing(adopted, own)
    if way is None:
        return None
    own = _by_decision(own, adopted, schools[1])
    return Difference(way, probe.subject, adopted, own, frozenset({role}), frozenset({period}), frozenset({group}))


def _stand(school: Snapshot, probe: Probe, role: Role, group: str, period: PeriodKind) -> Stand:
    device = next(iter(probe.subject.devices), None)
    request = replace(probe.request, who=who(role, group, DeviceClass(device) if device else None))
    asking = Asking(request, school, MOMENTS[period])
    answer = probe.answer(asking)
    spoke = _rule_of(answer, asking)
    rule = school.rules.get(spoke) if spoke else None
    if rule is None:
        return Stand(listed=any(step.detail == "opened by the school" for step in asking.trace))
    ground = Stand(
        basis=rule.basis.kind, clause=rule.basis.clause, decided=rule.basis.decided, rules=frozenset({rule.id})
    )
    if answer is None or answer.effect is Effect.ALLOW:
        return ground
    return replace(
        ground,
        effect=answer.effect,
        liftable_by=rule.liftable_by,
        consent=rule.consent,
        second_thought=rule.second_thought,
    )


def _by_decision(own: Stand, adopted: Stand, school: Snapshot) -> Stand:
    """With the date of the decision by which nothing speaks here any more: it has the id of the rule that did."""
    if own.basis is not None or own.listed:
        return own
    instead = (school.rules[name] for name in sorted(adopted.rules) if name in school.rules)
    rule = next((rule for rule in instead if rule.basis.decided is not None), None)
    if rule is None:
        return own
    return replace(own, basis=rule.basis.kind, decided=rule.basis.decided, rules=frozenset({rule.id}))


def _rule_of(answer: Word | Decision | None, asking: Asking) -> str | None:
    """The rule that gave the answer; of an open thing the one that opened it, if any."""
    if isinstance(answer, Decision):
        return answer.rules[0] if answer.rules else None
    if answer is not None and answer.rules:
        return answer.rules[0].id
    return next((step.rule for step in reversed(asking.trace) if step.rule), None)


def _interns(adopted: Policy, own: Policy) -> Iterator[Difference]:
    """Whether an intern may give permissions."""
    if adopted.interns_permit is not own.interns_permit:
        way = Bearing.LOOSER if own.interns_permit else Bearing.STRICTER
        yield Difference(way, Subject(INTERNS), Stand(), Stand())


# --- gathering -----------------------------------------------------------------------------------------------------

_NAMES = ("media", "categories", "sites", "types", "kinds", "apps", "actions", "devices")
_PLACED = frozenset({Facet.ACTION.value, Facet.PERSONAL.value})


def _gathered(found: list[Difference], asked: tuple[Probe, ...]) -> Iterator[Difference]:
    """The same difference in several things, as one."""
    everywhere = {
        about: frozenset[str]().union(*(probe.subject.categories for probe in asked if probe.subject.about == about))
        for about in _PLACED
    }
    for name in _NAMES:
        found = [_anything(one, everywhere) for one in _together(found, name, of_subject=True)]
    for one in found:
        wider = replace(one, subject=replace(one.subject, sites=frozenset()))
        if one.subject.about not in _PLACED or wider == one or wider not in found:
            yield one


def _together(found: Iterable[Difference], name: str, *, of_subject: bool = False) -> list[Difference]:
    """Those that differ in one set of names only, as one with all of these names."""
    alike: dict[Difference, list[Difference]] = {}
    for one in found:
        alike.setdefault(_with(one, name, frozenset(), of_subject), []).append(one)
    return [_one_of(many, name, of_subject) for many in alike.values()]


def _one_of(many: list[Difference], name: str, of_subject: bool) -> Difference:
    names = (getattr(one.subject if of_subject else one, name) for one in many)
    first = _with(many[0], name, frozenset[str]().union(*names), of_subject)
    adopted = frozenset[str]().union(*(one.adopted.rules for one in many))
    own = frozenset[str]().union(*(one.own.rules for one in many))
    return replace(first, adopted=replace(first.adopted, rules=adopted), own=replace(first.own, rules=own))


def _with(one: Difference, name: str, names: frozenset[str], of_subject: bool) -> Difference:
    changed: dict[str, Any] = {name: names}
    return replace(one, subject=replace(one.subject, **changed)) if of_subject else replace(one, **changed)


def _named_groups(one: Difference, every: frozenset[str]) -> Difference:
    """Group names as people say them: all, some, or all but some."""
    if ELSEWHERE not in one.groups:
        return one
    return replace(one, groups=frozenset(), but=every - one.groups)


def _anything(one: Difference, everywhere: Mapping[str, frozenset[str]]) -> Difference:
    """Without the names where all that there are say no more than none."""
    subject = one.subject
    if subject.about in _PLACED and subject.categories and subject.categories >= everywhere[subject.about]:
        subject = replace(subject, categories=frozenset())
    if subject.media >= frozenset(MEDIA):
        subject = replace(subject, media=frozenset())
    if subject.types >= frozenset(PERSONAL_TYPES):
        subject = replace(subject, types=frozenset())
    return replace(one, subject=subject)
