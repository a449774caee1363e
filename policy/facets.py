"""The facets of place, action, program, printing and device: each finds the one rule that applies to it.

Where several rules match one thing, the most specific match speaks (a named site before a category).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from policy.address import site_of
from policy.asking import Asking
from policy.match import covered
from policy.model import Action, DeviceClass, Effect, Facet, Grant, Reason, Rule
from policy.weighing import STRICTNESS, Word, at_this_place, doing, merged, strictest, weigh

_ACTION_REASON = {
    Action.CHAT: Reason.CHAT,
    Action.POST: Reason.POST,
    Action.UPLOAD: Reason.UPLOAD,
    Action.LIVE: Reason.LIVE,
}


def place(asking: Asking) -> Word:
    """Site and categories of every name in play, and of every address inside the one asked for: all must be open."""
    return place_of(asking, (*asking.request.hosts, *asking.inner))


def place_of(asking: Asking, hosts: Iterable[str]) -> Word:
    """What the facet says of these hosts."""
    lifted: list[Word] = []
    for host in hosts:
        for rule, category in _place_rules(asking, host):
            reason = Reason.REMINDER if rule.second_thought else Reason.PLACE
            about = _no_grant if rule.second_thought else _at(asking, (host,), category)
            word = weigh(asking, Facet.PLACE, rule, reason, about, category)
            if word.effect is not Effect.ALLOW:
                how = asking.how(host)
                if how:
                    asking.note(Facet.PLACE, word.effect, detail=how)
                # Of a name inside an address the part before the site may be a child's own words.
                return replace(word, host=site_of(host) if host in asking.inner else host)
            if word.rules:
                lifted.append(word)
    return merged(Facet.PLACE, lifted)


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
    """The rules that speak about a host: one for its name, or else one for each of its categories.

    Reminders are apart: a permission that opens a place takes none away, and a reminder takes no rule's place. They are
    for who opens a page on the school's own device for staff; what that page loads goes on.
    """
    speaking = [rule for rule in asking.snapshot.facet_rules(Facet.PLACE) if asking.holds(rule)]
    reminders = [rule for rule in speaking if rule.second_thought]
    if not reminders:
        return _most_specific(asking, host, speaking)
    rules = [rule for rule in speaking if not rule.second_thought]
    found = _most_specific(asking, host, rules)
    if asking.who.device_class is not DeviceClass.STAFF or not asking.request.navigation:
        return found
    return [*found, *_most_specific(asking, host, reminders)]


def _most_specific(asking: Asking, host: str, speaking: list[Rule]) -> list[tuple[Rule, str | None]]:
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
    return merged(Facet.ACTION, [word for word in said if word.rules])


def _action(asking: Asking, act: Action) -> Word:
    rules = [
        rule
        for rule in asking.snapshot.facet_rules(Facet.ACTION)
        if act in rule.actions and _media_match(asking, rule) and at_this_place(asking, rule) and asking.holds(rule)
    ]
    rule = strictest(rules)
    if rule is None:
        return Word(Facet.ACTION, Effect.ALLOW, Reason.OPEN)
    category = min(asking.all_categories, default=None)
    reason = _ACTION_REASON.get(act, Reason.ACTION)
    here = doing(asking, category)
    return weigh(asking, Facet.ACTION, rule, reason, lambda grant: here(grant) and _sends(asking, act, grant), category)


def _sends(asking: Asking, act: Action, grant: Grant) -> bool:
    """Whether a grant is for doing this: one that names kinds of files is for sending those, known to be such."""
    if not grant.kinds:
        return True
    media = asking.request.media
    return act is Action.UPLOAD and bool(media) and media <= grant.kinds


def _media_match(asking: Asking, rule: Rule) -> bool:
    """A rule about pictures speaks about an upload that may be one: what is not known counts as meant."""
    return not rule.media or not asking.request.media or not rule.media.isdisjoint(asking.request.media)


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

    return weigh(asking, Facet.APP, rule, Reason.APP, covers_app, category)


def printing(asking: Asking) -> Word:
    """A print job."""
    rule = None
    if asking.request.action is Action.PRINT:
        rule = strictest(r for r in asking.snapshot.facet_rules(Facet.PRINT) if asking.holds(r))
    if rule is None:
        return Word(Facet.PRINT, Effect.ALLOW, Reason.OPEN)

    def about(grant: Grant) -> bool:
        if grant.items:
            return asking.request.job in grant.items  # a yes to one job is not one to the next
        return not grant.sites and not grant.categories

    return weigh(asking, Facet.PRINT, rule, Reason.PRINT, about, None)


def connecting(asking: Asking) -> Word:
    """The device itself: a phone that is off in school hours, whatever it asks for."""
    kind = asking.who.device_class
    speaking = (r for r in asking.snapshot.facet_rules(Facet.CONNECT) if kind in r.devices and asking.holds(r))
    rule = strictest(speaking)
    if rule is None:
        return Word(Facet.CONNECT, Effect.ALLOW, Reason.OPEN)
    reason = Reason.PHONE if kind is DeviceClass.PHONE else Reason.CONNECT
    return weigh(asking, Facet.CONNECT, rule, reason, lambda grant: not grant.sites and not grant.categories, None)


def _no_grant(_grant: Grant) -> bool:
    """Of a reminder: no permission is about it, whoever may lift the rule."""
    return False


def _at(asking: Asking, hosts: tuple[str, ...], category: str | None) -> Callable[[Grant], bool]:
    """Whether a grant is about these hosts: it names them, or the category by which the rule speaks."""

    def about(grant: Grant) -> bool:
        if not grant.sites and not grant.categories and not grant.items:
            return Facet.PLACE not in grant.facets
        if hosts and all(asking.granted_here(grant, host) for host in hosts):
            return True
        return category is not None and category in grant.categories

    return about
