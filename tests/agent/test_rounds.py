"""Looking at all processes now and then, and at those that came in between."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from agent.observe import Observation
from agent.rounds import WHOLE, Rounds
from tests.cast import LESSON


def pids_of(seen: Observation, name: str) -> set[int]:
    return {one.pid for one in seen.processes if name in (one.name, (one.exe or "").rpartition("/")[2])}


def test_what_came_and_what_went_is_seen_at_the_next_look(run) -> None:
    rounds = Rounds("lena")
    assert not pids_of(rounds.look(LESSON), "discord")
    discord = run("discord")
    seen = rounds.look(LESSON + timedelta(seconds=1))
    assert pids_of(seen, "discord") == {discord.pid}
    discord.kill()
    discord.wait()
    assert not pids_of(rounds.look(LESSON + timedelta(seconds=2)), "discord")


def test_what_is_being_started_is_looked_at_once_more(tmp_path) -> None:
    """At first it is a copy of who starts it: here until the test lets it go on."""
    rounds = Rounds("lena")
    rounds.look(LESSON)
    (tmp_path / "discord").symlink_to("/bin/sleep")
    script = f"import os, sys; sys.stdin.read(1); os.execv('{tmp_path}/discord', ['discord', '60'])"
    starting = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    try:
        assert not pids_of(rounds.look(LESSON + timedelta(seconds=1)), "discord")
        assert starting.stdin is not None
        starting.stdin.write(b"x")
        starting.stdin.close()
        until = time.monotonic() + 30
        while time.monotonic() < until and _shown(starting.pid) != "discord":
            time.sleep(0.02)
        assert pids_of(rounds.look(LESSON + timedelta(seconds=2)), "discord") == {starting.pid}
    finally:
        starting.kill()
        starting.wait()


def test_everything_is_looked_at_again_after_a_while_whatever_the_clock_does() -> None:
    rounds = Rounds("lena")
    first = rounds.look(LESSON).processes
    assert rounds.look(LESSON + WHOLE).processes is not first
    second = rounds.look(LESSON + WHOLE).processes
    assert rounds.look(LESSON - timedelta(hours=2)).processes is not second
    assert os.getpid() in {one.pid for one in rounds.look(LESSON).processes}


def _shown(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
