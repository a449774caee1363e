"""A new school year: who goes to which group, who leaves. Looked at first; then all of it in one revision.

What can be known by the groups' years is proposed; a combined class and a year with two classes are asked for each
pupil. Consents are of a school year and end by themselves (`store.year`), and so do pupils' pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.roster_plan import Changed
from policy.model import Group, Member, Role
from store.people import Person

LAST_YEAR = 8
STAY = "stay"
LEAVE = "leave"
TO = "to:"

type Answers = Mapping[str, str]
"""Person id to `STAY`, `LEAVE` or `TO` with a group's id; empty is no answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """A group with its pupils. `proposed` is an answer for all of them, or empty; `each`: asked pupil by pupil."""

    group: Group
    pupils: tuple[Person, ...]
    proposed: str
    each: bool


@dataclass(frozen=True, slots=True)
class YearPlan:
    """What would happen. `asked` are those of whom nothing was said yet: with one of them nothing is done."""

    moves: tuple[Changed, ...]
    leaves: tuple[Person, ...]
    stays: tuple[Person, ...]
    asked: tuple[Person, ...]

    @property
    def mark(self) -> str:
        """The same for two plans that do the same."""
        return sha256(repr((self.moves, self.leaves)).encode("utf-8", "backslashreplace")).hexdigest()


def steps(desk: Desk, now: datetime) -> tuple[Step, ...]:
    """The lasting groups that have pupils, from the oldest down; each pupil is in one of them only."""
    lasting = [group for group in desk.snapshot(now).groups.values() if group.until is None]
    lasting.sort(key=lambda group: (-max(group.years, default=0), group.name.casefold()))
    pupils, seen, made = desk.store.people.persons(desk.school, Role.PUPIL), set[str](), list[Step]()
    for group in lasting:
        inside = tuple(one for one in pupils if _home(one, lasting) == group.id and one.id not in seen)
        seen |= {one.id for one in inside}
        if inside:
            made.append(_step(group, inside, lasting))
    return tuple(made)


def _step(group: Group, pupils: tuple[Person, ...], lasting: list[Group]) -> Step:
    if len(group.years) != 1:
        return Step(group, pupils, "", each=True)
    year = group.years[0]
    if year >= LAST_YEAR:
        return Step(group, pupils, LEAVE, each=False)
    following = [one for one in lasting if year + 1 in one.years]
    if len(following) == 1:
        return Step(group, pupils, TO + following[0].id, each=False)
    return Step(group, pupils, "", each=bool(following))


def _home(pupil: Person, lasting: list[Group]) -> str:
    known = {group.id for group in lasting}
    return next((group for group in pupil.groups if group in known), "")


def make_plan(desk: Desk, who: Member, answers: Answers, now: datetime) -> Outcome[YearPlan]:
    """What these answers would do. An answer that names no lasting group counts as none."""
    if who.role not in OFFICE:
        return refused("role")
    lasting = {group.id for group in desk.snapshot(now).groups.values() if group.until is None}
    moves, leaves, stays, asked = list[Changed](), list[Person](), list[Person](), list[Person]()
    for step in steps(desk, now):
        for pupil in step.pupils:
            answer = answers.get(pupil.id, "")
            target = answer.removeprefix(TO)
            if answer == LEAVE:
                leaves.append(pupil)
            elif answer == STAY or (answer.startswith(TO) and target == step.group.id):
                stays.append(pupil)
            elif answer.startswith(TO) and target in lasting:
                others = tuple(group for group in pupil.groups if group not in (step.group.id, target))
                moves.append(Changed(pupil, replace(pupil, groups=(target, *others))))
            else:
                asked.append(pupil)
    plan = YearPlan(tuple(moves), tuple(leaves), tuple(stays), tuple(asked))
    if asked:
        return refused("year_asked", plan)
    return done("seen", plan) if moves or leaves else refused("year_nothing", plan)


def begin(desk: Desk, who: Member, answers: Answers, mark: str, now: datetime) -> Outcome[YearPlan]:
    """Begin the year: everybody moves, and who leaves is forgotten with what was kept of them."""
    outcome = make_plan(desk, who, answers, now)
    if not outcome.ok or outcome.value is None:
        return outcome
    if outcome.value.mark != mark:
        return refused("people_moved", outcome.value)
    moved = [one.after for one in outcome.value.moves]
    gone = [one.id for one in outcome.value.leaves]
    desk.store.people.exchange(desk.school, (), moved, gone, who.id, now, "people.new_year")
    return done("year_begun", outcome.value)


def back(desk: Desk, who: Member, before: tuple[Person, ...], now: datetime) -> Outcome[int]:
    """Put everybody back where they were, who left too: by name and group only, what was kept of them is gone.

    Somebody whose group or role is another one since then is left alone.
    """
    if who.role not in OFFICE:
        return refused("role")
    groups = desk.snapshot(now).groups
    fits = [one for one in before if one.role is Role.PUPIL and one.groups and groups.keys() >= set(one.groups)]
    if not fits:
        return refused("year_nothing")
    desk.store.people.exchange(desk.school, (), fits, (), who.id, now, "people.new_year_back")
    return done("year_back", len(fits))
