"""What is open now by a permission, and what was permitted before: the cards of the lesson page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from dashboard.actions.lesson import Lesson
from dashboard.actions.permission import PICTURES
from dashboard.actions.prepared import Ready, mentions, token_of
from dashboard.actions.reading import kind_of
from dashboard.present.words import Words, iso
from policy.model import Facet, Grant

ABOUT = {Facet.WORDS: "words_", Facet.PERSONAL: "personal_"}
MOST_NAMED = 2
_EXTRA = 10


@dataclass(frozen=True, slots=True)
class PermissionCard:
    """One permission that is open now. `plus` is how many minutes may be added, 0 when none; `to_end` likewise.

    `aside`: a running agreement keeps it closed for now. `by` says which colleague gave it.
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
    by: str = ""


@dataclass(frozen=True, slots=True)
class Quick:
    """A permission to give with one tap. `token` is what its button sends. `kept`: it was put ready by somebody.

    `line` says what it opens (of one with a name of its own), for whom and until when; `by` whose it is.
    """

    token: str
    what: str
    line: str
    kept: bool
    by: str = ""


def permission_card(grant: Grant, lesson: Lesson, words: Words, board: bool) -> PermissionCard:
    """The card of a permission that is open. With `board` it names no pupil."""
    last = lesson.period.end
    room = lesson.in_lesson and last is not None and grant.end < last
    return PermissionCard(
        id=grant.id,
        title=what_of(grant, lesson.offers.topics, words),
        who=who_of(grant.groups, grant.people, lesson.names, words, board, grant.without),
        until=words("dash.open.until", until=words.clock(grant.end)),
        until_iso=iso(grant.end),
        goal=words("dash.open.goal", goal=grant.goal) if grant.goal else "",
        view=_shows(grant),
        plus=_EXTRA if room and last and grant.end + timedelta(minutes=_EXTRA) < last else 0,
        to_end=words("dash.open.to_end", until=words.clock(last)) if room and last else "",
        aside=grant.id in lesson.aside,
        by=by_colleague(grant.by, lesson, words, board),
    )


def by_colleague(person: str, lesson: Lesson, words: Words, board: bool) -> str:
    """Which colleague did something. Nothing is said of what one did oneself, nor on a screen in the class."""
    name = "" if board else lesson.staff.get(person, "")
    return words("dash.duo.by", name=name) if name else ""


def quicks(lesson: Lesson, words: Words, board: bool) -> tuple[Quick, ...]:
    """The buttons that open with one tap: what is kept ready, then what was given before; nothing twice.

    What is open for the group already has no button. With `board` nothing about single children has one.
    """
    shown = {kind_of(grant) for grant in lesson.grants if lesson.group.id in grant.groups and not grant.without}
    found: list[Quick] = []
    for one in lesson.at_hand:
        whole = not one.grant.people and not one.grant.without
        private = not whole or mentions(f"{one.prepared.name} {one.grant.goal}", lesson.names.values())
        if (whole and kind_of(one.grant) in shown) or (board and private):
            continue
        shown |= {kind_of(one.grant)} if whole else set()
        found.append(_kept(one, lesson, words, board))
    last = [grant for grant in lesson.earlier if kind_of(grant) not in shown]
    return (*found, *(_before(grant, lesson, words) for grant in last))


def keeper_of(ready: Ready, lesson: Lesson, words: Words) -> str:
    """Whose it is that was kept ready, when it is a colleague's."""
    if ready.own:
        return ""
    name = lesson.keepers.get(ready.prepared.by, "")
    return words("dash.permit.ready_by", name=name) if name else words("dash.permit.ready_by_somebody")


def about(grant: Grant, lesson: Lesson, words: Words, board: bool) -> str:
    """What a permission opens and for whom, on one line."""
    who = who_of(grant.groups, grant.people, lesson.names, words, board, grant.without)
    view = words("dash.open.view") if _shows(grant) else ""
    return " · ".join(part for part in (what_of(grant, lesson.offers.topics, words), who, view, grant.goal) if part)


def _kept(ready: Ready, lesson: Lesson, words: Words, board: bool) -> Quick:
    until = _until(ready.prepared.body.get("minutes"), lesson, words)
    return Quick(
        token=ready.token,
        what=ready.prepared.name,
        line=" · ".join(part for part in (about(ready.grant, lesson, words, board), until) if part),
        kept=True,
        by=keeper_of(ready, lesson, words),
    )


def _before(grant: Grant, lesson: Lesson, words: Words) -> Quick:
    parts = [words("dash.open.whole"), _until(None, lesson, words), words("dash.open.view") if _shows(grant) else ""]
    return Quick(
        token=token_of(grant),
        what=what_of(grant, lesson.offers.topics, words),
        line=" · ".join(part for part in (*parts, grant.goal) if part),
        kept=False,
    )


def _shows(grant: Grant) -> bool:
    return _looks_only(grant) and not grant.items


def _until(minutes: object, lesson: Lesson, words: Words) -> str:
    end = lesson.period.end
    if end is None or not lesson.in_lesson:
        return ""
    asked = lesson.now + timedelta(minutes=minutes) if isinstance(minutes, int) else end
    return words("dash.open.until", until=words.clock(min(asked, end)))


def what_of(grant: Grant, topics: Mapping[str, Mapping[str, str]], words: Words) -> str:
    """What a permission opens, in a few words."""
    if grant.facets == {Facet.PRINT}:
        return words("dash.extra.print")
    if grant.facets == {Facet.CONNECT}:
        return words("dash.extra.phone")
    if grant.facets == {Facet.WORDS} and grant.topics:
        named = ", ".join(topics.get(topic, {}).get(words.lang, topic) for topic in sorted(grant.topics))
        return words("dash.extra.words_of", topics=named)
    for item in grant.items:
        service, _, key = item.partition(":")
        return words("dash.permit.item", place=service.replace("-", " ").title(), item=key)
    if grant.sites[MOST_NAMED:]:
        return words("dash.permit.with_more", place=grant.sites[0], count=len(grant.sites) - 1)
    if Facet.ACTION in grant.facets and grant.kinds == PICTURES:
        where = ", ".join(grant.sites)
        return words("dash.permit.pictures_at", place=where) if where else words("dash.permit.pictures_open")
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
    groups: Collection[str],
    people: Collection[str],
    names: Mapping[str, str],
    words: Words,
    board: bool,
    without: Collection[str] = (),
) -> str:
    """For whom something is. With `board` nobody is named."""
    if groups and without:
        count = len(without)
        return words("dash.permit.without_one") if count == 1 else words("dash.permit.without_many", count=count)
    if groups:
        return words("dash.open.whole")
    if len(people) == 1:
        somebody = words("dash.reports.somebody")
        return somebody if board else names.get(next(iter(people)), somebody)
    return words("dash.open.people_many", count=len(people))


def _looks_only(grant: Grant) -> bool:
    return Facet.PLACE in grant.facets and Facet.ACTION not in grant.facets
