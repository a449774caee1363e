"""Which numbers may be shown without telling something about one child.

A number below five is shown as "less than five", and so is nought. A number that fewer than three children have to do
with is not shown. And because who reads a total and all other parts can subtract, more parts are kept back until no
number that must not be told follows exactly from what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SMALLEST = 5
FEWEST = 3
"""So many children (or devices) must have had to do with it."""


@dataclass(frozen=True, slots=True)
class Number:
    """How many, and of how many children at the least. `open`: whether it may be shown at all."""

    n: int
    people: int
    open: bool = True

    @property
    def tells(self) -> bool:
        """Whether it says something about a few children: then nobody may be able to work it out."""
        return self.n > 0 and (self.n < SMALLEST or self.people < FEWEST or not self.open)


class Shade(StrEnum):
    """How a number is kept back: it is less than five, or it is just not shown."""

    LESS = "less"
    KEPT = "kept"


type Shown = int | Shade


def alone(number: Number) -> Shown:
    """A number that no shown total holds."""
    if number.n < SMALLEST:
        return Shade.LESS
    return Shade.KEPT if number.tells else number.n


def protect[K](parts: Mapping[K, Number], total: Shown) -> dict[K, Shown]:
    """What may be shown of the parts of a total, where `total` is what is shown of that.

    The parts add up to the total. Kept back besides what must be: the smallest of the others, one by one, until nothing
    that tells of a few children follows from the total and the parts that are shown; not their sum either.
    """
    if not isinstance(total, int):
        return dict.fromkeys(parts, total)
    shown = {key: alone(number) for key, number in parts.items()}
    while 0 < rest_of(shown, total) < SMALLEST or any(parts[key].tells for key in worked_out(shown, total)):
        left = [key for key, what in shown.items() if isinstance(what, int)]
        if not left:
            return dict.fromkeys(parts, Shade.KEPT)
        shown[min(left, key=lambda key: parts[key].n)] = Shade.KEPT
    return shown


def rest_of[K](shown: Mapping[K, Shown], total: int) -> int:
    """What all parts that are kept back come to together."""
    return total - sum(what for what in shown.values() if isinstance(what, int))


def worked_out[K](shown: Mapping[K, Shown], total: int) -> dict[K, int]:
    """The parts that are kept back and that a reader can still work out exactly, with what they are.

    The reader knows that what is less than five lies from nought to four, and nothing of what is not shown.
    """
    rest = rest_of(shown, total)
    hidden = {
        key: SMALLEST - 1 if what is Shade.LESS else rest for key, what in shown.items() if isinstance(what, Shade)
    }
    most = sum(hidden.values())
    found = {}
    for key, at_most in hidden.items():
        low = max(0, rest - (most - at_most))
        if low == min(at_most, rest):
            found[key] = low
    return found
