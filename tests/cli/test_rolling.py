"""Replacing processes one by one, with small workers on a real port: nobody is refused, what is broken stays out."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ports import hold

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import asyncio, os, signal, sys, time
from pathlib import Path
from cli.child import die_with_parent, tell_ready
from proxy_addons.draining import Stop
from proxy_addons.handed import Handed, Listening, obey
die_with_parent()
kept = []
if Path(sys.argv[1], "broken").exists(): sys.exit(7)
class Echo(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport; asked[0] += 1
    def data_received(self, data):
        if data == b"eat": kept.append(os.urandom(40_000_000))
        self.transport.write(b"%d\\n" % os.getpid())
    def connection_lost(self, error): asked[0] -= 1
asked = [0]
async def main():
    stop, handed = Stop(), Handed.here()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.within, 0)
    listening = Listening(lambda port: Echo, 128)
    await listening.open(handed.own, handed.places[handed.own])
    word = asyncio.create_task(obey(handed, listening, stop))
    tell_ready()
    await stop.wait()
    await listening.close_all()
    while asked[0] and asyncio.get_running_loop().time() < stop.until: await asyncio.sleep(0.01)
asyncio.run(main())
"""
PROGRAM = """
import logging, sys
from pathlib import Path
from cli import places
from cli.growth import Pace
from cli.ports import Held
from cli.supervisor import Supervisor, Task
import socket
logging.basicConfig(level=logging.WARNING, format="%(message)s")
worker, folder, fd, settle = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
held = socket.socket(fileno=fd)
with places.opened({"proxy": Held(held.getsockname()[1], held)}, 2) as made:
    tasks = [
        Task(f"worker {n}", (sys.executable, "-c", worker, folder), places.told(made, n), places.descriptors(made),
             place=n, beside=True, most_growth=20_000_000) for n in range(2)
    ]
    pace = Pace(look=0.1, settle=settle, rest=settle)
    with Supervisor(tasks, 5, grace=5, pace=pace, on_renewed=lambda outcome: print(outcome, flush=True)) as supervisor:
        supervisor.run(lambda: print("everything listens", flush=True))
"""


class Guard:
    """A supervisor of two workers that echo their process id."""

    def __init__(self, folder: Path, settle: float) -> None:
        with contextlib.closing(hold("127.0.0.1", 0, "x", folder).socket) as held:
            self.port = held.getsockname()[1]
            self.log = folder / "log"
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-c", PROGRAM, WORKER, str(folder), str(held.fileno()), str(settle)],
                    cwd=ROOT, pass_fds=(held.fileno(),), stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
        self.until("everything listens")

    @property
    def told(self) -> str:
        return self.log.read_text()

    def until(self, word: str) -> None:
        end = time.monotonic() + 60
        while word not in self.told:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < end, self.told
            time.sleep(0.02)

    def ask(self, say: bytes = b"x") -> int:
        """Which process takes a new connection, and answers it."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as line:
            line.sendall(say)
            return int(line.recv(100))

    def workers(self) -> set[int]:
        return {self.ask() for _ in range(30)}


@pytest.fixture
def begin(tmp_path) -> Iterator:
    started = []

    def start(settle: float = 1000.0) -> Guard:
        started.append(Guard(tmp_path, settle))
        return started[0]

    yield start
    for one in started:
        one.process.terminate()
        one.process.wait(20)


class Crowd:
    """Somebody who asks on new connections all the time; nobody may be refused."""

    def __init__(self, guard: Guard) -> None:
        self.guard, self.seen, self.trouble = guard, [], []
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._go, daemon=True) for _ in range(4)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(30)

    def _go(self) -> None:
        while not self._enough.is_set():
            try:
                self.seen.append(self.guard.ask())
            except (OSError, ValueError) as error:
                self.trouble.append(error)


def test_all_are_replaced_and_no_connection_is_refused_or_reset(begin):
    guard = begin()
    before = guard.workers()
    with Crowd(guard) as crowd:
        for again in range(1, 4):
            guard.process.send_signal(signal.SIGUSR2)
            while guard.told.count("renewed=('worker 0', 'worker 1'), failed=None") < again:
                assert guard.process.poll() is None
                time.sleep(0.02)
    assert crowd.trouble == [], f"of {len(crowd.seen)}"
    assert len(crowd.seen) > 100
    assert len(before) == 2
    assert len(guard.workers()) == 2
    assert not guard.workers() & before


def test_what_is_open_may_finish_before_the_old_one_goes(begin):
    guard = begin()
    with socket.create_connection(("127.0.0.1", guard.port), 20) as line:
        line.sendall(b"x")
        old = int(line.recv(100))
        guard.process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 30
        while old in guard.workers():
            assert time.monotonic() < end
        line.sendall(b"x")
        assert int(line.recv(100)) == old, "it takes nobody new, and goes on with who is there"
    guard.until("failed=None")


def test_a_new_one_that_does_not_come_up_leaves_the_old_one_and_is_told(begin, tmp_path):
    guard = begin()
    before = guard.workers()
    (tmp_path / "broken").touch()
    with Crowd(guard) as crowd:
        guard.process.send_signal(signal.SIGUSR2)
        guard.until("failed='worker 0'")
    assert crowd.trouble == []
    assert guard.workers() == before
    assert "the new worker 0 ended with code 7 before it listened; the old one stays" in guard.told


def test_a_dead_one_is_stood_in_for_although_nothing_new_comes_up(begin, tmp_path):
    guard = begin()
    one, other = guard.workers()
    (tmp_path / "broken").touch()
    os.kill(one, signal.SIGKILL)
    assert {guard.ask() for _ in range(40)} == {other}, "whoever comes to the place of the dead one waits for a moment"
    (tmp_path / "broken").unlink()
    end = time.monotonic() + 30
    while len(guard.workers()) < 2:
        assert time.monotonic() < end


def test_what_waits_for_one_that_is_stuck_and_dies_is_answered_by_another(begin, tmp_path):
    guard = begin()
    one, other = guard.workers()
    (tmp_path / "broken").touch()
    os.kill(one, signal.SIGSTOP)  # takes nothing more: what comes to its place waits there
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", guard.port), 20)) for _ in range(40)]
        for line in lines:
            line.sendall(b"x")
        assert len(select.select(lines, [], [], 1.0)[0]) < 40
        os.kill(one, signal.SIGKILL)
        assert {int(line.recv(100)) for line in lines} == {other}


@pytest.mark.evasion("S12")
def test_one_that_grew_is_replaced_and_the_other_is_not(begin):
    guard = begin(settle=1.0)
    before = guard.workers()
    time.sleep(1.5)
    eater = guard.ask(b"eat")
    end = time.monotonic() + 30
    while eater in guard.workers():
        assert time.monotonic() < end, guard.told
    assert "makes room for a fresh one" in guard.told
    assert before - {eater} <= guard.workers()
    assert len(guard.workers()) == 2
    assert guard.told.count("makes room") == 1
