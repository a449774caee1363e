"""What must be the same afterwards: permissions, bans, and what was written down of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store import Store
from store.event_tables import audit, events
from store.tables import grants, sanctions

type Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows by their id, each with all of its columns."""

    grants: Rows
    bans: Rows
    events: Rows
    trail: Rows

    def lost(self, before: Kept) -> list[str]:
        """What of `before` is not here, or is here otherwise."""
        return [
            f"{name} {key}"
            for name in ("grants", "bans", "events", "trail")
            for key, row in getattr(before, name).items()
            if getattr(self, name).get(key) != row
        ]

    def sites(self) -> list[str]:
        """The sites of every permission."""
        return [site for row in self.grants.values() for site in row["sites"]]


def kept(store: Store) -> Kept:
    """All of it, of one moment."""
    with store.database.read() as connection:

        def rows(table: sa.Table) -> Rows:
            return {str(row["id"]): dict(row) for row in connection.execute(sa.select(table)).mappings()}

        return Kept(rows(grants), rows(sanctions), rows(events), rows(audit))
