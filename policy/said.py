"""What is known of one text while its readings are looked at, then forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field

from policy.readings import SEAM

_MOST_GLUED = 500  # different words of one text that are tried as several without spaces
MOST_SLIPS = 3_000  # different words of one text that are tried as a slip of the keyboard
_SEAM = (0,) * 12  # nothing is said over the seam between two pieces of a text


@dataclass(slots=True)
class Said:
    """What is known of one text while its readings are looked at. Of another reading a piece may be all there is: the
    words that take a frame away are also looked for in the first, which is whole. Without `guess` words only count as
    they are written."""

    masks: dict[str, tuple[int, ...]] = field(default_factory=lambda: {SEAM: _SEAM})
    sounds: dict[str, str] = field(default_factory=dict)
    plain: str = ""
    around: int = 0
    guess: bool = True
    glued: int = _MOST_GLUED
    slips: int = MOST_SLIPS
