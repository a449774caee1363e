"""What was left running, said in one line each: on another group's page, at the end of a lesson, and at signing out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.lesson import Lesson
from dashboard.actions.running import Kind, Running
from dashboard.present.permits import what_of, who_of
from dashboard.present.words import Words, iso


@dataclass(frozen=True, slots=True)
class RunningLine:
    """One thing that runs, with what a form needs to stop it."""

    text: str
    group: str
    key: str
    until: str
    until_iso: str


@dataclass(frozen=True, slots=True)
class LeavingPage:
    """What still runs of whoever signs out, and how long the last of it does. `end` without lines is never shown."""

    lines: tuple[RunningLine, ...]
    keep: str


type Topics = Mapping[str, Mapping[str, str]]


def elsewhere_lines(lesson: Lesson, words: Words) -> tuple[RunningLine, ...]:
    """What whoever looks left running in other groups. It names no pupil: it may be read on any screen."""
    return tuple(_line(one, lesson.groups, lesson.offers.topics, lesson.now, words) for one in lesson.elsewhere)


def closing_line(lesson: Lesson, words: Words) -> str:
    """In the last minutes of a lesson: what closes by itself; empty before that, and when nothing does."""
    end = lesson.period.end
    if not lesson.closing or end is None:
        return ""
    what = dict.fromkeys(_what(one, lesson.offers.topics, words) for one in lesson.closing)
    return words("dash.running.closing", until=words.clock(end), what=", ".join(what))


def unwatched_lines(lesson: Lesson, words: Words, *, board: bool) -> tuple[str, ...]:
    """Tests of a colleague who looks no longer; on a screen in the class without the colleague's name."""
    return tuple(
        words("dash.running.unwatched", who=one.name, until=words.clock(one.test.end))
        if one.name and not board
        else words("dash.running.unwatched_board", until=words.clock(one.test.end))
        for one in lesson.unwatched
    )


def leaving_page(
    left: tuple[Running, ...], groups: Mapping[str, str], topics: Topics, now: datetime, words: Words
) -> LeavingPage:
    """The page that comes before signing out while something runs."""
    last = max((one.end for one in left), default=now)
    return LeavingPage(
        tuple(_line(one, groups, topics, now, words) for one in left),
        words("dash.leaving.keep", until=words.day_clock(last, now)),
    )


def _line(one: Running, groups: Mapping[str, str], topics: Topics, now: datetime, words: Words) -> RunningLine:
    until = words.day_clock(one.end, now)
    who = _who(one, words)
    what = _what(one, topics, words)
    return RunningLine(
        text=words(
            "dash.running.line", group=groups.get(one.group, one.group), what=f"{what} ({who})" if who else what
        ),
        group=one.group,
        key=one.key,
        until=words("dash.open.until", until=until),
        until_iso=iso(one.end),
    )


def _what(one: Running, topics: Topics, words: Words) -> str:
    if one.grant is not None:
        return what_of(one.grant, topics, words)
    if one.agreement is not None:
        return words(f"dash.running.{one.kind.value}", goal=one.agreement.goal)
    return words("dash.running.attention" if one.kind is Kind.ATTENTION else "dash.running.rain")


def _who(one: Running, words: Words) -> str:
    """For whom it is, where that is not the whole group: in the middle of a sentence, and without a name."""
    about = one.grant or one.agreement
    if about is None or about.groups:
        return ""
    who = who_of(about.groups, about.people, {}, words, board=True)
    return who[:1].lower() + who[1:]
