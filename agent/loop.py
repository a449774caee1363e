"""The agent's work: look, ask, end, tell. One pass is `Watch.look`; `run` goes on with it until it is stopped."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.enforce import Ending, end, is_system
from agent.link import Link, LinkError
from agent.observe import Observation, observe
from agent.outbox import Outbox, app_event
from agent.platform import Show
from agent.school import School
from agent.translate import Program, principal, programs, run_request
from config.texts import reason_sentence, say
from policy.model import Decision, LiftableBy, Principal, Role

_log = logging.getLogger("klaswacht.agent")
_QUIET = timedelta(seconds=60)
_EVERY = 1.0
_WAIT = 20.0
_LONGEST_REST = 60.0


@dataclass(frozen=True, slots=True)
class Handled:
    """One program that the policy was asked about in a pass, and how it went."""

    program: Program
    decision: Decision
    endings: tuple[Ending, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """How this device works. `dry_run` only looks and logs; `patience` is how long a program may take to stop (s)."""

    device: str
    language: str = "nl"
    dry_run: bool = False
    patience: float = 3.0
    user: str | None = None


class Watch:
    """Looks at the device pass after pass. Used by one thread."""

    def __init__(self, setting: Setting, school: School, outbox: Outbox, show: Show) -> None:
        self._setting = setting
        self._school = school
        self._outbox = outbox
        self._show = show
        self._told: dict[tuple[str, str], datetime] = {}

    def look(self) -> tuple[Handled, ...]:
        """Do one pass and return what the policy was asked about."""
        now = self._school.clock.now()
        seen = observe(now, self._setting.user)
        who = self._who(now)
        asked = [(one, self._school.decide(one.request, now)) for one in programs(seen, who) if self._concerns(one)]
        handled = tuple(self._handle(program, decision, seen) for program, decision in asked)
        self._told = {key: when for key, when in self._told.items() if now - when < _QUIET}
        return handled

    def _concerns(self, program: Program) -> bool:
        return self._school.known(program.app)

    def _who(self, now: datetime) -> Principal:
        if self._school.snapshot is None:
            return Principal(Role.PUPIL, device=self._setting.device)
        return principal(self._school.snapshot, self._setting.device, now)

    def _handle(self, program: Program, decision: Decision, seen: Observation) -> Handled:
        if decision.open:
            if decision.grants:
                self._tell(program, decision, seen.at, decision.grants[0], ended=True)
            return Handled(program, decision)
        processes = [one for one in program.processes if not is_system(one, seen)]
        if not processes:
            return Handled(program, decision)
        outcomes = end(processes, seen, dry_run=self._setting.dry_run, patience=self._setting.patience)
        endings = tuple(one.ending for one in outcomes)
        _log.info("`%s` %s: %s", program.app, decision.reason, ", ".join(sorted(set(endings))))
        if not self._setting.dry_run and self._tell(
            program, decision, seen.at, "closed", ended=Ending.REFUSED not in endings
        ):
            self._say_so(program, decision, seen.user)
        return Handled(program, decision, endings)

    def _tell(self, program: Program, decision: Decision, now: datetime, how: str, *, ended: bool) -> bool:
        """Queue an event and return True, unless the same was told a moment ago."""
        key = (program.app, how)
        quiet = key in self._told
        # A program that stays open by a permission is told once, not every minute; one that is tried again, again.
        if how != "closed" or not quiet:
            self._told[key] = now
        if quiet:
            return False
        revision = self._school.snapshot.revision if self._school.snapshot else 0
        self._outbox.add(app_event(program, decision, now, revision, ended=ended))
        return True

    def _say_so(self, program: Program, decision: Decision, user: str) -> None:
        lang = self._setting.language
        lines = [reason_sentence(decision.reason, lang)]
        if decision.liftable_by is LiftableBy.TEACHER:
            lines.append(say("agent.ask", lang))
        self._show(say("agent.title", lang, app=program.app.title()), "\n".join(lines), user)


def may_run(school: School, device: str, app: str, now: datetime) -> Decision:
    """Return what the policy says now about one program on this device (for `klaswacht agent status`)."""
    snapshot = school.snapshot
    who = Principal(Role.PUPIL, device=device) if snapshot is None else principal(snapshot, device, now)
    return school.decide(run_request(app, who), now)


def run(watch: Watch, school: School, outbox: Outbox, link: Link, stop: threading.Event, every: float = _EVERY) -> None:
    """Watch until `stop` is set. The line to the school has threads of its own: a slow server slows nothing down."""
    carriers = [
        threading.Thread(target=carry, args=(job, stop), name=f"klaswacht-{name}", daemon=True)
        for name, job in (("news", lambda: fetch(school, link)), ("events", lambda: deliver(outbox, link)))
    ]
    for carrier in carriers:
        carrier.start()
    while not stop.is_set():
        try:
            watch.look()
        except Exception:
            # A pass that fails must not end the watch; the next one sees the same programs.
            _log.exception("a pass failed")
        stop.wait(every)


def fetch(school: School, link: Link) -> float:
    """Ask for news once, waiting for them; return how many seconds to rest before the next time."""
    reply = school.refresh(link, _WAIT)
    return reply.pause


def deliver(outbox: Outbox, link: Link) -> float:
    """Hand over waiting events once, waiting a moment for them; return how many seconds to rest."""
    if not outbox.wait(1.0):
        return 0.0
    events, lost = outbox.batch()
    reply = link.push(events, lost)
    outbox.sent(events, lost)
    return reply.pause


def carry(job: Callable[[], float], stop: threading.Event) -> None:
    """Do a job of the line again and again; after a failure rest longer each time, so that a class does not storm."""
    failures = 0
    while not stop.is_set():
        try:
            rest = job()
            failures = 0
        except (LinkError, ValueError, KeyError, TypeError) as problem:
            failures += 1
            permanent = isinstance(problem, LinkError) and problem.permanent
            rest = _LONGEST_REST if permanent else min(_LONGEST_REST, 2.0 ** min(failures, 6) * random.uniform(0.5, 1))  # noqa: S311 - spread, not a secret
            _log.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s", problem)
        stop.wait(rest)
