"""The school year: 1 August to 31 July, on the wall clock of the school."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")


def school_year(now: datetime) -> int:
    """The calendar year in which the school year of `now` began."""
    local = now.astimezone(ZONE)
    return local.year if local.month >= 8 else local.year - 1


def start_of_year(now: datetime) -> datetime:
    """When the school year of `now` began (UTC)."""
    return datetime(school_year(now), 8, 1, tzinfo=ZONE).astimezone(UTC)


def end_of_year(now: datetime) -> datetime:
    """When the school year of `now` is over (UTC): the midnight after 31 July."""
    return datetime(school_year(now) + 1, 8, 1, tzinfo=ZONE).astimezone(UTC)
