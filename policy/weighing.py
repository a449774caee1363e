"""What a rule says after the permissions that lift it: the one way in which every facet weighs.

Among rules that match equally well the strictest effect speaks, then the least liftable, then the one that rests on a
clause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policy.asking import Asking, lift_rank
from policy.authority import lifts
from policy.match import covered
from policy.model import BasisKind, Effect, Facet, Grant, Reason, Rule

STRICTNESS = {Effect.ALLOW: 0, Effect.HOLD: 1, Effect.DENY: 2, Effect.HELP: 3}
_BASIS_RANK = {BasisKind.SAFETY: 3, BasisKind.LAW: 2, BasisKind.CLAUSE: 1, BasisKind.SCHOOL: 0}


@dataclass(frozen=True, slots=True)
class Word:
    """What one facet says. `grants` lifted `rules`; `consent` tells that only the parents' consent is missing."""

    facet: Facet
    effect: Effect
    reason: Reason
    rules: tuple[Rule, ...] = ()
    grants: tuple[str, ...] = ()
    category: str | None = None
    types: tuple[str, ...] = ()
    host: str | None = None


def strictest(rules: Iterable[Rule]) -> Rule | None:
    """The rule that speaks among equally specific ones."""
    return max(
        rules,
        key=lambda r: (STRICTNESS[r.effect], lift_rank(r.liftable_by), r.consent, _BASIS_RANK[r.basis.kind], r.id),
        default=None,
    )


def at_this_place(asking: Asking, rule: Rule) -> bool:
    """Whether a rule that is about some places only speaks here."""
    if not rule.categories and not rule.sites:
        return True
    return not rule.categories.isdisjoint(asking.all_categories) or any(
        covered(host, asking.meant(rule)) for host in asking.request.hosts
    )


def doing(asking: Asking, category: str | None) -> Callable[[Grant], bool]:
    """Whether a grant is for doing things here: it names the sites or the category, or lifts this facet everywhere."""

    def about(grant: Grant) -> bool:
        if not grant.sites and not grant.categories and not grant.items:
            return Facet.PLACE not in grant.facets
        hosts = (*asking.request.hosts, *asking.fetched)
        if hosts and all(asking.may_act_here(grant, host) for host in hosts):
            return True
        return category is not None and category in grant.categories

    return about


def weigh(
    asking: Asking,
    facet: Facet,
    rule: Rule,
    reason: Reason,
    about: Callable[[Grant], bool],
    category: str | None,
    *,
    types: tuple[str, ...] = (),
) -> Word:
    """What a rule says after the grants that lift it."""
    if rule.effect is Effect.ALLOW:
        asking.note(facet, Effect.ALLOW, rule.id)
        return Word(facet, Effect.ALLOW, Reason.OPEN, category=category)
    grants = tuple(
        grant.id
        for grant in asking.snapshot.state.grants
        if facet in grant.facets
        and asking.given_to_me(grant)
        and about(grant)
        and lifts(grant.role, rule.liftable_by, interns=asking.snapshot.policy.interns_permit)
        and asking.live(grant.start, grant.end)
    )
    if grants and rule.consent and not asking.consented():
        asking.note(facet, rule.effect, rule.id, "consent")
        return Word(facet, rule.effect, Reason.CONSENT, (rule,), category=category, types=types)
    if grants:
        asking.note(facet, "lifted", rule.id, ", ".join(grants))
        return Word(facet, Effect.ALLOW, Reason.GRANTED, (rule,), grants, category, types)
    if rule.effect is Effect.HOLD and rule.second_thought and asking.request.released:
        asking.note(facet, "released", rule.id)
        return Word(facet, Effect.ALLOW, Reason.RELEASED, (rule,), category=category, types=types)
    asking.note(facet, rule.effect, rule.id, category or "")
    return Word(facet, rule.effect, reason, (rule,), category=category, types=types)


def opened_by(lifted: list[Word]) -> Reason:
    """By what closed things are open: permissions, or only the child's own second thought."""
    return Reason.RELEASED if all(word.reason is Reason.RELEASED for word in lifted) else Reason.GRANTED


def merged(facet: Facet, lifted: list[Word]) -> Word:
    """One word for a facet that is open: with every rule that was lifted for it."""
    if not lifted:
        return Word(facet, Effect.ALLOW, Reason.OPEN)
    return Word(
        facet,
        Effect.ALLOW,
        opened_by(lifted),
        tuple(rule for word in lifted for rule in word.rules),
        tuple(dict.fromkeys(grant for word in lifted for grant in word.grants)),
        lifted[0].category,
        tuple(dict.fromkeys(kind for word in lifted for kind in word.types)),
    )
