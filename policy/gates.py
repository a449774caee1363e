"""The gates, in their order. Each looks at the question and either ends it with a decision or lets it through."""

from __future__ import annotations

from collections.abc import Callable

from policy import facets
from policy.address import site_of
from policy.asking import Asking
from policy.authority import lifts
from policy.emergency import in_bounds
from policy.kinds import BYPASS
from policy.match import covered, within
from policy.model import (
    Action,
    Agreement,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    Grant,
    LiftableBy,
    PeriodKind,
    Reason,
    Role,
    Rule,
    SanctionTarget,
    Strength,
)
from policy.terms import HELP

_GRAVE = 3


def help_(asking: Asking) -> Decision | None:
    """Somebody asks for help, or goes to where help is: always, before everything, also when words are bad too."""
    if asking.request.hosts and all(within(h, asking.snapshot.knowledge.help_hosts) for h in asking.request.hosts):
        asking.note(Gate.HELP, Effect.ALLOW, detail="help host")
        return asking.answer(Effect.ALLOW, Reason.HELP_HOST, category=HELP)
    if asking.who.role is not Role.PUPIL:
        return None
    # What somebody writes to others in a page that goes on by itself is not stopped: it may be a cry to a friend.
    said = asking.request.said if asking.request.navigation else ()
    # A search is a question; what is written may be a story or a paper, so there only what is surely a cry counts.
    said = tuple(hit for hit in said if hit.severity == _GRAVE)
    if not any(hit.kind == HELP for hit in (*asking.hits, *said)):
        return None
    # No term id here: what a child asked for help about is nobody's business.
    asking.note(Gate.HELP, Effect.HELP)
    return asking.answer(Effect.HELP, Reason.HELP, category=HELP)


def own(asking: Asking) -> Decision | None:
    """The guard's own pages, and by exact name the system hosts that devices need."""
    knowledge = asking.snapshot.knowledge
    if not asking.request.hosts:
        return None
    if all(within(host, knowledge.own_hosts) for host in asking.request.hosts):
        asking.note(Gate.OWN, Effect.ALLOW, detail="own page")
        return asking.answer(Effect.ALLOW, Reason.OWN)
    if all(host in knowledge.system_hosts for host in asking.request.hosts):
        asking.note(Gate.OWN, Effect.ALLOW, detail="system host")
        return asking.answer(Effect.ALLOW, Reason.SYSTEM, category="system")
    return None


def locked(asking: Asking) -> Decision | None:
    """The safety floor, for everybody at school; a site the school opened does not leave it."""
    for rule in asking.snapshot.floor_rules:
        if not asking.holds(rule):
            continue
        found = _on_the_floor(asking, rule)
        if found is not None:
            category, host, how = found
            asking.note(Gate.LOCKED, Effect.DENY, rule.id, " ".join(part for part in (category, how) if part))
            return asking.answer(Effect.DENY, Reason.LOCKED, (rule,), category=category or None, host=host)
    if not asking.inside.complete:
        # More addresses inside than anybody writes: whoever packs so deep has something to hide.
        asking.note(Gate.LOCKED, Effect.DENY, detail="too much inside the address")
        return asking.answer(Effect.DENY, Reason.UNREADABLE)
    return None


def _on_the_floor(asking: Asking, rule: Rule) -> tuple[str, str | None, str] | None:
    """By which category a floor rule speaks here (empty: by name), about which host, and how that was written."""
    for category in sorted(rule.categories & asking.all_categories):
        at = next((host for host in asking.request.hosts if category in asking.categories(host)), None)
        return category, at, asking.how(at) if at else ""
    if BYPASS in rule.categories and asking.relay_tool is not None:
        return BYPASS, None, f"shape: {asking.relay_tool}"
    for host in asking.request.hosts:
        if covered(host, rule.sites):
            return "", host, ""
    for host in asking.inner:
        category = min(rule.categories & asking.listed(host), default="")
        if category or covered(host, rule.sites):
            return category, site_of(host), asking.how(host)
    app = asking.request.app
    if app is not None and (app in rule.apps or asking.app_category in rule.apps):
        return asking.app_category or "", None, ""
    return None


def emergency(asking: Asking) -> Decision | None:
    """The emergency exit is open: for everybody nothing but help, own pages and the floor has a say."""
    for one in asking.snapshot.state.emergencies:
        if in_bounds(one) and asking.live(one.start, one.end):
            asking.note(Gate.EMERGENCY, Effect.ALLOW)
            return asking.answer(Effect.ALLOW, Reason.EMERGENCY, category=min(asking.all_categories, default=None))
    return None


def care(asking: Asking) -> Decision | None:
    """A standing personal exception, without a reason shown."""
    for exception in asking.snapshot.state.care:
        mine = (exception.person is not None and exception.person == asking.named) or (
            exception.device is not None and exception.device == asking.who.device
        )
        if not mine:
            continue
        if asking.request.app and asking.request.app in exception.apps:
            asking.note(Gate.CARE, Effect.ALLOW)
            return asking.answer(Effect.ALLOW, Reason.CARE)
        here = asking.opened(exception.sites)
        if asking.request.hosts and all(covered(host, here) for host in asking.request.hosts):
            # A tool that reads pages aloud opens itself, not every page that it can fetch.
            closed = facets.place_of(asking, [host for host in asking.inner if not covered(host, here)])
            if closed.effect is not Effect.ALLOW:
                return None
            asking.note(Gate.CARE, Effect.ALLOW)
            return asking.answer(Effect.ALLOW, Reason.CARE)
    return None


def infrastructure(asking: Asking) -> Decision | None:
    """A machine without a pupil: the rules of people say nothing about it."""
    if asking.who.device_class is DeviceClass.INFRASTRUCTURE:
        asking.note("device", Effect.ALLOW, detail="infrastructure")
        return asking.answer(Effect.ALLOW, Reason.INFRASTRUCTURE)
    return None


def sanction(asking: Asking) -> Decision | None:
    """A temporary ban of this very person; the learning list stays open."""
    target = _target(asking)
    for ban in asking.snapshot.state.sanctions:
        # A ban holds from the moment that it was given: one that begins later was given before the clock was put back.
        if ban.person != asking.who.person or ban.on is not target or not asking.live(asking.now, ban.end):
            continue
        if asking.who.strength < Strength.PROVED:
            # A ban is of one child: it never lands on somebody who only might be that child.
            asking.note(Gate.SANCTION, "pass", detail="identity not proved")
            continue
        if any(asking.live(start, end) for start, end in ban.lifted):
            asking.note(Gate.SANCTION, "pass", detail="lifted for now")
            continue
        if _still_learning(asking, ban.sites):
            asking.note(Gate.SANCTION, "pass", detail="learning list")
            continue
        asking.note(Gate.SANCTION, Effect.DENY, detail=target)
        return asking.answer(Effect.DENY, Reason.SANCTION, liftable_by=LiftableBy.MANAGEMENT)
    return None


def _target(asking: Asking) -> SanctionTarget:
    if asking.request.action is Action.PRINT:
        return SanctionTarget.PRINTER
    if asking.who.device_class is DeviceClass.PHONE:
        return SanctionTarget.PHONE
    return SanctionTarget.CHROMEBOOK


def _still_learning(asking: Asking, sites: tuple[str, ...]) -> bool:
    learning = asking.snapshot.knowledge.learning
    return bool(asking.request.hosts) and all(
        covered(host, asking.opened(sites)) or not learning.isdisjoint(asking.categories(host))
        for host in (*asking.request.hosts, *asking.fetched)
    )


def pause(asking: Asking) -> Decision | None:
    """The teacher has the class's eyes: no new pages; what runs goes on."""
    if asking.who.role is not Role.PUPIL or not asking.request.hosts or not asking.request.navigation:
        return None
    if asking.paused:
        asking.note(Gate.PAUSE, Effect.DENY)
        return asking.answer(Effect.DENY, Reason.PAUSE, liftable_by=LiftableBy.TEACHER)
    return None


def break_(asking: Asking) -> Decision | None:
    """No computer in breaks, where the school's protocol or decision has that rule."""
    rules = tuple(rule for rule in asking.snapshot.break_rules if asking.concerns(rule))
    if not rules or asking.period.kind is not PeriodKind.BREAK:
        return None
    asking.note(Gate.BREAK, Effect.DENY, rules[0].id)
    return asking.answer(Effect.DENY, Reason.BREAK, rules[:1])


def agreement(asking: Asking) -> Decision | None:
    """What was agreed for this lesson; a permission given after it joins it, unless it is a test."""
    if asking.who.role is not Role.PUPIL or not (asking.request.hosts or asking.request.app):
        return None
    for agreed in asking.agreements():
        if agreed.test:
            decision = _test(asking, agreed)
            if decision is not None:
                return decision
        elif not asking.request.hosts:
            continue  # a program of the device: its own rule says whether it runs
        elif asking.all_covered(agreed.sites):
            asking.note(Gate.AGREEMENT, "pass", detail="on the list")
        elif _joined(asking, agreed):
            asking.note(Gate.AGREEMENT, "pass", detail="permitted since")
        elif not asking.request.navigation and not asking.request.websocket:
            # What an agreed page loads by itself is judged by the facets, or no real page would work.
            asking.note(Gate.AGREEMENT, "pass", detail="background")
        else:
            asking.note(Gate.AGREEMENT, Effect.DENY)
            return asking.answer(Effect.DENY, Reason.AGREEMENT, liftable_by=LiftableBy.TEACHER)
    return None


def _test(asking: Asking, agreed: Agreement) -> Decision | None:
    """The same in a test: nothing joins it, and only what its own pages need passes besides (decision 0024)."""
    if not asking.request.hosts:
        if asking.app_category is None:
            return None  # what nobody lists is the tool of a lesson; what is listed is talk, play or answers
    elif asking.all_covered(agreed.sites):
        asking.note(Gate.AGREEMENT, "pass", detail="test: on the list")
        return None
    elif _needed_by_a_test(asking, agreed):
        asking.note(Gate.AGREEMENT, "pass", detail="test: loaded by its page")
        return None
    asking.note(Gate.AGREEMENT, Effect.DENY, detail="test")
    return asking.answer(Effect.DENY, Reason.TEST, liftable_by=LiftableBy.TEACHER)


def _needed_by_a_test(asking: Asking, agreed: Agreement) -> bool:
    """Whether this is what a page on the list loads by itself: of no place that a list knows, and no talk or search.

    What another page asks for (left open from before, or in a frame) is not; where nobody says which page asks, only
    what sends nothing passes.
    """
    request = asking.request
    if request.navigation or request.websocket or asking.searches or asking.all_categories or asking.fetched:
        return False
    if request.asker:
        return covered(request.asker, asking.opened(agreed.sites))
    return request.action is Action.VISIT


def _joined(asking: Asking, agreed: Agreement) -> bool:
    """Whether every name in play was permitted by grants that came with or after the agreement."""
    grants = [
        grant
        for grant in asking.snapshot.state.grants
        if Facet.PLACE in grant.facets
        and grant.start >= agreed.start
        and asking.given_to_me(grant)
        and lifts(grant.role, LiftableBy.TEACHER, interns=asking.snapshot.policy.interns_permit)
        and any(_names(asking, grant, host) for host in asking.request.hosts)
        and asking.live(grant.start, grant.end)
    ]
    hosts = (*asking.request.hosts, *asking.fetched)
    return all(any(_names(asking, grant, host) for grant in grants) for host in hosts)


def _names(asking: Asking, grant: Grant, host: str) -> bool:
    return asking.granted_here(grant, host) or not grant.categories.isdisjoint(asking.categories(host))


IN_ORDER: tuple[Callable[[Asking], Decision | None], ...] = (
    help_,
    own,
    locked,
    emergency,
    care,
    infrastructure,
    sanction,
    pause,
    break_,
    agreement,
)
