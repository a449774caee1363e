"""The test box: what was tried and why it went so, the school's own words and sites, and what a change would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from config.explained import Told, steps_of
from config.factory import factory_topics
from config.sense import closing_categories
from config.texts import has
from config.words import KINDS
from dashboard.actions.ownlists import Change, What, passes
from dashboard.actions.trial import Asked, Moment, Shaped, Tried, Wish, engine_choices, is_help
from dashboard.present.lesson import Choice
from dashboard.present.office import rule_lines
from dashboard.present.words import Words
from policy.model import Decision, Effect, Reason, Snapshot
from policy.terms import HELP, Found

_SEVERITIES = (1, 2, 3)
_SPOKE = frozenset({Effect.DENY, Effect.HOLD, "found"})
_SIGNS_TOLD = 5
_LONGEST_OFFER = 40  # characters of a search that is offered as a word to add


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would happen in one case: `when` says which, `tone` is `good`, `bad` or `wait`."""

    when: str
    said: str
    reason: str
    lifts: str
    tone: str


@dataclass(frozen=True, slots=True)
class WordLine:
    """A term that was found: the piece of the text, how it was read, and what the term is."""

    piece: str
    how: str
    term: str
    about: str
    can_pass: bool


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule that spoke, with the article behind it in the school's own words."""

    id: str
    about: str
    basis: str
    lifts: str
    clause: str


@dataclass(frozen=True, slots=True)
class TrialCard:
    """The answer of the test box.

    `site` is what a change would be about: `closed` by a rule of the school, `locked` by the safety floor, or open.
    """

    title: str
    about: str
    typed: str
    verdicts: tuple[Verdict, ...]
    helps: bool
    words: tuple[WordLine, ...]
    no_words: bool
    personal: tuple[str, ...]
    kinships: tuple[str, ...]
    host: str
    site: str
    closed: bool
    locked: bool
    not_read: bool
    categories: tuple[Choice, ...]
    word_to_add: str
    rules: tuple[RuleCard, ...]
    steps: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class PageCard:
    """What a page looks like; `kinds` are a sentence with the points and one for each sign."""

    looks: str
    like: bool
    host: str
    kinds: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class OwnLine:
    """Something of the school's own with the fields that take it away."""

    text: str
    about: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything of the school's own, and what there is to choose from in the forms."""

    terms: tuple[OwnLine, ...]
    passed: tuple[OwnLine, ...]
    closed: tuple[OwnLine, ...]
    opened: tuple[OwnLine, ...]
    kinds: tuple[Choice, ...]
    severities: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    engines: tuple[Choice, ...]
    ways: tuple[Choice, ...]
    moments: tuple[Choice, ...]


# --- the answer ----------------------------------------------------------------------------------------------------


def trial_card(tried: Tried, snapshot: Snapshot, words: Words, now: datetime) -> TrialCard:
    """The decision and all of its grounds, for somebody who wants to follow why."""
    wish, helps = tried.wish, is_help(tried.found)
    shown = tried.decision if tried.permitted is None else tried.permitted
    clean = wish.asked is Asked.SEARCH and not tried.found and len(wish.typed) <= _LONGEST_OFFER
    return TrialCard(
        title=words(f"dash.trial.tried.{wish.asked.value}", place=tried.host or words("dash.trial.somewhere")),
        about=_about(tried, snapshot, words, now),
        typed=wish.typed,
        verdicts=tuple(_verdicts(tried, snapshot, words)),
        helps=helps,
        words=tuple(_word_line(found, snapshot, words) for found in tried.found),
        no_words=not tried.found and tried.read and wish.asked is not Asked.ADDRESS,
        personal=tuple(words(f"dash.trial.type.{kind}") for kind in sorted(tried.personal)),
        kinships=tuple(
            words(f"dash.trial.by.{one.by.value}", category=words.category(one.category), ground=one.ground)
            for one in tried.kinships
        ),
        host=tried.host,
        site="" if wish.asked is Asked.SEARCH else tried.host.removeprefix("www."),
        closed=tried.decision.reason is Reason.PLACE,
        locked=tried.decision.reason is Reason.LOCKED,
        not_read=not tried.read,
        categories=category_choices(snapshot, words, tried.kinships[0].category if tried.kinships else "social"),
        word_to_add=wish.typed if clean else "",
        rules=tuple(_rule_cards(shown, snapshot, words)),
        steps=steps_of(shown, snapshot, tried.at or now, words.lang),
    )


def _about(tried: Tried, snapshot: Snapshot, words: Words, now: datetime) -> str:
    """For whom and when it was tried."""
    group, moment = snapshot.groups.get(tried.wish.group), tried.wish.moment.value
    return words(
        "dash.trial.for_whom",
        group=group.name if group else words("dash.trial.any_group"),
        moment=words(f"dash.trial.at.{moment}"),
        when=words.day_clock(tried.at, now) if tried.at else words("dash.trial.no_such_time"),
    )


def _verdicts(tried: Tried, snapshot: Snapshot, words: Words) -> Iterable[Verdict]:
    if tried.permitted is None:
        yield _verdict("", tried.decision, snapshot, words)
        return
    if tried.decision.effect is not Effect.HELP:
        yield _verdict(words("dash.trial.as_is"), tried.decision, snapshot, words)
    yield _verdict(words("dash.trial.when_open", site=tried.host), tried.permitted, snapshot, words)


def _verdict(when: str, decision: Decision, snapshot: Snapshot, words: Words) -> Verdict:
    tones = {Effect.ALLOW: "good", Effect.HELP: "good", Effect.HOLD: "wait", Effect.DENY: "bad"}
    lifts = words(f"dash.trial.lifted_by.{decision.liftable_by.value}") if decision.liftable_by else ""
    spoke = tuple(snapshot.rules[name] for name in decision.rules if name in snapshot.rules)
    if decision.effect is Effect.HOLD and spoke and all(rule.second_thought for rule in spoke):
        lifts = words("dash.trial.second_thought")
    return Verdict(
        when,
        words(f"dash.trial.effect.{decision.effect.value}"),
        "" if decision.effect is Effect.HELP else words.reason(decision.reason),
        lifts,
        tones[decision.effect],
    )


def _word_line(found: Found, snapshot: Snapshot, words: Words) -> WordLine:
    hit = found.hit
    titles = {topic.id: topic.names.get(words.lang, topic.id) for topic in factory_topics()}
    topics = ", ".join(titles.get(topic, topic) for topic in sorted(hit.topics))
    parts = [words(f"dash.kind.{hit.kind}")]
    if hit.kind != HELP:
        parts.append(words(f"dash.trial.severity.{hit.severity}"))
    if topics:
        parts.append(words("dash.trial.topics", topics=topics))
    return WordLine(
        piece=found.text_as_read,
        how=words(f"dash.trial.how.{found.how.value}"),
        term=hit.term_id,
        about=" · ".join(parts),
        can_pass=hit.kind != HELP
        and not any(term.id == hit.term_id for term in snapshot.policy.terms)
        and passes(snapshot, found.text_as_read),
    )


def _rule_cards(decision: Decision, snapshot: Snapshot, words: Words) -> Iterable[RuleCard]:
    traced = (step.rule for step in decision.trace if step.rule and step.said in _SPOKE)
    names = dict.fromkeys((*decision.rules, *traced))
    rules = tuple(snapshot.rules[name] for name in names if name in snapshot.rules)
    for rule, line in zip(rules, rule_lines(replace(snapshot.policy, rules=rules), words), strict=True):
        clause = snapshot.clauses.get(rule.basis.clause or "")
        # The factory's own notes are for whoever keeps the files; a school writes its own in its own words.
        own = rule.basis.note if rule.basis.decided else ""
        yield RuleCard(line.id, line.about, line.basis, line.lifts, clause.adult if clause else own)


def page_card(found: Shaped, words: Words) -> PageCard:
    """What a page looks like: in a sentence, and by the points of every sign."""
    kinds = tuple(one for one in found.weighed if one.reached) or found.weighed[:2]
    return PageCard(
        looks=looks_like(found.kind, found.reasons, words) if found.kind else words("dash.trial.page_nothing"),
        like=bool(found.kind),
        host=found.host,
        kinds=tuple(
            (
                words(
                    "dash.trial.page_score",
                    category=words.category(one.kind),
                    score=_points(one.score, words),
                    enough=_points(one.threshold, words),
                ),
                tuple(
                    words("dash.trial.page_ground", reason=sign(id_, words), points=_points(points, words))
                    for id_, points in sorted(one.parts, key=lambda part: -part[1])
                ),
            )
            for one in kinds
        ),
    )


def looks_like(kind: str, signs: Iterable[str], words: Words) -> str:
    """`Lijkt op een sociaal netwerk: een eigen profiel, mensen volgen.` with the heaviest signs first."""
    code = f"dash.proposals.kind.{kind}"
    what = words(code) if has(code, words.lang) else words.category(kind).casefold()
    told = tuple(dict.fromkeys(sign(id_, words) for id_ in signs))[:_SIGNS_TOLD]
    if not told:
        return words("dash.proposals.looks", what=what)
    return words("dash.proposals.looks_by", what=what, reasons=", ".join(told))


def sign(id_: str, words: Words) -> str:
    """What a sign says, in a few words; one that has none yet is shown as it is."""
    return words(f"sign.{id_}") if has(f"sign.{id_}", words.lang) else id_.replace("-", " ")


def _points(points: float, words: Words) -> str:
    return f"{points:g}".replace(".", "," if words.lang == "nl" else ".")


# --- what the school has of its own --------------------------------------------------------------------------------


def shelf(snapshot: Snapshot, words: Words, wish: Wish | None = None) -> Shelf:
    """The school's own words, exceptions and sites, and the choices of the forms as they were in `wish`."""
    wish = wish or Wish("")
    policy = snapshot.policy
    return Shelf(
        terms=tuple(
            OwnLine(
                term.text,
                " · ".join(
                    (
                        words(f"dash.kind.{term.kind}"),
                        words(f"dash.trial.severity.{term.severity}"),
                        words("dash.trial.inside" if term.part else "dash.trial.whole"),
                    )
                ),
                change_fields(Change(What.NO_TERM, term.id)),
            )
            for term in policy.terms
        ),
        passed=tuple(OwnLine(word, "", change_fields(Change(What.NO_LET, word))) for word in policy.passed_words),
        closed=tuple(
            OwnLine(host, words.category(category), change_fields(Change(What.NO_CLOSE, host, category=category)))
            for category, hosts in sorted(policy.lists.items())
            for host in hosts
        ),
        opened=tuple(OwnLine(host, "", change_fields(Change(What.NO_OPEN, host))) for host in policy.open_sites),
        kinds=tuple(Choice(kind, words(f"dash.kind.{kind}").capitalize()) for kind in KINDS),
        severities=tuple(Choice(str(n), words(f"dash.trial.severity_long.{n}"), n == 2) for n in _SEVERITIES),
        categories=category_choices(snapshot, words, "social"),
        engines=tuple(Choice(name, host, name == wish.engine) for name, host in engine_choices(snapshot)),
        ways=tuple(Choice(one.value, words(f"dash.trial.way.{one.value}"), one is wish.asked) for one in Asked),
        moments=tuple(Choice(one.value, words(f"dash.trial.moment.{one.value}"), one is wish.moment) for one in Moment),
    )


def category_choices(snapshot: Snapshot, words: Words, chosen: str = "") -> tuple[Choice, ...]:
    """The categories that a site can be closed like, by their names for people."""
    choices = (Choice(name, words.category(name), name == chosen) for name in closing_categories(snapshot.policy))
    return tuple(sorted(choices, key=lambda choice: choice.label.casefold()))


def change_fields(change: Change) -> tuple[tuple[str, str], ...]:
    """A change as the fields of a form."""
    given = (
        ("what", change.what.value),
        ("text", change.text),
        ("kind", change.kind),
        ("part", "1" if change.part else ""),
        ("severity", str(change.severity) if change.kind else ""),
        ("category", change.category),
    )
    return tuple((name, value) for name, value in given if value)
