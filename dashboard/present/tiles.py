"""Who is there, as tiles: a name, a sign and a word. Nothing of what anybody does."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.actions.presence import Here
from dashboard.present.words import Words
from policy.model import PeriodKind

_SIGNS = {Here.WAITS: "?", Here.PRESENT: "✓", Here.UNSEEN: "○"}
_ORDER = (Here.WAITS, Here.PRESENT, Here.UNSEEN)


@dataclass(frozen=True, slots=True)
class TileCard:
    """One pupil. `here` is also the name of its style; the sign and the word say the same without a colour."""

    name: str
    here: str
    sign: str
    word: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """The pupils, who waits on top; `line` says it in one sentence, `hint` why there is nothing to see."""

    cards: tuple[TileCard, ...] = ()
    line: str = ""
    hint: str = ""


def tiles(lesson: Lesson, words: Words) -> Tiles:
    """The tiles of a group; none outside school."""
    presence = lesson.presence
    if lesson.period.kind is PeriodKind.OUTSIDE or not lesson.pupils:
        return Tiles()
    if not presence.tiles:
        return Tiles(hint=words("dash.tiles.unknown"))
    # While they do a test nothing calls: who waited is simply there.
    quiet = {Here.WAITS: Here.PRESENT} if lesson.tested else {}
    found = [(tile.name, quiet.get(tile.here, tile.here)) for tile in presence.tiles]
    waits = sum(here is Here.WAITS for _, here in found)
    there = sum(here is Here.PRESENT for _, here in found)
    # Who waits for an answer is there as well.
    line = words("dash.tiles.line", here=there + waits, all=len(presence.tiles))
    if waits:
        line += " · " + words("dash.tiles.one_waits" if waits == 1 else "dash.tiles.many_wait", count=waits)
    ordered = sorted(found, key=lambda one: _ORDER.index(one[1]))
    return Tiles(
        tuple(TileCard(name, here.value, _SIGNS[here], words(f"dash.tiles.{here.value}")) for name, here in ordered),
        line,
    )
