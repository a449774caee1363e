"""One-time links of several people on one page, a slip a person, to print and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard.actions.accounts import Link
from dashboard.present.words import Words


@dataclass(frozen=True, slots=True)
class Slip:
    """What one person gets."""

    name: str
    login: str
    url: str
    until: str


def link_sheet(links: Iterable[Link], url: Callable[[str], str], words: Words, now: datetime) -> tuple[Slip, ...]:
    """A slip for each link; `url` makes the address of a token."""
    return tuple(Slip(link.name, link.login, url(link.token), words.day_clock(link.until, now)) for link in links)
