"""Slips of the keyboard in longer words: two letters swapped, one missing, one too many, or its neighbour's key.

Candidates come from a table of words with one letter taken out, so that a text costs a few look-ups a word, whatever
the number of terms; what is near is then measured (rapidfuzz).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

_SWAPPED = 5  # letters: from here on two swapped letters are a slip
_OTHER = 7  # from here on also a letter too few, too many or beside it
_LONGEST = 24
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _beside() -> frozenset[tuple[str, str]]:
    at = {key: (keys.index(key) + 0.5 * row, row) for row, keys in enumerate(_KEYS) for key in keys}
    return frozenset(
        (one, other)
        for one, (x, y) in at.items()
        for other, (u, v) in at.items()
        if one != other and abs(x - u) <= 1 and abs(y - v) <= 1
    )


_BESIDE = _beside()


@dataclass(frozen=True)
class Slips:
    """The words that a slip may have been meant for, and those that are words of their own."""

    words: tuple[str, ...]
    innocent: frozenset[str] = frozenset()

    @cached_property
    def _shortened(self) -> dict[str, tuple[str, ...]]:
        table: dict[str, tuple[str, ...]] = {}
        for word in self._meant:
            for short in {word, *_without_one(word)}:
                table[short] = (*table.get(short, ()), word)
        return table

    @cached_property
    def _meant(self) -> tuple[str, ...]:
        return tuple(
            word
            for word in dict.fromkeys(self.words)
            if _SWAPPED <= len(word) <= _LONGEST and word.isascii() and word.isalpha()
        )

    @cached_property
    def _halves(self) -> tuple[tuple[int, int, set[str], set[str], set[str]], ...]:
        """What a slip leaves whole, by the length as typed: the first half, or the first letter and the last half, or
        all but the first one or two letters. Before them how long these halves are."""
        halves = tuple((*_half(length), set[str](), set[str](), set[str]()) for length in range(_LONGEST + 2))
        for word in self._meant:
            most = 1 if len(word) >= _OTHER else 0
            for half, other, starts, ends, _ in halves[len(word) - most : len(word) + most + 1]:
                starts.add(word[:half])
                ends.add(word[0] + word[-other:])
            halves[len(word)][4].update((word[2:], word[1:]))
        return halves

    def near(self, typed: str) -> str | None:
        """The word that was meant, or None: the typed one is another word, too short, or near to nothing."""
        length = len(typed)
        if not _SWAPPED <= length <= _LONGEST or typed in self.innocent:
            return None
        half, other, starts, ends, rests = self._halves[length]
        if (
            typed[:half] not in starts
            and typed[0] + typed[-other:] not in ends
            and typed[2:] not in rests
            and typed[1:] not in rests
        ):
            return None
        table = self._shortened
        for short in (typed, *_without_one(typed)):
            for word in table.get(short, ()):
                if _slipped(typed, word):
                    return word
        return None


def _half(length: int) -> tuple[int, int]:
    """How many letters at the start, or else at the end, a slip in a word of this length leaves as they were."""
    return (length - 1) // 2, length - 2 - (length - 1) // 2


def _without_one(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _slipped(typed: str, word: str) -> bool:
    # Where no text is read, as on a laptop, it is not in memory.
    from rapidfuzz.distance import OSA

    if typed == word or OSA.distance(typed, word, score_cutoff=1) != 1:
        return False
    if len(typed) != len(word):
        return len(word) >= _OTHER and typed[0] == word[0]
    wrong = [place for place, (one, other) in enumerate(zip(typed, word, strict=True)) if one != other]
    if len(wrong) == 2:
        return True
    return len(word) >= _OTHER and (typed[wrong[0]], word[wrong[0]]) in _BESIDE
