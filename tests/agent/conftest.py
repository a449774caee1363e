"""A dashboard for a laptop, the laptop's own folder, and programs that really run on it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.home import Home
from tests.agent.school import Dashboard, prepare

Runs = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="session")
def school_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("school")
    prepare(folder)
    return folder


@pytest.fixture
def at_school(school_folder: Path, tmp_path: Path) -> Iterator[Dashboard]:
    running = Dashboard(Path(shutil.copytree(school_folder, tmp_path / "school")))
    yield running
    running.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "laptop")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runs]:
    """Starts a real program under a name of choice: `run("discord")`; a shell script where it must not listen."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *, stubborn: bool = False, build: bytes = b"") -> subprocess.Popen[bytes]:
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        if stubborn:
            shutil.copy("/bin/bash", path)
            command = [str(path), "-c", "trap '' TERM; echo ready; while :; do read -t 60 < <(:) ; done"]
        else:
            shutil.copy("/bin/sleep", path)
            command = [str(path), "60"]
        with path.open("ab") as file:
            file.write(build)
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        if stubborn:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
