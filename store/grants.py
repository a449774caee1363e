"""Permissions. What is added here was allowed by `policy.authority` first; the store keeps order and ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from policy.model import Grant


class Grants:
    """The grants of every school in the database. Ids of persons only, never names."""

    def add(self, school: str, grant: Grant, now: datetime, answers: str | None = None, answer: str = "") -> Grant:
        """Write a grant; with an empty `id` a new one is made. Returns it as written.

        `answers` is the id of a pupil's ask that this grant says yes to (with the text `answer`), in the same
        transaction. Audit and an event per group are written too; `grant.by` is who did it.
        """
        raise NotImplementedError

    def extend(self, school: str, grant_id: str, end: datetime, by: str, now: datetime) -> Grant | None:
        """Move the end of a live grant (authority was asked before). None: revoked, ended or unknown."""
        raise NotImplementedError

    def revoke(self, school: str, grant_id: str, by: str, now: datetime) -> Grant | None:
        """End a grant at `now`, for good: no extend wins from it. None: unknown, or ended or revoked already."""
        raise NotImplementedError

    def live(self, school: str, now: datetime, groups: Collection[str] | None = None) -> tuple[Grant, ...]:
        """Grants that have not ended, future ones included, oldest first.

        With `groups`: those for one of these groups or for a person in one of them.
        """
        raise NotImplementedError

    def get(self, school: str, grant_id: str) -> Grant | None:
        """One grant, ended or not."""
        raise NotImplementedError
