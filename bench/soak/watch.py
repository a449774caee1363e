"""Looks at the guard's processes from outside, in `/proc` (Linux): memory, descriptors, threads, connections.

How many asyncio tasks a worker has cannot be seen from outside; every open line has a handful of them.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment. `rss` and `uss` (shared with nobody) in bytes, `lines` are connections of clients."""

    pid: int
    rss: int
    uss: int
    descriptors: int
    threads: int
    lines: int


@dataclass(frozen=True, slots=True)
class Sample:
    """All processes at one moment: `at` in seconds of the run; by name (`proxy 1`, `dashboard`)."""

    at: float
    looks: Mapping[str, Look]


class Watch:
    """Follows the supervisor's children. `ports` are those that clients come in by."""

    def __init__(self, supervisor: int, ports: frozenset[int]) -> None:
        self._supervisor = supervisor
        self._ports = ports
        self._began = time.monotonic()
        self._names: dict[int, str] = {}
        self.samples: list[Sample] = []
        self.restarts = 0
        self._names = self._children()

    def look(self) -> Sample:
        """Take a sample and keep it; a worker that was not there before is a restart."""
        now = self._children()
        self.restarts += len(now.keys() - self._names.keys())
        self._names = now
        inodes = _clients(self._ports)
        looks = {}
        for pid, name in now.items():
            with contextlib.suppress(OSError):
                looks[name] = _look(pid, inodes)
        sample = Sample(time.monotonic() - self._began, looks)
        self.samples.append(sample)
        return sample

    def _children(self) -> dict[int, str]:
        """The workers and the dashboard (the process under it that does the work), by process id."""
        found: dict[int, str] = {}
        came: list[int] = []
        for pid in sorted(_under(self._supervisor)):
            try:
                command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            except OSError:  # gone meanwhile
                continue
            if b"cli.worker" not in command:
                continue
            kind = command[command.index(b"cli.worker") + 1].decode()
            if kind == "proxy":
                came.append(pid)
            elif kind == "dashboard":
                found[max(_under(pid), default=pid)] = "dashboard"
        # A worker keeps its name; one that came later takes the name of one that is gone.
        found |= {pid: self._names[pid] for pid in came if pid in self._names}
        free = (name for number in range(1, len(came) + 1) if (name := f"proxy {number}") not in found.values())
        for pid in came:
            if pid not in found:
                found[pid] = next(free)
        return found


def _under(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _look(pid: int, clients: frozenset[str]) -> Look:
    place = _PROC / str(pid)
    status = (place / "status").read_text()
    own = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", (place / "smaps_rollup").read_text(), re.MULTILINE)
    targets = []
    for one in (place / "fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            targets.append(one.readlink().name)
    return Look(
        pid,
        rss=_number(status, "VmRSS") * 1024,
        uss=sum(map(int, own)) * 1024,
        descriptors=len(targets),
        threads=_number(status, "Threads"),
        lines=sum(target in clients for target in targets),
    )


def _number(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def _clients(ports: frozenset[int]) -> frozenset[str]:
    """What descriptors of connections to these ports are called, of whichever process they are."""
    found = set()
    for row in (_PROC / "net" / "tcp").read_text().splitlines()[1:]:
        fields = row.split()
        if fields[3] == _ESTABLISHED and int(fields[1].rpartition(":")[2], 16) in ports:
            found.add(f"socket:[{fields[9]}]")
    return frozenset(found)
