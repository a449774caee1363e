"""The facets: each finds the one rule that applies to it, and the grants that lift that rule.

Where several rules match one thing, the most specific match speaks (a named site before a category); among equals the
strictest effect, then the least liftable, then the one that rests on a clause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from policy.address import site_of
from policy.asking import Asking, lift_rank
from policy.authority import lifts
from policy.match import covered
from policy.model import Action, BasisKind, Effect, Facet, Grant, Reason, Rule
from policy.terms import HELP

STRICTNESS = {Effect.ALLOW: 0, Effect.HOLD: 1, Effect.DENY: 2, Effect.HELP: 3}
_BASIS_RANK = {BasisKind.SAFETY: 3, BasisKind.LAW: 2, BasisKind.CLAUSE: 1, BasisKind.SCHOOL: 0}
_ACTION_REASON = {
    Action.CHAT: Reason.CHAT,
    Action.POST: Reason.POST,
    Action.UPLOAD: Reason.UPLOAD,
    Action.LIVE: Reason.LIVE,
}


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


def place(asking: Asking) -> Word:
    """Site and categories of every name in play, and of every address inside the one asked for: all must be open."""
    return place_of(asking, (*asking.request.hosts, *asking.inner))


def place_of(asking: Asking, hosts: Iterable[str]) -> Word:
    """What the facet says of these hosts."""
    lifted: list[Word] = []
    for host in hosts:
        for rule, category in _place_rules(asking, host):
            word = _weigh(asking, Facet.PLACE, rule, Reason.PLACE, _at(asking, (host,), category), category)
            if word.effect is not Effect.ALLOW:
                how = asking.how(host)
                if how:
                    asking.note(Facet.PLACE, word.effect, detail=how)
                # Of a name inside an address the part before the site may be a child's own words.
                return replace(word, host=site_of(host) if host in asking.inner else host)
            if word.rules:
                lifted.append(word)
    return _merged(Facet.PLACE, lifted)


def instead(asking: Asking) -> str | None:
    """Where a permitted single item is by itself, when it was asked for with everything around it."""
    request, services = asking.request, asking.snapshot.knowledge.services
    if request.address is None or not request.navigation or request.action is not Action.VISIT:
        return None
    item = services.item(request.address)
    found = services.of_item(item) if item else None
    if found is None:
        return None
    for grant in asking.snapshot.state.grants:
        if item in grant.items and asking.given_to_me(grant) and asking.live(grant.start, grant.end):
            alone = found[0].alone_at(found[1])
            if alone is None or alone == request.address:
                return None
            return f"{alone.scheme}://{alone.host}{alone.path}{'?' if alone.query else ''}{alone.query}"
    return None


def _place_rules(asking: Asking, host: str) -> list[tuple[Rule, str | None]]:
    """The rules that speak about a host: one for its name, or else one for each of its categories."""
    speaking = [rule for rule in asking.snapshot.facet_rules(Facet.PLACE) if asking.holds(rule)]
    named = [(max(map(len, matches)), rule) for rule in speaking if (matches := _matching(asking, rule, host))]
    if named:
        longest = max(length for length, _ in named)
        rule = strictest(rule for length, rule in named if length == longest)
        return [(rule, None)] if rule else []
    if covered(host, asking.opened(asking.snapshot.policy.open_sites)):
        asking.note(Facet.PLACE, "pass", detail="opened by the school")
        return []
    found: list[tuple[Rule, str | None]] = []
    for category in sorted(asking.listed(host) if host in asking.inner else asking.categories(host)):
        rule = strictest(rule for rule in speaking if category in rule.categories)
        if rule:
            found.append((rule, category))
    return found


def _matching(asking: Asking, rule: Rule, host: str) -> list[str]:
    """By which of its sites a rule speaks of a host; a site stands for all that is its own."""
    if not rule.sites:
        return []
    return [site for site in asking.meant(rule) if covered(host, (site,))]


def action(asking: Asking) -> Word:
    """Chat, post, live, upload of picture, sound, video or file: judged apart from the place."""
    said = [_action(asking, act) for act in asking.actions]
    closed = [word for word in said if word.effect is not Effect.ALLOW]
    if closed:
        return max(closed, key=lambda word: STRICTNESS[word.effect])
    return _merged(Facet.ACTION, [word for word in said if word.rules])


def _action(asking: Asking, act: Action) -> Word:
    rules = [
        rule
        for rule in asking.snapshot.facet_rules(Facet.ACTION)
        if act in rule.actions and _media_match(asking, rule) and _place_match(asking, rule) and asking.holds(rule)
    ]
    rule = strictest(rules)
    if rule is None:
        return Word(Facet.ACTION, Effect.ALLOW, Reason.OPEN)
    category = min(asking.all_categories, default=None)
    reason = _ACTION_REASON.get(act, Reason.ACTION)
    return _weigh(asking, Facet.ACTION, rule, reason, _doing(asking, category), category)


def _media_match(asking: Asking, rule: Rule) -> bool:
    """A rule about pictures speaks about an upload that may be one: what is not known counts as meant."""
    return not rule.media or not asking.request.media or not rule.media.isdisjoint(asking.request.media)


def _place_match(asking: Asking, rule: Rule) -> bool:
    if not rule.categories and not rule.sites:
        return True
    return not rule.categories.isdisjoint(asking.all_categories) or any(
        covered(host, asking.meant(rule)) for host in asking.request.hosts
    )


def words(asking: Asking) -> Word:
    """Search words, by the kinds the protocol names. The trace has term ids, never the query."""
    if not asking.searches:
        return Word(Facet.WORDS, Effect.ALLOW, Reason.OPEN)
    lexicon = asking.snapshot.knowledge.lexicon
    hits = [hit for search in asking.searches for hit in lexicon.hits(search.text) if hit.kind != HELP]
    kinds = tuple(sorted({hit.kind for hit in hits}))
    rules = [
        rule
        for rule in asking.snapshot.facet_rules(Facet.WORDS)
        if not rule.kinds.isdisjoint(kinds) and asking.holds(rule)
    ]
    lifted: list[Word] = []
    for kind in kinds:
        rule = strictest(r for r in rules if kind in r.kinds)
        if rule is None:
            continue
        found = dict.fromkeys(hit.term_id for hit in hits if hit.kind == kind)
        asking.note(Facet.WORDS, "found", rule.id, ", ".join(found))
        word = _weigh(asking, Facet.WORDS, rule, Reason.WORDS, _everywhere_or_there(asking), None, types=kinds)
        if word.effect is not Effect.ALLOW:
            return word
        lifted.append(word)
    return _merged(Facet.WORDS, lifted)


def app(asking: Asking) -> Word:
    """The program that runs on the device."""
    name = asking.request.app
    if name is None:
        return Word(Facet.APP, Effect.ALLOW, Reason.OPEN)
    category = asking.app_category
    speaking = [rule for rule in asking.snapshot.facet_rules(Facet.APP) if asking.holds(rule)]
    rule = strictest(r for r in speaking if name in r.apps) or strictest(
        r for r in speaking if category is not None and (category in r.apps or category in r.categories)
    )
    if rule is None:
        return Word(Facet.APP, Effect.ALLOW, Reason.OPEN, category=category)

    def covers_app(grant: Grant) -> bool:
        return name in grant.sites or (category is not None and category in grant.categories)

    return _weigh(asking, Facet.APP, rule, Reason.APP, covers_app, category)


def printing(asking: Asking) -> Word:
    """A print job."""
    rule = None
    if asking.request.action is Action.PRINT:
        rule = strictest(r for r in asking.snapshot.facet_rules(Facet.PRINT) if asking.holds(r))
    if rule is None:
        return Word(Facet.PRINT, Effect.ALLOW, Reason.OPEN)
    return _weigh(asking, Facet.PRINT, rule, Reason.PRINT, lambda grant: not grant.sites and not grant.categories, None)


def _at(asking: Asking, hosts: tuple[str, ...], category: str | None) -> Callable[[Grant], bool]:
    """Whether a grant is about these hosts: it names them, or the category by which the rule speaks."""

    def about(grant: Grant) -> bool:
        if not grant.sites and not grant.categories and not grant.items:
            return Facet.PLACE not in grant.facets
        if hosts and all(asking.granted_here(grant, host) for host in hosts):
            return True
        return category is not None and category in grant.categories

    return about


def _doing(asking: Asking, category: str | None) -> Callable[[Grant], bool]:
    """Whether a grant is for doing things here: it names the sites or the category, or lifts this facet everywhere."""

    def about(grant: Grant) -> bool:
        if not grant.sites and not grant.categories and not grant.items:
            return Facet.PLACE not in grant.facets
        hosts = (*asking.request.hosts, *asking.fetched)
        if hosts and all(asking.may_act_here(grant, host) for host in hosts):
            return True
        return category is not None and category in grant.categories

    return about


def _everywhere_or_there(asking: Asking) -> Callable[[Grant], bool]:
    """A grant for words counts everywhere, unless it names the sites it is for."""
    return lambda grant: asking.all_covered(grant.sites) if grant.sites or grant.items else True


def _weigh(
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
        and about(grant)
        and asking.given_to_me(grant)
        and lifts(grant.role, rule.liftable_by)
        and asking.live(grant.start, grant.end)
    )
    if grants and rule.consent and not asking.consented():
        asking.note(facet, rule.effect, rule.id, "consent")
        return Word(facet, rule.effect, Reason.CONSENT, (rule,), category=category, types=types)
    if grants:
        asking.note(facet, "lifted", rule.id, ", ".join(grants))
        return Word(facet, Effect.ALLOW, Reason.GRANTED, (rule,), grants, category, types)
    asking.note(facet, rule.effect, rule.id, category or "")
    return Word(facet, rule.effect, reason, (rule,), category=category, types=types)


def _merged(facet: Facet, lifted: list[Word]) -> Word:
    """One word for a facet that is open: with every rule that a grant lifted for it."""
    if not lifted:
        return Word(facet, Effect.ALLOW, Reason.OPEN)
    return Word(
        facet,
        Effect.ALLOW,
        Reason.GRANTED,
        tuple(rule for word in lifted for rule in word.rules),
        tuple(dict.fromkeys(grant for word in lifted for grant in word.grants)),
        lifted[0].category,
        tuple(dict.fromkeys(kind for word in lifted for kind in word.types)),
    )


ALL: tuple[Callable[[Asking], Word], ...] = (place, action, words, app, printing)
