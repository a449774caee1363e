"""The new school year in finished strings: the questions, and what the answers would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.actions.new_year import LEAVE, STAY, TO, Answers, Step, YearPlan
from dashboard.present.intake import Bundle
from dashboard.present.office import group_choices
from dashboard.present.words import Choice, Words
from policy.model import Group
from store.people import Person


@dataclass(frozen=True, slots=True)
class PupilAsk:
    """One pupil's own answer. `open`: nothing was said yet, and nothing can be proposed."""

    id: str
    name: str
    choices: tuple[Choice, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class GroupAsk:
    """A group: one answer for all (empty `choices` where each pupil is asked), and the exceptions."""

    id: str
    title: str
    count: int
    choices: tuple[Choice, ...]
    pupils: tuple[PupilAsk, ...]
    each: bool


@dataclass(frozen=True, slots=True)
class YearPreview:
    """What would happen: who goes where by group, who leaves, who stays."""

    moves: tuple[Bundle, ...]
    leaves: tuple[str, ...]
    stays: tuple[str, ...]
    sealed: str
    mark: str


def year_form(
    steps: tuple[Step, ...], groups: Mapping[str, Group], given: Mapping[str, str], words: Words
) -> tuple[GroupAsk, ...]:
    """The questions, with what was answered already (`given`: field to answer)."""
    lasting = {name: group for name, group in groups.items() if group.until is None}
    targets = tuple(Choice(TO + choice.value, choice.label) for choice in group_choices(lasting))
    return tuple(_group(step, targets, given, words) for step in steps)


def answers_in(steps: tuple[Step, ...], given: Mapping[str, str]) -> Answers:
    """Everybody's answer: their own, else that of the group."""
    return {
        pupil.id: given.get(f"p:{pupil.id}", "") or given.get(f"g:{step.group.id}", "")
        for step in steps
        for pupil in step.pupils
    }


def year_preview(plan: YearPlan, groups: Mapping[str, Group], sealed: str, words: Words) -> YearPreview:
    """What the answers would do."""
    paths: dict[tuple[str, str], list[str]] = {}
    for one in plan.moves:
        source = next((group for group in one.before.groups if group not in one.after.groups), "")
        paths.setdefault((source, one.after.groups[0]), []).append(one.after.name)

    def named(group: str) -> str:
        return groups[group].name if group in groups else words("dash.office.none")

    moves = (
        Bundle(words("dash.people.moved", before=named(source), after=named(target)), tuple(names))
        for (source, target), names in paths.items()
    )
    return YearPreview(tuple(moves), _names(plan.leaves), _names(plan.stays), sealed, plan.mark)


def _group(step: Step, targets: tuple[Choice, ...], given: Mapping[str, str], words: Words) -> GroupAsk:
    fixed = (Choice(STAY, words("dash.year_new.stay")), Choice(LEAVE, words("dash.year_new.leave")))
    others = tuple(choice for choice in targets if choice.value != TO + step.group.id)
    chosen = given.get(f"g:{step.group.id}", step.proposed)
    return GroupAsk(
        id=step.group.id,
        title=step.group.name,
        count=len(step.pupils),
        choices=() if step.each else _chosen((*others, *fixed), chosen),
        pupils=tuple(
            PupilAsk(
                pupil.id,
                pupil.name,
                _chosen((*others, *fixed), given.get(f"p:{pupil.id}", "")),
                bool(given) and not given.get(f"p:{pupil.id}") and not (chosen and not step.each),
            )
            for pupil in step.pupils
        ),
        each=step.each,
    )


def _chosen(choices: Iterable[Choice], value: str) -> tuple[Choice, ...]:
    return tuple(Choice(choice.value, choice.label, choice.value == value) for choice in choices)


def _names(persons: Iterable[Person]) -> tuple[str, ...]:
    return tuple(person.name for person in persons)
