"""An observation to questions for the policy: one access request a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from agent.observe import Observation, Process
from policy.model import AccessRequest, Action, DeviceClass, Principal, Role, Snapshot
from policy.program import app_name
from policy.seat import seated


@dataclass(frozen=True, slots=True)
class Program:
    """One program that runs: its question and its processes."""

    request: AccessRequest
    processes: tuple[Process, ...]

    @property
    def app(self) -> str:
        """The canonical name."""
        return self.request.app or ""


def app_names(process: Process) -> frozenset[str]:
    """Return every name of a process. The file's and the shown name may differ; each of them is asked about.

    A process can change the name it shows, and a copied file can have any name: the strictest answer counts.
    """
    return _names(process.name, process.exe)


@lru_cache(maxsize=4096)
def _names(name: str, exe: str | None) -> frozenset[str]:
    return frozenset({app_name(name), app_name(exe or "")} - {""})


def programs(
    observation: Observation, who: Principal, also: Mapping[Process, frozenset[str]] | None = None
) -> tuple[Program, ...]:
    """Return one question a program name, in order of name; a process with two names is in two programs.

    `also` are the programs that processes turned out to be, whatever they are called (`agent.signs`).
    """
    found: dict[str, list[Process]] = {}
    for process in observation.processes:
        for name in app_names(process) | (also.get(process, frozenset()) if also else frozenset()):
            found.setdefault(name, []).append(process)
    return tuple(Program(run_request(name, who), tuple(found[name])) for name in sorted(found))


def run_request(app: str, who: Principal) -> AccessRequest:
    """Return the question whether `who` may run the program of this name."""
    return AccessRequest(action=Action.RUN, who=who, app=app_name(app), unreadable=not app_name(app))


def principal(snapshot: Snapshot, device_id: str, now: datetime) -> Principal:
    """Return who asks from this device. One that the school does not know any more is asked about as the strictest."""
    device = snapshot.devices.get(device_id)
    if device is None:
        return Principal(Role.PUPIL, device=device_id, device_class=DeviceClass.UNKNOWN)
    return seated(snapshot, device, now)
