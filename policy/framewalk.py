"""Walking a frame: from the place of its rarest word to the left and to the right."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from policy.model import Hit

_WINDOW = 9  # words within which the words of a loose frame stand
_MOST_ANCHORS = 2_000  # places tried for all frames in one reading: a long text is no way to keep the guard busy


@dataclass(frozen=True, slots=True)
class Compiled:
    """A frame ready to be walked: its slots and what takes it away as numbers of groups of words."""

    hit: Hit
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    loose: bool
    unless: int
    phrases: tuple[str, ...]
    anchor: int


class Places:
    """Where the words of a group stand, found when they are asked for."""

    __slots__ = ("_by_mask", "_of", "tries")

    def __init__(self, by_mask: dict[int, list[int]]) -> None:
        self._by_mask, self._of = by_mask, dict[int, list[int]]()
        self.tries = _MOST_ANCHORS

    def __getitem__(self, group: int) -> list[int]:
        if group not in self._of:
            bit = 1 << group
            rows = [places for mask, places in self._by_mask.items() if mask & bit]
            self._of[group] = sorted(place for row in rows for place in row)
        return self._of[group]

    def anchors(self, group: int) -> Iterator[int]:
        """The places of a group, as many as one text may have tried."""
        for place in self[group]:
            if self.tries <= 0:
                return
            self.tries -= 1
            yield place


def starts_of(words: Sequence[str], masks: Mapping[str, tuple[int, ...]]) -> list[int]:
    """The place of each word when the words that were glued together count as several."""
    return list(accumulate([len(masks[word]) for word in words], initial=0))[:-1]


def add_places(
    by_mask: dict[int, list[int]],
    words: Sequence[str],
    starts: Sequence[int],
    masks: Mapping[str, tuple[int, ...]],
    needed: int,
) -> None:
    """Add where the words stand that are in one of the needed groups."""
    stands: dict[str, list[int]] = {}
    for word, groups in masks.items():
        if len(groups) > 1 or groups[0] & needed:
            stands[word] = []
    for place, word in zip(starts, words, strict=True):
        if word in stands:
            stands[word].append(place)
    for word, places in stands.items():
        for offset, mask in enumerate(masks[word]):
            if mask & needed:
                by_mask.setdefault(mask, []).extend([at + offset for at in places] if offset else places)


def ordered(frame: Compiled, where: Places) -> tuple[int, int] | None:
    """First and last place of the frame: from its rarest slot to the left and to the right."""
    for anchor in where.anchors(frame.slots[frame.anchor]):
        first = _walk(frame, where, anchor, range(frame.anchor - 1, -1, -1))
        if first is None:
            continue
        last = _walk(frame, where, anchor, range(frame.anchor + 1, len(frame.slots)))
        if last is not None:
            return first, last
    return None


def _walk(frame: Compiled, where: Places, start: int, slots: range) -> int | None:
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


def loose(frame: Compiled, where: Places) -> tuple[int, int] | None:
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
