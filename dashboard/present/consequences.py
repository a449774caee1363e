"""A change of the school's own lists before it is saved: what somebody would notice, in a sentence each."""

from __future__ import annotations

from dataclasses import dataclass

from config.corpus_file import CorpusRow
from dashboard.actions.consequences import LISTED, Kept, Plan
from dashboard.actions.ownlists import SITES, Change, What
from dashboard.present.trial import change_fields
from dashboard.present.words import Words
from policy.model import Decision, Snapshot


@dataclass(frozen=True, slots=True)
class RowLines:
    """Rows of a corpus that go otherwise: a sentence with their number, the first of them, and how many are left.

    `tone` is `bad`, `wait` or nothing.
    """

    said: str
    rows: tuple[str, ...]
    more: str
    tone: str


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


def plan_card(plan: Plan, snapshot: Snapshot, words: Words) -> PlanCard:
    """What would change: first what somebody would notice, in a sentence each."""
    change, rows = plan.change, plan.rows
    site = change.what in SITES
    lines = tuple(
        _rows(code, kept, tone, words)
        for code, kept, tone in (
            ("site_blocked" if site else "blocked", rows.blocked, "bad"),
            ("unhelped", rows.unhelped, "bad"),
            ("site_missed" if site else "missed", rows.missed, "wait"),
        )
        if kept
    )
    counted = tuple(
        RowLines(words(f"dash.trial.rows.{code}", count=count), (), "", "")
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
        alarm=bool(rows.blocked or rows.unhelped or rows.missed),
        fields=(*change_fields(change), ("based_on", str(plan.based_on))),
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
    return "dash.trial.kept.unknowable" if what in (What.TERM, What.NO_LET) else "dash.trial.kept.none"


def _rows(code: str, kept: tuple[CorpusRow, ...], tone: str, words: Words) -> RowLines:
    more = len(kept) - LISTED
    return RowLines(
        words(f"dash.trial.rows.{code}", count=len(kept)),
        tuple(row.text for row in kept[:LISTED]),
        words("dash.trial.rows.more", count=more) if more > 0 else "",
        tone,
    )
