"""Search words that a school adds itself, from wherever they are added: a file or a screen."""

from __future__ import annotations

from policy.folding import fold
from policy.model import Term

SHORTEST = 3
"""Letters that a word of the school's own has at least: a shorter one would hit half the language."""

_LONGEST_ID = 40


def own_term(text: str, kind: str, *, part: bool = False, severity: int = 2) -> Term | None:
    """Return the school's own term for a word or phrase; None when too few letters of it are left to look for.

    The id is readable and the same for the same word, so that what was kept of it can be told later.
    """
    folded = fold(text)
    if len(folded.replace(" ", "")) < SHORTEST:
        return None
    return Term(
        f"school-{folded.replace(' ', '-')[:_LONGEST_ID]}", kind, " ".join(text.split()), part, severity=severity
    )
