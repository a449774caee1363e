"""Prints that wait, a card each: who, how many pages, colour. There is no title to show: nobody asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.actions.prints import Waits
from dashboard.present.words import Words


@dataclass(frozen=True, slots=True)
class PrintCard:
    """One print. `said` are short lines below it; without `can_yes` only no can be said."""

    id: str
    title: str
    at: str
    said: tuple[str, ...]
    can_yes: bool
    yes: str


def print_cards(lesson: Lesson, words: Words) -> tuple[PrintCard, ...]:
    """The prints of the group that wait, oldest first."""
    return tuple(_card(one, lesson, words) for one in lesson.prints)


def _card(one: Waits, lesson: Lesson, words: Words) -> PrintCard:
    job = one.job
    who = lesson.names.get(job.person or "", words("dash.reports.somebody"))
    if job.pages is None:
        wish = words("dash.prints.who_unknown", who=who)
    else:
        pages = words(f"printing.told.{'page' if job.pages == 1 else 'pages'}", n=job.pages)
        wish = words("dash.prints.who", who=who, pages=pages)
    about = [] if job.colour is None else [words("dash.prints.colour" if job.colour else "dash.prints.black")]
    said = [words("dash.prints.banned", who=who)] if one.banned else []
    if job.pages is None or not job.counted:
        said.append(words(f"dash.prints.{'unknown' if job.pages is None else 'unsure'}"))
    said += [words("dash.prints.long", cap=lesson.print_pages)] if one.long else []
    said += [words("dash.prints.gone", at=words.day_clock(job.gone, lesson.now))] if job.gone else []
    return PrintCard(
        id=job.id,
        title=" · ".join((wish, *about)),
        at=words.day_clock(job.at, lesson.now),
        said=tuple(said),
        can_yes=lesson.in_lesson and not one.banned,
        yes=words("dash.prints.yes") if lesson.in_lesson else words("dash.asks.not_now"),
    )
