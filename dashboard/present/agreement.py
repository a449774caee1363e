"""What was agreed for the lesson: the card of a running agreement, and the form that starts one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dashboard.actions.agreement import MOST_SITES, Outlook, Plan
from dashboard.actions.lesson import Agreed, Lesson
from dashboard.present.permits import what_of, who_of
from dashboard.present.words import Words, iso


@dataclass(frozen=True, slots=True)
class AgreementCard:
    """A running agreement. `closed` are sites of its list that still need a permission; `people` whom it is for."""

    id: str
    goal: str
    who: str
    until: str
    until_iso: str
    sites: tuple[str, ...]
    closed: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreementForm:
    """The form as it was filled in, what is wrong with it, and what it asks before it starts (empty: nothing)."""

    goal: str = ""
    sites: str = ""
    people: frozenset[str] = frozenset()
    whole_group: bool = True
    minutes: str = "lesson"
    problems: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    hint: str = ""


def agreement_card(agreed: Agreed, lesson: Lesson, words: Words, board: bool) -> AgreementCard:
    """The card of a running agreement. With `board` it names no pupil."""
    made = agreed.agreement
    return AgreementCard(
        id=made.id,
        goal=made.goal,
        who=who_of(made.groups, made.people, lesson.names, words, board),
        until=words("dash.open.until", until=words.clock(made.end)),
        until_iso=iso(made.end),
        sites=made.sites,
        closed=agreed.closed,
        people=() if board else tuple(sorted(made.people)),
    )


def agreement_form(plan: Plan, words: Words) -> AgreementForm:
    """The form with what was typed."""
    return AgreementForm(
        goal=plan.goal,
        sites="\n".join(plan.sites),
        people=plan.people,
        whole_group=plan.whole_group,
        minutes=str(plan.minutes or "lesson"),
        hint=words("dash.agree.sites_hint", count=MOST_SITES),
    )


def answered_form(
    plan: Plan,
    ahead: Outlook,
    names: Mapping[str, str],
    topics: Mapping[str, Mapping[str, str]],
    words: Words,
    *,
    asked: bool = False,
) -> AgreementForm:
    """The form with what stands in the way, or with the question that comes first.

    `asked`: the question stood on the form already, and was passed over.
    """
    problems = tuple(
        words(f"dash.no.{problem.code}", site=problem.site, count=MOST_SITES) for problem in ahead.problems
    )
    others = tuple(
        words(
            "dash.agree.other",
            what=what_of(grant, topics, words),
            who=who_of(grant.groups, grant.people, names, words, False),
            until=words.clock(grant.end),
        )
        for grant in ahead.others
    )
    replaced = tuple(words("dash.agree.replaces", goal=old.goal) for old in ahead.replaced)
    form = agreement_form(plan, words)
    if problems:
        return replace(form, problems=problems)
    passed_over = (words("dash.no.agree_others"),) if asked and others else ()
    return replace(form, problems=passed_over, others=others, replaced=replaced)
