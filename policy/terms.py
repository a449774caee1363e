"""Words: curated terms found in every disguise that `policy.readings` undoes. A hit names a term, never text.

A term is a whole word or phrase; a `*` at an end of its text leaves that end open, `part` both. One that begins with
`~` counts only where it was disguised: an illness is a school topic, but nobody studies `k-a-n-k-e-r`. Exact terms take
one Aho-Corasick pass for each reading of the text; a plain text has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import ahocorasick

from policy.folding import How, Reading, fold
from policy.frames import Frame, Frames
from policy.model import Hit, Term
from policy.parts import Parts
from policy.readings import SEAM, apart, readings
from policy.said import MOST_SLIPS, Said
from policy.sounds import spelling
from policy.termtable import Piece, Terms, within_words

HELP = "help"
_GUESSED = frozenset({How.PLAIN, How.ACCENT, How.LEET})  # readings that may also be misspelt
_LETTERS = re.compile(r"(?<= )\S(?: \S(?= ))+")  # single letters in a row
_LONG_TEXT = 3_000  # characters: of a longer text only the first reading may also be misspelt
_VERY_LONG_TEXT = 20_000  # of a longer one only what stands near its ends may be misspelt
_END = 4_000  # characters: what a person writes is at the start or the end, the rest is what was there
_NEAR = 80  # characters: more than a frame has between two of its words
_FRAME = -1  # the number of a piece that is no term
_MASKED = re.compile(r"(?<!\S)[^\W\d_]+(?:[*#%&]+[^\W\d_]*)+|(?<!\S)(?:[*#%&]+[^\W\d_]+)+")
_MASK = re.compile(r"[*#%&]")


@dataclass(frozen=True, slots=True)
class Topic:
    """A school topic: `words` (a phrase, or a beginning with `*`) in a text take its mild terms away."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A hit, the piece of the text as it was read, and by which reading. For the test box: never kept or logged."""

    hit: Hit
    text_as_read: str
    how: How


@dataclass(frozen=True)
class Lexicon:
    """Terms, frames and topics, found together. Not slotted: what is compiled is built once.

    `innocent` are words that are never taken for a slip or a misspelling of a term.
    """

    terms: tuple[Term, ...] = ()
    frames: tuple[Frame, ...] = ()
    topics: tuple[Topic, ...] = ()
    innocent: frozenset[str] = frozenset()
    passed: tuple[str, ...] = ()
    under: Lexicon | None = None

    def with_own(self, terms: tuple[Term, ...], passed: tuple[str, ...]) -> Lexicon:
        """This lexicon and a school's own terms, without the words and phrases that the school takes out.

        What was compiled stays: the school's terms are a second small automaton. A word that is taken out never
        silences a cry for help.
        """
        if not terms and not passed:
            return self
        also = tuple(filter(None, map(fold, passed)))
        return Lexicon(terms, (), self.topics, self.innocent, (*self.passed, *also), self)

    def hits(self, text: str) -> tuple[Hit, ...]:
        """The terms in the text, each once, in the order of their ids."""
        hits = dict.fromkeys(one.hit for one in self.found(text))
        return tuple(sorted(hits, key=lambda hit: (hit.term_id, hit.kind)))

    def found(self, text: str) -> tuple[Found, ...]:
        """The terms in the text with the piece that was found and how, the plainest reading of each first."""
        read = readings(text, self._parts if len(text) > _VERY_LONG_TEXT else None)
        if not read:
            return ()
        found: dict[Hit, Found] = {}
        typed = text.lower()
        for lexicon in self._layers:
            done: set[int] = set()
            for piece, reading in lexicon._pieces(text, read, done):
                if piece.entry in found or (piece.disguised and reading.text[piece.start : piece.end] in typed):
                    continue
                if piece.entry.kind != HELP and within_words(reading.text, piece.start, piece.end, self.passed):
                    continue
                found[piece.entry] = Found(piece.entry, reading.text[piece.start : piece.end], piece.how)
                done.add(piece.number)
        about = self._about(read[0].text) if any(one.hit.severity == 1 for one in found.values()) else frozenset()
        return tuple(one for one in found.values() if one.hit.severity != 1 or about.isdisjoint(one.hit.topics))

    @cached_property
    def _layers(self) -> tuple[Lexicon, ...]:
        return (self,) if self.under is None else (*self.under._layers, self)

    @cached_property
    def _parts(self) -> Parts:
        return Parts(key for layer in self._layers for key in (*layer._terms.keys(), *layer._frames.keys()))

    @cached_property
    def _terms(self) -> Terms:
        return Terms(self.terms, self.innocent)

    @cached_property
    def _frames(self) -> Frames:
        return Frames(self.frames, self.innocent)

    @cached_property
    def _known(self) -> frozenset[str]:
        """Words that are no slip of a term: those of the frames and those that are named as innocent."""
        return self.innocent | self._frames.words if self.frames else self.innocent

    @cached_property
    def _contexts(self) -> ahocorasick.Automaton:
        """The words of the topics, each with the topics it is one of."""
        contexts: dict[str, set[str]] = {"\0": set()}
        for topic in self.topics:
            for word in topic.words:
                contexts.setdefault(f" {fold(word)}" + ("" if word.endswith("*") else " "), set()).add(topic.id)
        automaton = ahocorasick.Automaton()
        for word, topics in contexts.items():
            automaton.add_word(word, topics)
        automaton.make_automaton()
        return automaton

    def _about(self, plain: str) -> Set[str]:
        """The topics of which a word stands in the text: what is mild gives way to them."""
        return set[str]().union(*(topics for _, topics in self._contexts.iter(plain)))

    def _pieces(self, text: str, read: Sequence[Reading], done: Set[int]) -> Iterator[tuple[Piece, Reading]]:
        """What could be a term or a frame, the plainest reading first; not what is done, which the caller says."""
        terms, said = self._terms, Said()
        heard: list[tuple[Reading, str, list[str]]] = []
        for reading in read:
            words = reading.text.split()
            for piece in terms.in_place(reading, done):
                yield piece, reading
            if reading.how in _GUESSED and said.guess:
                guessed = _ends(reading) if len(text) > _VERY_LONG_TEXT else reading
                kinds = words if guessed is reading else guessed.text.split()
                sounds = spelling(guessed.text)
                heard.append((guessed, sounds, kinds))
                said.sounds.update(zip(kinds, sounds.split(), strict=True))
                said.near_ends = None if guessed is reading else frozenset(kinds)
            if said.guess and (not reading.whole or apart(reading.text)):
                for piece in terms.together(reading, words, done):
                    yield piece, reading
            if self.frames and not reading.whole:
                for row in (words, _put_together(reading.text)) if _LETTERS.search(reading.text) else (words,):
                    for hit, first, last in self._frames.found(row, said):
                        yield from _framed(hit, row, first, last)
            said.guess = len(text) < _LONG_TEXT
        known, tried = self._known, set[str]()
        for reading, sounds, words in heard:
            for piece in terms.as_heard(reading, sounds, done):
                yield piece, reading
            kinds = [word for word in dict.fromkeys(words) if len(word) > 4 and not (word in known or word in tried)]
            tried.update(kinds)
            for piece in terms.slipped(reading, kinds[:MOST_SLIPS]):
                yield piece, reading
        if _MASK.search(text):
            for word in islice(dict.fromkeys(_MASKED.findall(text.lower())), MOST_SLIPS):
                for piece in terms.masked(word):
                    yield piece, Reading(How.MASKED, f" {word} ")


def _framed(hit: Hit, words: Sequence[str], first: int, last: int) -> Iterator[tuple[Piece, Reading]]:
    said = " ".join(words[first : last + 1])
    yield Piece(hit, _FRAME, 1, 1 + len(said), How.FRAME), Reading(How.FRAME, f" {said} ")


def _ends(reading: Reading) -> Reading:
    """The words at the start and the end of a very long reading: only these are guessed at. What stands between is
    still found as it is written and in every disguise."""
    text = reading.text
    first, last = text[: text.rfind(" ", 0, _END) + 1], text[text.find(" ", len(text) - _END) :]
    return replace(reading, text=f"{first}{SEAM}{last}")


def _put_together(text: str) -> list[str]:
    """Words with the single letters that stand in a row put together; of a very long text what stands around them."""
    if len(text) > _VERY_LONG_TEXT:
        text = f" {SEAM} ".join(text[start:stop] for start, stop in _around_letters(text))
    return _LETTERS.sub(lambda row: row[0].replace(" ", ""), text).split()


def _around_letters(text: str) -> Iterator[tuple[int, int]]:
    """Where the single letters in a row stand, with some words before and after them."""
    first, last = 0, 0
    for row in _LETTERS.finditer(text):
        start, stop = text.rfind(" ", 0, max(1, row.start() - _NEAR)), text.find(" ", row.end() + _NEAR) + 1
        if start > last:
            yield first, last
            first = start
        last = stop or len(text)
    yield first, last
