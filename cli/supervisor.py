"""Keeps the guard's processes running: starts them, waits until they listen, starts a dead one again, stops them all.

A child says on a pipe that it listens, with one line (`ready`). It asks the kernel to be stopped when the supervisor
is gone (`die_with_parent`), so that nothing is left behind even when the supervisor is killed without a word.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

_log = logging.getLogger(__name__)

READY_FD = "KLASWACHT_READY_FD"
PARENT = "KLASWACHT_PARENT"
_FIRST_PAUSE = 0.5  # seconds before a dead child is started again; doubles up to
_LONGEST_PAUSE = 30.0
_LIVED_WELL = 60.0  # seconds of life after which a death counts as the first again
_PR_SET_PDEATHSIG = 1  # prctl(2)
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def die_with_parent() -> None:
    """In a child: have the kernel send SIGTERM when the supervisor ends. Ends at once when it is gone already.

    On other systems than Linux nothing is asked; there a killed supervisor leaves its children.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = os.environ.get(PARENT)
    if parent is not None and os.getppid() != int(parent):
        sys.exit(0)


def tell_ready() -> None:
    """In a child: say that it listens. Without a supervisor nothing happens."""
    number = os.environ.pop(READY_FD, None)
    # A server that replaces its own worker says it once more, when nobody listens for it any longer.
    with contextlib.suppress(OSError):
        if number is not None:
            with os.fdopen(int(number), "wb") as pipe:
                pipe.write(b"ready\n")


@dataclass(frozen=True, slots=True)
class Task:
    """A process to keep: its name for people, its command, and what its environment has beside ours."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


class _Child:
    """One task and the process that does it now."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.process: subprocess.Popen[bytes] | None = None
        self.ready = False
        self.started = 0.0
        self.pause = _FIRST_PAUSE
        self.again_at: float | None = 0.0

    def start(self, now: float) -> int:
        """Start the process; returns the end of the pipe on which it will say that it listens."""
        ours, its = os.pipe()
        environment = dict(os.environ, **self.task.environment) | {READY_FD: str(its), PARENT: str(os.getpid())}
        try:
            # A group of its own, so that Ctrl-C reaches the supervisor only, which then stops all in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                self.task.command, env=environment, pass_fds=(its,), stdin=subprocess.DEVNULL, process_group=0
            )
        finally:
            os.close(its)
        self.started, self.again_at, self.ready = now, None, False
        return ours


class Supervisor:
    """Runs `tasks` until told to stop. Use from the main thread: it takes SIGINT, SIGTERM and SIGHUP while it runs."""

    def __init__(self, tasks: Sequence[Task], patience: float = 10.0) -> None:
        self._children = [_Child(task) for task in tasks]
        self._patience = patience  # seconds that children get to stop
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._stopping = threading.Event()
        self._told = False

    def __enter__(self) -> Self:
        """Take the signals."""
        self._old = {number: signal.signal(number, self._on_signal) for number in _ENDS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back and let go of everything."""
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._selector.close()
        self._wake.close()
        self._woken.close()

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
                healthy = self._bury_dead()
                if not self._told and all(child.ready for child in self._children) and healthy:
                    self._told = True
                    on_ready()
        finally:
            self._stopping.set()
            self._stop_all()
        return healthy

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):  # full of wake-ups already
            self._wake.send(b"x")

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.again_at is not None and child.again_at <= now:
                pipe = child.start(now)
                self._selector.register(pipe, selectors.EVENT_READ, child)

    def _until_next(self) -> float:
        """Seconds until a child is due; at most one, so that a death is seen soon on any system."""
        due = [child.again_at for child in self._children if child.again_at is not None]
        return max(0.0, min([1.0, *(moment - time.monotonic() for moment in due)]))

    def _look(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._woken.recv(64)
                continue
            child: _Child = key.data
            # The pipe ends without the word when the child died first.
            child.ready = child.ready or os.read(key.fd, 64).startswith(b"ready")
            self._selector.unregister(key.fd)
            os.close(key.fd)

    def _bury_dead(self) -> bool:
        now = time.monotonic()
        for child in self._children:
            process = child.process
            if process is None or process.poll() is None:
                continue
            child.process = None
            if not self._told:
                _log.error("%s ended with code %s before it listened", child.task.name, process.returncode)
                return False
            child.pause = _FIRST_PAUSE if now - child.started > _LIVED_WELL else min(child.pause * 2, _LONGEST_PAUSE)
            child.again_at = now + child.pause
            _log.warning(
                "%s ended with code %s and starts again in %.1f s", child.task.name, process.returncode, child.pause
            )
        return True

    def _stop_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        end = time.monotonic() + self._patience
        for process in running:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                # Its own group: what it started itself goes with it.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
