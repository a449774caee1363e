"""Public holidays of the Netherlands, computed by the package `holidays`, by the names that a school uses for them."""

from __future__ import annotations

from datetime import date
from functools import cache

DIFFER = frozenset({"goede vrijdag", "bevrijdingsdag"})
"""What some schools have off and others not, in every year: a day off only where the school says so."""


@cache
def public_holidays(first: int, last: int) -> tuple[tuple[date, str], ...]:
    """Every public holiday from one calendar year to another, both included: day and name, in order."""
    # The package is big, and only a school that follows public holidays needs it.
    from holidays import OPTIONAL, PUBLIC, country_holidays

    found = country_holidays("NL", years=range(first, last + 1), language="nl", categories=(PUBLIC, OPTIONAL))
    return tuple(sorted((day, name.lower()) for day in found for name in dict.fromkeys(found.get_list(day))))


@cache
def names() -> tuple[str, ...]:
    """The names that there are, in the order of a year."""
    return tuple(dict.fromkeys(name for _, name in public_holidays(2026, 2026)))
