"""How the guard is, in words: a line a part, with what to do and since when. The colour is never the only sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.texts import has
from dashboard.actions.health import PARTS, Fact, Level
from dashboard.present.words import Words


@dataclass(frozen=True, slots=True)
class HealthLine:
    """What is so, what to do (text with commands between backticks; empty: nothing) and since when."""

    level: str
    badge: str
    what: str
    do: str
    since: str


@dataclass(frozen=True, slots=True)
class HealthPart:
    """One part of the guard with its lines."""

    name: str
    lines: tuple[HealthLine, ...]


@dataclass(frozen=True, slots=True)
class HealthPage:
    """The page. `summary` counts what is not green."""

    summary: str
    level: str
    parts: tuple[HealthPart, ...]


def health_page(facts: Sequence[Fact], words: Words, now: datetime) -> HealthPage:
    """The page out of the facts."""
    broken = sum(one.level is Level.BROKEN for one in facts)
    look = sum(one.level is Level.LOOK for one in facts)
    worst = Level.BROKEN if broken else Level.LOOK if look else Level.OK
    parts = tuple(
        HealthPart(words(f"dash.health.part.{part}"), tuple(_line(one, words, now) for one in mine))
        for part in PARTS
        if (mine := [one for one in facts if one.part == part])
    )
    return HealthPage(words(f"dash.health.summary.{worst}", broken=broken, look=look), worst, parts)


def _line(fact: Fact, words: Words, now: datetime) -> HealthLine:
    values = dict(fact.values)
    return HealthLine(
        level=fact.level,
        badge=words(f"dash.health.level.{fact.level}"),
        what=_said(fact, words, values),
        do=_to_do(fact, words, values),
        since=words("dash.health.since", since=words.day_clock(fact.since, now)) if fact.since else "",
    )


def _said(fact: Fact, words: Words, values: dict[str, str | int]) -> str:
    if fact.code.startswith("notice_"):
        return words(f"dash.storing.{fact.code.removeprefix('notice_')}.title")
    return words(f"dash.health.say.{fact.code}", **values)


def _to_do(fact: Fact, words: Words, values: dict[str, str | int]) -> str:
    if fact.code.startswith("notice_"):
        remedy = words(f"dash.storing.{fact.code.removeprefix('notice_')}.remedy")
        return words("dash.storing.doctor", remedy=remedy)
    code = f"dash.health.do.{fact.code}"
    return words(code, **values) if has(code, words.lang) else ""
