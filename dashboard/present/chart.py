"""A chart of columns as finished numbers for an SVG: the template draws them, the colours are classes of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 190
_TOP, _BOTTOM, _SIDE = 22, 24, 4
_STUB = 6
"""How high a column is whose number is kept back: it says that there is one, not how much."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A column; lengths in the chart's own units. `told` stands on top of it; `kept`: its number is kept back."""

    label: str
    told: str
    x: str
    y: str
    width: str
    height: str
    middle: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from left to right, with the line they stand on."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    ground: int


def columns(values: Sequence[tuple[str, int | None, str]]) -> Chart:
    """Label, number (None: kept back) and what is said of it, from left to right; the highest fills the chart."""
    high = max((value for _, value, _ in values if value), default=1)
    room = (WIDTH - 2 * _SIDE) / max(1, len(values))
    wide = min(40.0, room * 0.72)
    ground = HEIGHT - _BOTTOM
    bars = []
    for place, (label, value, told) in enumerate(values):
        tall = _STUB if value is None else (ground - _TOP) * value / high
        middle = _SIDE + room * (place + 0.5)
        bars.append(
            Bar(label, told, _n(middle - wide / 2), _n(ground - tall), _n(wide), _n(tall), _n(middle), value is None)
        )
    return Chart(tuple(bars), WIDTH, HEIGHT, ground)


def beam(value: int | None, most: int) -> str:
    """How long a beam of `value` is, of 100, where `most` is the longest."""
    return _n(100 * value / most) if value and most else "0"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
