"""The test box: what was tried and why it went so, the school's own words and sites, and what a change would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from config.corpus_file import CorpusRow
from config.factory import factory_topics
from config.sense import closing_categories
from config.words import KINDS
from dashboard.actions.consequences import LISTED, Kept, Plan
from dashboard.actions.ownlists import SITES, Change, What
from dashboard.actions.trial import Asked, Moment, Tried, Wish, engine_choices, is_help
from dashboard.actions.why import Answered
from dashboard.present.lesson import Choice
from dashboard.present.office import StepLine, rule_lines, why_card
from dashboard.present.words import Words
from policy.model import Decision, Effect, Snapshot
from policy.terms import HELP, Found

_SEVERITIES = (1, 2, 3)
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
    """The answer of the test box."""

    title: str
    typed: str
    verdicts: tuple[Verdict, ...]
    helps: bool
    words: tuple[WordLine, ...]
    no_words: bool
    personal: tuple[str, ...]
    kinships: tuple[str, ...]
    host: str
    is_site: bool
    word_to_add: str
    rules: tuple[RuleCard, ...]
    steps: tuple[StepLine, ...]


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


@dataclass(frozen=True, slots=True)
class RowLines:
    """Rows of a corpus that go otherwise: a sentence with their number, the first of them, and how many are left."""

    said: str
    rows: tuple[str, ...]
    more: str
    bad: bool


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A change before it is saved."""

    title: str
    now: str
    then: str
    same: bool
    kept: tuple[str, ...]
    kept_note: str
    rows: tuple[RowLines, ...]
    rows_note: str
    alarm: bool
    fields: tuple[tuple[str, str], ...]


# --- the answer ----------------------------------------------------------------------------------------------------


def trial_card(tried: Tried, snapshot: Snapshot, words: Words, now: datetime) -> TrialCard:
    """The decision and all of its grounds, for somebody who wants to follow why."""
    wish, helps = tried.wish, is_help(tried.found)
    shown = tried.decision if tried.permitted is None else tried.permitted
    answered = Answered(tried.host, wish.group, shown)
    clean = wish.asked is Asked.SEARCH and not tried.found and len(wish.typed) <= _LONGEST_OFFER
    return TrialCard(
        title=_title(tried, snapshot, words, now),
        typed=wish.typed,
        verdicts=tuple(_verdicts(tried, words)),
        helps=helps,
        words=tuple(_word_line(found, snapshot, words) for found in tried.found),
        no_words=not tried.found and wish.asked is not Asked.ADDRESS,
        personal=tuple(words(f"dash.trial.type.{kind}") for kind in sorted(tried.personal)),
        kinships=tuple(
            words(f"dash.trial.by.{one.by.value}", category=words.category(one.category), ground=one.ground)
            for one in tried.kinships
        ),
        host=tried.host,
        is_site=wish.asked is not Asked.SEARCH and bool(tried.host),
        word_to_add=wish.typed if clean else "",
        rules=tuple(_rule_cards(shown, snapshot, words)),
        steps=why_card(answered, snapshot, words).steps,
    )


def _title(tried: Tried, snapshot: Snapshot, words: Words, now: datetime) -> str:
    """What was tried, where, for whom and when."""
    wish = tried.wish
    group = snapshot.groups.get(wish.group)
    when = words.day_clock(tried.at, now) if tried.at else words("dash.trial.no_such_time")
    return words(
        f"dash.trial.tried.{wish.asked.value}",
        place=tried.host or words("dash.trial.somewhere"),
        group=group.name if group else words("dash.trial.any_group"),
        moment=words(f"dash.trial.at.{wish.moment.value}"),
        when=when,
    )


def _verdicts(tried: Tried, words: Words) -> Iterable[Verdict]:
    if tried.permitted is None:
        yield _verdict("", tried.decision, words)
        return
    if tried.decision.effect is not Effect.HELP:
        yield _verdict(words("dash.trial.as_is"), tried.decision, words)
    yield _verdict(words("dash.trial.when_open", site=tried.host), tried.permitted, words)


def _verdict(when: str, decision: Decision, words: Words) -> Verdict:
    tones = {Effect.ALLOW: "good", Effect.HELP: "good", Effect.HOLD: "wait", Effect.DENY: "bad"}
    return Verdict(
        when,
        words(f"dash.trial.effect.{decision.effect.value}"),
        words.reason(decision.reason),
        words(f"dash.trial.lifted_by.{decision.liftable_by.value}") if decision.liftable_by else "",
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
        can_pass=hit.kind != HELP and not any(term.id == hit.term_id for term in snapshot.policy.terms),
    )


def _rule_cards(decision: Decision, snapshot: Snapshot, words: Words) -> Iterable[RuleCard]:
    rules = tuple(snapshot.rules[name] for name in decision.rules if name in snapshot.rules)
    for rule, line in zip(rules, rule_lines(replace(snapshot.policy, rules=rules), words), strict=True):
        clause = snapshot.clauses.get(rule.basis.clause or "")
        yield RuleCard(line.id, line.about, line.basis, line.lifts, clause.adult if clause else rule.basis.note)


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
                _fields(Change(What.NO_TERM, term.id)),
            )
            for term in policy.terms
        ),
        passed=tuple(OwnLine(word, "", _fields(Change(What.NO_PASS, word))) for word in policy.passed_words),
        closed=tuple(
            OwnLine(host, words.category(category), _fields(Change(What.NO_CLOSE, host, category=category)))
            for category, hosts in sorted(policy.lists.items())
            for host in hosts
        ),
        opened=tuple(OwnLine(host, "", _fields(Change(What.NO_OPEN, host))) for host in policy.open_sites),
        kinds=tuple(Choice(kind, words(f"dash.kind.{kind}").capitalize()) for kind in KINDS),
        severities=tuple(Choice(str(n), words(f"dash.trial.severity_long.{n}"), n == 2) for n in _SEVERITIES),
        categories=category_choices(snapshot, words),
        engines=tuple(Choice(name, host, name == wish.engine) for name, host in engine_choices(snapshot)),
        ways=tuple(Choice(one.value, words(f"dash.trial.way.{one.value}"), one is wish.asked) for one in Asked),
        moments=tuple(Choice(one.value, words(f"dash.trial.moment.{one.value}"), one is wish.moment) for one in Moment),
    )


def category_choices(snapshot: Snapshot, words: Words, chosen: str = "") -> tuple[Choice, ...]:
    """The categories that a site can be closed like, by their names for people."""
    choices = (Choice(name, words.category(name), name == chosen) for name in closing_categories(snapshot.policy))
    return tuple(sorted(choices, key=lambda choice: choice.label.casefold()))


def _fields(change: Change) -> tuple[tuple[str, str], ...]:
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


# --- a change before it is saved -----------------------------------------------------------------------------------


def plan_card(plan: Plan, snapshot: Snapshot, words: Words) -> PlanCard:
    """What would change: first what somebody would notice, in a sentence each."""
    change, rows = plan.change, plan.rows
    site = change.what in SITES
    lines = tuple(
        _rows(code, kept, bad, words)
        for code, kept, bad in (
            ("site_blocked" if site else "blocked", rows.blocked, True),
            ("unhelped", rows.unhelped, True),
            ("site_missed" if site else "missed", rows.missed, True),
        )
        if kept
    )
    counted = tuple(
        RowLines(words(f"dash.trial.rows.{code}", count=count), (), "", False)
        for code, count in (("site_found" if site else "found", rows.found), ("freed", rows.freed))
        if count
    )
    before, after = plan.before, plan.after
    return PlanCard(
        title=_change_title(change, snapshot, words),
        now=_short(before, words) if before else "",
        then=_short(after, words) if after else "",
        same=before is not None and after is not None and before.open is after.open,
        kept=tuple(_kept_line(one, words) for one in plan.kept),
        kept_note="" if plan.kept else words(_no_kept(change.what)),
        rows=(*lines, *counted),
        rows_note=words("dash.trial.rows.none" if not (lines or counted) else "dash.trial.rows.of", tried=rows.tried),
        alarm=bool(rows.blocked or rows.unhelped),
        fields=(*_fields(change), ("based_on", str(plan.based_on))),
    )


def _short(decision: Decision, words: Words) -> str:
    said = words(f"dash.trial.effect.{decision.effect.value}")
    return said if decision.open else f"{said} ({words.reason(decision.reason)})"


def _change_title(change: Change, snapshot: Snapshot, words: Words) -> str:
    text = change.text
    if change.what is What.NO_TERM:
        text = next((term.text for term in snapshot.policy.terms if term.id == change.text), text)
    kind = words(f"dash.kind.{change.kind}") if change.kind else ""
    how = words("dash.trial.inside" if change.part else "dash.trial.whole")
    category = words.category(change.category) if change.category else ""
    severity = words(f"dash.trial.severity.{change.severity}")
    return words(
        f"dash.trial.change.{change.what.value}",
        text=text.strip(),
        kind=kind,
        how=how,
        severity=severity,
        category=category,
    )


def _kept_line(kept: Kept, words: Words) -> str:
    way = "opens" if kept.opens else "closes"
    if kept.terms and not kept.sure:
        way = "may_open"
    about = "words" if kept.terms else "site"
    number = "one" if kept.count == 1 else "many"
    return words(
        f"dash.trial.kept.{about}_{way}_{number}",
        count=kept.count,
        host=kept.host or words("dash.trial.somewhere"),
        terms=", ".join(kept.terms),
    )


def _no_kept(what: What) -> str:
    if what in SITES:
        return "dash.trial.kept.none_site"
    # Ordinary searches are never kept: of what would be stopped from now on there is nothing to look up.
    return "dash.trial.kept.unknowable" if what in (What.TERM, What.NO_PASS) else "dash.trial.kept.none"


def _rows(code: str, kept: tuple[CorpusRow, ...], bad: bool, words: Words) -> RowLines:
    more = len(kept) - LISTED
    return RowLines(
        words(f"dash.trial.rows.{code}", count=len(kept)),
        tuple(row.text for row in kept[:LISTED]),
        words("dash.trial.rows.more", count=more) if more > 0 else "",
        bad,
    )
