"""Terms compiled: one automaton for words in place, one for words put together, one for words as they sound."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate

import ahocorasick

from policy.folding import How, Reading, fold
from policy.model import Hit, Term
from policy.slips import Slips
from policy.sounds import spelling

_LEAST_SPELLING = 5  # letters of a term that is also found as a child spells it
_LEAST_SPELLED_PART = 7
_MASK = re.compile(r"[*#%&]")
_LONG_RUN = 8
_LONG_TERM = 8  # letters: a term in two pieces (`kloot zak`)
_LEAST_APART, _MOST_APART = 5, 4  # letters and pieces of a term in syllables (`te ring wijf`)
_SYLLABLE = 3  # letters of the shortest piece
# Short words that stand beside each other in any sentence: a term that is made of them alone is not there.
_ORDINARY_ONES = (
    "aan al als arm bal ben bij bil bos dag dan dat de den der die dit doe dom door dop een eet en er eten film "
    "fles foto ga geen gek ging goed groot haar had hak ham hand heb hele hem hen het hij hoe hok hol hond hoof "
    "hun ik in is ja je jong jou kan kat kind klas kleine ko kom kop kun laat lag lang leer les licht lid long "
    "los maar mag man me meer men mens met mij mijn moe moet mol mond nee niet nog nu of om on ons oog ook oor op "
    "ouders over paar pak pan per pop rat red ren ring rode rol school sex slag slim staan staat start stek stem "
    "ster stof tak tal te tel ten ter thee ting tot tussen uit van vel ver vis voor waar was wat we weg wel wie "
    "wij wijf wil wit woord zaak zak ze zee zelf zich zij zo zoon a an and are as at be but by can do for go he "
    "her his how it my no not or she so the to up us you"
)
_ORDINARY = frozenset(_ORDINARY_ONES.split())


@dataclass(frozen=True, slots=True)
class _Entry:
    """A term ready to be found. Forms with the same hit have the same number. `letters` counts without spaces;
    `compound`: it may stand inside a longer word."""

    hit: Hit
    core: str
    number: int
    letters: int
    compound: bool
    exceptions: tuple[str, ...]
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A candidate: where it starts and ends in the reading, without the spaces around."""

    entry: Hit
    number: int
    start: int
    end: int
    how: How
    disguised: bool = False


class Terms:
    """Terms compiled: one automaton for words in place, one for words put together, one for words as they sound."""

    def __init__(self, terms: Sequence[Term], innocent: frozenset[str]) -> None:
        self.innocent = innocent
        exact: dict[str, list[_Entry]] = {}
        bare: dict[str, list[_Entry]] = {}
        spelled: dict[str, list[_Entry]] = {}
        self._single: dict[str, _Entry] = {}
        self._written: dict[str, _Entry] = {}
        numbers: dict[Hit, int] = {}
        folded: dict[tuple[str, ...], tuple[str, ...]] = {}
        for term in terms:
            core = fold(term.text)
            if not core:
                continue
            letters = len(core.replace(" ", ""))
            disguised = term.text.startswith("~")
            before, after = term.part or term.text.startswith("*"), term.part or term.text.endswith("*")
            hit = Hit(term.id, term.kind, term.severity, term.topics)
            number = numbers.setdefault(hit, len(numbers))
            exceptions = folded.get(term.exceptions)
            if exceptions is None:
                exceptions = folded[term.exceptions] = tuple(fold(one) for one in term.exceptions)
            entry = _Entry(hit, core, number, letters, before or after, exceptions, disguised)
            key = f"{'' if before else ' '}{core}{'' if after else ' '}"
            exact.setdefault(key, []).append(entry)
            if letters > 2:
                bare.setdefault(core.replace(" ", ""), []).append(entry)
            if " " not in core:
                self._written.setdefault(core, entry)
            if disguised or (before != after):
                continue  # open at one end: what may follow is too much for a guess
            if letters >= (_LEAST_SPELLED_PART if entry.compound else _LEAST_SPELLING) and core.isascii():
                heard = spelling(key)
                if len(heard.strip()) < _LEAST_SPELLING - 1:
                    continue
                sounds = tuple(spelling(f" {one} ").strip() for one in entry.exceptions)
                spelled.setdefault(heard, []).append(_Entry(hit, core, number, letters, entry.compound, sounds))
            if " " not in core:
                self._single.setdefault(core, entry)
        self._exact, self._bare, self._spelled = _automaton(exact), _automaton(bare), _automaton(spelled)
        self._slips = Slips(tuple(self._single), innocent)
        self._shown: dict[tuple[int, int, str], list[str]] = {}
        for core in self._written:
            for shown in {core[:1], core[:2]}:
                self._shown.setdefault((len(core), 0, shown), []).append(core)
            for shown in {core[-1:], core[-2:]}:
                self._shown.setdefault((len(core), 1, shown), []).append(core)
            self._shown.setdefault((len(core), 2, ""), []).append(core)

    def keys(self) -> Iterable[str]:
        """The terms as they are looked for, with a space at an end that is closed."""
        return tuple(map(str, self._exact.keys()))

    def in_place(self, reading: Reading, done: Set[int]) -> Iterator[Piece]:
        """Terms that stand in the reading as they are, without those that are done."""
        hay = reading.text
        for end, (length, entries) in self._exact.iter(hay):
            for entry in entries:
                if entry.number in done or entry.letters < reading.least or (reading.whole and entry.compound):
                    continue
                first, last = _trim(hay, end + 1 - length, end + 1)
                if not (entry.exceptions and _within(hay, first, last, entry.exceptions)):
                    how = How.COMPOUND if reading.how is How.PLAIN and _inside(hay, first, last) else reading.how
                    yield Piece(entry.hit, entry.number, first, last, how, entry.disguised)

    def together(self, reading: Reading, words: Sequence[str], done: Set[int]) -> Iterator[Piece]:
        """Terms whose letters stand apart: `k u t`, `n e uk en`."""
        joined = "".join(words)
        starts: list[int] = []
        for end, (length, entries) in self._bare.iter(joined):
            starts = starts or list(accumulate(map(len, words), initial=0))
            first, last = bisect_left(starts, end + 1 - length), bisect_left(starts, end + 1)
            if last - first < 2 or starts[first] != end + 1 - length or starts[last] != end + 1:
                continue
            start = end + 2 - length + first
            stop = start + length + last - first - 1
            for entry in entries:
                if (
                    entry.number not in done
                    and entry.letters >= reading.least
                    and reading.text[start:stop] != entry.core  # a phrase in place, which may have exceptions
                    and _spelled_out(words, first, last, entry.letters)
                ):
                    yield Piece(entry.hit, entry.number, start, stop, How.SPACED, entry.disguised)

    def as_heard(self, reading: Reading, heard: str, done: Set[int]) -> Iterator[Piece]:
        """Terms in a child's spelling."""
        words: _Words | None = None
        for end, (length, entries) in self._spelled.iter(heard):
            first, last = _trim(heard, end + 1 - length, end + 1)
            for entry in entries:
                if entry.number in done or (entry.exceptions and _within(heard, first, last, entry.exceptions)):
                    continue
                words = words or _Words(reading.text, heard)
                start, stop = words.span(first, last)
                typed = reading.text[start:stop]
                own = self._written.get(typed)
                if own is not None and own.number != entry.number:
                    continue  # it is a term by itself, written as it should be: no slip of a graver one
                if typed not in self.innocent and not (
                    entry.exceptions and any(one in spelling(f" {typed} ") for one in entry.exceptions)
                ):
                    yield Piece(entry.hit, entry.number, start, stop, How.SPELLING)

    def slipped(self, reading: Reading, kinds: Iterable[str]) -> Iterator[Piece]:
        """Longer words with one slip of the keyboard, of these different ones."""
        near_to = self._slips.near
        for word in kinds:
            near = near_to(word)
            if near and word not in self._single:
                entry = self._single[near]
                if not any(one in word for one in entry.exceptions):
                    at = reading.text.index(f" {word} ") + 1
                    yield Piece(entry.hit, entry.number, at, at + len(word), How.SLIP)

    def masked(self, word: str) -> Iterator[Piece]:
        """Terms that `k*t` or `f##k` can only stand for: a letter for each sign, or a few for one."""
        shown = len(word) - len(_MASK.findall(word))
        if shown < 2 or 2 * shown < len(word):
            return
        likely = [core for core in self._showing(word, len(word)) if _fits(word, core)]
        if not likely and shown >= 4 and len(_MASK.findall(word)) == 1:
            start, end = _MASK.split(word)
            more = (core for longer in (1, 2) for core in self._showing(word, len(word) + longer))
            likely = [core for core in more if core.startswith(start) and core.endswith(end)]
        entries = [self._single[core] for core in likely if core in self._single]
        entries = entries or [self._written[core] for core in likely]
        if len({entry.hit.kind for entry in entries}) == 1:
            entry = min(entries, key=lambda entry: entry.hit.term_id)
            yield Piece(entry.hit, entry.number, 1, 1 + len(word), How.MASKED)

    def _showing(self, word: str, length: int) -> Sequence[str]:
        """Terms of this length that begin or end with the same letters as `word`, or all when it shows neither."""
        first, last = _MASK.split(word[:2])[0], _MASK.split(word[-2:])[-1]
        ends = [(place, letters) for place, letters in ((0, first), (1, last)) if letters]
        return min((self._shown.get((length, place, letters), []) for place, letters in ends or [(2, "")]), key=len)


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
    lengths = accumulate(map(len, text.split()), initial=1)
    return [start + number for number, start in enumerate(lengths)][:-1]


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
    if letters >= _LONG_TERM and (len(pieces) == 2 or (not singles and len(pieces) <= _MOST_APART)):
        return True
    if not singles and len(pieces) <= _MOST_APART and min(map(len, pieces)) <= _SYLLABLE:
        if letters >= _LEAST_APART and not _ORDINARY.issuperset(pieces):
            return True
        if letters < _LEAST_APART and _ORDINARY.isdisjoint(pieces):
            return True
    if singles:
        return letters > 3 or (first == 0 and last == len(words))
    return letters > 4 and len(pieces) > 2 and all(len(piece) == 2 for piece in pieces)


def within_words(text: str, start: int, end: int, phrases: Iterable[str]) -> bool:
    """Whether this place lies inside one of the phrases, itself standing there as whole words."""
    return any(_within(text, start, end, (f" {phrase} ",)) for phrase in phrases)
