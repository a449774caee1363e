"""What runs on this device, taken once a pass into a frozen observation. The only file that imports psutil."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

import psutil

_FIELDS = ("pid", "name", "exe", "ppid", "username", "create_time", "status")


@dataclass(frozen=True, slots=True)
class Process:
    """One running process. `exe` is None where the system does not tell; `started` is seconds since the epoch.

    `started` makes a process id unmistakable: ids are used again, the pair of id and start is not.
    """

    pid: int
    name: str
    exe: str | None
    parent: int
    user: str
    started: float


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that runs at one moment. `user` is whose session it is, `own` the process id of the agent itself."""

    at: datetime
    user: str
    own: int
    processes: tuple[Process, ...]


def observe(now: datetime, user: str | None = None) -> Observation:
    """Look once at all processes. Processes that end meanwhile are left out; nothing is raised for one of them.

    `user` is whose session it is; without it, it is asked of the system (see `session_user`).
    """
    found = tuple(_process(one.info) for one in psutil.process_iter(_FIELDS) if one.info["status"] != "zombie")
    return Observation(now, user if user is not None else session_user(), os.getpid(), found)


def _process(info: dict[str, object]) -> Process:
    started = info["create_time"]
    return Process(
        pid=int(str(info["pid"])),
        name=str(info["name"] or ""),
        exe=str(info["exe"]) if info["exe"] else None,
        parent=int(str(info["ppid"] or 0)),
        user=str(info["username"] or ""),
        started=float(started) if isinstance(started, (int, float)) else 0.0,
    )


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


def base_name(path: str) -> str:
    """Return the last part of a path of this system or of Windows (`C:\\Games\\a.exe` is seen under wine too)."""
    return PurePath(path.replace("\\", "/")).name
