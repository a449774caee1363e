"""The school's own words, exceptions and sites: added and taken away one at a time, each time as a new revision.

The same sense is asked as of `school.yaml` (`config.sense`). What is changed here wins over the file until somebody
takes the file over: `cli.school` then shows the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from config.sense import closing_categories, host_of, line_of, nonsense
from config.settings import Settings
from config.words import KINDS
from dashboard.actions.amending import ORIGIN, adopt, number
from dashboard.actions.desk import Desk, Outcome, done, refused
from dashboard.actions.office import OFFICE
from policy.address import canonical
from policy.folding import fold
from policy.match import HostIndex, within
from policy.model import Member, Policy, Snapshot
from policy.ownwords import own_term
from policy.terms import HELP

__all__ = [
    "ORIGIN",
    "SITES",
    "WORDS",
    "Change",
    "What",
    "dismiss_proposal",
    "keep_proposal",
    "made",
    "number",
    "passes",
    "save",
    "save_now",
    "site_of_typed",
]

_LONGEST_WORD = 80
_SHORTEST_PASSED = 2  # letters
_SEVERITIES = (1, 2, 3)


class What(StrEnum):
    """What is changed: a word, an exception, a site that closes, a site that is taken out."""

    TERM = "term"
    NO_TERM = "no_term"
    LET = "pass"
    NO_LET = "no_pass"
    CLOSE = "close"
    NO_CLOSE = "no_close"
    OPEN = "open"
    NO_OPEN = "no_open"
    HOLD = "hold"
    NO_HOLD = "no_hold"


SITES = frozenset({What.CLOSE, What.NO_CLOSE, What.OPEN, What.NO_OPEN})
WORDS = frozenset({What.TERM, What.NO_TERM, What.LET, What.NO_LET})


@dataclass(frozen=True, slots=True)
class Change:
    """One wish. `text` is the word, the site or (for `NO_TERM`) the term's id; the rest only where it means something.

    `kind`, `part` and `severity` are for a word, `category` for a site that closes.
    """

    what: What
    text: str = ""
    kind: str = ""
    part: bool = False
    severity: int = 2
    category: str = ""


def made(snapshot: Snapshot, settings: Settings, change: Change) -> Outcome[Policy]:
    """The policy as it would be. Nothing is written."""
    outcome = _MAKERS[change.what](snapshot, change)
    if outcome.value is None:
        return outcome
    known = {one.problem for one in nonsense(snapshot.policy, settings)}
    wrong = next((one for one in nonsense(outcome.value, settings) if one.problem not in known), None)
    return outcome if wrong is None else refused(f"list_{wrong.code}")


def save(desk: Desk, who: Member, change: Change, based_on: int, now: datetime) -> Outcome[Policy]:
    """Make it hold, if the rules are still those of revision `based_on`."""
    if who.role not in OFFICE:
        return refused("role")
    outcome = made(desk.snapshot(now), desk.settings, change)
    if outcome.value is None:
        return outcome
    kept = adopt(desk, who, outcome.value, based_on, now)
    return outcome if kept.ok else Outcome(False, kept.code)


def save_now(desk: Desk, who: Member, change: Change, now: datetime) -> Outcome[Policy]:
    """The same in one tap, on the rules as they are at this moment."""
    return save(desk, who, change, number(desk), now)


def keep_proposal(desk: Desk, who: Member, host: str, category: str, now: datetime) -> Outcome[Policy]:
    """Close a proposed site like the sites of a category: it is on the school's own list from now on."""
    outcome = save_now(desk, who, Change(What.CLOSE, host, category=category), now)
    # Somebody may have listed it meanwhile: then it is only taken off the table.
    if outcome.ok or outcome.code == "dash.no.list_already":
        desk.store.proposals.decide(desk.school, host, True, who.id, now)
    return outcome


def dismiss_proposal(desk: Desk, who: Member, host: str, now: datetime) -> Outcome[None]:
    """Leave a proposed site open; nothing is added to a list."""
    if who.role not in OFFICE:
        return refused("role")
    gone = desk.store.proposals.decide(desk.school, host, False, who.id, now)
    return done("proposal_left") if gone else refused("gone")


def site_of_typed(text: str) -> str | None:
    """The host in what somebody typed or pasted: a name, or a whole address."""
    typed = text.strip()
    address = canonical(typed if "://" in typed else f"https://{typed}") if typed and " " not in typed else None
    return host_of(address.host) if address else None


# --- words ---------------------------------------------------------------------------------------------------------


def _term(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy, text = snapshot.policy, line_of(change.text)
    if text is None or len(text) > _LONGEST_WORD:
        return refused("list_word")
    if change.kind not in KINDS or change.severity not in _SEVERITIES:
        return refused("list_kind")
    term = own_term(text, change.kind, part=change.part, severity=change.severity)
    if term is None:
        return refused("list_short")
    if any(hit.kind == HELP for hit in snapshot.knowledge.lexicon.hits(text)):
        return refused("list_help_word")
    if term in policy.terms:
        return refused("list_already")
    others = tuple(one for one in policy.terms if one.id != term.id)
    passed = tuple(word for word in policy.passed_words if fold(word) != fold(text))
    return done("word_added", replace(policy, terms=(*others, term), passed_words=passed))


def _no_term(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy = snapshot.policy
    kept = tuple(term for term in policy.terms if term.id != change.text)
    return done("list_removed", replace(policy, terms=kept)) if kept != policy.terms else refused("gone")


def _pass(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy, text = snapshot.policy, line_of(change.text)
    if text is None or len(text) > _LONGEST_WORD:
        return refused("list_word")
    folded = fold(text)
    if len(folded.replace(" ", "")) < _SHORTEST_PASSED:
        return refused("list_short")
    if any(fold(word) == folded for word in policy.passed_words):
        return refused("list_already")
    if any(fold(term.text) == folded for term in policy.terms):
        return refused("list_own_word")
    hits = snapshot.lexicon.hits(text)
    if not any(hit.kind != HELP for hit in hits):
        return refused("list_help_word" if hits else "list_not_stopped")
    if not passes(snapshot, text):
        return refused("list_no_use")
    return done("word_passed", replace(policy, passed_words=(*policy.passed_words, text)))


def _no_pass(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy = snapshot.policy
    kept = tuple(word for word in policy.passed_words if word != change.text)
    return done("list_removed", replace(policy, passed_words=kept)) if kept != policy.passed_words else refused("gone")


def passes(snapshot: Snapshot, text: str) -> bool:
    """Whether letting `text` pass would open it: what only reads like a term (`k*t`) is not taken out by itself."""
    policy = snapshot.policy
    after = snapshot.knowledge.lexicon.with_own(policy.terms, (*policy.passed_words, text))
    return after.hits(text) != snapshot.lexicon.hits(text)


# --- sites ---------------------------------------------------------------------------------------------------------


def _close(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy, host = snapshot.policy, site_of_typed(change.text)
    if host is None:
        return refused("bad_site")
    if change.category not in closing_categories(policy):
        return refused("list_category")
    knowledge = snapshot.knowledge
    if within(host, knowledge.help_hosts):
        return refused("list_help_site")
    if within(host, knowledge.own_hosts) or host in knowledge.system_hosts:
        return refused("list_own_site")
    opened = host in policy.open_sites
    if change.category in HostIndex.of(policy.lists).categories(host) and not opened:
        return refused("list_already")
    listed = policy.lists.get(change.category, ())
    lists = {**policy.lists, change.category: tuple(dict.fromkeys((*listed, host)))}
    kept = tuple(site for site in policy.open_sites if site != host)
    return done("site_closed", replace(policy, lists=lists, open_sites=kept))


def _no_close(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    """Off the school's own lists: off one, or off every one when no category is named."""
    policy = snapshot.policy
    lists = _without(policy.lists, change.text, change.category)
    return done("list_removed", replace(policy, lists=lists)) if lists != policy.lists else refused("gone")


def _open(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    """Taken out of every category but the safety floor's; its own entry in the school's lists goes too."""
    policy, host = snapshot.policy, site_of_typed(change.text)
    if host is None:
        return refused("bad_site")
    if host in policy.open_sites:
        return refused("list_already")
    lists = _without(policy.lists, host, "")
    return done("site_opened", replace(policy, lists=lists, open_sites=(*policy.open_sites, host)))


def _no_open(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    policy = snapshot.policy
    kept = tuple(host for host in policy.open_sites if host != change.text)
    return done("list_removed", replace(policy, open_sites=kept)) if kept != policy.open_sites else refused("gone")


def _without(lists: Mapping[str, tuple[str, ...]], host: str, category: str) -> dict[str, tuple[str, ...]]:
    kept = {
        name: tuple(one for one in hosts if one != host) if category in ("", name) else hosts
        for name, hosts in lists.items()
    }
    return {name: hosts for name, hosts in kept.items() if hosts or not lists[name]}


# --- sites that nobody knows ---------------------------------------------------------------------------------------


def _hold(snapshot: Snapshot, change: Change) -> Outcome[Policy]:
    wish = change.what is What.HOLD
    return done("hold_on" if wish else "hold_off", replace(snapshot.policy, hold_unknown=wish))


_MAKERS: Mapping[What, Callable[[Snapshot, Change], Outcome[Policy]]] = {
    What.TERM: _term,
    What.NO_TERM: _no_term,
    What.LET: _pass,
    What.NO_LET: _no_pass,
    What.CLOSE: _close,
    What.NO_CLOSE: _no_close,
    What.OPEN: _open,
    What.NO_OPEN: _no_open,
    What.HOLD: _hold,
    What.NO_HOLD: _hold,
}
