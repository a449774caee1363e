"""Frames: what is said in several words, with some between. `papa ... slaat ... mij`, `vieze ... <a group>`.

A frame is a row of slots; a slot is a set of words. The words may be spelled as children do: a slot also takes a word
that sounds the same or, when it is long, one that is a single slip away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import ahocorasick

from policy.folding import fold, spelling
from policy.model import Hit
from policy.slips import Slips

_WINDOW = 9  # words within which the words of a loose frame stand
_GLUED = 8  # letters: from here on a word may be several without spaces between them
_LONGEST_GLUED = 60
_LEAST_SOUND = 2
_BEGUN = 2  # letters of a beginning by which most words are told apart from all of them
_MOST_GUESSED = 1_500  # different words of one text that are tried as misspelt, mistyped or glued
_LEAST_GLUED = 3  # words: two of ours in one are too often a compound of its own (`moordvideo`)
_MOST_ANCHORS = 2_000  # places tried for all frames in one reading: a long text is no way to keep the guard busy


# A sentence without spaces has one of these in it; a Dutch compound (`wapenaankoop`) hardly ever.
_SMALL = frozenset(
    [
        "ik",
        "je",
        "jij",
        "jou",
        "jullie",
        "mij",
        "me",
        "mijn",
        "hij",
        "zij",
        "ze",
        "we",
        "wij",
        "is",
        "zijn",
        "niet",
        "een",
        "van",
        "wil",
        "moet",
        "ben",
        "i",
        "you",
        "my",
        "me",
        "they",
        "are",
    ]
)
_NONE: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Frame:
    """Slots of words in a row, each at most `gaps[i]` words before the next; `loose`: in any order near each other.

    A word may end in `*` (any word that begins so). `unless` are words or phrases that
    anywhere in the text take the frame away.
    """

    id: str
    kind: str
    slots: tuple[frozenset[str], ...]
    gaps: tuple[int, ...]
    loose: bool = False
    unless: frozenset[str] = frozenset()
    severity: int = 2
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Compiled:
    hit: Hit
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    loose: bool
    unless: int
    phrases: tuple[str, ...]
    needs: int
    anchor: int


@dataclass(frozen=True)
class Frames:
    """All frames of a lexicon, found by the rarest word that each of them needs. Not slotted: it is built once."""

    frames: tuple[Frame, ...] = ()
    innocent: frozenset[str] = frozenset()

    @cached_property
    def _groups(self) -> dict[frozenset[str], int]:
        """Every set of words that occurs, numbered: a bit of the mask that each word of a text gets."""
        groups: dict[frozenset[str], int] = {}
        for frame in self.frames:
            for words in (*frame.slots, frame.unless):
                groups.setdefault(words, len(groups))
        return groups

    @cached_property
    def _vocabulary(self) -> tuple[dict[str, int], dict[str, int]]:
        """Whole words, and beginnings of words, each with the groups they are in."""
        whole: dict[str, int] = {}
        begun: dict[str, int] = {}
        for words, number in self._groups.items():
            for word in words:
                folded = fold(word)
                where = begun if word.endswith("*") else whole
                where[folded] = where.get(folded, 0) | 1 << number
        return whole, begun

    @cached_property
    def _pairs(self) -> dict[str, dict[str, int]]:
        """Two words that count as one, by the first: the groups they are in stand with the second."""
        pairs: dict[str, dict[str, int]] = {}
        for word, mask in self._vocabulary[0].items():
            first, _, second = word.partition(" ")
            if second:
                pairs.setdefault(first, {})[second] = mask
        return pairs

    @cached_property
    def _begun_lengths(self) -> tuple[int, ...]:
        return tuple(sorted({len(word) for word in self._vocabulary[1]}))

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(word[:_BEGUN] for word in self._vocabulary[1])

    @cached_property
    def _sounds(self) -> dict[str, int]:
        sounds: dict[str, int] = {}
        for word, mask in self._vocabulary[0].items():
            sound = spelling(f" {word} ").strip()
            if len(sound) >= _LEAST_SOUND:
                sounds[sound] = sounds.get(sound, 0) | mask
        return sounds

    @cached_property
    def _slips(self) -> Slips:
        return Slips(tuple(self._vocabulary[0]), self.innocent)

    @cached_property
    def _pieces(self) -> ahocorasick.Automaton:
        pieces = ahocorasick.Automaton()
        for word in self._vocabulary[0]:
            if len(word) > 1 and " " not in word:
                pieces.add_word(word, len(word))
        pieces.make_automaton()
        return pieces

    @cached_property
    def _anchored(self) -> dict[int, list[_Compiled]]:
        """Frames by the group of theirs with the fewest words."""
        found: dict[int, list[_Compiled]] = {}
        number = self._groups
        for frame in self.frames:
            slots = tuple(number[words] for words in frame.slots)
            anchor = min(zip(frame.slots, slots, strict=True), key=lambda pair: len(pair[0]))[1]
            unless = 1 << number[frame.unless] if frame.unless else 0
            phrases = tuple(f" {fold(word)} " for word in frame.unless if " " in word)
            needs = 0
            for slot in slots:
                needs |= 1 << slot
            hit = Hit(frame.id, frame.kind, frame.severity, frame.topics)
            found.setdefault(anchor, []).append(
                _Compiled(hit, slots, frame.gaps, frame.loose, unless, phrases, needs, slots.index(anchor))
            )
        return found

    def build(self) -> None:
        """Compile now."""
        if self.frames:
            list(self.found(["build", "everything", "buildeverythingnow"], {}))

    @property
    def words(self) -> frozenset[str]:
        """Every whole word that a frame names."""
        return frozenset(self._vocabulary[0])

    def found(self, words: Sequence[str], seen: dict[str, tuple[int, ...]]) -> Iterator[tuple[Hit, int, int]]:
        """The frames in these folded words, each with its first and last word, at most once a frame.

        `seen` is what is known of words already: one dictionary for all readings of one text, then forgotten.
        """
        if not self.frames:
            return iter(())
        return self._matches(words, *self._masks(words, seen))

    def _masks(self, words: Sequence[str], seen: dict[str, tuple[int, ...]]) -> tuple[list[int], list[int]]:
        """The groups of each word; glued words are taken apart. With each mask the place of its word in the text."""
        masks: list[int] = []
        places: list[int] = []
        pairs, before = self._pairs, ""
        for place, word in enumerate(words):
            found = seen.get(word)
            if found is None:
                found = seen[word] = self._piece_masks(word, guess=len(seen) < _MOST_GUESSED)
            for mask in found:
                masks.append(mask)
                places.append(place)
            if before in pairs:
                masks[-1] |= pairs[before].get(word, 0)
            before = word
        return masks, places

    def _piece_masks(self, word: str, *, guess: bool) -> tuple[int, ...]:
        """The groups of a word, or of the words that were glued to it."""
        mask = self._mask(word, guess=guess)
        if mask or not guess or not _GLUED <= len(word) <= _LONGEST_GLUED:
            return (mask,)
        pieces = self._apart(word)
        if len(pieces) < _LEAST_GLUED or _SMALL.isdisjoint(pieces):
            return (mask,)
        return tuple(self._mask(piece, guess=False) for piece in pieces)

    def _mask(self, word: str, *, guess: bool) -> int:
        whole, begun = self._vocabulary
        mask = whole.get(word, 0)
        if word[:_BEGUN] in self._beginnings:
            for length in self._begun_lengths:
                mask |= begun.get(word[:length], 0)
        if mask or not guess or len(word) < _LEAST_SOUND or word in self.innocent:
            return mask
        mask = self._sounds.get(spelling(f" {word} ")[1:-1], 0)
        if mask:
            return mask
        near = self._slips.near(word)
        return whole[near] if near else 0

    def _apart(self, word: str) -> Sequence[str]:
        """The words that were glued to this one, or nothing when it is not made of our words alone."""
        best: list[int | None] = [None] * (len(word) + 1)
        best[0] = 0
        for end, length in self._pieces.iter(word):
            start = end + 1 - length
            if best[start] is not None and (best[end + 1] is None or start < (best[end + 1] or 0)):
                best[end + 1] = start
        pieces: list[str] = []
        at = len(word)
        while at > 0:
            start_of = best[at]
            if start_of is None:
                return ()
            pieces.append(word[start_of:at])
            at = start_of
        return pieces[::-1]

    def _matches(self, words: Sequence[str], masks: list[int], places: list[int]) -> Iterator[tuple[Hit, int, int]]:
        by_mask: dict[int, list[int]] = {}
        for place, mask in enumerate(masks):
            if mask:
                by_mask.setdefault(mask, []).append(place)
        present = 0
        for mask in by_mask:
            present |= mask
        where = _Places(by_mask)
        left = present
        while left:
            lowest = left & -left
            left ^= lowest
            for frame in self._anchored.get(lowest.bit_length() - 1, ()):
                if frame.needs & present != frame.needs or frame.unless & present:
                    continue
                if frame.phrases and any(phrase in f" {' '.join(words)} " for phrase in frame.phrases):
                    continue
                span = _loose(frame, where) if frame.loose else _ordered(frame, where)
                if span:
                    yield frame.hit, places[span[0]], places[span[1]]


class _Places:
    """Where the words of a group stand, found when they are asked for."""

    def __init__(self, by_mask: dict[int, list[int]]) -> None:
        self._by_mask, self._of = by_mask, dict[int, list[int]]()
        self.tries = _MOST_ANCHORS

    def __getitem__(self, group: int) -> list[int]:
        if group not in self._of:
            rows = [places for mask, places in self._by_mask.items() if mask >> group & 1]
            self._of[group] = rows[0] if len(rows) == 1 else sorted(place for row in rows for place in row)
        return self._of[group]

    def anchors(self, group: int) -> Iterator[int]:
        """The places of a group, as many as one text may have tried."""
        for place in self[group]:
            if self.tries <= 0:
                return
            self.tries -= 1
            yield place


def _ordered(frame: _Compiled, where: _Places) -> tuple[int, int] | None:
    """First and last place of the frame: from its rarest slot to the left and to the right."""
    for anchor in where.anchors(frame.slots[frame.anchor]):
        first = _walk(frame, where, anchor, range(frame.anchor - 1, -1, -1))
        if first is None:
            continue
        last = _walk(frame, where, anchor, range(frame.anchor + 1, len(frame.slots)))
        if last is not None:
            return first, last
    return None


def _walk(frame: _Compiled, where: _Places, start: int, slots: range) -> int | None:
    """The place of the last of these slots, walking away from `start`; all places a slot can have are followed."""
    reached = {start}
    for number in slots:
        left = slots.step < 0
        gap = frame.gaps[number if left else number - 1] + 1
        places = where[frame.slots[number]]
        found: set[int] = set()
        for at in reached:
            low, high = (at - gap, at - 1) if left else (at + 1, at + gap)
            found.update(places[bisect_left(places, low) : bisect_right(places, high)])
        if not found:
            return None
        reached = found
    return min(reached) if slots.step < 0 else max(reached)


def _loose(frame: _Compiled, where: _Places) -> tuple[int, int] | None:
    """Every slot a word of its own, in any order, within one window."""
    for anchor in where.anchors(frame.slots[frame.anchor]):
        taken = {anchor}
        for number, slot in enumerate(frame.slots):
            if number == frame.anchor:
                continue
            places = where[slot]
            near = places[bisect_left(places, anchor - _WINDOW) : bisect_right(places, anchor + _WINDOW)]
            free = [place for place in near if place not in taken]
            if not free:
                break
            taken.add(min(free, key=lambda place: abs(place - anchor)))
        else:
            return min(taken), max(taken)
    return None
