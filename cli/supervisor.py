"""Keeps the guard's processes running: starts them, waits until they listen, starts a dead one again, replaces, stops.

A child says on a pipe that it listens, with one line (`ready`), and from then on every second that it lives (`beat`).
One that beat and has been silent for `SILENT` seconds hangs: it is ended, and started again as any dead one. A child
asks the kernel to be stopped when the supervisor is gone (`die_with_parent`), so that nothing is left behind even when
the supervisor is killed without a word.

Signals: INT and TERM stop all; USR2 replaces the processes one by one (`rolling`). HUP means stop when it comes from a
terminal that is gone; without a terminal nothing can be gone, so there it is what it is to other services: reload.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Self

from cli.child import PARENT, die_with_parent, tell_ready
from cli.gauging import Sums
from cli.growth import Pace, Scales
from cli.life import FIRST_PAUSE, LIVED_WELL, LONGEST_PAUSE, Child, Life, Task
from cli.notify import notify
from cli.rolling import GRACE, Outcome, Rolling

__all__ = ["PARENT", "Supervisor", "Task", "die_with_parent", "tell_ready"]

_log = logging.getLogger(__name__)

_ENDS = (signal.SIGINT, signal.SIGTERM)
RELOAD = signal.SIGUSR2
SILENT = 20.0  # seconds without a beat after which a process hangs
_AWAY = 5.0  # seconds between two looks of our own: then we were stopped, or had no turn, and so may all have been


class Supervisor:
    """Runs `tasks` until told to stop. Use from the main thread: it takes the signals while it runs.

    `patience` is how many seconds children get to stop, `grace` how many a replaced one has to finish what runs.
    `on_renewed` hears how each round of replacing ended. `silent` is how many seconds a process may not beat.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        patience: float = 10.0,
        *,
        grace: float = GRACE,
        pace: Pace | None = None,
        on_renewed: Callable[[Outcome], None] = lambda _: None,
        silent: float = SILENT,
    ) -> None:
        self._children = [Child(task) for task in tasks]
        self._patience = patience
        self._silent = silent
        self._looked = time.monotonic()
        self._notified = 0.0
        self.sums = Sums()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._stopping = threading.Event()
        self._told = False
        self._reload = False
        self._rolling = Rolling(partial(self._start, replaces=True), on_renewed, grace)
        self._scales = Scales(pace or Pace())
        self._stand_ins: dict[int, Life] = {}  # who accepts at the place of one that is away

    def __enter__(self) -> Self:
        """Take the signals."""
        self._old = {number: signal.signal(number, self._on_end) for number in _ENDS}
        self._old[RELOAD] = signal.signal(RELOAD, self._on_reload)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else nohup asked for it
            hang_up = self._on_end if _has_terminal() else self._on_reload
            self._old[signal.SIGHUP] = signal.signal(signal.SIGHUP, hang_up)
        self._old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._on_death)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back and let go of everything."""
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    @property
    def children(self) -> Sequence[Child]:
        """What it keeps running, to be looked at only."""
        return tuple(self._children)

    @property
    def looked(self) -> float:
        """When it last looked at its processes (monotonic)."""
        return self._looked

    @property
    def stopping(self) -> threading.Event:
        """Set when everything is to stop; threads beside the supervisor may wait for it."""
        return self._stopping

    def run(self, on_ready: Callable[[], None]) -> bool:
        """Keep everything running until a signal comes; `on_ready` is called once, when all children listen.

        Returns False when a child ended before all had ever listened: then there is something to mend first, and
        everything has been stopped.
        """
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        healthy = True
        try:
            while healthy and not self._stopping.is_set():
                self._start_due()
                self._look(self._until_next())
                self._end_hung()
                healthy = self._bury_dead()
                if not self._told and all(child.ready or child.task.late for child in self._children) and healthy:
                    self._told = True
                    on_ready()
                    notify("READY=1")
                if self._told:
                    self._renew()
                    self._stand_in()
        finally:
            self._stopping.set()
            notify("STOPPING=1")
            self._stop_all()
        return healthy

    # --- signals -----------------------------------------------------------------------------------------------------

    def _on_end(self, _number: int, _frame: object) -> None:
        self._stopping.set()
        self._wake_up()

    def _on_reload(self, _number: int, _frame: object) -> None:
        self._reload = True
        self._wake_up()

    def _on_death(self, _number: int, _frame: object) -> None:
        self._wake_up()

    def _wake_up(self) -> None:
        with contextlib.suppress(OSError):  # full of wake-ups already
            self._wake.send(b"x")

    # --- from start to end -------------------------------------------------------------------------------------------

    def _start(self, child: Child, *, replaces: bool = False) -> Life:
        life = Life(child.task, replaces=replaces)
        self._selector.register(life.pipe, selectors.EVENT_READ, life)
        return life

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.again_at is None or child.again_at > now:
                continue
            try:
                child.now, child.again_at = self._start(child), None
            except OSError as error:  # the system has no room for a process now
                if not self._told:
                    raise
                child.again_at = now + self._pause(child, 0.0)
                _log.error("%s cannot be started now (%s)", child.task.name, error.strerror)

    def _until_next(self) -> float:
        """Seconds until a child is due; at most one, so that a death is seen soon on any system."""
        due = [child.again_at for child in self._children if child.again_at is not None]
        return max(0.0, min([1.0, *(moment - time.monotonic() for moment in due)]))

    def _look(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._woken.recv(64)
                continue
            life: Life = key.data
            before = life.numbers
            if not life.hear(time.monotonic()):  # it died, or it has nothing to say any longer
                self._selector.unregister(key.fd)
                os.close(key.fd)
            if life.numbers is not before:
                self.sums.heard(before, life.numbers)

    def _end_hung(self) -> None:
        """End who has not said for too long that it lives; it is buried and started again as any dead one."""
        now = time.monotonic()
        away, self._looked = now - self._looked > _AWAY, now
        if now - self._notified > _AWAY:
            self._notified = now
            notify("WATCHDOG=1")
        for child in self._children:
            life = child.now
            if life is None or life.beat is None or not life.ready:
                continue
            if away:
                life.beat = now
            elif now - life.beat > self._silent and life.alive:
                _log.error("%s hangs (silent for %.0f s) and is ended", child.task.name, now - life.beat)
                child.hung += 1
                life.kill()

    def _bury_dead(self) -> bool:
        now = time.monotonic()
        for child in self._children:
            self._see_off(child, now)
            life = child.now
            if life is None or life.alive:
                continue
            life.close()
            child.deaths, child.died = child.deaths + 1, datetime.now(UTC)
            child.now, child.coming = child.coming, None  # where one was to take over, it does so now
            code = life.process.returncode
            if not self._told and not child.task.late:
                _log.error("%s ended with code %s before it listened", child.task.name, code)
                return False
            if child.now is not None:
                _log.warning("%s ended with code %s while another was taking over", child.task.name, code)
                continue
            wait = self._pause(child, now - life.started)
            child.again_at = now + wait
            _log.warning("%s ended with code %s and starts again in %.1f s", child.task.name, code, wait)
        return True

    def _pause(self, child: Child, lived: float) -> float:
        """Seconds until a dead child starts again: none after a good life, then longer each time."""
        if lived > LIVED_WELL:
            child.pause = FIRST_PAUSE
            return 0.0
        wait, child.pause = child.pause, min(child.pause * 2, LONGEST_PAUSE)
        return wait

    def _see_off(self, child: Child, now: float) -> None:
        """Bury the replaced ones that are done; one that does not go is ended."""
        for one in tuple(child.leaving):
            life, until = one
            if life.alive and now > until:
                _log.warning("the old %s did not go and is ended", child.task.name)
                life.kill()
            if not life.alive:
                life.close()
                child.leaving.remove(one)

    # --- replacing ---------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        if self._reload:
            self._reload = False
            _log.warning("replacing the processes, one by one")
            self._rolling.all(self._children)
        if self._rolling.idle and (grown := self._scales.grown(self._children)) is not None:
            self._rolling.one(grown)
        self._rolling.step()

    def _stand_in(self) -> None:
        """See that somebody accepts at every place: who is away is stood in for by another until it listens."""
        able = [child.now for child in self._children if child.task.place is not None and child.ready and child.now]
        for child in self._children:
            place = child.task.place
            if place is None:
                continue
            taken = self._stand_ins.get(place)
            if child.ready:
                if taken is not None:
                    taken.say(f"leave {place}")
                    del self._stand_ins[place]
            elif taken not in able:
                self._stand_ins.pop(place, None)
                if able:
                    # The one that stands in for the fewest.
                    chosen = min(able, key=lambda life: sum(one is life for one in self._stand_ins.values()))
                    chosen.say(f"take {place}")
                    self._stand_ins[place] = chosen

    def _stop_all(self) -> None:
        running = [life for child in self._children for life in child.all]
        for life in running:
            life.stop()
        end = time.monotonic() + self._patience
        for life in running:
            try:
                life.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                life.kill()
            life.close()


def _has_terminal() -> bool:
    """Whether this process has a terminal, whose end the kernel would tell with SIGHUP."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
