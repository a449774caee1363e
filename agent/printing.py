"""Printing by permission: which waiting job goes on to the printer, which waits, and what is dropped at the bell.

`plan` is pure: jobs that were seen, decisions and what is remembered, to acts. `Printing` is the edge: it looks in
CUPS, asks, and acts. A job stays one job of CUPS all the way (it is moved, never sent again), so it cannot be in two
queues; that it comes out once even when CUPS is killed and forgets, is held by the backend (`agent.printed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from agent.cups import Attributes, Cups, CupsError, JobState
from agent.pages import Sure, count
from agent.print_asking import Decide, allowed, asker, cap_of, said_yes
from agent.printed import Entry, Journal, Mark, Marks, PrintSetting, Stage
from config.texts import say
from policy.model import Snapshot
from policy.schedule import period_at

_DOCUMENTS = 20  # of one job; more are not counted
NOTICE = timedelta(minutes=2)
"""So long before a job is dropped it is told that it will be."""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """What may be told of one job: who, pages, colour, when. Its title is nowhere: it was never asked for.

    `id` is CUPS's number. `pages` counts copies; None: not known, and `sure` says how sure it is. `colour` is None
    where the job does not say. `at` is when it came, in the school's time (UTC). `uuid` makes it unmistakable: CUPS may
    give a number again.
    """

    id: int
    user: str
    pages: int | None
    colour: bool | None
    at: datetime
    uuid: str = ""
    sure: Sure = Sure.UNKNOWN


class Why(StrEnum):
    """Why something is done with a job or not."""

    PERMITTED = "permitted"
    NOT_PERMITTED = "not_permitted"
    TOO_LONG = "too_long"
    UNCOUNTED = "uncounted"
    BELL = "bell"
    REFUSED = "refused"
    PRINTED = "printed"
    DOUBT = "doubt"
    LOST = "lost"


class Deed(StrEnum):
    """What is done. Telling and waiting change nothing in CUPS."""

    MOVE = "move"
    WAIT = "wait"
    WARN = "warn"
    DROP = "drop"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do with one job. `until`: when it will be dropped, where that is told."""

    deed: Deed
    job: PrintJob
    why: Why
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A job in the pupils' queue, with what was decided about it, when its period ends, and the backend's mark."""

    job: PrintJob
    allowed: bool
    end: datetime | None
    mark: Mark = Mark.NOTHING


def plan(
    waiting: Iterable[Seen],
    journal: Mapping[str, Entry],
    cap: int | None,
    now: datetime,
    yes: frozenset[str] = frozenset(),
    no: frozenset[str] = frozenset(),
) -> tuple[Act, ...]:
    """Return what to do with the jobs that wait, one act a job, in their order.

    `cap` is the most pages of one job (None: any); `yes` are the UUIDs of jobs of which an adult said yes to this very
    one: that lifts the cap, never the decision; of `no` an adult said no, and they go at once. Nothing else is dropped
    that was not told before.
    """
    return tuple(
        Act(Deed.DROP, one.job, Why.REFUSED)
        if one.job.uuid in no and one.mark is Mark.NOTHING
        else _act(one, journal.get(one.job.uuid), cap, now, yes)
        for one in waiting
    )


def _act(seen: Seen, entry: Entry | None, cap: int | None, now: datetime, yes: frozenset[str]) -> Act:
    job = seen.job
    if seen.mark is Mark.DONE:
        # CUPS was killed and forgot that it was moved; the paper is out.
        return Act(Deed.DROP, job, Why.PRINTED)
    if seen.mark is Mark.BEGUN:
        told = entry is not None and entry.stage is Stage.DOUBT
        return Act(Deed.WAIT if told else Deed.TELL, job, Why.DOUBT)
    why = _why(seen, cap, yes)
    if why is Why.PERMITTED:
        return Act(Deed.MOVE, job, why)
    if seen.end is None or now < seen.end - NOTICE:
        return Act(Deed.WAIT, job, why)
    if entry is None or entry.stage is not Stage.WARNED:
        return Act(Deed.WARN, job, why, max(seen.end, now + NOTICE))
    gone = max(seen.end, entry.at + NOTICE)
    return Act(Deed.DROP, job, Why.BELL) if now >= gone else Act(Deed.WAIT, job, why, gone)


def _why(seen: Seen, cap: int | None, yes: frozenset[str]) -> Why:
    if not seen.allowed:
        return Why.NOT_PERMITTED
    if cap is None or seen.job.uuid in yes:
        return Why.PERMITTED
    if seen.job.pages is None or seen.job.sure is not Sure.COUNTED:
        return Why.UNCOUNTED
    return Why.TOO_LONG if seen.job.pages > cap else Why.PERMITTED


def sentence(act: Act, lang: str) -> str:
    """Return what a person is told of an act; nothing where there is nothing to tell. Never a title."""
    told = "warn" if act.deed is Deed.WARN else act.why.value
    if act.deed in {Deed.MOVE, Deed.WAIT}:
        return ""
    number = act.job.pages
    length = "pages_unknown" if number is None else "page" if number == 1 else "pages"
    return say(f"printing.told.{told}", lang, user=act.job.user, pages=say(f"printing.told.{length}", lang, n=number))


def job_of(found: Attributes, now: datetime, pages: int | None, sure: Sure) -> PrintJob:
    """Return what may be told of a job. How long ago it came is CUPS's word; what time it is now is the school's."""
    came, asked = found.number("time-at-creation"), found.number("job-printer-up-time")
    age = max(0, asked - came) if came is not None and asked is not None else 0
    mode = found.text("ColorModel").casefold() or found.text("print-color-mode").casefold()
    colour = None if mode in {"", "auto"} else mode not in {"monochrome", "gray", "black", "process-monochrome"}
    return PrintJob(
        found.number("job-id") or 0,
        found.text("job-originating-user-name"),
        pages,
        colour,
        now - timedelta(seconds=age),
        _uuid(found),
        sure,
    )


def _uuid(found: Attributes) -> str:
    return found.text("job-uuid").removeprefix("urn:uuid:")


def _whole(found: Attributes) -> bool:
    """Whether all of a job is in: to one that is open, pages can still be added after they were counted."""
    return "job-incoming" not in found.values.get("job-state-reasons", ())


def _nobody(_: Act) -> None:
    return None


@dataclass(slots=True)
class Printing:
    """The print server's edge. `decide` asks the policy, `school` gives the snapshot (None: there is none, so no).

    `tell` gets what a person should hear: warnings, what was dropped, what is in doubt. `no` gives the jobs to which an
    adult said no (UUIDs). `stands` is what waits for a person since the last look, with when it will be dropped.
    """

    cups: Cups
    setting: PrintSetting
    journal: Journal
    marks: Marks
    decide: Decide
    school: Callable[[], Snapshot | None]
    tell: Callable[[Act], None] = _nobody
    no: Callable[[], frozenset[str]] = frozenset
    stands: tuple[Act, ...] = ()
    _known: dict[str, PrintJob] = field(default_factory=dict)
    _held: frozenset[int] = frozenset()

    def once(self, now: datetime) -> tuple[Act, ...]:
        """Look and act once; returns what was done or told. Raises `CupsError` where CUPS cannot be asked."""
        waiting = self.waiting(now)
        self._look_up({one.uuid for one in waiting}, now)
        snapshot = self.school()
        yes = frozenset(one.uuid for one in waiting if snapshot is not None and self._said_yes(snapshot, one, now))
        seen, cap = [self._seen(one, snapshot, now) for one in waiting], cap_of(snapshot, self.setting.cap)
        acts = plan(seen, self.journal.entries, cap, now, yes, self.no())
        self.stands = tuple(act for act in acts if act.deed in {Deed.WAIT, Deed.WARN} and act.why is not Why.DOUBT)
        return tuple(act for act in acts if self._tried(act, now))

    def _said_yes(self, snapshot: Snapshot, job: PrintJob, now: datetime) -> bool:
        return said_yes(snapshot, asker(snapshot, job.user, self.setting.people), job.uuid, now)

    def _tried(self, act: Act, now: datetime) -> bool:
        """Act; a job that went away meanwhile keeps no other from going on."""
        try:
            return self._do(act, now)
        except CupsError as problem:
            if problem.refused or not problem.status:
                raise
            return False

    def waiting(self, now: datetime) -> tuple[PrintJob, ...]:
        """Return the jobs in the pupils' queue, oldest first."""
        found = [one for one in self.cups.jobs(self.setting.pupils) if _whole(one)]
        jobs = tuple(self._job(one, now) for one in found)
        self._known = {one.uuid: one for one in jobs}
        self._held = frozenset(one.number("job-id") or 0 for one in found if one.number("job-state") == JobState.HELD)
        return jobs

    def _job(self, found: Attributes, now: datetime) -> PrintJob:
        known = self._known.get(_uuid(found))
        return known if known is not None else job_of(found, now, *self._pages(found))

    def _pages(self, found: Attributes) -> tuple[int | None, Sure]:
        """Count the pages of all documents of a job; they are read for that only."""
        documents, total = found.number("number-of-documents") or 0, 0
        if not 0 < documents <= _DOCUMENTS:
            return None, Sure.UNKNOWN
        claimed = found.number("job-media-sheets") or found.number("job-impressions")
        sure = Sure.COUNTED
        for number in range(1, documents + 1):
            try:
                data = self.cups.document(found.number("job-id") or 0, number)
            except CupsError as problem:
                if problem.refused or not problem.status:
                    raise
                return None, Sure.UNKNOWN
            pages, one = count(data, found.number("copies") or 1, claimed)
            if pages is None:
                return None, Sure.UNKNOWN
            total += pages
            sure = one if one is not Sure.COUNTED else sure
        return total, sure

    def _seen(self, job: PrintJob, snapshot: Snapshot | None, now: datetime) -> Seen:
        if snapshot is None:
            return Seen(job, allowed=False, end=None, mark=self.marks.mark(job.id, job.uuid))
        who = asker(snapshot, job.user, self.setting.people)
        end = period_at(snapshot.policy.schedule, who.groups[0] if who.groups else None, job.at).end
        return Seen(job, allowed(self.decide, who, job.uuid, now), end, self.marks.mark(job.id, job.uuid))

    def _do(self, act: Act, now: datetime) -> bool:
        """Act, writing down before and after; whether something was done."""
        job = act.job
        if act.deed is Deed.WAIT:
            return False
        if act.deed is Deed.MOVE:
            self.journal.write(job.uuid, Entry(Stage.MOVING, now, job.id))
            if job.id in self._held:
                # A child may have asked for it to wait until tonight; what is permitted now comes out now.
                self.cups.release(job.id)
            self.cups.move(job.id, self.setting.real)
            self.journal.write(job.uuid, Entry(Stage.MOVED, now, job.id))
            return True
        if act.deed is Deed.DROP:
            self.cups.drop(job.id)
            self.journal.forget(job.uuid)
        else:
            self.journal.write(job.uuid, Entry(Stage.WARNED if act.deed is Deed.WARN else Stage.DOUBT, now, job.id))
        self.tell(act)
        return True

    def _look_up(self, waiting: set[str], now: datetime) -> None:
        """Where is what was moved, or was being moved when we were stopped? It is looked up, never guessed."""
        for uuid, entry in tuple(self.journal.entries.items()):
            if uuid in waiting:
                continue
            found = self.cups.job(entry.number)
            if found is not None and _uuid(found) != uuid:
                found = None
            state = found.number("job-state") if found is not None else None
            mark = self.marks.mark(entry.number, uuid)
            if entry.stage is Stage.WARNED or mark is Mark.DONE or state in {JobState.COMPLETED, JobState.CANCELED}:
                self.journal.forget(uuid)
            elif found is None or state == JobState.ABORTED:
                self.journal.forget(uuid)
                self.tell(Act(Deed.TELL, PrintJob(entry.number, "", None, None, entry.at, uuid), Why.LOST))
            elif state == JobState.HELD and mark is Mark.BEGUN and entry.stage is not Stage.DOUBT:
                self.journal.write(uuid, Entry(Stage.DOUBT, now, entry.number))
                self.tell(Act(Deed.TELL, job_of(found, now, None, Sure.UNKNOWN), Why.DOUBT))
            elif entry.stage is Stage.MOVING:
                self.journal.write(uuid, Entry(Stage.MOVED, now, entry.number))
