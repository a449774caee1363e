"""What is open now by a permission, and what was permitted before: the cards of the lesson page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.present.words import Words, iso
from policy.model import Facet, Grant

ABOUT = {Facet.WORDS: "words_", Facet.PERSONAL: "personal_"}
_EXTRA = 10


@dataclass(frozen=True, slots=True)
class PermissionCard:
    """One permission that is open now. `plus` is how many minutes may be added, 0 when none; `to_end` likewise.

    `aside`: a running agreement keeps it closed for now.
    """

    id: str
    title: str
    who: str
    until: str
    until_iso: str
    goal: str
    view: bool
    plus: int
    to_end: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Quick:
    """A permission of before, to give again with one tap."""

    what: str
    value: str
    site: str
    topic: str
    view: bool
    goal: str
    line: str


def permission_card(grant: Grant, lesson: Lesson, words: Words, board: bool) -> PermissionCard:
    """The card of a permission that is open. With `board` it names no pupil."""
    last = lesson.period.end
    room = lesson.in_lesson and last is not None and grant.end < last
    return PermissionCard(
        id=grant.id,
        title=what_of(grant, lesson.offers.topics, words),
        who=who_of(grant.groups, grant.people, lesson.names, words, board),
        until=words("dash.open.until", until=words.clock(grant.end)),
        until_iso=iso(grant.end),
        goal=words("dash.open.goal", goal=grant.goal) if grant.goal else "",
        view=_looks_only(grant),
        plus=_EXTRA if room and last and grant.end + timedelta(minutes=_EXTRA) < last else 0,
        to_end=words("dash.open.to_end", until=words.clock(last)) if room and last else "",
        aside=grant.id in lesson.aside,
    )


def quick(grant: Grant, lesson: Lesson, words: Words) -> Quick:
    """The button that gives a permission of before again."""
    category = next(iter(sorted(grant.categories)), "")
    value = f"category:{category}" if category else "site"
    if Facet.PLACE not in grant.facets:
        value = "print" if Facet.PRINT in grant.facets else "words"
    end = lesson.period.end
    return Quick(
        what=what_of(grant, lesson.offers.topics, words),
        value=value,
        site=next(iter(grant.sites), ""),
        topic=min(grant.topics, default=""),
        view=_looks_only(grant),
        goal=grant.goal,
        line=words("dash.give.quick_line", who=words("dash.open.whole"), until=words.clock(end) if end else ""),
    )


def what_of(grant: Grant, topics: Mapping[str, Mapping[str, str]], words: Words) -> str:
    """What a permission opens, in a few words."""
    if grant.facets == {Facet.PRINT}:
        return words("dash.extra.print")
    if grant.facets == {Facet.CONNECT}:
        return words("dash.extra.phone")
    if grant.facets == {Facet.WORDS} and grant.topics:
        named = ", ".join(topics.get(topic, {}).get(words.lang, topic) for topic in sorted(grant.topics))
        return words("dash.extra.words_of", topics=named)
    parts = [*grant.sites, *(words.category(name) for name in sorted(grant.categories))]
    place = ", ".join(parts) or words("dash.open.any_place")
    alone = next((facet for facet in ABOUT if grant.facets == {facet}), None)
    return words(f"dash.open.{alone.value}", place=place, kinds=kinds_of(alone, grant.kinds, words)) if alone else place


def kinds_of(facet: Facet, kinds: Collection[str], words: Words) -> str:
    """Which words or which data are meant; of all of them their name."""
    if facet not in ABOUT:
        return ""
    if facet is Facet.WORDS:
        named = [words(f"dash.kind.{kind}") for kind in sorted(kinds)]
    else:
        named = [words(f"page.personal.type.{kind}") for kind in sorted(kinds)]
    return ", ".join(named) or words(f"dash.why.{facet.value}_all")


def who_of(
    groups: Collection[str], people: Collection[str], names: Mapping[str, str], words: Words, board: bool
) -> str:
    """For whom something is. With `board` nobody is named."""
    if groups:
        return words("dash.open.whole")
    if len(people) == 1:
        somebody = words("dash.reports.somebody")
        return somebody if board else names.get(next(iter(people)), somebody)
    return words("dash.open.people_many", count=len(people))


def _looks_only(grant: Grant) -> bool:
    return Facet.PLACE in grant.facets and Facet.ACTION not in grant.facets
