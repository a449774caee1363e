"""The engine, its transactions, and the one error for a database that cannot be used now."""

from __future__ import annotations

from dataclasses import dataclass


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked too long, is damaged, or is not at the version this program needs."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Two counters of a school: `revision` moves with policy and state, `activity` with events, asks and reports."""

    revision: int
    activity: int
