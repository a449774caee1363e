"""Parts: which words can be in a term or a frame at all, so that nothing else of a very long text is read again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

import ahocorasick

from policy.sounds import single


class Parts:
    """The words that terms and frames are made of, also with every letter that is repeated as one.

    Whatever a reading makes of stretched and doubled letters, a word that so holds none of these is in no term.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        """`keys` as they are looked for: a space at an end that is closed."""
        found: set[str] = set()
        for key in keys:
            words = key.split(" ")
            for number, word in enumerate(words):
                if word:
                    found.add(f"{' ' * (number > 0)}{word}{' ' * (number < len(words) - 1)}")
        self._found = ahocorasick.Automaton()
        for part in ("\0", *found, *single("\n".join(found)).split("\n")):
            if part:
                self._found.add_word(part, True)
        self._found.make_automaton()

    def within(self, words: Sequence[str]) -> list[bool]:
        """Of each of these folded words (or rows of them) whether it may be part of something."""
        starts = list(accumulate([len(word) + 1 for word in words], initial=1))
        held = [False] * len(words)
        for end, _ in self._found.iter(f" {' '.join(words)} "):
            held[bisect_right(starts, end) - 1] = True
        return held
