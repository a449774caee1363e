"""How words sound in a Dutch child's spelling: what is written differently and sounds the same is one."""

from __future__ import annotations

import re
from string import ascii_lowercase

_PAIRS = tuple(letter * 2 for letter in ascii_lowercase)
_RUN = re.compile(r"([a-z])\1+")
_LONG = 2_000  # characters: from here on one pass costs less than a search for every pair
# In this order; all of them are plain replacements, so that a long text costs next to nothing.
_SOUNDS = (
    ("sch ", "s "),
    ("ck", "k"),
    ("ch", "g"),
    ("ph", "f"),
    ("x", "ks"),
    ("c", "k"),
    ("q", "k"),
    ("z", "s"),
    ("v", "f"),
    ("ei", "y"),
    ("ey", "y"),
    ("ij", "y"),
    ("au", "ou"),
    ("ie", "i"),
    ("dt", "t"),
    ("dd ", "t "),
    ("d ", "t "),
)


def spelling(text: str) -> str:
    """How it sounds: `wort`, `word` and `wordt` are one. For words with single spaces and one around."""
    for written, sound in _SOUNDS:
        if written in text:
            text = text.replace(written, sound)
    return single(text)


def single(text: str, letters: tuple[str, ...] = _PAIRS) -> str:
    """The text with every one of these pairs of a letter, however long the run is, as one letter."""
    if letters is _PAIRS and len(text) > _LONG:
        return _RUN.sub(r"\1", text)
    for pair in letters:
        while pair in text:
            text = text.replace(pair, pair[0])
    return text
