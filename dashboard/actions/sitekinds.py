"""Kinds of sites (categories): what holds for each now, and the school's own decision to have it otherwise.

What holds is asked of `decide`, at a made-up school where every kind has one made-up site (`policy.pair`). A decision
is a rule of the school with today's date; where a rule of the protocol or a default speaks of more kinds, it keeps the
others. Taking it back gives the rule its own words again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from config.factory import category_hosts, category_names
from config.rulebook import adopted_policy
from config.sense import nonsense
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.ownlists import ORIGIN, number
from policy.decide import decide
from policy.kinds import UNKNOWN
from policy.model import (
    AccessRequest,
    Action,
    Basis,
    BasisKind,
    Decision,
    Effect,
    Facet,
    Gate,
    HoldsIn,
    LiftableBy,
    Member,
    PeriodKind,
    Policy,
    Principal,
    Role,
    Rule,
    Snapshot,
    Strength,
)
from policy.pair import MOMENTS, Pair, Schools, host_of
from policy.schedule import zone_of
from policy.terms import HELP

_OWN = "own-kind-"
_NOTE = "soorten en lijsten"
"""Marks what was decided here: a rule of the protocol or a default that is otherwise now, and can be put back."""

_PUPILS = frozenset({Role.PUPIL})
_ALWAYS = frozenset({HELP, "system"})


class Wish(StrEnum):
    """What the school decides about a kind of sites, for pupils in school hours; `given`: nothing of its own."""

    TEACHER = "teacher"
    MANAGEMENT = "management"
    OPEN = "open"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of sites. `lesson`, `pause` and `staff` are what a pupil gets in each, and staff in a lesson.

    `listed` are the names of it that come with the program, `own` those of the school. `wish` is the school's own
    decision. `fixed` says why nobody decides about it here (empty: one may): `floor`, the safety floor; `always`, help
    and what devices need; `mixed`, a rule speaks of staff or of some groups too, and is changed in the file only.
    """

    name: str
    lesson: Decision
    pause: Decision
    staff: Decision
    listed: int
    own: tuple[str, ...]
    wish: Wish
    fixed: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision before it holds: the kind as it is and as it would be, and the number that it was worked out on."""

    before: Kind
    after: Kind
    policy: Policy
    based_on: int


def kinds(snapshot: Snapshot) -> tuple[Kind, ...]:
    """Every kind of sites that has names or that a rule speaks of, by name."""
    policy = snapshot.policy
    pair = Pair(policy, policy, snapshot.knowledge)
    school = pair.schools[Schools.PLAIN][0]
    spoken = {category for rule in policy.rules if _is_place(rule) for category in rule.categories}
    listed = {name for name in category_names() if category_hosts(name)}
    names = sorted((listed | spoken | set(policy.lists)) - {UNKNOWN})  # that one has a switch of its own
    given = _given(policy)
    made = _decisions(policy, given)
    return tuple(_kind(name, policy, given, made.get(name, (Wish.GIVEN, None))[0], school) for name in names)


def planned(desk: Desk, who: Member, name: str, wish: Wish, now: datetime) -> Outcome[Plan]:
    """What a decision about a kind would change. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    based_on = number(desk)
    snapshot = desk.snapshot(now)
    before = next((one for one in kinds(snapshot) if one.name == name), None)
    if before is None:
        return refused("gone")
    if before.fixed:
        return refused(f"kind_{before.fixed}")
    if before.wish is wish:
        return refused("list_already")
    made = decided(snapshot.policy, name, wish, now.astimezone(zone_of(snapshot.policy.schedule.zone)).date())
    if any(nonsense(made, desk.settings)) and not any(nonsense(snapshot.policy, desk.settings)):
        return refused("kind_lists")  # a list of the school would be left without a rule
    after = next((one for one in kinds(replace(snapshot, policy=made)) if one.name == name), before)
    return done("seen", Plan(before, after, made, based_on))


def save(desk: Desk, who: Member, name: str, wish: Wish, based_on: int, now: datetime) -> Outcome[Kind]:
    """Make it hold, if the rules are still those of version `based_on`."""
    outcome = planned(desk, who, name, wish, now)
    if outcome.value is None:
        return Outcome(False, outcome.code)
    kept = desk.store.policies.add(desk.school, outcome.value.policy, ORIGIN, who.id, now, based_on=based_on)
    return done("kind", outcome.value.after) if kept is not None else refused("list_moved")


def decided(policy: Policy, name: str, wish: Wish, today: date) -> Policy:
    """The policy with this decision about the kind `name`, dated `today` (local)."""
    given = _given(policy)
    made = {kind: found for kind, found in _decisions(policy, given).items() if kind != name}
    if wish is not Wish.GIVEN:
        made[name] = (wish, today)
    base = [
        given.get(rule.id, rule) if rule.basis.note == _NOTE else rule for rule in policy.rules if not _is_own(rule)
    ]
    rules = tuple(_with(rule, made, today) for rule in base)
    return replace(policy, rules=(*rules, *_own_rules(base, made)))


def _given(policy: Policy) -> dict[str, Rule]:
    """The rules as the protocol and the defaults have them, by id; nothing where the protocol is none of ours."""
    adopted = adopted_policy(policy)
    return {rule.id: rule for rule in adopted.rules} if adopted else {}


def _decisions(policy: Policy, given: dict[str, Rule]) -> dict[str, tuple[Wish, date | None]]:
    """What was decided here before, by kind: of the rules that are only about it."""
    mine = [
        rule
        for rule in policy.rules
        if _is_own(rule) or (rule.basis.note == _NOTE and _alone(given.get(rule.id, rule)))
    ]
    return {min(rule.categories): (_wish_of(rule), rule.basis.decided) for rule in mine}


def _with(rule: Rule, made: dict[str, tuple[Wish, date | None]], today: date) -> Rule:
    """A rule as it came, with what was decided about its kinds."""
    about = sorted(name for name in rule.categories & made.keys() if _speaks(rule, name))
    if not about:
        return rule
    left = rule.categories - set(about)
    if left or rule.sites:
        return replace(rule, categories=left, basis=_basis(today))
    # A rule that would be about nothing carries the first of its kinds: leaving it out would bring it back by a file.
    wish, when = made[about[0]]
    return _shaped(replace(rule, categories=frozenset(about[:1]), basis=_basis(when or today)), wish, rule.consent)


def _own_rules(base: list[Rule], made: dict[str, tuple[Wish, date | None]]) -> Iterator[Rule]:
    """A rule for each kind that was decided and that no rule is alone about."""
    for name, (wish, when) in made.items():
        speaking = [rule for rule in base if _speaks(rule, name)]
        if not any(_alone(rule) for rule in speaking):
            consent = any(rule.consent for rule in speaking)
            yield _shaped(_fresh(name, Basis(BasisKind.SCHOOL, decided=when, note=_NOTE)), wish, consent)


def _basis(decided_on: date) -> Basis:
    return Basis(BasisKind.SCHOOL, decided=decided_on, note=_NOTE)


def _kind(name: str, policy: Policy, given: dict[str, Rule], wish: Wish, school: Snapshot) -> Kind:
    def ask(role: Role, period: PeriodKind) -> Decision:
        who = Principal(role, strength=Strength.GROUP if role is Role.PUPIL else Strength.PROVED)
        return decide(AccessRequest(Action.VISIT, who, (host_of(name),)), school, MOMENTS[period])

    return Kind(
        name,
        ask(Role.PUPIL, PeriodKind.LESSON),
        ask(Role.PUPIL, PeriodKind.BREAK),
        ask(Role.STAFF, PeriodKind.LESSON),
        len(category_hosts(name)) if name in category_names() else 0,
        tuple(policy.lists.get(name, ())),
        wish,
        _fixed(name, policy, given),
    )


def _fixed(name: str, policy: Policy, given: dict[str, Rule]) -> str:
    if name in _ALWAYS:
        return "always"
    if any(rule.gate is Gate.LOCKED and name in rule.categories for rule in policy.rules):
        return "floor"
    speaking = [rule for rule in policy.rules if _speaks(rule, name)]
    ours = all(_is_own(rule) or rule.basis.note == _NOTE or given.get(rule.id) == rule for rule in speaking)
    return "" if ours and all(rule.roles == _PUPILS and not rule.groups for rule in speaking) else "mixed"


def _wish_of(rule: Rule) -> Wish:
    if rule.effect is Effect.ALLOW:
        return Wish.OPEN
    return Wish.MANAGEMENT if rule.liftable_by is LiftableBy.MANAGEMENT else Wish.TEACHER


def _is_own(rule: Rule) -> bool:
    return rule.id.startswith(_OWN)


def _alone(rule: Rule) -> bool:
    return len(rule.categories) == 1 and not rule.sites


def _is_place(rule: Rule) -> bool:
    return (rule.facet is Facet.PLACE or rule.gate is Gate.LOCKED) and not rule.apps


def _speaks(rule: Rule, name: str) -> bool:
    """Whether a rule closes or opens this kind for pupils; a reminder to read first is for staff."""
    mine = rule.facet is Facet.PLACE and name in rule.categories and not rule.second_thought
    return mine and Role.PUPIL in rule.roles


def _fresh(name: str, basis: Basis) -> Rule:
    return Rule(
        id=_OWN + name,
        basis=basis,
        liftable_by=LiftableBy.TEACHER,
        holds_in=HoldsIn.SCHOOL_HOURS,
        roles=_PUPILS,
        effect=Effect.DENY,
        facet=Facet.PLACE,
        categories=frozenset({name}),
    )


def _shaped(rule: Rule, wish: Wish, consent: bool) -> Rule:
    lifts = LiftableBy.MANAGEMENT if wish is Wish.MANAGEMENT else LiftableBy.TEACHER
    effect = Effect.ALLOW if wish is Wish.OPEN else Effect.DENY
    asks = consent and wish is not Wish.OPEN
    return replace(rule, effect=effect, liftable_by=lifts, consent=asks, holds_in=HoldsIn.SCHOOL_HOURS)


def closed_first(found: tuple[Kind, ...]) -> Iterator[tuple[str, tuple[Kind, ...]]]:
    """The kinds in three rows, the most closed first: the safety floor, what is closed in a lesson, what is open."""
    rows: dict[str, list[Kind]] = {"floor": [], "closed": [], "open": []}
    for kind in found:
        rows["floor" if kind.fixed == "floor" else "open" if kind.lesson.open else "closed"].append(kind)
    return ((name, tuple(row)) for name, row in rows.items() if row)
