"""A school's rules as one reader wants them: a child, a parent or a teacher. One text for command, page and poster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from config.rulebook import is_default
from config.rules_told import sentences
from config.texts import say
from policy.model import BasisKind, Bound, Clause, ClauseKind, LiftableBy, Means, Policy, Role, Rule

_EMPLOYEES = frozenset(Bound) - {Bound.PUPIL, Bound.PARENT, Bound.SCHOOL}
_CONSEQUENCES = frozenset({Means.BAN, Means.NOTES})
_NOT_FOR_A_WALL = frozenset({"dating"})


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
    rest = tuple(_beside_the_clauses(_for_pupils(policy)))
    yield Section(say("told.pupil.also", lang), _lines(rest, "pupil", lang))
    helped = ("not_your_fault", "teacher", "phone")
    yield Section(say("told.pupil.help", lang), tuple(Line(say(f"told.help.{code}", lang)) for code in helped))


def _beside_the_clauses(rules: list[Rule]) -> Iterator[Rule]:
    """What no clause says: of a default only the things that no clause of the protocol names already."""
    named = [_named(rule) for rule in rules if rule.basis.clause]
    known = frozenset[str]().union(*named)
    for rule in rules:
        if rule.basis.clause or (is_default(rule) and rule.liftable_by is not LiftableBy.TEACHER):
            continue  # what no lesson ever asks for need not hang on a wall
        if is_default(rule) and rule.categories == _NOT_FOR_A_WALL:
            continue
        if not is_default(rule) or not _named(rule) & known:
            yield rule
            continue
        left = replace(
            rule,
            categories=rule.categories if rule.actions else rule.categories - known,
            actions=frozenset(action for action in rule.actions if action not in known),
            kinds=rule.kinds - known,
            apps=rule.apps - known,
        )
        if _named(left) - left.categories or (left.categories and not rule.actions):
            yield left


def _named(rule: Rule) -> frozenset[str]:
    categories = frozenset[str]() if rule.actions else rule.categories
    return categories.union(rule.kinds, rule.apps, (action.value for action in rule.actions))


def _on_poster(clause: Clause) -> bool:
    """What a child can do something with; what happens when it goes wrong is for a talk, not for a wall."""
    if Bound.PUPIL not in clause.binds or _CONSEQUENCES.intersection(clause.means):
        return False
    return clause.kind is not ClauseKind.HUMAN or not clause.binds & _EMPLOYEES


# --- adults --------------------------------------------------------------------------------------------------------


def _parent(policy: Policy, lang: str) -> Iterator[Section]:
    yield from _agreements(policy, lang, ("pupil", "parent", "school", "staff"))
    yield from _decisions(policy, lang)
    yield Section(say("told.adult.default", lang), _lines(_defaults(policy), "adult", lang))
    kept = ("exceptions", "never", "help", "ask")
    yield Section(say("told.kept.title", lang), tuple(Line(say(f"told.kept.{code}", lang)) for code in kept))


def _teacher(policy: Policy, lang: str) -> Iterator[Section]:
    yield from _agreements(policy, lang, ("pupil", "staff", "school", "parent"))
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
    return bool(clause.binds & _EMPLOYEES) if whom == "staff" else Bound(whom) in clause.binds


def _done(clause: Clause, rules: list[Rule], lang: str) -> str:
    """What Klaswacht does with a clause."""
    if clause.kind is ClauseKind.ENFORCED:
        who = dict.fromkeys(rule.liftable_by for rule in rules)
        lifts = [say(f"told.lifts.{one.value}", lang) for one in LiftableBy if one in who]
        return say("told.done.enforced", lang, lifts="; ".join(lifts))
    if clause.kind is ClauseKind.SUPPORTED:
        means = ", ".join(say(f"means.{one.value}", lang) for one in clause.means)
        return say("told.done.supported", lang, means=means)
    return say("told.done.human", lang, why=clause.why)


def _decisions(policy: Policy, lang: str) -> Iterator[Section]:
    own = [rule for rule in policy.rules if rule.basis.decided is not None or rule.basis.kind is BasisKind.LAW]
    yield Section(say("told.adult.decided", lang), _lines(own, "adult", lang))


def _defaults(policy: Policy) -> list[Rule]:
    return [rule for rule in policy.rules if is_default(rule)]


def _for_pupils(policy: Policy) -> list[Rule]:
    return [rule for rule in policy.rules if Role.PUPIL in rule.roles]


def _lines(rules: Iterable[Rule], reader: str, lang: str) -> tuple[Line, ...]:
    return tuple(Line(text) for text in sentences(rules, reader, lang))


_WRITERS: dict[Reader, Callable[[Policy, str], Iterator[Section]]] = {
    Reader.PUPIL: _pupil,
    Reader.PARENT: _parent,
    Reader.TEACHER: _teacher,
}
