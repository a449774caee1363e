"""Words: folding of what is typed, and curated terms found in it. A hit names a term, never the text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import ahocorasick

from policy.model import Hit, Term

HELP = "help"
_LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "€": "e"}
)
# Letters of other scripts that look like ours; the first ones a child finds on a keyboard app.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһкмтвнνοαεκ", "aeopcyxijsdhkmtbhvoaek")
_REPEATED = re.compile(r"(.)\1{2,}")
_SPELLED = re.compile(r"(?<!\S)(?:\S ){2,}\S(?!\S)")
_MOST_FOLDS = 4
_NOT_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Text as the lexicon reads it: NFKC, lower case, no marks or invisible signs, single spaces between words.

    Folding what is folded changes nothing: taking off a mark can bring a new look-alike to light, so it is done again
    until nothing moves.
    """
    folded = _fold_once(text)
    for _ in range(_MOST_FOLDS):
        again = _fold_once(folded)
        if again == folded:
            break
        folded = again
    return folded


def _fold_once(text: str) -> str:
    wide = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", wide) if unicodedata.category(c) not in {"Mn", "Cf"})
    return _NOT_WORD.sub(" ", bare.translate(_LOOKALIKES)).strip()


def readings(text: str) -> tuple[str, ...]:
    """Every way the text is read: folded, leet undone, stretched letters cut, spelled words joined."""
    plain = fold(text)
    leet = fold(_unleet(text))
    found = dict.fromkeys((plain, leet))
    for reading in tuple(found):
        found.setdefault(_REPEATED.sub(r"\1", reading))
        found.setdefault(_REPEATED.sub(r"\1\1", reading))
        found.setdefault(_SPELLED.sub(lambda m: m.group().replace(" ", ""), reading))
    return tuple(found)


def _unleet(text: str) -> str:
    """Digits and signs inside words back to letters; a number on its own stays a number."""
    words = unicodedata.normalize("NFKC", text).split()
    return " ".join(w.translate(_LEET) if any(c.isalpha() for c in w) else w for w in words)


@dataclass(frozen=True)
class Lexicon:
    """All terms in one Aho-Corasick automaton. Not slotted: it is built once."""

    terms: tuple[Term, ...] = ()

    @cached_property
    def _automaton(self) -> ahocorasick.Automaton:
        automaton = ahocorasick.Automaton()
        keys: dict[str, list[tuple[Term, tuple[str, ...]]]] = {}
        for term in self.terms:
            folded = fold(term.text)
            if folded:
                key = folded if term.part else f" {folded} "
                keys.setdefault(key, []).append((term, tuple(fold(e) for e in term.exceptions)))
        for key, terms in keys.items():
            automaton.add_word(key, (len(key), tuple(terms)))
        automaton.make_automaton()
        return automaton

    def hits(self, text: str) -> tuple[Hit, ...]:
        """The terms in the text, each once, in the order of their ids."""
        if not self.terms:
            return ()
        found: set[Hit] = set()
        for reading in readings(text):
            hay = f" {reading} "
            for end, (length, terms) in self._automaton.iter(hay):
                for term, exceptions in terms:
                    if not (exceptions and _excepted(hay, end + 1 - length, end + 1, exceptions)):
                        found.add(Hit(term.id, term.kind, term.severity, term.topics))
        return tuple(sorted(found, key=lambda hit: hit.term_id))


def _excepted(hay: str, start: int, end: int, exceptions: tuple[str, ...]) -> bool:
    """Whether the hit lies inside an excepted word or phrase at that very place."""
    for exception in exceptions:
        at = hay.find(exception, max(0, start - len(exception)))
        while at != -1 and at < end:
            if at <= start + (hay[start] == " ") and end - (hay[end - 1] == " ") <= at + len(exception):
                return True
            at = hay.find(exception, at + 1)
    return False
