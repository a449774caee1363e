"""What a page looks like by its shape: a linear score over signs, with weights that a person can read.

A sign is there or not; each has a weight for one kind or more, and a kind is reached at its threshold. Signs with a
negative weight speak against (a school, a shop, an article); together they take off no more than `clears_at_most`, so
that no page talks itself free.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import ahocorasick

from policy.address import name_without_suffix
from policy.pagesigns import Page

ALL = "all"
"""In a sign's weights: every kind."""

PLACES = ("title", "text", "labels", "fields", "paths", "marks", "code", "name")
"""Where a sign may be looked for; see `config/pageshape.yaml`."""

_NO_WORD = re.compile(r"[^\w@+']+")
_LONGEST_START = 5  # words


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: what to look for, by place, and what it weighs.

    It is there when `least` different things of its lists are found (or of one list many: each link counts), and all
    signs of `needs` are there. With `needs` alone it joins others. `unless`: signs that take it away.
    """

    id: str
    weights: Mapping[str, float]
    look: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: int = 1
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a page looks like: the kind, its score and threshold, and the ids of the signs, the heaviest first."""

    kind: str
    score: float
    threshold: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weighing:
    """One kind held against a page: `parts` are the signs that were there, with what each weighed."""

    kind: str
    score: float
    threshold: float
    parts: tuple[tuple[str, float], ...]

    @property
    def reached(self) -> bool:
        """Whether the page looks like this kind."""
        return self.score >= self.threshold


@dataclass(frozen=True)
class PageShape:
    """All signs and thresholds. Not slotted: the automata are made once."""

    signs: tuple[Sign, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    clears_at_most: float = 0.0

    def judge(self, page: Page) -> Judgement | None:
        """What the page looks like most, or None when it reaches no kind."""
        best = max(self.weigh(page), key=lambda one: one.score / one.threshold, default=None)
        if best is None or not best.reached:
            return None
        parts = sorted(best.parts, key=lambda part: -part[1])
        return Judgement(best.kind, best.score, best.threshold, tuple(id_ for id_, weight in parts if weight > 0))

    def weigh(self, page: Page) -> tuple[Weighing, ...]:
        """Every kind held against the page, in the order of the thresholds."""
        here = self.found(page)
        return tuple(self._weighing(kind, threshold, here) for kind, threshold in self.thresholds.items())

    def found(self, page: Page) -> tuple[Sign, ...]:
        """The signs that are there, in their order."""
        seen: dict[str, set[str]] = {}
        for place, look in self._lookers.items():
            for id_, what in look(page):
                seen.setdefault(id_, set()).add(f"{place}:{what}")
        here: dict[str, Sign] = {}
        for sign in self.signs:
            enough = not sign.look or len(seen.get(sign.id, ())) >= sign.least
            if enough and all(one in here for one in sign.needs) and not any(one in here for one in sign.unless):
                here[sign.id] = sign
        return tuple(here.values())

    def _weighing(self, kind: str, threshold: float, here: Iterable[Sign]) -> Weighing:
        parts = tuple((one.id, weight) for one in here if (weight := one.weights.get(kind, one.weights.get(ALL, 0.0))))
        against = max(sum(weight for _, weight in parts if weight < 0), -self.clears_at_most)
        score = sum(weight for _, weight in parts if weight > 0) + against
        return Weighing(kind, round(score, 2), threshold, parts)

    # --- looking ------------------------------------------------------------------------------------------------------

    def _by_entry(self, place: str) -> dict[str, list[str]]:
        """What is looked for in one place, to the signs that it is of."""
        entries: dict[str, list[str]] = {}
        for sign in self.signs:
            for entry in sign.look.get(place, ()):
                entries.setdefault(entry, []).append(sign.id)
        return entries

    @cached_property
    def _lookers(self) -> Mapping[str, Callable[[Page], Iterable[tuple[str, str]]]]:
        title, text = _words(self._by_entry("title")), _words(self._by_entry("text"))
        fields, code = _pieces(self._by_entry("fields")), _pieces(self._by_entry("code"))
        labels, paths = _Starts(self._by_entry("labels")), _Starts(self._by_entry("paths"))
        marks, name = _Starts(self._by_entry("marks")), _pieces(self._by_entry("name"))
        return {
            "title": lambda page: title(_framed(page.title)),
            "text": lambda page: text(_framed(page.text)),
            "fields": lambda page: fields("\n".join(page.fields)),
            "code": lambda page: code(page.code),
            "labels": lambda page: labels.each(page.labels, _starts_of_label),
            "paths": lambda page: paths.each(page.paths, _starts_of_path),
            "marks": lambda page: marks.each(page.marks, _starts_of_mark),
            "name": lambda page: name(name_without_suffix(page.host)),
        }


def plain_words(text: str) -> str:
    """Words with single spaces, no other signs."""
    return _NO_WORD.sub(" ", text).strip()


def _framed(text: str) -> str:
    return f" {plain_words(text)} "


def _words(entries: Mapping[str, list[str]]) -> Callable[[str], Iterable[tuple[str, str]]]:
    """Looks for whole words; an entry that ends in `*` may go on."""
    framed = {f" {one[:-1]}" if one.endswith("*") else f" {one} ": signs for one, signs in entries.items()}
    return _pieces(framed)


def _pieces(entries: Mapping[str, list[str]]) -> Callable[[str], Iterable[tuple[str, str]]]:
    """Looks for letters anywhere, all entries in one pass."""
    if not entries:
        return lambda text: ()
    automaton = ahocorasick.Automaton()
    for entry, signs in entries.items():
        automaton.add_word(entry, (entry, signs))
    automaton.make_automaton()

    def look(text: str) -> Iterable[tuple[str, str]]:
        found = {entry: signs for _, (entry, signs) in automaton.iter(text)} if text else {}
        return [(sign, entry) for entry, signs in found.items() for sign in signs]

    return look


class _Starts:
    """Looks for whole strings; an entry that ends in `*` for their start."""

    def __init__(self, entries: Mapping[str, list[str]]) -> None:
        self._whole = {one: signs for one, signs in entries.items() if not one.endswith("*")}
        self._starts = {one[:-1]: signs for one, signs in entries.items() if one.endswith("*")}

    def each(self, strings: Iterable[str], starts: Callable[[str], Iterable[str]]) -> Iterable[tuple[str, str]]:
        """The signs with the string that was found."""
        for one in strings:
            for sign in self._whole.get(one, ()):
                yield sign, one
            for start in starts(one):
                for sign in self._starts.get(start, ()):
                    yield sign, one


def _starts_of_label(label: str) -> Iterable[str]:
    words = label.split(" ", _LONGEST_START + 1)
    return (" ".join(words[:count]) for count in range(1, min(len(words), _LONGEST_START) + 1))


def _starts_of_path(path: str) -> Iterable[str]:
    """`/u/bo` starts with `/u/`, `/@bo` with `/@`, `/game/x?y` with `/game/`, `/viewforum.php?f=2` with the whole."""
    if path.startswith("/@") and len(path) > 2:
        yield "/@"
    for mark in ("/", "?"):
        at = path.find(mark, 1)
        if at > 0 and at + 1 < len(path):
            yield path[: at + 1]


def _starts_of_mark(mark: str) -> Iterable[str]:
    """`generator=discourse 3` starts with `generator=discourse`; `x=` alone says that the mark is there."""
    name, equals, value = mark.partition("=")
    yield name + equals
    for word in range(1, 4):
        yield f"{name}={' '.join(value.split(' ')[:word])}"
