"""The agent sees what runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from agent.observe import observe, own_user, running
from tests.cast import LESSON


def test_a_program_that_runs_is_seen_with_its_name_file_parent_and_user(run) -> None:
    started = run("discord")
    seen = {one.pid: one for one in observe(LESSON).processes}[started.pid]
    assert (seen.name, Path(seen.exe or "").name, seen.parent) == ("discord", "discord", os.getpid())
    assert seen.user == own_user()


def test_the_agent_knows_itself() -> None:
    seen = observe(LESSON, "lena")
    assert (seen.own, seen.user, seen.at) == (os.getpid(), "lena", LESSON)
    assert os.getpid() in {one.pid for one in seen.processes}


def test_an_observation_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        observe(LESSON).user = "root"


def test_a_program_that_ended_is_not_seen_even_before_its_parent_looks(run) -> None:
    started = run("discord")
    before = observe(LESSON)
    process = next(one for one in before.processes if one.pid == started.pid)
    assert running(process)
    started.kill()
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)  # it stays behind as a zombie
    assert not running(process)
    assert started.pid not in {one.pid for one in observe(LESSON).processes}
    assert started.pid not in {one.pid for one in observe(LESSON, before=before).processes}


def test_another_process_with_the_same_number_is_another_process(run) -> None:
    started = run("discord")
    process = next(one for one in observe(LESSON).processes if one.pid == started.pid)
    assert not running(replace(process, started=process.started - 1))


def test_the_second_look_sees_the_same_and_what_is_new(run) -> None:
    first = run("discord")
    before = observe(LESSON)
    second = run("steam")
    after = {one.pid: one for one in observe(LESSON, before=before).processes}
    assert after[first.pid] == next(one for one in before.processes if one.pid == first.pid)
    assert after[second.pid].name == "steam"


@pytest.mark.parametrize("name", ["steam", "sh"], ids=["another name", "the name of who started it"])
def test_a_program_that_becomes_another_one_is_seen_as_the_other(tmp_path, name: str) -> None:
    game = tmp_path / name
    shutil.copy("/bin/sleep", game)
    shell = subprocess.Popen(["/bin/sh", "-c", f"read x; exec {game} 60"], stdin=subprocess.PIPE)
    try:
        before = observe(LESSON)
        assert shell.stdin is not None
        shell.stdin.write(b"\n")
        shell.stdin.close()
        for _ in range(200):
            now = next(one for one in observe(LESSON, before=before).processes if one.pid == shell.pid)
            if now.exe == str(game):
                break
            time.sleep(0.05)
        assert (now.name, now.exe) == (name, str(game))
    finally:
        shell.kill()
        shell.wait()


def test_only_one_file_knows_how_processes_are_looked_at() -> None:
    room = Path(__file__).parents[2] / "agent"
    assert [path.name for path in room.rglob("*.py") if "import psutil" in path.read_text()] == ["observe.py"]
