"""The page of what is kept ready: one's own, what colleagues share, and what was given lately."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.actions.prepared import Ready, may_remove, mentions, token_of
from dashboard.present.permits import about, keeper_of, what_of
from dashboard.present.words import Words
from policy.model import Member


@dataclass(frozen=True, slots=True)
class ReadyCard:
    """One that is kept ready. `line` says what it opens; `own`: it may be renamed; `sharable`: it names no children."""

    id: str
    token: str
    name: str
    line: str
    by: str
    own: bool
    shared: bool
    sharable: bool
    removable: bool
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class LastCard:
    """One that was given lately and is not kept ready yet."""

    token: str
    what: str
    line: str


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """The page. On a screen in the class (`board`) nothing about single children is on it."""

    group_id: str
    group: str
    can_give: bool
    mine: tuple[ReadyCard, ...]
    theirs: tuple[ReadyCard, ...]
    last: tuple[LastCard, ...]


def ready_page(
    lesson: Lesson, who: Member, words: Words, *, board: bool, refused: str = "", sentence: str = ""
) -> ReadyPage:
    """The page for one group. `refused` is the id of the one whose change was refused with `sentence`."""
    cards = [
        _card(one, lesson, who, words, board, sentence if one.prepared.id == refused else "")
        for one in lesson.at_hand
        if not (board and _private(one, lesson))
    ]
    return ReadyPage(
        group_id=lesson.group.id,
        group=lesson.group.name,
        can_give=lesson.in_lesson,
        mine=tuple(card for card in cards if card.own),
        theirs=tuple(card for card in cards if not card.own),
        last=tuple(
            LastCard(token_of(grant), what_of(grant, lesson.offers.topics, words), about(grant, lesson, words, board))
            for grant in lesson.not_kept
        ),
    )


def _private(ready: Ready, lesson: Lesson) -> bool:
    named = ready.grant.people or ready.grant.without
    return bool(named) or mentions(f"{ready.prepared.name} {ready.grant.goal}", lesson.names.values())


def _card(ready: Ready, lesson: Lesson, who: Member, words: Words, board: bool, wrong: str) -> ReadyCard:
    kept = ready.prepared
    return ReadyCard(
        id=kept.id,
        token=ready.token,
        name=kept.name,
        line=about(ready.grant, lesson, words, board),
        by=keeper_of(ready, lesson, words),
        own=ready.own,
        shared=kept.shared,
        sharable=not ready.grant.people and not ready.grant.without,
        removable=may_remove(kept, who),
        wrong=wrong,
    )
