"""A task of the guard and the processes that do it: the one of now, the one that is to take over, those that leave."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cli.child import PARENT, READY_FD
from proxy_addons.handed import REPLACES, WORD_FD

FIRST_PAUSE = 0.5  # seconds before a dead child is started again; doubles up to
LONGEST_PAUSE = 30.0
_LONGEST_LINE = 4096  # bytes
LIVED_WELL = 60.0  # seconds of life after which a death counts as the first again


@dataclass(frozen=True, slots=True)
class Task:
    """A process to keep: its name for people, its command, and what its environment has beside ours.

    `descriptors` are open files that it gets under their own numbers. `place` is set for those that accept on shared
    ports: its number among them; the others take what comes there while it is away, so it must obey the words of
    `proxy_addons.handed`. `beside`: a new one may start while the old one runs, so that `reload` can replace it; a task
    without it is left alone then. `most_growth` is how many bytes of its own memory it may gain before it is replaced
    (None: any). `late`: it may come later than the others, and may die before it has ever listened; it is tried again.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    place: int | None = None
    beside: bool = False
    most_growth: int | None = None
    late: bool = False


class Life:
    """One process of a task, from its start to its end. `pipe` is where it says that it listens.

    `replaces`: it is to take over from one that works. `beat` (monotonic) is when it last said that it lives, None for
    one that never did; `numbers` is what it counted by then.
    """

    def __init__(self, task: Task, *, replaces: bool = False) -> None:
        self.task = task
        self.ready = False
        self.started = time.monotonic()
        self.beat: float | None = None
        self.numbers: dict[str, float] = {}
        self._unread = b""
        self.weight: int | None = None  # bytes of its own memory, when it had settled
        self._word: socket.socket | None = None
        with contextlib.ExitStack() as given, contextlib.ExitStack() as ours:
            self.pipe, its = os.pipe()
            ours.callback(os.close, self.pipe)
            given.callback(os.close, its)
            told = dict(os.environ, **task.environment) | {READY_FD: str(its), PARENT: str(os.getpid())}
            if replaces:
                told[REPLACES] = "1"
            if task.place is not None:
                self._word, its_end = socket.socketpair()
                self._word.setblocking(False)
                ours.callback(self._word.close)
                given.callback(its_end.close)
                told[WORD_FD] = str(its_end.fileno())
            # A group of its own, so that Ctrl-C reaches the supervisor only, which then stops all in order.
            given_all = (its, *([int(told[WORD_FD])] if self._word else []), *task.descriptors)
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                task.command,
                env=told,
                pass_fds=given_all,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
            ours.pop_all()  # it started, so they stay open

    @property
    def alive(self) -> bool:
        """Whether it runs still."""
        return self.process.poll() is None

    def hear(self, now: float) -> bool:
        """Read what it says on its pipe; False when it will say no more."""
        try:
            said = os.read(self.pipe, 65536)
        except BlockingIOError:
            return True
        *lines, self._unread = (self._unread + said).split(b"\n")
        for line in lines:
            if line == b"ready":
                self.ready = True
            elif line.startswith(b"beat "):
                self.beat = now
                self.numbers = _numbers(line.removeprefix(b"beat ")) or self.numbers
        self._unread = self._unread[-_LONGEST_LINE:]
        return bool(said)

    def say(self, word: str) -> None:
        """Tell it something; one that is gone does not hear."""
        if self._word is not None:
            with contextlib.suppress(OSError):
                self._word.send(word.encode() + b"\n")

    def drain(self, seconds: float) -> None:
        """Ask it to stop within so many seconds; one that cannot be told how long decides itself."""
        if self._word is None:
            self.stop()
        else:
            self.say(f"drain {seconds:g}")

    def stop(self) -> None:
        """Ask it to stop now."""
        if self.alive:
            self.process.terminate()

    def kill(self) -> None:
        """End it, with what it started itself, and wait for that."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """Let go of the line to it."""
        if self._word is not None:
            self._word.close()


@dataclass(slots=True, eq=False)
class Child:
    """A task with its processes. `again_at` (monotonic) is when a dead one starts again, `renewed` when it was last.

    `deaths` is how often one ended that should not have, `died` when the last one did (UTC), `hung` how often one was
    ended because it had not said for too long that it lives.
    """

    task: Task
    now: Life | None = None
    coming: Life | None = None
    leaving: list[tuple[Life, float]] = field(default_factory=list)
    pause: float = FIRST_PAUSE
    again_at: float | None = 0.0
    renewed: float = float("-inf")
    deaths: int = 0
    died: datetime | None = None
    hung: int = 0

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        return self.now is not None and self.now.ready and self.now.alive

    @property
    def all(self) -> Iterator[Life]:
        """Every process of it."""
        yield from (one for one in (self.now, self.coming) if one is not None)
        yield from (one for one, _ in self.leaving)


def _numbers(text: bytes) -> dict[str, float]:
    """What a beat brought; nothing where it makes no sense."""
    try:
        told = json.loads(text)
        return {str(name): float(value) for name, value in told.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
