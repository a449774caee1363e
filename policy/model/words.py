"""Words as the lexicon has them: a curated term, and the hit that names it. The text itself is in neither."""

from __future__ import annotations

from dataclasses import dataclass

PERSONAL_TYPES = ("phone", "bsn", "iban", "email", "address", "birthday", "fullname", "fullname-class")
"""Kinds of personal data, as `policy.personal` and `policy.roster` find them."""


@dataclass(frozen=True, slots=True)
class Term:
    """One form of a curated term. Forms of one term share its `id`.

    `severity` is 1 (mild: a school topic in the same text takes it away), 2 (plain) or 3 (grave). `part` lets it hit
    inside a longer word, unless that word is or holds one of `exceptions`. `topics` are ids of `config/topics.yaml`: a
    permission for one of them lifts the term.
    """

    id: str
    kind: str
    text: str
    part: bool = False
    exceptions: tuple[str, ...] = ()
    severity: int = 2
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that was found. The text stays where it was."""

    term_id: str
    kind: str
    severity: int = 2
    topics: frozenset[str] = frozenset()
