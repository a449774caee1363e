"""The supervisor: all parts run, a dead one comes back, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.supervisor import PARENT

PART = """
import os, signal, sys, time
from cli.supervisor import die_with_parent, tell_ready
die_with_parent()
with open(sys.argv[1], "a") as log: print(os.getpid(), file=log)
{extra}
tell_ready()
while True: time.sleep(60)
"""
PROGRAM = """
import logging, sys
from cli.supervisor import Supervisor, Task
logging.basicConfig(level=logging.WARNING, format="%(message)s")
tasks = [Task("part %d" % number, (sys.executable, "-c", part, log)) for number, (part, log) in enumerate({parts!r})]
with Supervisor(tasks, patience=3, silent=3) as supervisor:
    healthy = supervisor.run(lambda: print("everything listens", flush=True))
print("stopped", flush=True)
sys.exit(0 if healthy else 3)
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path: Path):
    """Start a supervisor of parts; each is the extra code that it runs before it listens."""
    started: list[subprocess.Popen[str]] = []

    def begin(*extras: str) -> tuple[subprocess.Popen[str], list[Path]]:
        logs = [tmp_path / f"{number}.log" for number in range(len(extras))]
        parts = [(PART.replace("{extra}", extra), str(log)) for extra, log in zip(extras, logs, strict=True)]
        program = PROGRAM.replace("{parts!r}", repr(parts))
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, logs

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def pids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def until(what, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_says_so_once_when_every_part_listens_and_stops_all_on_ctrl_c(start):
    process, logs = start("", "time.sleep(0.3)")
    assert process.stdout.readline() == "everything listens\n"
    parts = [pids(log)[0] for log in logs]
    assert all(alive(pid) for pid in parts)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stdout.read() == "stopped\n"
    assert not any(alive(pid) for pid in parts)


def test_a_dead_part_comes_back(start):
    process, (log,) = start("")
    process.stdout.readline()
    os.kill(pids(log)[0], signal.SIGKILL)
    until(lambda: len(pids(log)) == 2)
    process.terminate()
    assert process.wait(20) == 0
    assert "starts again" in process.stderr.read()
    assert not any(alive(pid) for pid in pids(log))


BEATS = "from cli.child import tell_beat; tell_ready(); tell_beat({'requests.deny': 2}); alive = True"


def test_a_part_that_hangs_is_ended_and_comes_back(start):
    process, (log,) = start(BEATS)
    process.stdout.readline()
    until(lambda: len(pids(log)) >= 2)
    process.terminate()
    assert process.wait(20) == 0
    assert "part 0 hangs" in process.stderr.read()
    assert not any(alive(pid) for pid in pids(log))


@pytest.mark.full
def test_a_part_that_never_said_that_it_lives_is_left_alone(start):
    process, logs = start("", BEATS)
    process.stdout.readline()
    until(lambda: len(pids(logs[1])) >= 3)  # so long that the silent one would have been ended twice
    process.terminate()
    assert process.wait(20) == 0
    assert len(pids(logs[0])) == 1


def test_a_part_that_cannot_start_stops_the_rest_and_is_an_error(start):
    process, logs = start("", "sys.exit(7)")
    assert process.wait(20) == 3
    assert "part 1 ended with code 7 before it listened" in process.stderr.read()
    assert not any(alive(pid) for log in logs for pid in pids(log))


def test_a_part_that_does_not_listen_to_reason_is_ended_all_the_same(start):
    process, (log,) = start("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not alive(pids(log)[0])


@pytest.mark.evasion("S17")
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own help is asked on Linux only")
def test_no_part_is_left_behind_when_the_supervisor_is_killed_without_a_word(start):
    process, logs = start("", "")
    process.stdout.readline()
    parts = [pids(log)[0] for log in logs]
    process.kill()
    process.wait(20)
    until(lambda: not any(alive(pid) for pid in parts))


def test_a_part_whose_supervisor_is_gone_already_does_not_start(tmp_path):
    log = tmp_path / "log"
    environment = os.environ | {PARENT: "1", "PYTHONPATH": str(ROOT)}
    part = [sys.executable, "-c", PART.replace("{extra}", ""), str(log)]
    assert subprocess.run(part, env=environment, timeout=30, check=False).returncode == 0
    assert not log.exists()
