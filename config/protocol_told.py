"""A school's rules as one reader wants them: a child, a parent or a teacher. One text for command, page and poster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from config.rulebook import is_default
from config.rules_told import sentences
from config.texts import say
from policy.model import BasisKind, Bound, Clause, ClauseKind, HoldsIn, LiftableBy, Means, Policy, Role, Rule

_EMPLOYEES = frozenset(Bound) - {Bound.PUPIL, Bound.PARENT, Bound.SCHOOL}
_CONSEQUENCES = frozenset({Means.BAN, Means.NOTES})
_NOT_FOR_A_WALL = frozenset({"dating"})
_PART_OF_THE_DAY = frozenset({HoldsIn.LESSON, HoldsIn.BREAK})


class Reader(StrEnum):
    """For whom the rules are written out."""

    PUPIL = "pupil"
    PARENT = "parent"
    TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class Line:
    """One agreement. `article` is where it stands in the protocol, `note` what Klaswacht does with it; both may be
    empty."""

    text: str
    article: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The rules, finished. `lead` says whose text it follows."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    source: str


def told(policy: Policy, reader: Reader, lang: str = "nl") -> Told:
    """Write a school's rules out for a reader; sections without lines are left out."""
    sections = _WRITERS[reader](policy, lang)
    protocol = policy.protocol
    lead = "told.lead" if protocol.clauses else "told.lead_none"
    return Told(
        title=say(f"told.title.{reader.value}", lang),
        lead=say(lead, lang, school=protocol.school, title=protocol.title),
        sections=tuple(section for section in sections if section.lines),
        source=protocol.source,
    )


def poster(policy: Policy, lang: str = "nl") -> Told:
    """Return the poster for the classroom: the child's agreements, and who to tell when something is not nice.

    A protocol of which no agreement with pupils is kept by rules shows the rules themselves.
    """
    whole = told(policy, Reader.PUPIL, lang)
    agreed = [clause for clause in policy.protocol.clauses if _on_poster(clause)]
    kept = any(clause.kind is ClauseKind.ENFORCED for clause in agreed)
    lines = tuple(Line(clause.child) for clause in agreed if kept) or tuple(
        line for section in whole.sections[:-1] for line in section.lines
    )
    return Told(say("told.poster", lang), whole.lead, (Section("", lines), whole.sections[-1]), whole.source)


# --- a child -------------------------------------------------------------------------------------------------------


def _pupil(policy: Policy, lang: str) -> Iterator[Section]:
    mine = [clause for clause in policy.protocol.clauses if Bound.PUPIL in clause.binds]
    yield Section(say("told.pupil.agreed", lang), tuple(Line(c.child, c.article) for c in mine))
    rest = tuple(_beside_the_clauses(_for_a_wall(_for_pupils(policy)), all_day=False))
    yield Section(say("told.pupil.also", lang), _lines(rest, "pupil", lang))
    helped = ("not_your_fault", "teacher", "phone")
    yield Section(say("told.pupil.help", lang), tuple(Line(say(f"told.help.{code}", lang)) for code in helped))


def _for_a_wall(rules: Iterable[Rule]) -> list[Rule]:
    """Without the defaults that no lesson ever asks for."""
    return [
        rule
        for rule in rules
        if not is_default(rule) or (rule.liftable_by is LiftableBy.TEACHER and rule.categories != _NOT_FOR_A_WALL)
    ]


def _beside_the_clauses(rules: Iterable[Rule], *, all_day: bool) -> Iterator[Rule]:
    """What no clause says: of a default only the things that no clause of the protocol names already.

    With `all_day` a clause that speaks in lessons only leaves the default to be told: it still holds in breaks.
    """
    every = tuple(rules)
    clauses = [rule for rule in every if rule.basis.clause and not (all_day and rule.holds_in in _PART_OF_THE_DAY)]
    known = {
        what: frozenset[str]().union(*(_named(r) for r in clauses if _about(r) == what)) for what in map(_about, every)
    }
    for rule in every:
        if rule.basis.clause:
            continue
        said = known[_about(rule)]
        if not is_default(rule) or not _named(rule) & said:
            yield rule
        elif _named(rule) - said:
            yield _without(rule, said)


def _about(rule: Rule) -> tuple[str, bool]:
    """What a rule is about; words that somebody writes are not words that somebody looks for."""
    return str(rule.facet or rule.gate), bool(rule.kinds and rule.actions)


def _named(rule: Rule) -> frozenset[str]:
    """What a rule names of what it is about: where something is done, is told with another rule."""
    if rule.kinds:
        return frozenset(rule.kinds)
    if rule.actions:
        return frozenset(action.value for action in rule.actions)
    return rule.categories | rule.apps | rule.types


def _without(rule: Rule, said: frozenset[str]) -> Rule:
    if rule.kinds:
        return replace(rule, kinds=rule.kinds - said)
    if rule.actions:
        return replace(rule, actions=frozenset(action for action in rule.actions if action.value not in said))
    return replace(rule, categories=rule.categories - said, apps=rule.apps - said, types=rule.types - said)


def _on_poster(clause: Clause) -> bool:
    """What a child can do something with; what happens when it goes wrong is for a talk, not for a wall."""
    return Bound.PUPIL in clause.binds and not _CONSEQUENCES.intersection(clause.means)


# --- adults --------------------------------------------------------------------------------------------------------


def _parent(policy: Policy, lang: str) -> Iterator[Section]:
    yield from _agreements(policy, lang, ("everybody", "home", "pupil", "parent", "school", "staff"))
    yield from _decisions(policy, lang)
    yield Section(say("told.adult.default", lang), _lines(_defaults(policy), "adult", lang))
    kept = ("exceptions", "never", "help", "ask")
    yield Section(say("told.kept.title", lang), tuple(Line(say(f"told.kept.{code}", lang)) for code in kept))


def _teacher(policy: Policy, lang: str) -> Iterator[Section]:
    yield from _agreements(policy, lang, ("everybody", "home", "pupil", "staff", "school", "parent"))
    yield from _decisions(policy, lang)
    yield Section(say("told.adult.default", lang), _lines(_defaults(policy), "adult", lang))
    floor = [rule for rule in policy.rules if rule.basis.kind is BasisKind.SAFETY]
    yield Section(say("told.adult.floor", lang), _lines(floor, "adult", lang))


def _agreements(policy: Policy, lang: str, order: Iterable[str]) -> Iterator[Section]:
    """Every clause once, under the first of those it binds."""
    left = list(policy.protocol.clauses)
    rules = {clause.id: [rule for rule in policy.rules if rule.basis.clause == clause.id] for clause in left}
    for whom in order:
        mine = [clause for clause in left if _binds(clause, whom)]
        left = [clause for clause in left if clause not in mine]
        lines = tuple(Line(c.adult, c.article, _done(c, rules[c.id], lang)) for c in mine)
        yield Section(say(f"told.adult.{whom}", lang), lines)


def _binds(clause: Clause, whom: str) -> bool:
    staff, home = bool(clause.binds & _EMPLOYEES), {Bound.PUPIL, Bound.PARENT} <= clause.binds
    if whom in {"everybody", "home"}:
        return home and staff is (whom == "everybody")
    return staff if whom == "staff" else Bound(whom) in clause.binds


def _done(clause: Clause, rules: list[Rule], lang: str) -> str:
    """What Klaswacht does with a clause, and what is left to people."""
    if clause.kind is ClauseKind.HUMAN:
        return say("told.done.human", lang, why=clause.why)
    means = ", ".join(say(f"means.{one.value}", lang) for one in clause.means)
    if clause.kind is ClauseKind.SUPPORTED:
        return _with(say("told.done.supported", lang, means=means), clause.why)
    # A reminder stops nobody, so there is nothing to open.
    who = {rule.liftable_by for rule in rules if not rule.second_thought}
    lifts = " ".join(say(f"told.lifts.{one.value}", lang) for one in LiftableBy if one in who)
    helps = say("told.done.with", lang, means=means) if means else ""
    return _with(say("told.done.enforced", lang, lifts=lifts), helps, clause.why)


def _with(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _decisions(policy: Policy, lang: str) -> Iterator[Section]:
    own = [rule for rule in policy.rules if rule.basis.decided is not None or rule.basis.kind is BasisKind.LAW]
    yield Section(say("told.adult.decided", lang), _lines(own, "adult", lang))


def _defaults(policy: Policy) -> list[Rule]:
    """The defaults that no clause stands in front of; unlisted sites only where the school lets them wait."""
    rules = [rule for rule in _for_pupils(policy) if policy.hold_unknown or "unknown" not in rule.categories]
    return [rule for rule in _beside_the_clauses(rules, all_day=True) if is_default(rule)]


def _for_pupils(policy: Policy) -> list[Rule]:
    return [rule for rule in policy.rules if Role.PUPIL in rule.roles]


def _lines(rules: Iterable[Rule], reader: str, lang: str) -> tuple[Line, ...]:
    return tuple(Line(text) for text in sentences(rules, reader, lang))


_WRITERS: dict[Reader, Callable[[Policy, str], Iterator[Section]]] = {
    Reader.PUPIL: _pupil,
    Reader.PARENT: _parent,
    Reader.TEACHER: _teacher,
}
