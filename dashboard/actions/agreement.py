"""An agreement: what a group, or some of its pupils, do in a lesson, and where. It narrows; it opens nothing.

It begins now, or is planned for a lesson to come: then there is nothing to run at that moment, `policy.agreed` looks at
the times, the holidays and the bells of that day. A test is one that nothing joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import LONGEST_GOAL, are_pupils_of, code_of, end_of, period_of
from dashboard.actions.substitute import is_substitute
from dashboard.actions.target import site_in
from policy.agreed import in_its_lesson
from policy.authority import may_grant
from policy.decide import decide
from policy.match import covered
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Facet,
    Grant,
    Member,
    Period,
    PeriodKind,
    Principal,
    Reason,
    Role,
    Snapshot,
    Strength,
)
from policy.schedule import lessons_ahead

AHEAD = 14
"""Days that one may plan ahead."""
MOST_SITES = 20
_DONE = {
    (False, False): "agreed",
    (False, True): "planned",
    (True, False): "test_started",
    (True, True): "test_planned",
}
_LOOKING = frozenset({Facet.PLACE})
_OF_SITE = {"locked": "agree_locked", "not_liftable": "agree_not_liftable"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody wants to agree. `sites` as they were typed. No `people`: the whole group.

    `minutes` None: to the end of the lesson. `stop_others`: whether other live permissions stop; None: not said yet.
    `at`: the start of the lesson to come that it is planned for (None: it begins now). `test`: it is a test.
    """

    group: str
    goal: str = ""
    sites: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()
    whole_group: bool = True
    minutes: int | None = None
    stop_others: bool | None = None
    at: datetime | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why it cannot be agreed (the code of a sentence), and about which site, as it was typed."""

    code: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What starting would do. `others` are live permissions that may stop, `replaced` agreements that will."""

    problems: tuple[Problem, ...] = ()
    agreement: Agreement | None = None
    others: tuple[Grant, ...] = ()
    replaced: tuple[Agreement, ...] = ()


def look_ahead(desk: Desk, who: Member, plan: Plan, now: datetime) -> Outlook:
    """Whether it can be agreed and what else that touches, without doing it."""
    snapshot = desk.snapshot(now)
    if not desk.may_act_for(who, plan.group, now):
        return Outlook((Problem("not_yours"),))
    if not plan.whole_group and not are_pupils_of(snapshot, plan.people, plan.group):
        return Outlook((Problem("who"),))
    stretch = _stretch(snapshot, who, plan, now)
    if isinstance(stretch, Problem):
        return Outlook((stretch,))
    start, end = stretch
    made = Agreement(
        id="",
        start=start,
        end=end,
        groups=frozenset({plan.group}) if plan.whole_group else frozenset(),
        people=frozenset() if plan.whole_group else plan.people,
        sites=tuple(dict.fromkeys(site for typed in plan.sites if (site := site_in(typed)) is not None)),
        goal=" ".join(plan.goal.split())[:LONGEST_GOAL],
        by=who.id,
        test=plan.test,
    )
    problems = tuple(dict.fromkeys(_problems(plan, made, who, snapshot, start)))
    # Whoever is bound twice may only go where both lists meet: that is nowhere.
    if taken(snapshot, made, plan.group, now):
        return Outlook((*problems, Problem("plan_taken")), made)
    if plan.at is not None:
        return Outlook(problems, made)
    binding = [agreed for agreed in running(snapshot, plan.group, now) if _meets(agreed, made, snapshot, plan.group)]
    replaced = tuple(agreed for agreed in binding if _within(agreed, made, snapshot, plan.group))
    if len(replaced) < len(binding):
        problems = (*problems, Problem("agree_overlap"))
    return Outlook(problems, made, tuple(_others(snapshot, made, plan.group, now)), replaced)


def coming(snapshot: Snapshot, who: Member, group: str, now: datetime) -> tuple[Period, ...]:
    """The lessons of a group that one may plan for: those that begin later today or in the next two weeks.

    A substitute is there today.
    """
    until = snapshot.groups[group].until if group in snapshot.groups else now
    lessons = lessons_ahead(snapshot.policy.schedule, group, now, 0 if is_substitute(who.id) else AHEAD)
    return tuple(one for one in lessons if one.start is not None and (until is None or one.start < until))


def lesson_at(
    snapshot: Snapshot, who: Member, group: str, at: datetime, now: datetime
) -> tuple[datetime, datetime] | None:
    """Start and end (UTC) of the lesson to come that begins at `at`; None: none does that `who` may plan for."""
    for one in coming(snapshot, who, group, now):
        if one.start == at and one.end is not None:
            return one.start, one.end
    return None


def taken(snapshot: Snapshot, made: Agreement, group: str, now: datetime) -> bool:
    """Whether a planned one, or for a planned one any, binds somebody of it in the same stretch."""
    return any(
        other.id != made.id
        and other.start < made.end
        and made.start < other.end
        and (other.start > now or made.start > now)
        and _meets(other, made, snapshot, group)
        for other in snapshot.state.agreements
    )


def _stretch(snapshot: Snapshot, who: Member, plan: Plan, now: datetime) -> tuple[datetime, datetime] | Problem:
    """From when to when (UTC), or why not: it is for a lesson, never for a break."""
    if plan.at is not None:
        return lesson_at(snapshot, who, plan.group, plan.at, now) or Problem("plan_when")
    if period_of(snapshot, plan.group, now).kind is PeriodKind.BREAK:
        return Problem("break")
    end = end_of(snapshot, plan.group, plan.minutes, now)
    return Problem("no_lesson") if end is None else (now, end)


def start(desk: Desk, who: Member, plan: Plan, now: datetime) -> Outcome[Agreement]:
    """Start an agreement; other permissions stop in the same revision where the plan says so.

    Refused with `agree_others` while nobody said whether they stop.
    """
    ahead = look_ahead(desk, who, plan, now)
    if ahead.problems or ahead.agreement is None:
        return refused(ahead.problems[0].code if ahead.problems else "other")
    if ahead.others and plan.stop_others is None:
        return refused("agree_others")
    stop_these = [grant.id for grant in ahead.others] if plan.stop_others else []
    written = desk.store.measures.start_agreement(desk.school, ahead.agreement, now, stop=stop_these)
    for old in ahead.replaced:  # after the new one, so that there is no moment without
        desk.store.measures.stop_agreement(desk.school, old.id, who.id, now)
    return done(_DONE[plan.test, plan.at is not None], written)


def stop(desk: Desk, who: Member, group: str, agreement_id: str, now: datetime) -> Outcome[None]:
    """End a running agreement of this group now."""
    if not desk.may_act_for(who, group, now):
        return refused("not_yours")
    if agreement_id not in {agreed.id for agreed in running(desk.snapshot(now), group, now)}:
        return refused("agree_ended")
    if not desk.store.measures.stop_agreement(desk.school, agreement_id, who.id, now):
        return refused("agree_ended")
    return done("agree_stopped")


def running(snapshot: Snapshot, group: str, now: datetime) -> tuple[Agreement, ...]:
    """The agreements that hold now for this group or for somebody in it."""
    period, schedule = period_of(snapshot, group, now), snapshot.policy.schedule
    return tuple(
        agreed
        for agreed in of_group(snapshot, group)
        if agreed.start <= now < agreed.end and in_its_lesson(agreed, period, schedule, group)
    )


def of_group(snapshot: Snapshot, group: str) -> tuple[Agreement, ...]:
    """The agreements for this group or for somebody in it, of now and planned."""
    mine = _pupils(snapshot, group)
    return tuple(one for one in snapshot.state.agreements if group in one.groups or not one.people.isdisjoint(mine))


def still_closed(agreed: Agreement, snapshot: Snapshot, group: str, now: datetime) -> tuple[str, ...]:
    """The sites on the list that stay closed until they are permitted as well: an agreement opens nothing."""
    people: Iterable[str | None] = sorted(agreed.people) or (None,)
    return tuple(site for site in agreed.sites if any(_closed(site, who, snapshot, group, now) for who in people))


def set_aside(snapshot: Snapshot, group: str, now: datetime) -> frozenset[str]:
    """The permissions (their ids) that count for nothing while an agreement of this group runs."""
    return frozenset(
        grant.id
        for agreed in running(snapshot, group, now)
        for grant in _others(snapshot, agreed, group, now)
        if agreed.test or grant.start < agreed.start  # what was permitted after it joins it
    )


def _closed(site: str, person: str | None, snapshot: Snapshot, group: str, now: datetime) -> bool:
    strength = Strength.GROUP if person is None else Strength.CLAIMED
    who = Principal(Role.PUPIL, person, (group,), strength=strength)
    return decide(AccessRequest(Action.VISIT, who, (site,)), snapshot, now).reason is Reason.PLACE


def as_typed(plan: Plan) -> tuple[Problem, ...]:
    """What is wrong with a goal and a list as they were typed, whoever starts it and whenever."""
    typed = [site for site in plan.sites if site.strip()]
    found = [] if plan.goal.strip() else [Problem("agree_goal")]
    if not typed:
        found.append(Problem("agree_sites"))
    if len(typed) > MOST_SITES:
        return (*found, Problem("agree_many"))
    return (*found, *(Problem("agree_bad_site", site) for site in typed if site_in(site) is None))


def _problems(plan: Plan, made: Agreement, who: Member, snapshot: Snapshot, now: datetime) -> Iterable[Problem]:
    yield from as_typed(plan)
    if len(made.sites) > MOST_SITES:
        return
    for site in made.sites:
        # Asked as a permission to look there: what nobody here may open has no place on a list either.
        wish = Grant("", now, made.end, who.role, who.id, made.groups, made.people, sites=(site,), facets=_LOOKING)
        verdict = may_grant(who, wish, snapshot, now)
        if not verdict.allowed:
            code = code_of(verdict)
            yield Problem(_OF_SITE[code], site) if code in _OF_SITE else Problem(code)


def _others(snapshot: Snapshot, made: Agreement, group: str, now: datetime) -> Iterable[Grant]:
    """Live permissions for a place that is not on the list, and for nobody outside the agreement."""
    inside = _pupils(snapshot, group) if made.groups else made.people
    for grant in snapshot.state.grants:
        live = grant.start <= now < grant.end and Facet.PLACE in grant.facets
        mine = (grant.groups or grant.people) and grant.groups <= made.groups and grant.people <= inside
        on_the_list = bool(grant.sites) and all(covered(site, made.sites) for site in grant.sites)
        if live and mine and not grant.roles and not (on_the_list and not grant.categories):
            yield grant


def _meets(old: Agreement, new: Agreement, snapshot: Snapshot, group: str) -> bool:
    """Whether somebody would be bound by both."""
    return not _bound(old, snapshot, group).isdisjoint(_bound(new, snapshot, group)) or bool(old.groups & new.groups)


def _within(old: Agreement, new: Agreement, snapshot: Snapshot, group: str) -> bool:
    """Whether everybody whom the old one binds is bound by the new one."""
    return old.groups <= new.groups and old.people <= _bound(new, snapshot, group)


def _bound(agreed: Agreement, snapshot: Snapshot, group: str) -> frozenset[str]:
    return agreed.people | (_pupils(snapshot, group) if group in agreed.groups else frozenset())


def _pupils(snapshot: Snapshot, group: str) -> frozenset[str]:
    return frozenset(
        person.id for person in snapshot.people.values() if person.role is Role.PUPIL and group in person.groups
    )
