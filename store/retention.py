"""What is forgotten when. Terms may be made shorter than these, never longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days what is kept. Bans and grants go on 1 August after they ended, or earlier when `measures` says."""

    blocked: int = 14
    noted: int = 90
    asks: int = 30
    reports: int = 30
    measures: int = 366
    audit: int = 365
    sessions: int = 30
    counts: int = 90


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that is not granted: the term's name, what was wished, and the longest that is allowed (days)."""

    name: str
    wished: int
    longest: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a purge removed, by kind, and whether the space was wiped (`compacted`)."""

    events: int = 0
    noted: int = 0
    asks: int = 0
    reports: int = 0
    grants: int = 0
    measures: int = 0
    audit: int = 0
    consents: int = 0
    groups: int = 0
    codes: int = 0
    counts: int = 0
    sessions: int = 0
    compacted: bool = False


def shorten(wishes: Mapping[str, int]) -> Terms | Refused:
    """The terms with a school's wishes (name to days). The first wish that is longer, unknown or below 1 is refused."""
    raise NotImplementedError
