"""What was agreed for the lesson: the card of a running agreement, what is ready and planned, and the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.actions.agreement import MOST_SITES, Outlook, Plan, Problem
from dashboard.actions.agreement_shelf import Ready
from dashboard.actions.lesson import Agreed, Lesson
from dashboard.actions.planned import Planned
from dashboard.present.permits import by_colleague, what_of, who_of
from dashboard.present.words import Choice, Words, iso
from policy.model import Period


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
    by: str
    test: bool


@dataclass(frozen=True, slots=True)
class ReadyCard:
    """One of the shelf. `line` is its list, and whose it is (on a class screen nobody's). `mine`: may be changed."""

    id: str
    goal: str
    line: str
    test: bool
    mine: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class PlannedCard:
    """A planned agreement, when it is, and what the timetable has become since (`warn`, empty: nothing)."""

    id: str
    goal: str
    line: str
    when: str
    warn: str
    test: bool


@dataclass(frozen=True, slots=True)
class AgreementForm:
    """The form as it was filled in, what is wrong with it, and what it asks before it starts (empty: nothing).

    `lessons` are those to come; `kept` is the one of the shelf that fills it; `may_keep`: it may be put there.
    """

    goal: str = ""
    sites: str = ""
    people: frozenset[str] = frozenset()
    whole_group: bool = True
    minutes: str = "lesson"
    problems: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    hint: str = ""
    test: bool = False
    later: bool = False
    lessons: tuple[Choice, ...] = ()
    kept: ReadyCard | None = None
    may_keep: bool = True


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
        by=by_colleague(made.by, lesson, words, board),
        test=made.test,
    )


def ready_cards(lesson: Lesson, words: Words, board: bool) -> tuple[ReadyCard, ...]:
    """The shelf. With `board` it names nobody."""
    return tuple(ready_card(one, lesson.keepers, words, board) for one in lesson.ready)


def ready_card(one: Ready, keepers: Mapping[str, str], words: Words, board: bool) -> ReadyCard:
    """One of the shelf."""
    if one.mine or board:
        whose = words("dash.agree.shared") if one.shared else ""
    else:
        name = keepers.get(one.by)
        whose = words("dash.agree.by", who=name) if name else words("dash.agree.by_colleague")
    line = " · ".join(part for part in (", ".join(one.sites), whose) if part)
    return ReadyCard(one.id, one.goal, line, one.test, one.mine, one.shared)


def planned_cards(lesson: Lesson, words: Words, board: bool) -> tuple[PlannedCard, ...]:
    """What is planned. With `board` it names no pupil."""
    return tuple(planned_card(one, lesson, words, board) for one in lesson.planned)


def planned_card(one: Planned, lesson: Lesson, words: Words, board: bool) -> PlannedCard:
    """One planned agreement."""
    made, warn = one.agreement, ""
    if one.start is None or one.end is None:
        warn = words("dash.agree.no_lesson")
    elif one.moved:
        warn = words("dash.agree.moved_bell", start=words.clock(one.start), end=words.clock(one.end))
    who = who_of(made.groups, made.people, lesson.names, words, board)
    return PlannedCard(
        id=made.id,
        goal=made.goal,
        line=f"{who} · {', '.join(made.sites)}",
        when=_stretch(made.start, made.end, lesson.now, words),
        warn=warn,
        test=made.test,
    )


def lesson_choices(
    lessons: tuple[Period, ...], now: datetime, words: Words, chosen: datetime | None = None
) -> tuple[Choice, ...]:
    """The lessons that one may plan for."""
    return tuple(
        Choice(iso(one.start), _stretch(one.start, one.end, now, words), one.start == chosen)
        for one in lessons
        if one.start is not None and one.end is not None
    )


def _stretch(start: datetime, end: datetime, now: datetime, words: Words) -> str:
    """`vandaag, 10:30-12:00`, or with the day of the week and the date."""
    local, clocks = words.local(start), {"start": words.clock(start), "end": words.clock(end)}
    if local.date() == words.local(now).date():
        return words("dash.agree.today", **clocks)
    day = words(f"dash.agree.day.d{local.weekday()}")
    return words("dash.agree.on_day", day=day, date=local.strftime("%d-%m"), **clocks)


def agreement_form(plan: Plan, words: Words) -> AgreementForm:
    """The form with what was typed."""
    return AgreementForm(
        goal=plan.goal,
        sites="\n".join(plan.sites),
        people=plan.people,
        whole_group=plan.whole_group,
        minutes=str(plan.minutes or "lesson"),
        test=plan.test,
        later=plan.at is not None,
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
    problems = problem_lines(ahead.problems, words)
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


def problem_lines(problems: Iterable[Problem], words: Words) -> tuple[str, ...]:
    """What stands in the way, a sentence each."""
    return tuple(words(f"dash.no.{problem.code}", site=problem.site, count=MOST_SITES) for problem in problems)
