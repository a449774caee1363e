"""Which program it really is, whatever it is called: by its content, its command line, its sockets and its parents."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from agent.observe import Observation, Process, Sockets, sockets
from agent.translate import app_names
from config.appsigns_file import AppSigns, Sign
from policy.program import app_name

_LARGEST = 512 * 1024 * 1024
_MOST_DIGESTS = 512
_MOST_CONTENTS = 512
_MOST_ASKED = 24
_ASK_AGAIN = timedelta(seconds=10)
_LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is now: another inode, time or size is another content, perhaps."""

    path: str
    device: int
    inode: int
    changed: int
    size: int


def file_at(path: str) -> File | None:
    """Return the file that is there, through links; None where there is none or it cannot be seen."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return File(path, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


class Digests:
    """SHA-256 of files, remembered by inode, time of change and size; the newest `_MOST_DIGESTS`."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int, int], str] = OrderedDict()

    def of(self, file: File) -> str | None:
        """Return the digest (hex), or None where it cannot be read or is too large to read in a pass."""
        key = (file.device, file.inode, file.changed, file.size)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if file.size > _LARGEST:
            return None
        try:
            with Path(file.path).open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError:
            return None
        self._known[key] = digest
        if len(self._known) > _MOST_DIGESTS:
            self._known.popitem(last=False)
        return digest


class Contents:
    """The contents of known programs on this device, so that a copy under another name is known again.

    A content is read only where another file has the very same size. What an ordinary installed program has too is no
    sign of anything: else a copy of the shell called `discord` would close every shell.
    """

    def __init__(self, signs: AppSigns, known: Callable[[str], bool]) -> None:
        self._signs = signs
        self._known = known
        self._digests = Digests()
        self._installed: dict[int, list[File]] = {}
        self._looked: datetime | None = None
        self._files: OrderedDict[tuple[str, File], None] = OrderedDict()
        self._kept: OrderedDict[tuple[int, str], set[str]] = OrderedDict()

    def look(self, processes: Iterable[Process], now: datetime) -> None:
        """Learn from what is installed (every ten minutes) and from what runs under a name that is known."""
        if self._looked is None or now - self._looked > _LOOK_AGAIN or now < self._looked:
            self._looked = now
            self._installed = self._look_in()
        for process in processes:
            name = app_name(process.exe or "")
            if name and self._known(name) and (file := _executable(process)) is not None:
                self._learn(name, file)

    def names(self, process: Process) -> frozenset[str]:
        """Return the known programs that have the content of this process, under whatever name."""
        file = _executable(process)
        if file is None:
            return frozenset()
        sized = {name for name, one in self._files if one.size == file.size}
        installed = self._installed.get(file.size, [])
        if not sized and not installed:
            return frozenset()
        digest = self._digests.of(file)
        if digest is None:
            return frozenset()
        found = set(self._kept.get((file.size, digest), ()))
        for one in installed:
            if self._digests.of(one) == digest:
                name = app_name(one.path)
                if not self._known(name):
                    return frozenset()
                found.add(name)
        return frozenset(found)

    def _learn(self, name: str, file: File) -> None:
        if (name, file) in self._files:
            return
        self._files[name, file] = None
        if len(self._files) > _MOST_CONTENTS:
            self._files.popitem(last=False)
        digest = self._digests.of(file)
        if digest is not None:
            self._kept.setdefault((file.size, digest), set()).add(name)
            if len(self._kept) > _MOST_CONTENTS:
                self._kept.popitem(last=False)

    def _look_in(self) -> dict[int, list[File]]:
        found: dict[int, list[File]] = {}
        for folder in self._signs.looked_in:
            with suppress(OSError):
                for entry in os.scandir(folder):
                    if (file := file_at(entry.path)) is not None and file.size:
                        found.setdefault(file.size, []).append(file)
        return found


def _executable(process: Process) -> File | None:
    # The system's own hold on the file: it is there also when the file was removed after the start.
    return file_at(f"/proc/{process.pid}/exe")


class Recognition:
    """Which known programs the processes are, besides what they are called. Used by one thread, pass after pass."""

    def __init__(
        self,
        signs: AppSigns,
        known: Callable[[str], bool],
        look: Callable[[Process], Sockets] = sockets,
    ) -> None:
        self._signs = signs
        self._known = known
        self._contents = Contents(signs, known)
        self._look = look
        self._asked: dict[Process, datetime] = {}
        self._sockets: dict[Process, Sockets] = {}
        self._by_sign: dict[Process, tuple[Sockets, frozenset[str]]] = {}

    def names(self, seen: Observation) -> dict[Process, frozenset[str]]:
        """Return the programs that processes turn out to be; who is what it is called is not in it."""
        self._forget(seen)
        self._contents.look((one for one in seen.processes if one not in self._by_sign), seen.at)
        movable = [one for one in seen.processes if self.movable(one)]
        self._ask(movable, seen.at)
        found: dict[Process, frozenset[str]] = {}
        for process in seen.processes:
            names = self._signed(process, seen)
            if self.movable(process):
                names |= self._contents.names(process)
            names = frozenset(name for name in names if self._known(name))
            if names and (names := names - app_names(process)):
                found[process] = names
        return found

    def movable(self, process: Process) -> bool:
        """Whether the file of a process lies where a pupil can put it."""
        return process.exe is not None and not process.exe.startswith(self._signs.installed)

    def _forget(self, seen: Observation) -> None:
        here = frozenset(seen.processes)
        for gone in [one for one in self._by_sign if one not in here]:
            del self._by_sign[gone]
            self._asked.pop(gone, None)
            self._sockets.pop(gone, None)

    def _ask(self, processes: list[Process], now: datetime) -> None:
        """Look at sockets, of whom that was longest ago first; all processes every time would be dear."""
        due = [one for one in processes if one not in self._asked or abs(now - self._asked[one]) >= _ASK_AGAIN]
        for process in sorted(due, key=lambda one: self._asked.get(one, _NEVER))[:_MOST_ASKED]:
            self._asked[process] = now
            self._sockets[process] = self._look(process)

    def _signed(self, process: Process, seen: Observation) -> frozenset[str]:
        ports = self._sockets.get(process, Sockets())
        last = self._by_sign.get(process)
        if last is not None and last[0] == ports:
            return last[1]
        weights: dict[str, int] = {}
        for sign in self._signs.signs:
            if _holds(sign, process, ports, seen):
                weights[sign.app] = weights.get(sign.app, 0) + sign.weight
        more = self._signs.movable if self.movable(process) else 0
        names = frozenset(app for app, weight in weights.items() if weight + more >= self._signs.enough)
        self._by_sign[process] = ports, names
        return names


_NEVER = datetime.min.replace(tzinfo=UTC)


def _holds(sign: Sign, process: Process, ports: Sockets, seen: Observation) -> bool:
    words = process.command[1:]
    if sign.command and not all(_meets(words, pattern) for pattern in sign.command):
        return False
    if any(_meets(words, pattern) for pattern in sign.without):
        return False
    if sign.listens and not sign.listens & ports.listens:
        return False
    if sign.connects and not sign.connects & ports.connects:
        return False
    if sign.name and not any(_meets(app_names(process), pattern) for pattern in sign.name):
        return False
    return not sign.parent or _descends(sign.parent, process, seen)


def _meets(words: Iterable[str], pattern: str) -> bool:
    return any(fnmatchcase(word, pattern) for word in words)


def _descends(patterns: tuple[str, ...], process: Process, seen: Observation) -> bool:
    ancestors = frozenset(seen.ancestors(process.pid))
    names = [name for one in seen.processes if one.pid in ancestors for name in app_names(one)]
    return any(_meets(names, pattern) for pattern in patterns)
