"""What the school says now, as far as this device knows it: the newest snapshot, also when the server is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.clock import SchoolClock, system_time
from agent.home import Home
from agent.link import Link, Reply
from policy.codec import snapshot_from_dict
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Decision,
    Effect,
    Knowledge,
    PeriodKind,
    Principal,
    Reason,
    Snapshot,
    Step,
)
from policy.schedule import period_at

_NEAR = timedelta(seconds=90)


class School:
    """The current snapshot of this device, its clock, and the offline copy behind them.

    `snapshot` is swapped by reference; None means that the device never had one that can be read. `heard` is when the
    server last spoke (in its own time), `again` when the snapshot changes although its revision does not.
    """

    def __init__(self, home: Home, knowledge: Knowledge, system: Callable[[], datetime] = system_time) -> None:
        self._home = home
        self._knowledge = knowledge
        self.snapshot: Snapshot | None = None
        self.heard: datetime | None = None
        self.again: datetime | None = None
        copy = home.copy()
        if copy is not None:
            with suppress(ValueError, KeyError, TypeError):
                self._take(copy)
        self.clock = SchoolClock(self.heard, system=system)

    @property
    def revision(self) -> int:
        """The revision to ask news of; 0 asks for everything."""
        if self.snapshot is None or (self.again is not None and self.again <= self.clock.now()):
            return 0
        return self.snapshot.revision

    def known(self, app: str) -> bool:
        """Whether the school has something to say about a program: its kind is known, or a rule names it.

        About all others the policy is never asked: what else a child runs is nobody's business.
        """
        if app in self._knowledge.apps:
            return True
        return self.snapshot is not None and any(app in rule.apps for rule in self.snapshot.policy.rules)

    def decide(self, request: AccessRequest, now: datetime) -> Decision:
        """Ask the policy. Without any snapshot the answer is no: removing the copy must not be a way out."""
        if self.snapshot is None:
            step = Step("agent", Effect.DENY, detail="no snapshot")
            return Decision(Effect.DENY, Reason.FAILED, trace=(step,))
        return decide(request, self.snapshot, now)

    def at_school(self, who: Principal, now: datetime) -> bool:
        """Whether this is still the school's time or place: its hours, or its server spoke a moment ago.

        At home in the evening only the safety floor holds, and nothing is written down. In school hours a server that
        is silent changes nothing.
        """
        if self.snapshot is None or (self.heard is not None and now - self.heard < _NEAR):
            return True
        group = who.groups[0] if who.groups else None
        return period_at(self.snapshot.policy.schedule, group, now).kind is not PeriodKind.OUTSIDE

    def refresh(self, link: Link, wait: float = 0.0) -> Reply:
        """Ask the server for news, and keep them. Raises what `Link.fetch` raises; then everything stays as it is."""
        now = self.clock.now()
        if self.again is not None and self.again > now:
            wait = min(wait, (self.again - now).total_seconds())
        reply = link.fetch(self.revision, wait)
        if reply.now is not None:
            self.clock.hear(reply.now)
            self.heard = reply.now
        if reply.body is not None:
            self._take(reply.body)
            with suppress(OSError):
                self._home.keep_copy(reply.body)
        return reply

    def _take(self, answer: dict[str, Any]) -> None:
        """Read an answer of the server whole before anything of it counts."""
        snapshot = snapshot_from_dict(answer["snapshot"], self._knowledge)
        heard, again = _moment(answer.get("now")), _moment(answer.get("again"))
        self.snapshot, self.again = snapshot, again
        self.heard = heard or self.heard


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo is not None else None
