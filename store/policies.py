"""Numbered revisions of the school's policy: the truth, of which a `school.yaml` is only a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.model import Policy


@dataclass(frozen=True, slots=True)
class PolicyRevision:
    """One version. `number` counts from 1 per school; `origin` is the hash of the file (or a word) it came from."""

    number: int
    policy: Policy
    origin: str
    who: str
    when: datetime


class Policies:
    """The policy revisions of every school in the database. They never change after they were written."""

    def add(
        self, school: str, policy: Policy, origin: str, who: str, now: datetime, based_on: int | None = None
    ) -> PolicyRevision | None:
        """Write a new revision and make it the current one.

        A policy equal to the current one writes nothing and returns the current one. None: the current number is not
        `based_on` (when given; 0 says "there is none yet"), so somebody else changed it meanwhile.
        """
        raise NotImplementedError

    def current(self, school: str) -> PolicyRevision | None:
        """The newest revision; None when the school has no policy yet."""
        raise NotImplementedError

    def get(self, school: str, number: int) -> PolicyRevision | None:
        """One revision."""
        raise NotImplementedError

    def history(self, school: str, limit: int = 50) -> tuple[PolicyRevision, ...]:
        """The revisions, newest first."""
        raise NotImplementedError
