"""What runs on this device, taken once a pass into a frozen observation. The only file that imports psutil."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import psutil

_MOST_WORDS, _LONGEST_WORD = 64, 300
_ENDED = frozenset({b"Z", b"X", b"x"})


@dataclass(frozen=True, slots=True)
class Process:
    """One running process. `exe` is None where the system does not tell; `started` is seconds since the epoch.

    `started` makes a process id unmistakable: ids are used again, the pair of id and start is not. `command` is how it
    was started, cut to what signs need; it is shown nowhere and told to nobody. `mark` is for the next pass.
    """

    pid: int
    name: str
    exe: str | None
    parent: int
    user: str
    started: float
    command: tuple[str, ...] = field(default=(), repr=False)
    mark: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sockets:
    """The ports on which a process listens, and those of others that it is connected to."""

    listens: frozenset[int] = frozenset()
    connects: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that runs at one moment. `user` is whose session it is, `own` the process id of the agent itself."""

    at: datetime
    user: str
    own: int
    processes: tuple[Process, ...]

    def ancestors(self, pid: int) -> list[int]:
        """Return the ids of what a process was started by, nearest first.

        Who has the parent's id but started later is not the parent: that one ended, and its id was used again.
        """
        by_pid = {one.pid: one for one in self.processes}
        found: list[int] = []
        here = by_pid.get(pid)
        while here is not None and here.parent not in found:
            parent = by_pid.get(here.parent)
            if parent is None or parent.started > here.started:
                break
            found.append(parent.pid)
            here = parent
        return found


def observe(now: datetime, user: str | None = None, before: Observation | None = None) -> Observation:
    """Look once at all processes. Processes that end meanwhile are left out; nothing is raised for one of them.

    `user` is whose session it is; without it, it is asked of the system (see `session_user`). From `before`, the last
    observation, a process that is still the same is taken over: asking for all of it costs most of a pass.
    """
    processes = _read(psutil.pids(), before)
    return Observation(now, user if user is not None else session_user(), os.getpid(), processes)


def pids() -> frozenset[int]:
    """Return the ids of all processes: cheap, they are only counted."""
    return frozenset(psutil.pids())


def newcomers(ids: Iterable[int], before: Observation) -> tuple[Process, ...]:
    """Look at these processes only; what ended meanwhile is left out. `before` as for `observe`."""
    return _read(ids, before)


def _read(ids: Iterable[int], before: Observation | None) -> tuple[Process, ...]:
    known = {one.pid: one for one in before.processes} if before else {}
    found = (_process(pid, known.get(pid)) for pid in ids)
    return tuple(one for one in found if one is not None)


def _process(pid: int, last: Process | None) -> Process | None:
    mark = _mark(pid)
    if mark and last is not None and last.mark == mark:
        return last
    try:
        handle = psutil.Process(pid)
        with handle.oneshot():
            if handle.status() == psutil.STATUS_ZOMBIE:
                return None
            return Process(
                pid,
                handle.name(),
                _exe(handle),
                handle.ppid() or 0,
                _user(handle),
                handle.create_time(),
                _command(handle),
                mark,
            )
    except (psutil.Error, OSError):
        return None


def _mark(pid: int) -> str:
    """Return by what a process is seen to be the same as before; empty where nothing tells (it ended, or no Linux).

    The start alone does not do: `exec` puts another program in the same process, under the same name if it likes.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - for each process in each pass: a path is dear
            name, _, rest = file.read().rpartition(b")")
        words = rest.split()
        if words[0] in _ENDED:
            return ""
        return f"{words[19].decode()} {name.decode(errors='replace')} {_link(pid)}"
    except (OSError, IndexError):
        return ""


def _link(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - as above
    except OSError:
        return ""


def _exe(handle: psutil.Process) -> str | None:
    try:
        return handle.exe() or None
    except psutil.AccessDenied:
        return None


def _command(handle: psutil.Process) -> tuple[str, ...]:
    try:
        return tuple(word[:_LONGEST_WORD] for word in handle.cmdline()[:_MOST_WORDS])
    except psutil.AccessDenied:
        return ()


def _user(handle: psutil.Process) -> str:
    try:
        return str(handle.username())
    except psutil.AccessDenied:
        return ""


def sockets(process: Process) -> Sockets:
    """Look at the sockets of one process; none where it ended or the system does not tell."""
    try:
        found = psutil.Process(process.pid).net_connections("inet")
    except (psutil.Error, OSError):
        return Sockets()
    # A datagram socket has no state: what is bound and goes nowhere yet waits for others.
    listens = (one.laddr.port for one in found if one.laddr and not one.raddr)
    return Sockets(frozenset(listens), frozenset(one.raddr.port for one in found if one.raddr))


def session_user() -> str:
    """Return who sits at the device: the first logged-in user, else the account of the agent."""
    for session in psutil.users():
        if session.name and session.name != "root":
            return str(session.name)
    return own_user()


def own_user() -> str:
    """Return the account under which the agent runs."""
    return str(psutil.Process().username())


def running(process: Process) -> bool:
    """Whether this very process still runs: not another with its id, nor one that ended and waits for its parent."""
    try:
        now = psutil.Process(process.pid)
        return now.create_time() == process.started and now.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
