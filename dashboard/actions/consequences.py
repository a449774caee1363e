"""What a change of the school's own lists would do, before it is saved: to the thing itself, to what was kept, to the
corpora that come with the product. The store has hosts and ids of terms only, so that is all that can be told of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from config.corpus_file import CorpusRow, rows
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from dashboard.actions.ownlists import SITES, Change, What, made, site_of_typed
from dashboard.actions.trial import Moment, moment_of, ordinary, visit
from policy.address import canonical
from policy.match import covers
from policy.model import Decision, Effect, Facet, Reason, Role, Snapshot
from policy.model import Member as Person
from policy.terms import HELP, Lexicon
from store.events import Event

LOOK_BACK = timedelta(days=14)
LISTED = 20
"""Rows of a corpus that are shown; the others are counted."""

_MOST_EVENTS = 5_000
_QUERIES = ("queries-school", "queries-bad", "queries-help")


class State(StrEnum):
    """What becomes of a search."""

    OPEN = "open"
    STOPPED = "stopped"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Kept:
    """Kept exceptions of one host and the same terms that would have gone otherwise. `sure`: by the ids alone.

    `opens` tells the way: they would be open now, or closed.
    """

    host: str
    terms: tuple[str, ...]
    count: int
    opens: bool
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the corpora that would go otherwise; `found` and `freed` are how many go as one would wish.

    `blocked` are ordinary school queries (or sites) that would be stopped, `missed` bad ones no longer found,
    `unhelped` those that would no longer give help.
    """

    tried: int
    blocked: tuple[CorpusRow, ...] = ()
    missed: tuple[CorpusRow, ...] = ()
    unhelped: tuple[CorpusRow, ...] = ()
    found: int = 0
    freed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A change and all that comes of it. `based_on` is the revision that it was worked out on."""

    change: Change
    based_on: int
    kept: tuple[Kept, ...]
    rows: Rows
    host: str = ""
    before: Decision | None = None
    after: Decision | None = None
    touched: tuple[str, ...] = field(default=())


def consequences(desk: Desk, who: Person, change: Change, now: datetime) -> Outcome[Plan]:
    """Work the change out. Nothing is written."""
    if who.role not in OFFICE:
        return refused("role")
    # The number first: who changes something in between is noticed when it is saved.
    current = desk.store.policies.current(desk.school)
    old = desk.snapshot(now)
    outcome = made(old, desk.settings, change)
    if outcome.value is None:
        return Outcome(False, outcome.code)
    new = replace(old, policy=outcome.value)
    events = tuple(
        stored.event
        for stored in desk.store.events.latest(desk.school, limit=_MOST_EVENTS)
        if stored.event.when >= now - LOOK_BACK
    )
    based_on = current.number if current else 0
    if change.what in SITES:
        return done("seen", _of_site(change, based_on, old, new, events, now))
    touched = _touched(change, old)
    kept = tuple(_kept_words(touched, old.lexicon, new.lexicon, events))
    return done("seen", Plan(change, based_on, kept, _word_rows(old, new), touched=tuple(sorted(touched))))


# --- words ---------------------------------------------------------------------------------------------------------


def _touched(change: Change, old: Snapshot) -> frozenset[str]:
    """The ids of the terms that would no longer be found, somewhere or anywhere."""
    if change.what is What.NO_TERM:
        return frozenset({change.text})
    if change.what is What.LET:
        return frozenset(hit.term_id for hit in old.lexicon.hits(change.text) if hit.kind != HELP)
    return frozenset()


def _kept_words(touched: frozenset[str], old: Lexicon, new: Lexicon, events: tuple[Event, ...]) -> Iterator[Kept]:
    stopped = Counter(
        (event.host or "", event.terms)
        for event in events
        if event.reason in (Reason.WORDS, Reason.TEXT)
        and event.effect is not Effect.ALLOW
        and event.terms
        and touched.issuperset(event.terms)
    )
    gone = {term_id: _gone(term_id, old, new) for term_id in touched}
    for (host, terms), count in stopped.most_common():
        yield Kept(host, terms, count, opens=True, sure=all(gone[term_id] for term_id in terms))


def _gone(term_id: str, old: Lexicon, new: Lexicon) -> bool:
    """Whether no form of a term is found any more, as far as its forms tell."""
    forms = [term.text.strip("*") for layer in _layers(old) for term in layer.terms if term.id == term_id]
    return bool(forms) and not any(hit.term_id == term_id for form in forms for hit in new.hits(form))


def _layers(lexicon: Lexicon | None) -> Iterator[Lexicon]:
    while lexicon is not None:
        yield lexicon
        lexicon = lexicon.under


def _word_rows(old: Snapshot, new: Snapshot) -> Rows:
    closed = _closed_kinds(old)
    before, after = _states(old.lexicon, closed), _states(new.lexicon, closed)
    moved = [
        (name, row, was, becomes)
        for name in _QUERIES
        for row, was, becomes in zip(rows(name), before[name], after[name], strict=True)
        if was is not becomes
    ]
    stopped = State.STOPPED
    return Rows(
        tried=sum(len(rows(name)) for name in _QUERIES),
        blocked=tuple(row for name, row, _, becomes in moved if name == "queries-school" and becomes is stopped),
        missed=tuple(row for name, row, was, _ in moved if name == "queries-bad" and was is stopped),
        unhelped=tuple(row for _, row, was, _ in moved if was is State.HELP),
        found=sum(name == "queries-bad" and becomes is stopped for name, _, _, becomes in moved),
        freed=sum(name == "queries-school" and was is stopped for name, _, was, _ in moved),
    )


def _closed_kinds(snapshot: Snapshot) -> frozenset[str]:
    """The kinds of words that some pupil may not search for."""
    return frozenset(
        kind
        for rule in snapshot.facet_rules(Facet.WORDS)
        if not rule.actions and rule.effect is not Effect.ALLOW and Role.PUPIL in rule.roles
        for kind in rule.kinds
    )


def _states(lexicon: Lexicon, closed: frozenset[str]) -> dict[str, tuple[State, ...]]:
    """What becomes of every query. About a tenth of a second."""
    return {name: tuple(_state(row.text, lexicon, closed) for row in rows(name)) for name in _QUERIES}


def _state(text: str, lexicon: Lexicon, closed: frozenset[str]) -> State:
    found = {hit.kind for hit in lexicon.hits(text)}
    if HELP in found:
        return State.HELP
    return State.OPEN if closed.isdisjoint(found) else State.STOPPED


# --- sites ---------------------------------------------------------------------------------------------------------


def _of_site(
    change: Change, based_on: int, old: Snapshot, new: Snapshot, events: tuple[Event, ...], now: datetime
) -> Plan:
    host = site_of_typed(change.text) or change.text
    old, new = ordinary(old), ordinary(new)
    at = moment_of(old, "", Moment.LESSON, now) or now
    address = canonical(f"https://{host}/")
    return Plan(
        change,
        based_on,
        tuple(_kept_sites(host, old, new, events)),
        _site_rows(host, old, new, at),
        host,
        visit(address, "", old, at) if address else None,
        visit(address, "", new, at) if address else None,
    )


def _kept_sites(host: str, old: Snapshot, new: Snapshot, events: tuple[Event, ...]) -> Iterator[Kept]:
    moved: Counter[tuple[str, bool]] = Counter()
    for event in events:
        address = canonical(f"https://{event.host}/") if event.host and covers(host, event.host) else None
        if address is None:
            continue
        group = event.group or ""
        was, becomes = (visit(address, group, one, event.when).open for one in (old, new))
        # What a word or a picture stopped there stays stopped when the place itself opens.
        if was is not becomes and (event.reason is Reason.PLACE or was):
            moved[(address.host, becomes)] += 1
    for (name, opens), count in moved.most_common():
        yield Kept(name, (), count, opens)


def _site_rows(host: str, old: Snapshot, new: Snapshot, at: datetime) -> Rows:
    moved = []
    for name in ("hosts-open", "hosts-closed"):
        for row in rows(name):
            address = canonical(row.text if "://" in row.text else f"https://{row.text}")
            if address is not None and covers(host, address.host):
                moved.append((name, row, visit(address, "", old, at).open, visit(address, "", new, at).open))
    return Rows(
        tried=len(rows("hosts-open")) + len(rows("hosts-closed")),
        blocked=tuple(row for name, row, was, becomes in moved if name == "hosts-open" and was and not becomes),
        missed=tuple(row for name, row, was, becomes in moved if name == "hosts-closed" and becomes and not was),
        found=sum(name == "hosts-closed" and was and not becomes for name, _, was, becomes in moved),
        freed=sum(name == "hosts-open" and becomes and not was for name, _, was, becomes in moved),
    )
