"""What pupils ask their teacher: a card a request, and on a screen in the class only how many wait."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.present.permits import ABOUT, kinds_of
from dashboard.present.words import Words
from policy.model import Facet
from store.incidents import Ask, AskState

REPLIES = ("good", "come", "plan", "after", "other_site")
_ASKED = {**ABOUT, Facet.CONNECT: "phone_", Facet.PRINT: "print_"}
_WHYS = frozenset({"lesson", "teacher", "mistake", "other"})


@dataclass(frozen=True, slots=True)
class AskCard:
    """One request of a pupil."""

    id: str
    title: str
    said: str
    at: str
    scope: str
    yes: str
    can_yes: bool
    waits: bool


def ask_cards(lesson: Lesson, words: Words) -> tuple[AskCard, ...]:
    """The requests that wait, oldest first; what was answered with "later" comes last."""
    return tuple(_ask(ask, lesson, words) for ask in sorted(lesson.asks, key=lambda ask: ask.state is AskState.LATER))


def waiting_line(count: int, words: Words) -> str:
    """How many requests wait, without a word about them."""
    if not count:
        return ""
    return words("dash.asks.hidden_one") if count == 1 else words("dash.asks.hidden_many", count=count)


def _ask(ask: Ask, lesson: Lesson, words: Words) -> AskCard:
    wish, name = ask.wish, lesson.names.get(ask.wish.person or "")
    code = wish.why if wish.why in _WHYS else "other"
    why = words(f"dash.why_code.{code}")
    end = words.clock(lesson.period.end) if lesson.period.end else ""
    return AskCard(
        id=ask.id,
        title=words(
            f"dash.asks.{_ASKED.get(wish.facet, '')}{'person' if name else 'group'}",
            who=name or "",
            place=wish.host,
            kinds=kinds_of(wish.facet, wish.kinds, words),
        ),
        said=f"{why}: {wish.line}" if wish.line else why,
        at=words.day_clock(ask.when, lesson.now),
        scope=words("dash.asks.for_person", who=name) if name else words("dash.asks.for_group"),
        yes=words("dash.asks.yes", until=end) if lesson.in_lesson else words("dash.asks.not_now"),
        can_yes=lesson.in_lesson,
        waits=ask.state is AskState.LATER,
    )
