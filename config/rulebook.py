"""Rules as they are written to rules as they are decided by: protocol files, the defaults, a school's own decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from config.complaints import checked
from config.factory import category_names, factory_file
from config.read import ConfigError, Document, Path, quoted
from config.schema import BasisPart, DefaultsPart, ProtocolPart, RulePart
from config.words import nearest
from policy.model import Basis, BasisKind, Clause, Effect, Facet, Gate, HoldsIn, Policy, Protocol, Rule


@cache
def protocol_with_rules(name: str) -> tuple[Protocol, tuple[Rule, ...]]:
    """Return a factory protocol and the rules drawn from its clauses."""
    document = factory_file("protocols", f"{name}.yaml")
    part = checked(ProtocolPart, document)
    clauses: dict[str, Clause] = {}
    for number, clause in enumerate(part.clauses):
        if clause.id in clauses or not clause.id.startswith(f"{part.id}."):
            raise document.error(
                ("clauses", number, "id"), f"clause id {quoted(clause.id)} is here twice or not of this protocol"
            )
        clauses[clause.id] = Clause(
            id=clause.id,
            article=clause.article,
            binds=frozenset(clause.binds),
            adult=clause.adult,
            child=clause.child,
            kind=clause.kind,
            means=tuple(clause.means),
            why=clause.why,
        )
    protocol = Protocol(part.id, part.school, part.title, part.source, tuple(clauses.values()))
    return protocol, rules_of(part.rules, document, protocol, category_names())


@cache
def default_rules() -> tuple[Rule, ...]:
    """Return the rules for every school: the safety floor, and the pupils' default where a school says nothing."""
    document = factory_file("defaults.yaml")
    return rules_of(checked(DefaultsPart, document).rules, document, None, category_names())


def is_default(rule: Rule) -> bool:
    """Whether a rule stands only until the school decides otherwise."""
    return rule.basis.kind is BasisKind.SCHOOL and rule.basis.decided is None


def all_rules(own: tuple[Rule, ...], document: Document, from_protocol: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return defaults, the protocol's rules and the school's own.

    An own rule takes the place of the rule whose id it has: of a default, or of the protocol by a dated decision.

    Raises:
        ConfigError: an own rule takes the place of the safety floor, of the protocol without a decision, of a rule
            about something else, or opens what another rule keeps closed for the same people at the same time.
    """
    given = {rule.id: rule for rule in (*default_rules(), *from_protocol)}
    for number, rule in enumerate(own):
        if rule.id in given:
            _may_replace(rule, given[rule.id], document, ("rules", number))
    replaced = {rule.id for rule in own}
    rules = (*(rule for rule in given.values() if rule.id not in replaced), *own)
    for number, rule in enumerate(own):
        _is_heard(rule, rules, document, ("rules", number))
    return rules


def adopted_policy(policy: Policy) -> Policy | None:
    """Return what the school agreed to when it took its protocol: the protocol's rules and the defaults, as they come.

    Timetable and whose school it is stay; own rules, lists and words are left out. None: its protocol is not ours.
    """
    try:
        protocol, rules = protocol_with_rules(policy.protocol.id)
    except FileNotFoundError:
        return None
    return Policy(
        protocol, all_rules((), factory_file("defaults.yaml"), rules), policy.schedule, domains=policy.domains
    )


def _may_replace(rule: Rule, given: Rule, document: Document, at: Path) -> None:
    """Refuse an own rule that cannot take the place of a given one."""
    if not is_default(given) and given.basis.kind is not BasisKind.CLAUSE:
        raise document.error(
            (*at, "id"),
            f"rule id {quoted(rule.id)} is taken by the safety floor",
            "choose another id; nobody at school replaces such a rule",
        )
    if not is_default(given) and rule.basis.decided is None:
        raise document.error(
            (*at, "basis"),
            f"rule {quoted(rule.id)} takes the place of the protocol's and rests on no decision of the school",
            "write `basis: {decided: 2026-09-01, note: why}`, or choose another id",
        )
    was, is_ = given.facet or given.gate, rule.facet or rule.gate
    if was is not is_:
        raise document.error(
            (*at, "id"),
            f"rule {quoted(rule.id)} is about {quoted(was)}, and this one about {quoted(is_)}",
            f"write it about {quoted(was)}, or choose another id",
        )


def _is_heard(rule: Rule, rules: Iterable[Rule], document: Document, at: Path) -> None:
    """Refuse a rule that opens nothing: among rules about the same thing the strictest speaks."""
    if rule.effect is not Effect.ALLOW:
        return
    if rule.gate is Gate.LOCKED:
        raise document.error(
            (*at, "effect"), "the gate `locked` opens nothing", "a site that should be open belongs in `open_sites`"
        )
    for other in rules:
        floor = other.gate is Gate.LOCKED and rule.facet in (Facet.PLACE, Facet.APP)
        if other.effect is Effect.ALLOW or not (floor or (other.facet, other.gate) == (rule.facet, rule.gate)):
            continue
        shared = _about_the_same(rule, other)
        if shared is not None and _always_with(other, rule):
            raise document.error(
                (*at, "effect"),
                f"rule {quoted(rule.id)} opens {quoted(shared)}, but rule {quoted(other.id)} keeps it closed",
                _remedy(other),
            )


def _remedy(closing: Rule) -> str:
    """What to do about a rule that keeps closed what another one would open."""
    if closing.gate is Gate.LOCKED:
        return "leave it out; nobody at school opens what is on the safety floor"
    if closing.basis.decided:
        return "change one of the two"
    return f"give a decision of the school the id {quoted(closing.id)} too"


def _about_the_same(rule: Rule, other: Rule) -> str | None:
    """What both rules name, in a word; None when `other` is about something else, or only about a part of it."""
    if rule.facet is Facet.PLACE or rule.facet is Facet.APP:
        # A site speaks before a category and a program before its kind: they are never equally specific.
        return min(
            (*(rule.categories & other.categories), *(set(rule.sites) & set(other.sites)), *(rule.apps & other.apps)),
            default=None,
        )
    somewhere = other.categories or other.sites
    if other.media or (somewhere and not rule.categories & other.categories and not set(rule.sites) & set(other.sites)):
        return None
    named = [
        (rule.actions, other.actions),
        (rule.kinds, other.kinds),
        (rule.types, other.types),
        (rule.devices, other.devices),
    ]
    for mine, theirs in named:
        if (mine and theirs and not mine & theirs) or bool(mine) is not bool(theirs):
            return None
    said = min((str(one) for mine, theirs in named for one in mine & theirs), default="")
    return said or str(rule.facet or rule.gate)


def _always_with(other: Rule, rule: Rule) -> bool:
    """Whether `other` speaks whenever `rule` does, for everybody that it is about."""
    groups = not other.groups or (bool(rule.groups) and rule.groups <= other.groups)
    hours = {HoldsIn.LESSON, HoldsIn.BREAK, HoldsIn.SCHOOL_HOURS}
    times = other.holds_in in {rule.holds_in, HoldsIn.AT_SCHOOL} or (
        other.holds_in is HoldsIn.SCHOOL_HOURS and rule.holds_in in hours
    )
    return groups and times and rule.roles <= other.roles


def rules_of(
    parts: Iterable[RulePart], document: Document, protocol: Protocol | None, categories: frozenset[str]
) -> tuple[Rule, ...]:
    """Return the rules under the key `rules`; without `protocol` no rule can rest on a clause.

    Raises:
        ConfigError: an id twice, a clause or category that is not there.
    """
    clauses = {clause.id: clause for clause in protocol.clauses} if protocol else {}
    rules: dict[str, Rule] = {}
    for number, part in enumerate(parts):
        at: Path = ("rules", number)
        if part.id in rules:
            raise document.error((*at, "id"), f"rule id {quoted(part.id)} is here twice", "choose another id")
        for place, category in enumerate(part.categories):
            if category not in categories:
                raise document.error(
                    (*at, "categories", place),
                    f"category {quoted(category)} does not exist",
                    nearest(category, sorted(categories)),
                )
        rules[part.id] = _rule(part, _basis(part.basis, clauses, document, (*at, "basis")))
    return tuple(rules.values())


def own_decisions_only(parts: Iterable[RulePart], document: Document) -> None:
    """Refuse a school's rule that says it is the factory's.

    Raises:
        ConfigError: a basis `safety` or `default`.
    """
    for number, part in enumerate(parts):
        if part.basis.safety is not None or part.basis.default is not None:
            raise _not_the_schools(document, ("rules", number, "basis"))


def _not_the_schools(document: Document, at: Path) -> ConfigError:
    return document.error(
        at,
        "only the factory's own rules rest on `safety` or `default`",
        "write `basis: {decided: 2026-09-01, note: why}`",
    )


def _basis(part: BasisPart, clauses: Mapping[str, Clause], document: Document, at: Path) -> Basis:
    if part.clause is not None:
        if part.clause not in clauses:
            raise document.error(
                (*at, "clause"),
                f"clause {quoted(part.clause)} does not exist",
                nearest(part.clause, clauses) if clauses else "choose a protocol first",
            )
        return Basis(BasisKind.CLAUSE, clause=part.clause, note=part.note)
    if part.decided is not None:
        return Basis(BasisKind.SCHOOL, decided=part.decided, note=part.note)
    if part.law is not None:
        return Basis(BasisKind.LAW, note=part.law)
    if part.safety is not None:
        return Basis(BasisKind.SAFETY, note=part.safety)
    return Basis(BasisKind.SCHOOL, note=part.default or "")


def _rule(part: RulePart, basis: Basis) -> Rule:
    return Rule(
        id=part.id,
        basis=basis,
        liftable_by=part.liftable_by,
        holds_in=part.holds_in,
        roles=frozenset(part.roles),
        effect=part.effect,
        facet=part.facet,
        gate=Gate(part.gate) if part.gate else None,
        groups=frozenset(part.groups),
        categories=frozenset(part.categories),
        sites=tuple(dict.fromkeys(part.sites)),
        actions=frozenset(part.actions),
        media=frozenset(part.media),
        kinds=frozenset(part.kinds),
        apps=frozenset(part.apps),
        consent=part.consent,
        types=frozenset(part.types),
        second_thought=part.second_thought,
        devices=frozenset(part.devices),
    )
