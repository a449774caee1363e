"""Words: curated terms found in every disguise that `policy.folding` undoes. A hit names a term, never text.

A term is a whole word or phrase; a `*` at an end of its text leaves that end open, `part` both. One that begins with
`~` counts only where it was disguised: an illness is a school topic, but nobody studies `k-a-n-k-e-r`. Exact terms take
one Aho-Corasick pass for each reading of the text; a plain text has one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import ahocorasick

from policy.folding import How, Reading, apart, fold, readings, spelling
from policy.frames import Frame, Frames
from policy.model import Hit, Term
from policy.slips import Slips

HELP = "help"
_LEAST_SPELLING = 5  # letters of a term that is also found as a child spells it
_LEAST_SPELLED_PART = 7
_MASKED = re.compile(r"(?<!\S)[^\W\d_]+(?:[*#%&]+[^\W\d_]*)+|(?<!\S)(?:[*#%&]+[^\W\d_]+)+")
_MASK = re.compile(r"[*#%&]")
_MOST_UNUSUAL = 1_500  # different words looked at for slips and masks in one text
_LONG_TEXT = 3_000  # characters: of a longer text only the first readings are looked at
_MOST_READINGS = 3
_LONG_RUN = 8
_LONG_TERM = 8  # letters: a term in two pieces (`kloot zak`)


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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A term ready to be found. `letters` counts without spaces; `compound`: it may stand inside a longer word."""

    hit: Hit
    letters: int
    compound: bool
    exceptions: tuple[str, ...]
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """A candidate: where it starts and ends in the reading, without the spaces around."""

    entry: Hit
    start: int
    end: int
    how: How
    disguised: bool = False


class _Terms:
    """Terms compiled: one automaton for words in place, one for words put together, one for words as they sound."""

    def __init__(self, terms: Sequence[Term], innocent: frozenset[str]) -> None:
        self.innocent = innocent
        exact: dict[str, list[_Entry]] = {}
        bare: dict[str, list[_Entry]] = {}
        spelled: dict[str, list[_Entry]] = {}
        self._single: dict[str, _Entry] = {}
        for term in terms:
            core = fold(term.text)
            if not core:
                continue
            letters = len(core.replace(" ", ""))
            disguised = term.text.startswith("~")
            before, after = term.part or term.text.startswith("*"), term.part or term.text.endswith("*")
            hit = Hit(term.id, term.kind, term.severity, term.topics)
            entry = _Entry(hit, letters, before or after, tuple(fold(one) for one in term.exceptions), disguised)
            key = f"{'' if before else ' '}{core}{'' if after else ' '}"
            exact.setdefault(key, []).append(entry)
            if letters > 2:
                bare.setdefault(core.replace(" ", ""), []).append(entry)
            if disguised or (before != after):
                continue  # open at one end: what may follow is too much for a guess
            if letters >= (_LEAST_SPELLED_PART if entry.compound else _LEAST_SPELLING) and core.isascii():
                heard = spelling(key)
                if len(heard.strip()) < _LEAST_SPELLING - 1:
                    continue
                sounds = tuple(spelling(f" {one} ").strip() for one in entry.exceptions)
                spelled.setdefault(heard, []).append(_Entry(hit, letters, entry.compound, sounds))
            if " " not in core:
                self._single.setdefault(core, entry)
        self._exact, self._bare, self._spelled = _automaton(exact), _automaton(bare), _automaton(spelled)
        self._slips = Slips(tuple(self._single), innocent)
        self._by_length: dict[int, list[str]] = {}
        for core in self._single:
            self._by_length.setdefault(len(core), []).append(core)

    def in_place(self, reading: Reading) -> Iterator[_Piece]:
        """Terms that stand in the reading as they are."""
        hay = reading.text
        for end, (length, entries) in self._exact.iter(hay):
            start = end + 1 - length
            for entry in entries:
                if entry.letters < reading.least or (reading.whole and entry.compound):
                    continue
                first, last = _trim(hay, start, end + 1)
                if not (entry.exceptions and _within(hay, first, last, entry.exceptions)):
                    how = How.COMPOUND if reading.how is How.PLAIN and _inside(hay, first, last) else reading.how
                    yield _Piece(entry.hit, first, last, how, entry.disguised)

    def together(self, reading: Reading) -> Iterator[_Piece]:
        """Terms whose letters stand apart: `k u t`, `n e uk en`."""
        words = reading.text.split()
        joined = "".join(words)
        offsets, at = [], 0
        for word in words:
            offsets.append(at)
            at += len(word)
        place = {offset: number for number, offset in enumerate((*offsets, at))}
        for end, (length, entries) in self._bare.iter(joined):
            first, last = place.get(end + 1 - length), place.get(end + 1)
            if first is None or last is None or last - first < 2:
                continue
            start = offsets[first] + first + 1
            for entry in entries:
                if entry.letters >= reading.least and _spelled_out(words, first, last, entry.letters):
                    yield _Piece(entry.hit, start, start + length + last - first - 1, How.SPACED, entry.disguised)

    def as_heard(self, reading: Reading) -> Iterator[_Piece]:
        """Terms in a child's spelling."""
        heard = spelling(reading.text)
        words: _Words | None = None
        for end, (length, entries) in self._spelled.iter(heard):
            first, last = _trim(heard, end + 1 - length, end + 1)
            for entry in entries:
                if entry.exceptions and _within(heard, first, last, entry.exceptions):
                    continue
                words = words or _Words(reading.text, heard)
                start, stop = words.span(first, last)
                typed = reading.text[start:stop]
                if typed not in self.innocent and not (
                    entry.exceptions and any(one in spelling(f" {typed} ") for one in entry.exceptions)
                ):
                    yield _Piece(entry.hit, start, stop, How.SPELLING)

    def slipped(self, reading: Reading, known: frozenset[str]) -> Iterator[_Piece]:
        """Longer words with one slip of the keyboard."""
        at = 1
        done: set[str] = set()
        for word in reading.text.split()[: 10 * _MOST_UNUSUAL]:
            if len(word) > 4 and word not in done and word not in known and word not in self._single:
                done.add(word)
                if len(done) > _MOST_UNUSUAL:
                    return
                near = self._slips.near(word)
                if near and not any(one in word for one in self._single[near].exceptions):
                    yield _Piece(self._single[near].hit, at, at + len(word), How.SLIP)
            at += len(word) + 1

    def masked(self, word: str) -> Iterator[Hit]:
        """Terms that `k*t` or `f##k` can only stand for: a letter for each sign, or a few for one."""
        shown = len(word) - len(_MASK.findall(word))
        if shown < 2 or 2 * shown < len(word):
            return
        likely = [c for c in self._by_length.get(len(word), ()) if _fits(word, c)]
        if not likely and shown >= 4 and len(_MASK.findall(word)) == 1:
            shape = re.compile("..?.?".join(re.escape(part) for part in _MASK.split(word)))
            more = (core for length in (len(word) + 1, len(word) + 2) for core in self._by_length.get(length, ()))
            likely = [core for core in more if shape.fullmatch(core)]
        hits = {self._single[core].hit for core in likely}
        if len({hit.kind for hit in hits}) == 1:
            yield min(hits, key=lambda hit: hit.term_id)


def _automaton(keys: Mapping[str, list[_Entry]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for key, entries in keys.items():
        automaton.add_word(key, (len(key), tuple(entries)))
    if not keys:
        automaton.add_word("\0", (1, ()))
    automaton.make_automaton()
    return automaton


def _fits(word: str, core: str) -> bool:
    return all(a == b or _MASK.match(a) for a, b in zip(word, core, strict=True))


def _trim(hay: str, start: int, end: int) -> tuple[int, int]:
    return start + (hay[start] == " "), end - (hay[end - 1] == " ")


def _inside(hay: str, start: int, end: int) -> bool:
    return hay[start - 1] != " " or hay[end] != " "


def _within(hay: str, start: int, end: int, phrases: Iterable[str]) -> bool:
    """Whether this place lies inside one of the phrases at that very place."""
    for phrase in phrases:
        at = hay.find(phrase, max(0, end - len(phrase)), start + len(phrase))
        while at != -1 and at <= start:
            if end <= at + len(phrase):
                return True
            at = hay.find(phrase, at + 1, start + len(phrase))
    return False


class _Words:
    """Where the words of a reading start, and which word a place in how it sounds belongs to: both have as many."""

    def __init__(self, text: str, heard: str) -> None:
        self._starts, self._heard = _starts(text), _starts(heard)
        self._text = text

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The whole words of the text for a place in how it sounds."""
        one = bisect_right(self._heard, first) - 1
        other = bisect_right(self._heard, last - 1)
        end = self._starts[other] - 1 if other < len(self._starts) else len(self._text) - 1
        return self._starts[one], end


def _starts(text: str) -> list[int]:
    """Where each word starts, in a text with single spaces and one at both ends."""
    starts, at = [], 1
    for word in text.split():
        starts.append(at)
        at += len(word) + 1
    return starts


def _spelled_out(words: Sequence[str], first: int, last: int, letters: int) -> bool:
    """Whether these words look like one that was written apart on purpose."""
    pieces = words[first:last]
    singles = sum(len(piece) == 1 for piece in pieces)
    if singles == len(pieces):
        if letters > 4:
            return True
        start, stop = first, last
        while start > 0 and len(words[start - 1]) == 1 and stop - start <= _LONG_RUN:
            start -= 1
        while stop < len(words) and len(words[stop]) == 1 and stop - start <= _LONG_RUN:
            stop += 1
        long = stop - start > _LONG_RUN
        return (start == first and (stop == last or long)) or (stop == last and long)
    if letters >= _LONG_TERM and len(pieces) == 2:
        return True
    if singles:
        return letters > 3 or (first == 0 and last == len(words))
    return letters > 4 and len(pieces) > 2 and all(len(piece) == 2 for piece in pieces)


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
        return Lexicon(terms, (), self.topics, self.innocent, tuple(filter(None, map(fold, passed))), self)

    def hits(self, text: str) -> tuple[Hit, ...]:
        """The terms in the text, each once, in the order of their ids."""
        hits = dict.fromkeys(one.hit for one in self.found(text))
        return tuple(sorted(hits, key=lambda hit: (hit.term_id, hit.kind)))

    def found(self, text: str) -> tuple[Found, ...]:
        """The terms in the text with the piece that was found and how, the plainest reading of each first."""
        read = readings(text) if len(text) < _LONG_TEXT else readings(text)[:_MOST_READINGS]
        if not read:
            return ()
        found: dict[Hit, Found] = {}
        typed = text.lower()
        for lexicon in self._layers:
            for piece, reading in lexicon._pieces(text, read):
                if piece.entry in found or (piece.disguised and reading.text[piece.start : piece.end] in typed):
                    continue
                if piece.entry.kind != HELP and _within_words(reading.text, piece.start, piece.end, self.passed):
                    continue
                found[piece.entry] = Found(piece.entry, reading.text[piece.start : piece.end], piece.how)
        plain = read[0].text
        return tuple(one for one in found.values() if not self._mild_here(one.hit, plain))

    @cached_property
    def _layers(self) -> tuple[Lexicon, ...]:
        return (self,) if self.under is None else (*self.under._layers, self)

    @cached_property
    def _terms(self) -> _Terms:
        return _Terms(self.terms, self.innocent)

    @cached_property
    def _frames(self) -> Frames:
        return Frames(self.frames, self.innocent)

    @cached_property
    def _known(self) -> frozenset[str]:
        """Words that are no slip of a term: those of the frames and those that are named as innocent."""
        return self.innocent | self._frames.words if self.frames else self.innocent

    @cached_property
    def _contexts(self) -> dict[str, tuple[str, ...]]:
        return {
            topic.id: tuple(f" {fold(word)}" + ("" if word.endswith("*") else " ") for word in topic.words)
            for topic in self.topics
        }

    def _mild_here(self, hit: Hit, plain: str) -> bool:
        """Whether a mild term stands beside a word of one of its topics."""
        return hit.severity == 1 and any(word in plain for id_ in hit.topics for word in self._contexts.get(id_, ()))

    def _pieces(self, text: str, read: Sequence[Reading]) -> Iterator[tuple[_Piece, Reading]]:
        terms = self._terms
        seen: dict[str, tuple[int, ...]] = {}
        for reading in read:
            for piece in terms.in_place(reading):
                yield piece, reading
            scattered = apart(reading.text)
            if scattered or not reading.whole:
                for piece in terms.together(reading):
                    yield piece, reading
            if self.frames and not reading.whole:
                for words in (
                    (reading.text.split(), _put_together(reading.text)) if scattered else (reading.text.split(),)
                ):
                    for hit, first, last in self._frames.found(words, seen):
                        yield from _framed(hit, words, first, last)
        for reading in read:
            if reading.how in (How.PLAIN, How.ACCENT, How.LEET):
                for piece in terms.as_heard(reading):
                    yield piece, reading
                for piece in terms.slipped(reading, self._known):
                    yield piece, reading
        if not _MASK.search(text):
            return
        for word in dict.fromkeys(_MASKED.findall(text[: 10 * _MOST_UNUSUAL].lower())):
            for hit in terms.masked(word):
                yield _Piece(hit, 1, 1 + len(word), How.MASKED), Reading(How.MASKED, f" {word} ")


def _framed(hit: Hit, words: Sequence[str], first: int, last: int) -> Iterator[tuple[_Piece, Reading]]:
    said = " ".join(words[first : last + 1])
    yield _Piece(hit, 1, 1 + len(said), How.FRAME), Reading(How.FRAME, f" {said} ")


def _put_together(text: str) -> list[str]:
    """Words with the single letters that stand in a row put together."""
    words: list[str] = []
    single = False
    for word in text.split():
        if len(word) == 1 and single:
            words[-1] += word
        else:
            words.append(word)
        single = len(word) == 1
    return words


def _within_words(text: str, start: int, end: int, phrases: Iterable[str]) -> bool:
    """Whether this place lies inside one of the phrases, itself standing there as whole words."""
    return any(_within(text, start, end, (f" {phrase} ",)) for phrase in phrases)
