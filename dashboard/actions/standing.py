"""What staff may always do: a standing permission by the management, until the school year is over at the latest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.measures import DECIDERS, sites_in
from dashboard.actions.office import OFFICE
from dashboard.actions.permission import LONGEST_GOAL
from dashboard.actions.trial import Moment, moment_of
from policy.asking import Asking
from policy.authority import Refusal, may_stand, rules_in_the_way
from policy.kinds import DERIVED
from policy.model import (
    AccessRequest,
    Action,
    BasisKind,
    Clause,
    Effect,
    Facet,
    Grant,
    LiftableBy,
    Member,
    Principal,
    Role,
    Rule,
    Snapshot,
)
from policy.schedule import zone_of
from store.year import ZONE, end_of_year

STAFF = tuple(role for role in Role if role is not Role.PUPIL)
_VIEW = frozenset({Facet.PLACE})
_FULL = frozenset({Facet.PLACE, Facet.ACTION, Facet.APP})
_CODES = {
    Refusal.ROLE: "standing_role",
    Refusal.NOBODY: "standing_who",
    Refusal.NOTHING: "what",
    Refusal.LOCKED: "locked",
    Refusal.NOT_LIFTABLE: "standing_nobody",
    Refusal.ENDED: "standing_end",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What to permit, as typed: a line of sites, categories, whole roles or named staff, an ISO date (last day)."""

    sites: str = ""
    categories: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    people: frozenset[str] = frozenset()
    until: str = ""
    view_only: bool = True
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the protocol itself leaves to the management: teachers look at what `rule` closes, to prepare lessons."""

    rule: Rule
    clause: Clause


def last_day(now: datetime) -> date:
    """The last day of the school year of `now`."""
    return end_of_year(now).astimezone(ZONE).date() - timedelta(days=1)


def staff_rules(snapshot: Snapshot) -> tuple[Rule, ...]:
    """The rules that close places to staff and that the management may lift."""
    return tuple(
        rule
        for rule in snapshot.facet_rules(Facet.PLACE)
        if rule.effect is not Effect.ALLOW
        and not rule.second_thought
        and rule.liftable_by is not LiftableBy.NOBODY
        and not rule.roles.isdisjoint(STAFF)
    )


def categories(snapshot: Snapshot) -> tuple[str, ...]:
    """The categories that a standing permission may open, in the order of the rules."""
    found = dict.fromkeys(category for rule in staff_rules(snapshot) for category in sorted(rule.categories))
    return tuple(category for category in found if category not in DERIVED)


def roles(snapshot: Snapshot) -> tuple[Role, ...]:
    """The roles of staff to which something is closed."""
    bound = frozenset[Role]().union(*(rule.roles for rule in staff_rules(snapshot)))
    return tuple(role for role in STAFF if role in bound)


def give(desk: Desk, who: Member, wish: Wish, now: datetime) -> Outcome[Grant]:
    """Give a standing permission. It is refused where nothing is closed: a permission for nothing only confuses."""
    if who.role not in DECIDERS:
        return refused("standing_role")
    snapshot = desk.snapshot(now)
    sites = sites_in(wish.sites)
    if sites is None:
        return refused("bad_site")
    end = _end(snapshot, wish.until, now)
    if end is None:
        return refused("date")
    if end > end_of_year(now):
        return refused("standing_long")
    asked = Grant(
        id="",
        start=now,
        end=end,
        role=who.role,
        by=who.id,
        people=wish.people,
        sites=sites,
        categories=wish.categories,
        facets=_VIEW if wish.view_only else _FULL,
        goal=" ".join(wish.goal.split())[:LONGEST_GOAL],
        roles=wish.roles,
    )
    verdict = may_stand(who, asked, snapshot, now)
    # Outside school hours few rules speak, and it must hold in a lesson: so it is asked of a lesson as well.
    lesson = moment_of(snapshot, "", Moment.LESSON, now)
    if verdict.allowed and lesson is not None and lesson < end:
        verdict_then = may_stand(who, asked, snapshot, lesson)
        if not verdict_then.allowed:
            verdict = verdict_then
        elif not any(_in_the_way(snapshot, asked, lesson)):
            return refused("standing_open")
    if not verdict.allowed or verdict.grant is None:
        return refused(_CODES.get(verdict.reason, "other") if verdict.reason else "other")
    return done("standing", desk.store.grants.add(desk.school, verdict.grant, now))


def standing(desk: Desk, who: Member, now: datetime) -> tuple[Grant, ...]:
    """The standing permissions that run, the newest first; none for who may not see them."""
    if who.role not in OFFICE:
        return ()
    snapshot = desk.snapshot(now)
    live = (grant for grant in desk.store.grants.live(desk.school, now) if is_standing(grant, snapshot))
    return tuple(sorted(live, key=lambda grant: (grant.start, grant.id), reverse=True))


def stop(desk: Desk, who: Member, grant_id: str, now: datetime) -> Outcome[Grant]:
    """End a standing permission now."""
    if who.role not in DECIDERS:
        return refused("standing_role")
    found = desk.store.grants.get(desk.school, grant_id)
    if found is None or not is_standing(found, desk.snapshot(now)):
        return refused("gone")
    ended = desk.store.grants.revoke(desk.school, grant_id, who.id, now)
    return done("standing_stopped", ended) if ended is not None else refused("gone")


def is_standing(grant: Grant, snapshot: Snapshot) -> bool:
    """Whether a permission is for staff: whole roles, or named people who are no pupils."""
    if grant.groups:
        return False
    members = [snapshot.people.get(person) for person in grant.people]
    return bool(grant.roles) or any(member is not None and member.role is not Role.PUPIL for member in members)


def proposals(desk: Desk, now: datetime) -> tuple[Proposal, ...]:
    """What the protocol leaves to the management and nobody has permitted to teachers yet."""
    snapshot = desk.snapshot(now)
    given = [one for one in desk.store.grants.live(desk.school, now) if Role.TEACHER in one.roles and one.start <= now]
    found = []
    for rule in staff_rules(snapshot):
        clause = snapshot.clauses.get(rule.basis.clause or "")
        left = rule.basis.kind is BasisKind.CLAUSE and rule.liftable_by is LiftableBy.MANAGEMENT
        # A rule that binds pupils too is no teacher's preparation: what does not fit the school fits nobody there.
        mine = Role.TEACHER in rule.roles and Role.PUPIL not in rule.roles and not rule.groups
        covered = any(rule.categories <= one.categories and Facet.PLACE in one.facets for one in given)
        if clause is not None and left and mine and rule.categories and not covered:
            found.append(Proposal(rule, clause))
    return tuple(found)


def accept(desk: Desk, who: Member, rule_id: str, goal: str, now: datetime) -> Outcome[Grant]:
    """Give what is proposed: teachers may look, until the school year is over."""
    found = next((one for one in proposals(desk, now) if one.rule.id == rule_id), None)
    if who.role not in DECIDERS:
        return refused("standing_role")
    if found is None:
        return refused("gone")
    wish = Wish(categories=found.rule.categories, roles=frozenset({Role.TEACHER}), goal=goal)
    return give(desk, who, wish, now)


def _in_the_way(snapshot: Snapshot, wish: Grant, now: datetime) -> Iterator[Rule]:
    """What keeps the wish closed for anybody whom it names."""
    members = (snapshot.people.get(person) for person in wish.people)
    for role in sorted(wish.roles.union(member.role for member in members if member is not None)):
        yield from rules_in_the_way(Asking(AccessRequest(Action.VISIT, Principal(role)), snapshot, now), wish)


def _end(snapshot: Snapshot, day: str, now: datetime) -> datetime | None:
    """The midnight after the last day (UTC); nothing typed is the whole school year. None: no date."""
    if not day.strip():
        return end_of_year(now)
    try:
        last = date.fromisoformat(day.strip())
        zone = zone_of(snapshot.policy.schedule.zone)
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
