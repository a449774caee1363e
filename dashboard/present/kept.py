"""What is kept of whom, who may see it and how long: for parents and everybody, without a login."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.present.words import Words
from store.retention import Terms


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One kind of thing that is kept: what it is, who may see it, and how long it stays."""

    what: str
    seen_by: str
    how_long: str


_DAYS = (
    # what (`rules.kept.<name>`), and the term that it goes by
    ("blocked", "blocked"),
    ("noted", "noted"),
    ("asks", "asks"),
    ("reports", "reports"),
    ("signals", "signals"),
    ("sign_ins", "sign_ins"),
    ("print_jobs", "print_jobs"),
    ("counts", "counts"),
    ("audit", "audit"),
)
_MEASURES = ("grants", "bans", "notes")
_YEAR = ("consent", "pictures", "tallies")
_ASKED = ("photos", "care", "print_accounts")
_A_YEAR = 365  # days


def kept_lines(terms: Terms, words: Words, *, inbox: bool) -> tuple[KeptLine, ...]:
    """All of pupils that is kept, the shortest first. `inbox`: counsellors hear that somebody looked for help."""
    days = sorted((getattr(terms, term), name) for name, term in _DAYS if inbox or name != "signals")
    made = [_line(name, words("rules.kept.days" if n > 1 else "rules.kept.day", days=n), words) for n, name in days]
    made += [_line(name, words("rules.kept.year"), words) for name in _YEAR]
    short = terms.measures < _A_YEAR
    measures = words("rules.kept.at_most", days=terms.measures) if short else words("rules.kept.after")
    made += [_line(name, measures, words) for name in _MEASURES]
    made += [_line(name, words(f"rules.kept.until.{name}"), words) for name in _ASKED]
    return tuple(made)


def _line(name: str, how_long: str, words: Words) -> KeptLine:
    return KeptLine(words(f"rules.kept.what.{name}"), words(f"rules.kept.who.{name}"), how_long)
