"""Agreements that wait on the shelf for one tap: one's own, and what colleagues share. Always for a whole group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.actions.agreement import Plan, Problem, as_typed
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.permission import LONGEST_GOAL
from dashboard.actions.substitute import is_substitute
from dashboard.actions.target import site_in
from policy.model import Member, Role
from store.prepared import Prepared, PreparedKind

MOST_KEPT = 40
_EVERYBODYS = frozenset({Role.COORDINATOR, Role.MANAGEMENT})


@dataclass(frozen=True, slots=True)
class Ready:
    """An agreement on the shelf, as `who` sees it. `mine`: it may be taken away or shared by whoever looks."""

    id: str
    goal: str
    sites: tuple[str, ...]
    test: bool
    by: str
    shared: bool
    mine: bool


def ready(shelf: Iterable[Prepared], who: Member) -> tuple[Ready, ...]:
    """What `who` may start: their own first, then what colleagues share."""
    found = [_ready(one, who) for one in shelf if _sees(one, who)]
    return tuple(sorted(found, key=lambda one: one.by != who.id))


def find(desk: Desk, who: Member, kept_id: str) -> Ready | None:
    """One of the shelf that `who` may start; what colleagues keep for themselves does not exist."""
    one = desk.store.prepared.get(desk.school, kept_id)
    return _ready(one, who) if one is not None and _sees(one, who) else None


def keep(desk: Desk, who: Member, plan: Plan, now: datetime, *, shared: bool) -> Outcome[Ready] | tuple[Problem, ...]:
    """Put the goal and the list of a plan on the shelf, or tell what is wrong with it.

    Whether a site may be agreed on is asked when it is started: of that lesson, and of whoever starts it.
    """
    if not desk.may_act_for(who, plan.group, now) or is_substitute(who.id):
        return refused("not_yours")  # what lasts is for who stays
    problems = as_typed(plan)
    if problems:
        return problems
    shelf = desk.store.prepared.on_shelf(desk.school, PreparedKind.AGREEMENT)
    if sum(1 for one in shelf if one.by == who.id) >= MOST_KEPT:
        return refused("shelf_full")
    goal = " ".join(plan.goal.split())[:LONGEST_GOAL]
    sites = dict.fromkeys(site for typed in plan.sites if (site := site_in(typed)) is not None)
    body = {"goal": goal, "sites": list(sites), "test": plan.test}
    made = Prepared("", PreparedKind.AGREEMENT, goal, body, None, who.id, shared, now)
    return done("kept_shared" if shared else "kept", _ready(desk.store.prepared.add(desk.school, made, now), who))


def share(desk: Desk, who: Member, kept_id: str, now: datetime, *, shared: bool) -> Outcome[None]:
    """Let colleagues see one of one's own, or no longer."""
    one = _mine(desk, who, kept_id)
    if one is None or desk.store.prepared.change(desk.school, replace(one, shared=shared), who.id, now) is None:
        return refused("shelf_gone")
    return done("kept_shared" if shared else "unshared")


def drop(desk: Desk, who: Member, kept_id: str, now: datetime) -> Outcome[None]:
    """Take one off the shelf. What was started with it goes on."""
    if _mine(desk, who, kept_id) is None or not desk.store.prepared.remove(desk.school, kept_id, who.id, now):
        return refused("shelf_gone")
    return done("dropped")


def plan_of(kept: Ready, group: str, *, stop_others: bool | None = None) -> Plan:
    """The plan to start one for a whole group, to the end of the lesson."""
    return Plan(group, kept.goal, kept.sites, stop_others=stop_others, test=kept.test)


def _mine(desk: Desk, who: Member, kept_id: str) -> Prepared | None:
    one = desk.store.prepared.get(desk.school, kept_id)
    return one if one is not None and _sees(one, who) and _owns(one, who) else None


def _owns(one: Prepared, who: Member) -> bool:
    """One's own; what somebody shared may also be tidied up by whoever looks after the whole school."""
    return one.by == who.id or (one.shared and who.role in _EVERYBODYS)


def _sees(one: Prepared, who: Member) -> bool:
    return one.kind is PreparedKind.AGREEMENT and (one.shared or one.by == who.id)


def _ready(one: Prepared, who: Member) -> Ready:
    body, sites = one.body, one.body.get("sites", ())
    return Ready(
        id=one.id,
        goal=str(body.get("goal", one.name)),
        sites=tuple(str(site) for site in sites) if isinstance(sites, list) else (),
        test=body.get("test") is True,
        by=one.by,
        shared=one.shared,
        mine=_owns(one, who),
    )
