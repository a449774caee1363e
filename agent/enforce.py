"""Ends programs. Asks nobody: what must end was decided before. What belongs to the system is never touched."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent.observe import Observation, Process, running
from agent.translate import app_names

_SYSTEM_USERS = frozenset(
    {"root", "system", "local service", "network service", "daemon", "messagebus", "dbus", "polkitd", "nobody"}
)
_FIRST_PIDS = frozenset({0, 1})
_KERNEL_PARENTS = frozenset({0, 2})
WARNING = timedelta(seconds=20)
"""How long there is to save one's work."""
_PATIENCE = 3.0
_LOOK_EVERY = 0.05


class Ending(StrEnum):
    """What became of a process that had to end."""

    ENDED = "ended"
    KILLED = "killed"
    SYSTEM = "system"
    DRY_RUN = "dry run"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One process and what became of it."""

    process: Process
    ending: Ending


def is_system(process: Process, observation: Observation) -> bool:
    """Whether a process belongs to the system or to the agent: such a process is never touched.

    These are the first process and the kernel's threads, the agent and everything it was started by, and what runs
    under an account of the system. A program that somebody raised to such an account (`sudo openvpn`) still counts as
    theirs: one of the processes it was started by is their own.
    """
    if process.pid in _FIRST_PIDS or (process.exe is None and process.parent in _KERNEL_PARENTS):
        return True
    if process.pid == observation.own or process.pid in observation.ancestors(observation.own):
        return True
    user, session = _account(process.user), _account(observation.user)
    if not _system_account(user):
        return False
    if user == session:
        return process.parent in _FIRST_PIDS
    ancestors = frozenset(observation.ancestors(process.pid))
    return not any(_account(one.user) == session for one in observation.processes if one.pid in ancestors)


def _account(user: str) -> str:
    # Windows says `NT AUTHORITY\\SYSTEM` and `LAPTOP\\lena`.
    return user.rpartition("\\")[2].casefold()


def _system_account(account: str) -> bool:
    # macOS has accounts like `_windowserver`, systemd's own start with `systemd-`.
    return not account or account in _SYSTEM_USERS or account.startswith(("_", "systemd-"))


class Warnings:
    """Time to save: a program in which there may be schoolwork ends `WARNING` after it was said that it will.

    `schoolwork` are the names of such programs. Used by one thread.
    """

    def __init__(self, schoolwork: frozenset[str]) -> None:
        self._schoolwork = schoolwork
        self._until: dict[Process, datetime] = {}

    def due(self, processes: Iterable[Process], now: datetime) -> tuple[frozenset[Process], frozenset[Process]]:
        """Return which of these are to end now, and which are to be warned now; the others have been and wait.

        A process that is not among them any more (it ended, or may run again) is forgotten: next time it gets its
        time anew.
        """
        given = frozenset(processes)
        self._until = {one: until for one, until in self._until.items() if one in given}
        work = {one for one in given if app_names(one) & self._schoolwork}
        warned = frozenset(work - self._until.keys())
        self._until.update(dict.fromkeys(warned, now + WARNING))
        # A clock that is put right by hours makes nobody wait for hours.
        late = {one for one in work if not now < self._until[one] <= now + WARNING}
        return (given - work) | late, warned


def end(
    processes: Iterable[Process], observation: Observation, *, dry_run: bool = False, patience: float = _PATIENCE
) -> tuple[Outcome, ...]:
    """End these processes: ask each to stop, wait `patience` seconds for all together, then kill what is left.

    Nothing is raised for a process: what the agent may not end has the ending `refused`, and one that ended by itself
    has none.
    """
    outcomes: list[Outcome] = []
    asked: list[_Handle] = []
    for process in dict.fromkeys(processes):
        if is_system(process, observation):
            outcomes.append(Outcome(process, Ending.SYSTEM))
        elif dry_run:
            outcomes.append(Outcome(process, Ending.DRY_RUN))
        elif running(process):
            asked.append(_Handle(process))
    try:
        refused = [one for one in asked if not one.send(signal.SIGTERM)]
        waiting = _wait([one for one in asked if one not in refused], patience)
        killed = [one for one in waiting if one.send(_KILL)]
        stuck = _wait(killed, patience) + [one for one in waiting if one not in killed]
    finally:
        for handle in asked:
            handle.close()
    for handle in asked:
        outcomes.append(Outcome(handle.process, _ending(handle, refused + stuck, killed)))
    return tuple(outcomes)


_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def _ending(handle: _Handle, refused: list[_Handle], killed: list[_Handle]) -> Ending:
    if handle in refused:
        return Ending.REFUSED
    return Ending.KILLED if handle in killed else Ending.ENDED


def _wait(handles: list[_Handle], patience: float) -> list[_Handle]:
    until = time.monotonic() + patience
    left = [one for one in handles if running(one.process)]
    while left and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        left = [one for one in left if running(one.process)]
    return left


class _Handle:
    """A hold on one process, so that a signal can never reach another one that got its id meanwhile."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._file: int | None = None
        if sys.platform == "linux":
            with suppress(OSError):
                self._file = os.pidfd_open(process.pid)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; True where it was sent or nothing is left to send it to."""
        if not running(self.process):
            return True
        try:
            if self._file is not None and sys.platform == "linux":
                signal.pidfd_send_signal(self._file, number)
            else:
                os.kill(self.process.pid, number)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
