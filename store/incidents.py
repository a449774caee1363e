"""What pupils send: asks for permission, and reports ("not my fault"). Kept apart from events."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AskState(StrEnum):
    """How an ask stands."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pupil asks for: a host and its category, a fixed reason code and a line of own text."""

    host: str
    why: str
    category: str | None = None
    line: str = ""
    group: str | None = None
    device: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish as kept. `id` cannot be guessed; who has it may read the state."""

    id: str
    when: datetime
    wish: Wish
    state: AskState = AskState.OPEN
    answer: str = ""
    answered: datetime | None = None
    by: str | None = None
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A pupil saw something unpleasant. Never a violation."""

    id: str
    when: datetime
    host: str
    note: str = ""
    group: str | None = None
    device: str | None = None
    person: str | None = None
    seen: datetime | None = None
    by: str | None = None


class Incidents:
    """Asks and reports of every school in the database."""

    def ask(self, school: str, wish: Wish, now: datetime) -> Ask | None:
        """Write an ask. The same device asking again for the same host gets its waiting ask back.

        None: this device has too many asks waiting already. Text is cut to 200 characters.
        """
        raise NotImplementedError

    def asks(
        self,
        school: str,
        groups: Collection[str] | None,
        states: Collection[AskState] = (AskState.OPEN, AskState.LATER),
        limit: int = 100,
    ) -> tuple[Ask, ...]:
        """Asks of these groups (None: all, those of no group too) in these states, oldest first."""
        raise NotImplementedError

    def get_ask(self, school: str, ask_id: str) -> Ask | None:
        """One ask."""
        raise NotImplementedError

    def answer(
        self,
        school: str,
        ask_id: str,
        state: AskState,
        by: str,
        now: datetime,
        text: str = "",
        grant: str | None = None,
    ) -> Ask | None:
        """Answer an ask that is open or later. None: unknown, or somebody answered it already."""
        raise NotImplementedError

    def report(
        self,
        school: str,
        host: str,
        now: datetime,
        note: str = "",
        group: str | None = None,
        device: str | None = None,
        person: str | None = None,
    ) -> Report:
        """Write a report. The note is cut to 500 characters."""
        raise NotImplementedError

    def reports(
        self, school: str, groups: Collection[str] | None, unseen: bool = True, limit: int = 100
    ) -> tuple[Report, ...]:
        """Reports of these groups (None: all), newest first; with `unseen` only those nobody looked at."""
        raise NotImplementedError

    def see_report(self, school: str, report_id: str, by: str, now: datetime) -> bool:
        """Somebody looked at it. False: unknown or seen already."""
        raise NotImplementedError
