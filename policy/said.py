"""What is known of one text while its readings are looked at, then forgotten."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from policy.readings import SEAM

_MOST_GLUED = 500  # different words of one text that are tried as several without spaces
MOST_SLIPS = 3_000  # different words of one text that are tried as a slip of the keyboard
_SEAM = (0,) * 12  # nothing is said over the seam between two pieces of a text


@dataclass(slots=True)
class Said:
    """What is known of one text while its readings are looked at. Of another reading a piece may be all there is: the
    words that take a frame away are also looked for in the first, which is whole. Without `guess` words only count as
    they are written; with `near_ends` only those of them are guessed at."""

    masks: dict[str, tuple[int, ...]] = field(default_factory=lambda: {SEAM: _SEAM})
    sounds: dict[str, str] = field(default_factory=dict)
    plain: str = ""
    around: int = 0
    guess: bool = True
    glued: int = _MOST_GLUED
    slips: int = MOST_SLIPS
    near_ends: Set[str] | None = None
    phrases: dict[str, bool] = field(default_factory=dict)

    def has(self, phrases: Sequence[str]) -> bool:
        """Whether one of these phrases stands in the first reading. A long text is searched once for each."""
        for phrase in phrases:
            if phrase not in self.phrases:
                self.phrases[phrase] = phrase in self.plain
            if self.phrases[phrase]:
                return True
        return False

    def guessed(self, words: Set[str]) -> Set[str]:
        """Those of these words that may also be a misspelling of one of ours."""
        if not self.guess:
            return frozenset()
        return words if self.near_ends is None else words & self.near_ends
