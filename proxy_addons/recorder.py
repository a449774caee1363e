"""Exceptions to the store, off the hot path: a bounded queue and a thread that writes batches.

Stored are host, kind and ids; a query, a form or a path is never in reach of the row. What a page loads by itself, what
staff do and what happens outside school hours is only counted; help, the guard's own pages and machines' hosts are
nothing at all. Of who asks for help only the counsellors hear, where there are any (`confide`). With the database gone
everything waits; beyond the bound the oldest are dropped and counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from policy.counsel import Told
from policy.model import (
    AccessRequest,
    Action,
    Decision,
    DeviceClass,
    Effect,
    Facet,
    Period,
    PeriodKind,
    Principal,
    Reason,
    Role,
    Schedule,
    Snapshot,
)
from policy.schedule import period_at
from proxy_addons.around import Around
from proxy_addons.live import utc_now
from proxy_addons.noticing import Noticing
from proxy_addons.quiet import Quiet
from proxy_addons.strangers import Strangers
from store import Store
from store.events import Count, Event, What
from store.notices import Condition
from store.refusals import Refusal

_log = logging.getLogger(__name__)

MOST_WAITING = 10_000
_BATCH = 500
_GATHER = 0.2  # seconds a batch is gathered; bounds how late a teacher sees it
_BACK_OFF = (1.0, 2.0, 5.0)  # seconds between tries while the database is gone
_SAME = timedelta(seconds=30)
_MOST_REMEMBERED = 20_000
_WAIT = "events wait, the store cannot be written: %s"

_NOTHING = frozenset(
    {
        Reason.OPEN,
        Reason.HELP,
        Reason.HELP_HOST,
        Reason.OWN,
        Reason.SYSTEM,
        Reason.INFRASTRUCTURE,
        Reason.OUTSIDE,
        Reason.EMERGENCY,
        Reason.CARE,
        Reason.AGREEMENT,
        Reason.TEST,
    }
)
_FOUND = (Facet.WORDS, Facet.PERSONAL)
_WHAT = {Effect.DENY: What.BLOCKED, Effect.HOLD: What.HELD, Effect.ALLOW: What.GRANTED}


@dataclass(frozen=True, slots=True)
class _Kind:
    """What makes two counted things the same."""

    name: str
    hour: datetime
    group: str | None
    category: str | None


class Recorder:
    """Queues exceptions from one thread (`note`, `fault`) and writes them on its own."""

    def __init__(
        self,
        store: Store,
        school: str,
        clock: Callable[[], datetime] = utc_now,
        most_waiting: int = MOST_WAITING,
        strangers: Strangers | None = None,
    ) -> None:
        self._store = store
        self._school = school
        self._clock = clock
        self._most = most_waiting
        self._lock = threading.Lock()
        self._queue: deque[Event] = deque()
        self._counts: Counter[_Kind] = Counter()
        self._quiet = Quiet(clock)
        self._notices = Noticing(store, school, clock)
        self._around = Around(store, school)
        self._strangers = strangers if strangers is not None else Strangers()
        self._lost = 0
        self._lost_unsaid = 0
        self._seen: dict[tuple[str | None, str | None, str], datetime] = {}
        self._periods: dict[str | None, tuple[Schedule, Period]] = {}
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many events and quiet signals are not written yet."""
        return len(self._queue) + len(self._quiet)

    @property
    def lost(self) -> int:
        """How many of them were dropped since the start because too many waited."""
        return self._lost

    def start(self) -> None:
        """Start writing."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._write_on, name="klaswacht-recorder", daemon=True)
        self._thread.start()

    async def stop(self, patience: float = 5.0) -> None:
        """Write what waits, for at most `patience` seconds."""
        self._stopping.set()
        self._work.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join, patience)

    def note(
        self, request: AccessRequest, decision: Decision, snapshot: Snapshot | None, *, measuring: bool = False
    ) -> None:
        """Queue an exception, count it, or do nothing. Microseconds, no I/O.

        With `measuring` a page told something to another site by itself: nobody typed it.
        """
        self.there(request.who, snapshot)
        if decision.reason in _NOTHING or decision.effect is Effect.HELP or snapshot is None:
            return
        who = request.who
        if who.device_class is DeviceClass.INFRASTRUCTURE:
            return
        now = self._clock()
        group = who.groups[0] if who.groups else None
        if any(one.start <= now < one.end for one in snapshot.state.emergencies):
            # The guard itself is in doubt: of nobody is anything written down.
            self._count("emergency", now, None, decision)
        elif who.role is not Role.PUPIL:
            self._count("staff", now, None, decision)
        elif self._outside(snapshot, group, now):
            self._count("outside", now, None, decision)
        elif decision.effect is Effect.HOLD and decision.reason is Reason.TEXT:
            # Thought over and not sent: nothing happened that anybody need know of.
            self._count("thought", now, group, decision)
        elif self._strangers.concerns(decision):
            notice = self._strangers.notice(request, decision, snapshot, group, now)
            if notice is None:
                self._count("background", now, group, decision)
            else:
                self._put(notice)
        elif not _by_a_person(request, decision, measuring):
            self._count("background", now, group, decision)
        elif not self._is_same(request, decision, now):
            self._put(_event(request, decision, snapshot.revision, group, now))

    def there(self, who: Principal, snapshot: Snapshot | None) -> None:
        """Have written that a pupil's registered device is in use, in school hours. Microseconds, no I/O."""
        if snapshot is None or who.device is None or who.role is not Role.PUPIL:
            return
        now = self._clock()
        if not self._outside(snapshot, who.groups[0] if who.groups else None, now) and self._around.heard(
            who.device, now
        ):
            self._work.set()

    def confide(self, who: Principal, address: str, snapshot: Snapshot | None) -> Told:
        """Queue a quiet signal that `who` (at this client address) asks for help, where counsellors are to hear of it.

        What they hear is the answer, for the page that tells the child so. No event, no count, no I/O.
        """
        told = self._quiet.confide(who, address, snapshot)
        if told is not Told.NOBODY:
            self._work.set()
        return told

    def fault(self) -> None:
        """Queue that the guard itself failed; twice within half a minute is once."""
        now = self._clock()
        if self._is_repeat((None, None, Reason.FAILED), now):
            return
        self._put(Event(What.FAULT, now, Effect.DENY, Reason.FAILED, uid=uuid4().hex))

    def turned_away(self, kind: str) -> None:
        """Count that the door closed a connection, and what was wrong with it: nobody's, and by the hour."""
        self._add(_Kind("door", _hour(self._clock()), None, kind))

    def stands(self, standing: Mapping[Condition, datetime]) -> None:
        """Have written what is in the way of everybody now, with since when; said again while it stands."""
        if self._notices.stands(standing):
            self._work.set()

    def refused(self, refusal: Refusal) -> None:
        """Have written that something refuses our certificate."""
        self._notices.refused(refusal)
        self._work.set()

    def settled(self, device: str) -> None:
        """Have written that a device has our certificate after all."""
        self._notices.settled(device)
        self._work.set()

    def _outside(self, snapshot: Snapshot, group: str | None, now: datetime) -> bool:
        schedule = snapshot.policy.schedule
        known = self._periods.get(group)
        if known is None or known[0] is not schedule or not _within(known[1], now):
            known = self._periods[group] = (schedule, period_at(schedule, group, now))
        return known[1].kind is PeriodKind.OUTSIDE

    def _is_same(self, request: AccessRequest, decision: Decision, now: datetime) -> bool:
        who = request.who
        return self._is_repeat((who.device or who.person or ",".join(who.groups), _host(request), decision.reason), now)

    def _is_repeat(self, key: tuple[str | None, str | None, str], now: datetime) -> bool:
        before = self._seen.get(key)
        if before is not None and now - before < _SAME:
            return True
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen = {k: when for k, when in self._seen.items() if now - when < _SAME}
        self._seen[key] = now
        return False

    def _count(self, name: str, now: datetime, group: str | None, decision: Decision) -> None:
        self._add(_Kind(name, _hour(now), group, decision.category))

    def _add(self, kind: _Kind) -> None:
        with self._lock:
            self._counts[kind] += 1
        self._work.set()

    def _put(self, event: Event) -> None:
        with self._lock:
            if len(self._queue) >= self._most:
                self._queue.popleft()
                self._lost += 1
                self._lost_unsaid += 1
            self._queue.append(event)
        self._work.set()

    def _write_on(self) -> None:
        """The thread: gather, write, and with the database gone wait and try again."""
        failures = 0
        while True:
            self._work.wait()
            self._stopping.wait(_GATHER)
            self._work.clear()
            last = self._stopping.is_set()  # else it was told to stop while it tried, and tries once more
            # Both are tried: what one of them stumbles over must not keep the other waiting.
            if self._tell() & self._write() & self._notice():
                failures = 0
            elif last:
                return
            else:
                self._stopping.wait(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
                failures += 1
            if self._queue or self._counts or self._lost_unsaid or self._quiet or self._notices.waits:
                self._work.set()
            elif self._stopping.is_set():
                return

    def _notice(self) -> bool:
        """Write what is in the way now, who refuses our certificate, and who is there; False when it could not be."""
        try:
            self._notices.write()
            if self._around.waits:
                self._around.write(self._clock())
        except Exception as error:
            _log.warning(_WAIT, type(error).__name__)
            return False
        return True

    def _tell(self) -> bool:
        """Write the quiet signals that wait; on failure they are put back and False is said."""
        signals, lost = self._quiet.take()
        if lost:
            with self._lock:
                self._lost += lost
                self._lost_unsaid += lost
        if not signals:
            return True
        try:
            self._store.signals.add_batch(self._school, signals)
        except Exception as error:
            # The same words as for events: a log must not tell that somebody asked for help.
            _log.warning(_WAIT, type(error).__name__)
            self._quiet.put_back(signals)
            return False
        return True

    def _write(self) -> bool:
        """Write one batch; on failure everything is put back and False is said."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            counts, self._counts = self._counts, Counter()
            lost, self._lost_unsaid = self._lost_unsaid, 0
        if not batch and not counts and not lost:
            return True
        rows = [Count(kind.name, kind.hour, kind.group, kind.category, n) for kind, n in counts.items()]
        try:
            self._store.events.add_batch(self._school, batch, self._clock(), counts=rows, lost=lost)
        except Exception as error:
            _log.warning(_WAIT, type(error).__name__)
            self._put_back(batch, counts, lost)
            return False
        return True

    def _put_back(self, batch: list[Event], counts: Counter[_Kind], lost: int) -> None:
        with self._lock:
            self._counts.update(counts)
            self._lost_unsaid += lost
            room = max(self._most - len(self._queue), 0)
            # The oldest go first when there is no room for all of them any more.
            dropped = max(len(batch) - room, 0)
            self._lost += dropped
            self._lost_unsaid += dropped
            self._queue.extendleft(reversed(batch[dropped:]))


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _within(period: Period, now: datetime) -> bool:
    return period.start is not None and period.end is not None and period.start <= now < period.end


def _by_a_person(request: AccessRequest, decision: Decision, measuring: bool) -> bool:
    """Whether somebody did this: a page that was opened, a file, or something typed. The rest a page does by itself."""
    typed = decision.reason in (Reason.PERSONAL, Reason.RELEASED) and not measuring
    return request.navigation or request.action is Action.UPLOAD or typed


def _host(request: AccessRequest) -> str | None:
    if request.address is not None:
        return request.address.host
    return request.hosts[0] if request.hosts else None


def _event(request: AccessRequest, decision: Decision, revision: int, group: str | None, now: datetime) -> Event:
    who = request.who
    return Event(
        what=_WHAT[decision.effect],
        when=now,
        effect=decision.effect,
        reason=decision.reason,
        action=request.action,
        rules=decision.rules,
        terms=_terms(decision),
        category=decision.category,
        host=decision.host or _host(request),
        thing=_thing(request),
        group=group,
        device=who.device,
        person=who.person,
        revision=revision,
        grant=decision.grants[0] if decision.grants else None,
        uid=uuid4().hex,
    )


def _terms(decision: Decision) -> tuple[str, ...]:
    """The ids of the terms and the kinds of data that were found; the words themselves are nowhere in a decision."""
    found = [step.detail for step in decision.trace if step.at in _FOUND and step.said == "found"]
    return tuple(dict.fromkeys(term for detail in found for term in detail.split(", ") if term))


def _thing(request: AccessRequest) -> str | None:
    if request.websocket:
        return "websocket"
    return min(request.media, default=None)
