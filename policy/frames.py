"""Frames: what is said in several words, with some between. `papa ... slaat ... mij`, `vieze ... <a group>`.

A frame is a row of slots; a slot is a set of words. The words may be spelled as children do: a slot also takes a word
that sounds the same or, when it is long, one that is a single slip away.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import ahocorasick

from policy.folding import fold
from policy.framewalk import Compiled, Places, add_places, loose, ordered, starts_of
from policy.model import Hit
from policy.said import Said
from policy.slips import Slips
from policy.sounds import spelling

_GLUED = 8  # letters: from here on a word may be several without spaces between them
_LONGEST_GLUED = 60
_LEAST_SOUND = 2
_EDGE = 2
_NOTHING = (0,)
_NO_PAIRS: dict[str, int] = {}
_LEAST_GLUED = 3  # words: two of ours in one are too often a compound of its own (`moordvideo`)


# A sentence without spaces has one of these in it; a Dutch compound (`wapenaankoop`) hardly ever.
_SMALL_ONES = "ik je jij jou jullie mij me mijn hij zij ze we wij is zijn niet een van wil moet ben i you my they are"
_SMALL = frozenset(_SMALL_ONES.split())
# What stands in nearly every sentence: no word to begin to look from.
_USUAL_ONES = (
    "de het en in dat op te voor met die aan er om ook als dan maar bij uit naar wel kan hoe wat waarom wie waar u "
    "a an the to of and it on for with how what why do does can heb heeft hebben wordt worden gaan gaat mag dit deze "
    "haar hem hun ons onze jouw zo nu al alle mensen iemand"
)
_USUAL = _SMALL.union(_USUAL_ONES.split())
_USUAL_WEIGHT = 400  # as many seldom words


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
    def _seconds(self) -> frozenset[str]:
        return frozenset(second for row in self._pairs.values() for second in row)

    @cached_property
    def _shortest(self) -> int:
        """Letters of the shortest beginning: by these most words are told apart from all of them."""
        return min(map(len, self._vocabulary[1]), default=0)

    @cached_property
    def _beginnings(self) -> dict[str, tuple[int, ...]]:
        """How long the beginnings are that begin with these letters."""
        lengths: dict[str, set[int]] = {}
        for word in self._vocabulary[1]:
            lengths.setdefault(word[: self._shortest], set()).add(len(word))
        return {start: tuple(sorted(found)) for start, found in lengths.items()}

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
    def _ends(self) -> frozenset[str]:
        """The first and last letters with which a word that is made of ours can begin and end."""
        return frozenset(
            edge for word in self._vocabulary[0] if " " not in word and len(word) > 1 for edge in _edges(word)
        )

    @cached_property
    def _anchored(self) -> dict[int, list[tuple[int, Compiled]]]:
        """Frames by the group of theirs with the fewest and least usual words, each behind the groups it needs."""
        found: dict[int, list[tuple[int, Compiled]]] = {}
        number = self._groups
        for frame in self.frames:
            slots = tuple(number[words] for words in frame.slots)
            anchor = min(zip(frame.slots, slots, strict=True), key=lambda pair: _weight(pair[0]))[1]
            unless = 1 << number[frame.unless] if frame.unless else 0
            phrases = tuple(f" {fold(word)} " for word in frame.unless if " " in word)
            needs = 0
            for slot in slots:
                needs |= 1 << slot
            hit = Hit(frame.id, frame.kind, frame.severity, frame.topics)
            compiled = Compiled(hit, slots, frame.gaps, frame.loose, unless, phrases, slots.index(anchor))
            found.setdefault(anchor, []).append((needs, compiled))
        return found

    @cached_property
    def _anchors(self) -> int:
        """The groups from which a frame is looked for, as a mask."""
        return sum(1 << group for group in self._anchored)

    def build(self) -> None:
        """Compile now."""
        if self.frames:
            list(self.found(["build", "everything", "buildeverythingnow"], Said()))

    @property
    def words(self) -> frozenset[str]:
        """Every whole word that a frame names."""
        return frozenset(self._vocabulary[0])

    def keys(self) -> Iterable[str]:
        """The words as they are looked for, with a space at an end that is closed."""
        whole, begun = self._vocabulary
        return (*(f" {word} " for word in whole), *(f" {word}" for word in begun))

    def found(self, words: Sequence[str], said: Said) -> Iterator[tuple[Hit, int, int]]:
        """The frames in these folded words, each with its first and last word, at most once a frame.

        `said` is what is known of the text already: one for all its readings, then forgotten.
        """
        if not self.frames:
            return
        kinds = set(words)
        if not self._learn(kinds, said):
            return
        masks = said.masks
        matter = [word for word in kinds if masks[word] is not _NOTHING]
        starts = starts_of(words, masks) if any(len(masks[word]) > 1 for word in matter) else range(len(words))
        by_mask = self._paired(words, kinds, starts)
        present = 0
        for mask in chain(by_mask, *[masks[word] for word in matter]):
            present |= mask
        if not said.plain:
            said.plain, said.around = f" {' '.join(words)} ", present
        likely = self._likely(present, said)
        if not likely:
            return
        needed = 0
        for needs, _ in likely:
            needed |= needs
        add_places(by_mask, words, starts, {word: masks[word] for word in matter}, needed)
        where = Places(by_mask)
        for _, frame in likely:
            span = loose(frame, where) if frame.loose else ordered(frame, where)
            if span:
                first, last = span
                yield frame.hit, bisect_right(starts, first) - 1, bisect_right(starts, last) - 1

    def _likely(self, present: int, said: Said) -> list[tuple[int, Compiled]]:
        """The frames of which every group is present and that nothing takes away."""
        away = present | said.around
        likely: list[tuple[int, Compiled]] = []
        left = present & self._anchors
        while left:
            lowest = left & -left
            left ^= lowest
            for needs, frame in self._anchored[lowest.bit_length() - 1]:
                if needs & present != needs or frame.unless & away:
                    continue
                if not said.has(frame.phrases):
                    likely.append((needs, frame))
        return likely

    def _learn(self, kinds: Set[str], said: Said) -> bool:
        """Take in these different words, and say whether they can be another frame than those that were known."""
        masks, worth = said.masks, said.guess
        new = {word for word in kinds if word not in masks}
        named = new & self._vocabulary[0].keys()
        for word in named:
            masks[word] = (self._named(word),)
        rest = new - named
        guessed = said.guessed(rest)
        unheard = [word for word in guessed if word not in said.sounds]
        if unheard:
            said.sounds.update(zip(unheard, spelling(f" {' '.join(unheard)} ").split(), strict=True))
        for word in guessed:
            masks[word] = self._piece_masks(word, said)
        known = worth or bool(named) or not self._seconds.isdisjoint(rest)
        rest -= guessed
        masks.update(dict.fromkeys(rest, _NOTHING))
        begun, shortest = self._beginnings, self._shortest
        for word in [word for word in rest if word[:shortest] in begun]:
            mask = self._named(word)
            if mask:
                masks[word], known = (mask,), True
        return known

    def _paired(self, words: Sequence[str], kinds: Set[str], starts: Sequence[int]) -> dict[int, list[int]]:
        """Where two words stand that count as one, by the mask of their groups."""
        by_mask: dict[int, list[int]] = {}
        firsts = self._pairs.keys() & kinds
        seconds = self._seconds & kinds if firsts else frozenset[str]()
        if seconds:
            for place in [place for place, word in enumerate(words) if word in seconds]:
                mask = self._pairs.get(words[place - 1], _NO_PAIRS).get(words[place], 0)
                if mask and place:
                    by_mask.setdefault(mask, []).append(starts[place])
        return by_mask

    def _piece_masks(self, word: str, said: Said) -> tuple[int, ...]:
        """The groups of a word that may be misspelt, or of the words that were glued to it."""
        mask = self._named(word)
        if mask:
            return (mask,)
        if len(word) < _LEAST_SOUND or word in self.innocent:
            return _NOTHING
        mask = self._sounds.get(said.sounds[word], 0)
        if mask:
            return (mask,)
        said.slips -= 1
        near = self._slips.near(word) if said.slips >= 0 else None
        if near:
            return (self._vocabulary[0][near],)
        if not _GLUED <= len(word) <= _LONGEST_GLUED or said.glued <= 0 or not self._ends.issuperset(_edges(word)):
            return _NOTHING
        said.glued -= 1
        pieces = self._apart(word)
        if len(pieces) < _LEAST_GLUED or _SMALL.isdisjoint(pieces):
            return _NOTHING
        return tuple(self._named(piece) for piece in pieces)

    def _named(self, word: str) -> int:
        """The groups of a word as it is written."""
        whole, begun = self._vocabulary
        mask = whole.get(word, 0)
        for length in self._beginnings.get(word[: self._shortest], ()):
            mask |= begun.get(word[:length], 0)
        return mask

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


def _edges(word: str) -> tuple[str, str]:
    return f"{word[:_EDGE]}-", f"-{word[-_EDGE:]}"


def _weight(words: frozenset[str]) -> int:
    """How many words a text may have of this group, roughly."""
    return len(words) + sum(_USUAL_WEIGHT for word in words if word in _USUAL)
