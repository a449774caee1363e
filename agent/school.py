"""What the school says now, as far as this device knows it: the newest snapshot, also when the server is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.clock import SchoolClock, system_time
from agent.home import Home
from agent.link import Link, LinkError, Reply
from agent.signing import Answer, DeviceKey
from agent.usual import Told, told_by
from policy import signed
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
from policy.proof import genuine
from policy.schedule import period_at

_NEAR = timedelta(seconds=90)


class School:
    """The current snapshot of this device, its clock, and the offline copy behind them.

    `snapshot` is swapped by reference; None means that the device never had one that can be read. `heard` is when the
    server last spoke (in its own time), `again` when the snapshot changes although its revision does not.
    `guard` is how its guard is reached, as the server wrote it (`agent.beat.ways`).
    `refused` is whether there is a copy on disk that is not believed: changed, of another device, or older than it
    must be.
    """

    def __init__(self, home: Home, knowledge: Knowledge, system: Callable[[], datetime] = system_time) -> None:
        self._home = home
        self._knowledge = knowledge
        self.snapshot: Snapshot | None = None
        self.heard: datetime | None = None
        self.again: datetime | None = None
        self.guard: object = None
        self.refused = False
        self._sure = False
        self._remember()
        self._refused_at_start = self.refused
        self.clock = SchoolClock(self.heard, system=system)

    @property
    def revision(self) -> int:
        """The revision to ask news of; 0 asks for everything.

        After a silence everything: an older database may have been put back, and have come to the same number since.
        """
        due = self.again is not None and self.again <= self.clock.now()
        if self.snapshot is None or due or not self._sure:
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
        """Ask the policy about a program or a print job; a laptop knows no sites (`config.factory.program_knowledge`).

        Without any snapshot the answer is no: removing the copy must not be a way out.
        """
        if self.snapshot is None or request.hosts:
            step = Step("agent", Effect.DENY, detail="no snapshot" if self.snapshot is None else "no program")
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

    def told(self, now: datetime) -> Told | None:
        """Return what the school says of its guard; None where it was not heard a moment ago.

        A laptop that is at home in school hours is not led to a guard that is not there.
        """
        enrolment = self._home.enrolment()
        if enrolment is None or self.snapshot is None or self.heard is None or now - self.heard >= _NEAR:
            return None
        said = told_by(self.guard, enrolment.server, self.snapshot.policy.domains)
        return replace(said, refused=self._refused_at_start) if said else None

    def refresh(self, link: Link, wait: float = 0.0) -> Reply:
        """Ask the server for news, and keep them. Raises what `Link.fetch` raises; then everything stays as it is."""
        now = self.clock.now()
        if self.again is not None and self.again > now:
            wait = min(wait, (self.again - now).total_seconds())
        try:
            reply = link.fetch(self.revision, wait)
        except LinkError:
            self._sure = False
            raise
        if reply.now is not None:
            self.clock.hear(reply.now)
            self.heard = reply.now
        if reply.body is not None:
            self._take(reply.body)
            if reply.answer is not None:
                self._keep(reply.answer)
        self._sure = True
        return reply

    def _remember(self) -> None:
        """Go on with the copy on disk, when the school signed it for this device and no newer one was kept here.

        Time decides, not the revision: a database that was put back has lower ones. Without the mark that says how new
        the copy must be it does not count either: taking it away must be no way back to yesterday.
        """
        found, enrolment = self._home.copy(), self._home.enrolment()
        mark = self._home.mark() or {}
        newest, by = mark.get("now"), mark.get("signature")
        if enrolment is None or not isinstance(newest, str) or not isinstance(by, str):
            self.refused = found is not None
            return
        mine = (enrolment.school, enrolment.device)
        if not genuine(DeviceKey(enrolment.secret).public, signed.mark(*mine, newest), by):
            self.refused = True
            return
        least = self.heard = _moment(newest)
        copy = Answer.kept(found)
        self.refused = True
        if copy is None or least is None or copy.when is None or copy.when < least:
            return
        if (copy.school, copy.device) != mine or not copy.proved(enrolment.school_key):
            return
        with suppress(ValueError, KeyError, TypeError):
            self._take(json.loads(copy.body))
            self.refused = False

    def _keep(self, answer: Answer) -> None:
        enrolment = self._home.enrolment()
        if enrolment is None:  # it was taken out while the agent runs
            return
        statement = signed.mark(enrolment.school, enrolment.device, answer.now)
        mark = {"now": answer.now, "signature": DeviceKey(enrolment.secret).sign(statement)}
        with suppress(OSError):
            self._home.keep_copy(answer.written(), mark)
            self.refused = False

    def _take(self, answer: dict[str, Any]) -> None:
        """Read an answer of the server whole before anything of it counts."""
        snapshot = snapshot_from_dict(answer["snapshot"], self._knowledge)
        heard, again = _moment(answer.get("now")), _moment(answer.get("again"))
        self.snapshot, self.again, self.guard = snapshot, again, answer.get("guard")
        self.heard = heard or self.heard


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo is not None else None
