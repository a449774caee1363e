"""Rules as they are written to rules as they are decided by: protocol files, the defaults, a school's own decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from config.complaints import checked
from config.factory import category_names, factory_file
from config.read import ConfigError, Document, Path, quoted
from config.schema import BasisPart, DefaultsPart, ProtocolPart, RulePart
from config.words import nearest
from policy.model import Basis, BasisKind, Clause, Gate, Protocol, Rule


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
    """Return defaults, the protocol's rules and the school's own; an own rule with a default's id takes its place.

    Raises:
        ConfigError: an own rule takes the id of the safety floor or of the protocol.
    """
    fixed = {rule.id for rule in (*default_rules(), *from_protocol) if not is_default(rule)}
    for number, rule in enumerate(own):
        if rule.id in fixed:
            raise document.error(
                ("rules", number, "id"),
                f"rule id {quoted(rule.id)} is taken by the protocol or the safety floor",
                "choose another id; such a rule cannot be replaced",
            )
    replaced = {rule.id for rule in own}
    return (*(rule for rule in default_rules() if rule.id not in replaced), *from_protocol, *own)


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
