"""What staff did: who, what, when, to which ids. Rows are only ever added; no free text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One staff action. `what` is a code such as `grant.add`; `targets` are ids."""

    id: int
    who: str
    what: str
    when: datetime
    targets: tuple[str, ...] = ()


class Audit:
    """The staff actions of every school in the database. Changes made through the store write their own entry."""

    def add(self, school: str, who: str, what: str, now: datetime, targets: Sequence[str] = ()) -> None:
        """Add an entry for what the store does not see itself, such as a sign-in or a look at a pupil's page."""
        raise NotImplementedError

    def entries(self, school: str, after: int = 0, limit: int = 200, who: str | None = None) -> tuple[Entry, ...]:
        """Entries with a number above `after`, newest first."""
        raise NotImplementedError
