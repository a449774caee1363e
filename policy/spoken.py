"""The facets of what is said: search words, what a child writes for others, and personal data in it.

Only findings are looked at here; the text itself never reaches a rule, a trace or a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from policy.asking import Asking
from policy.model import Effect, Facet, Grant, Hit, Reason, Rule
from policy.terms import HELP
from policy.weighing import Word, at_this_place, doing, merged, strictest, weigh


def searched(asking: Asking) -> Word:
    """Search words, by the kinds the protocol names. The trace has term ids, never the query."""
    rules = [rule for rule in _rules(asking) if not rule.actions]
    return _judged(asking, asking.all_hits, rules, Reason.WORDS, _searched_for)


def said(asking: Asking) -> Word:
    """What is written for others to read. Whoever asks for help in it is not told off for the rest."""
    hits = asking.request.said
    if any(hit.kind == HELP for hit in hits):
        return Word(Facet.WORDS, Effect.ALLOW, Reason.OPEN)
    rules = [rule for rule in _rules(asking) if not rule.actions.isdisjoint(asking.actions)]
    return _judged(asking, hits, rules, Reason.TEXT, _written)


def personal(asking: Asking) -> Word:
    """Telephone numbers, addresses and the like on their way to a site that is not the school's own."""
    types = asking.request.personal
    speaking = [
        rule
        for rule in asking.snapshot.facet_rules(Facet.PERSONAL)
        if types and not (rule.types and rule.types.isdisjoint(types)) and asking.holds(rule)
    ]
    rule = strictest(rule for rule in speaking if at_this_place(asking, rule))
    if rule is None:
        return Word(Facet.PERSONAL, Effect.ALLOW, Reason.OPEN)
    found = tuple(sorted(types & rule.types if rule.types else types))
    asking.note(Facet.PERSONAL, "found", rule.id, ", ".join(found))
    category = min(asking.all_categories, default=None)
    here, lifted = doing(asking, category), list[Word]()
    for kind in found:
        about = _for_kind(here, kind)
        word = weigh(asking, Facet.PERSONAL, rule, Reason.PERSONAL, about, category, types=found)
        if word.effect is not Effect.ALLOW:
            return word
        lifted.append(word)
    return merged(Facet.PERSONAL, [word for word in lifted if word.rules])


def _for_kind(here: Callable[[Grant], bool], kind: str) -> Callable[[Grant], bool]:
    """A permission for personal data is for every kind of it unless it names some."""
    return lambda grant: (not grant.kinds or kind in grant.kinds) and here(grant)


def _rules(asking: Asking) -> Iterable[Rule]:
    return (rule for rule in asking.snapshot.facet_rules(Facet.WORDS) if asking.holds(rule))


def _judged(
    asking: Asking,
    hits: Iterable[Hit],
    rules: list[Rule],
    reason: Reason,
    about: Callable[[Asking, Hit], Callable[[Grant], bool]],
) -> Word:
    """What the rules say of these hits: of each kind the strictest rule, of each hit the permissions for its topic."""
    by_kind: dict[str, dict[str, Hit]] = {}
    for hit in hits:
        if hit.kind != HELP:
            by_kind.setdefault(hit.kind, {})[hit.term_id] = hit
    kinds, lifted = tuple(sorted(by_kind)), list[Word]()
    for kind in kinds:
        rule = strictest(rule for rule in rules if kind in rule.kinds)
        if rule is None:
            continue
        asking.note(Facet.WORDS, "found", rule.id, ", ".join(by_kind[kind]))
        for hit in by_kind[kind].values():
            word = weigh(asking, Facet.WORDS, rule, reason, about(asking, hit), None, types=kinds)
            if word.effect is not Effect.ALLOW:
                return word
            lifted.append(word)
    return merged(Facet.WORDS, [word for word in lifted if word.rules])


def _searched_for(asking: Asking, hit: Hit) -> Callable[[Grant], bool]:
    """A permission for words counts everywhere unless it names sites, and for every topic unless it names some."""

    def about(grant: Grant) -> bool:
        return _of_topic(grant, hit) and (asking.all_covered(grant.sites) if grant.sites or grant.items else True)

    return about


def _written(asking: Asking, hit: Hit) -> Callable[[Grant], bool]:
    """A permission to write about a topic names where, or is for every place."""
    here = doing(asking, min(asking.all_categories, default=None))
    return lambda grant: _of_topic(grant, hit) and here(grant)


def _of_topic(grant: Grant, hit: Hit) -> bool:
    """Whether a permission is for words of this kind and topic; it is for all unless it names some."""
    if grant.kinds and hit.kind not in grant.kinds:
        return False
    return not grant.topics or not grant.topics.isdisjoint(hit.topics)
