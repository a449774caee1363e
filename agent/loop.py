"""The agent's work: look, ask, end, tell. One pass is `Watch.look`; `run` goes on with it until it is stopped."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from agent.beat import Beat
from agent.enforce import Ending, Warnings, end, is_system
from agent.link import Link, LinkError
from agent.observe import Observation, Process
from agent.outbox import Outbox, app_event
from agent.platform import Show
from agent.rounds import Rounds
from agent.school import School
from agent.signs import Recognition
from agent.tampering import Around
from agent.translate import Program, principal, programs
from config.appsigns_file import factory_signs
from config.texts import reason_sentence, say
from policy.model import Decision, LiftableBy, Principal, Reason, Role, Snapshot

_log = logging.getLogger("klaswacht.agent")
_QUIET = timedelta(seconds=60)
_EVERY = 1.0
_WAIT = 20.0
_FIRST_WORD = 15.0  # seconds that the first look waits for the school's first word, or for the line to fail
_BREATH = 0.5  # between two questions without news, whatever the server does
_LONGEST_REST = 60.0
_ABOUT_A_PROGRAM = frozenset({Reason.LOCKED, Reason.SANCTION})


@dataclass(frozen=True, slots=True)
class Handled:
    """One program that the policy was asked about in a pass, and how it went."""

    program: Program
    decision: Decision
    endings: tuple[Ending, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """How this device works. `dry_run` only looks and logs; `patience` is how long a program may take to stop (s).

    `user` is whose session it is (None: ask the system). With `under`, only programs that this process started are
    looked at: for trying it out on a computer that somebody works on.
    """

    device: str
    language: str = "nl"
    dry_run: bool = False
    patience: float = 3.0
    user: str | None = None
    under: int | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """Which programs that the school knows were running, and by what that was worked out."""

    processes: tuple[Process, ...]
    who: Principal
    snapshot: Snapshot | None
    programs: tuple[Program, ...]


class Watch:
    """Looks at the device pass after pass. Used by one thread."""

    def __init__(
        self, setting: Setting, school: School, outbox: Outbox, show: Show, around: Around | None = None
    ) -> None:
        self._around = around
        self._setting = setting
        self._school = school
        self._outbox = outbox
        self._show = show
        self._rounds = Rounds(setting.user)
        self._running: _Running | None = None
        self._told: dict[tuple[str, str], datetime] = {}
        self._trial: set[str] = set()
        signs = factory_signs()
        self._recognition = Recognition(signs, school.known)
        self._warnings = Warnings(signs.schoolwork)

    def look(self) -> tuple[Handled, ...]:
        """Do one pass and return what the policy was asked about."""
        now = self._school.clock.now()
        seen = self._rounds.look(now)
        who = self._who(now)
        at_school = self._school.at_school(who, now)
        if self._around is not None:
            said = partial(self._school.told, now)
            around = self._around.look(now, seen.user, self._revision(), at_school=at_school, told=said)
            if self._setting.dry_run:
                self._tried(say("agent.trial.around", fact=one.fact.value, detail=one.detail) for one in around)
        asked = [(one, self._school.decide(one.request, now)) for one in self._known(seen, who)]
        if not at_school:
            asked = [(one, decision) for one, decision in asked if decision.reason is Reason.LOCKED]
        closed = [(program, decision) for program, decision in asked if not decision.open]
        endings = self._end(self._due(closed, seen), seen)
        handled = tuple(
            Handled(program, decision, tuple(endings[one] for one in program.processes if one in endings))
            for program, decision in asked
        )
        if self._setting.dry_run:
            would = (one for one in handled if Ending.DRY_RUN in one.endings)
            self._tried(say("agent.trial.closes", app=one.program.app, why=one.decision.reason) for one in would)
        else:
            self._told = {key: when for key, when in self._told.items() if now - when < _QUIET}
            for one in handled:
                self._account(one, seen, record=at_school)
        return handled

    def _known(self, seen: Observation, who: Principal) -> tuple[Program, ...]:
        """Return the programs that the school knows; worked out again only where something is another than before."""
        last, snapshot = self._running, self._school.snapshot
        if last is not None and last.processes is seen.processes and last.who == who and last.snapshot is snapshot:
            return last.programs
        also = self._recognition.names(seen)
        found = tuple(one for one in programs(self._scope(seen), who, also) if self._school.known(one.app))
        self._running = _Running(seen.processes, who, snapshot, found)
        return found

    def _scope(self, seen: Observation) -> Observation:
        under = self._setting.under
        if under is None:
            return seen
        return replace(seen, processes=tuple(one for one in seen.processes if under in seen.ancestors(one.pid)))

    def _who(self, now: datetime) -> Principal:
        if self._school.snapshot is None:
            return Principal(Role.PUPIL, device=self._setting.device)
        return principal(self._school.snapshot, self._setting.device, now)

    def _due(self, closed: list[tuple[Program, Decision]], seen: Observation) -> list[Process]:
        """Return what is to end in this pass; where work may be lost, it is said first, and waited for."""
        ours = {one for program, _ in closed for one in program.processes if not is_system(one, seen)}
        due, warned = self._warnings.due(ours, seen.at)
        if not self._setting.dry_run:
            for program in dict.fromkeys(program for program, _ in closed if warned.intersection(program.processes)):
                title = say("agent.saving.title", self._setting.language, app=program.app.title())
                self._show(title, say("agent.saving.body", self._setting.language), seen.user)
        return [one for program, _ in closed for one in program.processes if one in due]

    def _end(self, processes: list[Process], seen: Observation) -> dict[Process, Ending]:
        """End what may not run, all at once, and return what became of each; the system's own are left out."""
        ours = [one for one in processes if not is_system(one, seen)]
        outcomes = end(ours, seen, dry_run=self._setting.dry_run, patience=self._setting.patience)
        return {one.process: one.ending for one in outcomes}

    def _account(self, one: Handled, seen: Observation, *, record: bool) -> None:
        """Tell the school and the child, where there is something to tell."""
        program, decision, grants = one.program, one.decision, one.decision.grants
        how = "closed" if one.endings and not decision.open else grants[0] if grants and decision.open else None
        if how is None or not self._fresh(program, how, seen):
            return
        if one.endings:
            _log.info("`%s` %s: %s", program.app, decision.reason, ", ".join(sorted(set(one.endings))))
            self._say_so(program, decision, seen.user)
        # Whoever leaves the list of a test leaves nothing behind, on a laptop as on the network.
        if record and decision.reason is not Reason.TEST:
            ended = Ending.REFUSED not in one.endings
            self._outbox.add(app_event(program, decision, seen.at, self._revision(), ended=ended))

    def _tried(self, lines: Iterable[str]) -> None:
        """Tell who tries it out what would happen, each thing once."""
        for line in lines:
            if line not in self._trial:
                self._trial.add(line)
                _log.warning("%s", line)

    def _revision(self) -> int:
        return self._school.snapshot.revision if self._school.snapshot else 0

    def _fresh(self, program: Program, how: str, seen: Observation) -> bool:
        """Whether this was not told a moment ago.

        A program that stays open by a permission is told once, not every minute; one that is tried again, again.
        """
        key = (program.app, how)
        known = key in self._told
        if not known or how != "closed":
            self._told[key] = seen.at
        return not known

    def _say_so(self, program: Program, decision: Decision, user: str) -> None:
        lang = self._setting.language
        lines = [_why(decision.reason, lang)]
        if decision.liftable_by is LiftableBy.TEACHER and decision.reason is not Reason.TEST:
            lines.append(say("agent.ask", lang))
        self._show(say("agent.title", lang, app=program.app.title()), "\n".join(lines), user)


def _why(reason: Reason, lang: str) -> str:
    # The general sentences of these speak of a site.
    return say(f"agent.why.{reason}", lang) if reason in _ABOUT_A_PROGRAM else reason_sentence(reason, lang)


def run(
    watch: Watch,
    school: School,
    outbox: Outbox,
    link: Link,
    stop: threading.Event,
    every: float = _EVERY,
    beat: Beat | None = None,
) -> None:
    """Watch until `stop` is set. The line to the school has threads of its own: a slow server slows nothing down.

    News of the school are acted on at once, not only at the next look.
    """
    news = threading.Event()
    jobs = {"news": lambda: fetch(school, link, news, beat), "events": lambda: deliver(outbox, link)}
    if beat is not None:
        jobs["beat"] = beat.once
    carriers = [
        threading.Thread(target=carry, args=(job, stop), name=f"klaswacht-{name}", daemon=True)
        for name, job in jobs.items()
    ]
    for carrier in carriers:
        carrier.start()
    # By a clock that is ahead a permission in the copy would have ended: the school may first say what time it is.
    news.wait(_FIRST_WORD)
    while not stop.is_set():
        try:
            watch.look()
        except Exception as error:
            # A pass that fails must not end the watch; the next one sees the same programs. Its words may hold a
            # command line, so only its kind is told.
            _log.error("a pass failed: %s", type(error).__name__)
        news.wait(every)
        news.clear()


def fetch(school: School, link: Link, news: threading.Event | None = None, beat: Beat | None = None) -> float:
    """Ask for news once, waiting for them; return how many seconds to rest. `news` is set where there were any.

    Where the guard tells by `beat` when there are news, the school is only asked then.
    """
    told = beat is not None and beat.wait()
    try:
        reply = school.refresh(link, 0.0 if told else _WAIT)
    except LinkError:
        if news is not None:
            news.set()  # nobody waits for a word that does not come
        raise
    if reply.body is not None and news is not None:
        news.set()
    return reply.pause if reply.body is not None else max(reply.pause, _BREATH)


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
