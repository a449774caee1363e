"""Exceptions as facts: host, kind and ids of rules or terms. Never a query, a form, a page or the path of a URL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policy.model import Action, Effect, Reason


class What(StrEnum):
    """What kind of fact an event is."""

    BLOCKED = "blocked"
    HELD = "held"
    GRANTED = "granted"
    FAULT = "fault"
    PERMISSION = "permission"
    PERMISSION_ENDED = "permission ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One exception. `thing` is the kind of thing in a word: an app's name, `image`, `print`, `websocket`.

    `uid` (any unique string) makes sending the same event twice harmless. `revision` is the one it was decided on.
    """

    what: What
    when: datetime
    effect: Effect
    reason: Reason
    action: Action | None = None
    rules: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    category: str | None = None
    host: str | None = None
    thing: str | None = None
    group: str | None = None
    device: str | None = None
    person: str | None = None
    revision: int = 0
    grant: str | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as kept: its number (rises with every event of the school) and staff's note."""

    id: int
    event: Event
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many background things of one kind in one hour; no person, no device, no host. `hour` is cut to the hour."""

    name: str
    hour: datetime
    group: str | None = None
    category: str | None = None
    n: int = 1


class Events:
    """The events of every school in the database."""

    def add_batch(
        self, school: str, events: Sequence[Event], now: datetime, counts: Sequence[Count] = (), lost: int = 0
    ) -> int:
        """Write a batch in one transaction and wake live screens; returns how many were written.

        Help is never an event: such events are left out silently. A `host` that is not a bare host is dropped from its
        event. `lost` adds to the loss counter.
        """
        raise NotImplementedError

    def since(
        self, school: str, after: int, groups: Collection[str] | None = None, limit: int = 200
    ) -> tuple[Stored, ...]:
        """Events with a number above `after`, oldest first, of these groups (None: of all and of no group)."""
        raise NotImplementedError

    def latest(self, school: str, groups: Collection[str] | None = None, limit: int = 50) -> tuple[Stored, ...]:
        """The newest events, newest first."""
        raise NotImplementedError

    def last_id(self, school: str) -> int:
        """The newest number; 0 when there is none. Start of a live screen."""
        raise NotImplementedError

    def note(self, school: str, event_id: int, text: str, by: str, now: datetime) -> bool:
        """Put staff's note with an event, which keeps it longer. False: unknown."""
        raise NotImplementedError

    def counts(self, school: str, since: datetime) -> tuple[Count, ...]:
        """Background counters from the hour of `since` on."""
        raise NotImplementedError

    def lost(self, school: str, since: datetime) -> int:
        """How many events were lost from the hour of `since` on."""
        raise NotImplementedError
