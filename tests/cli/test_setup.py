"""Set-up as on a bare machine: a copy of the project in a folder with a space, and an almost empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("make", "sh", "dirname", "basename", "cat", "sha256sum", "cut", "grep", "tail", "rm", "mktemp", "id", "getent")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What git keeps of the project, as it is in the working folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60, check=True).stdout
    copy = tmp_path / "klas wacht"
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def make(project: Path, goal: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("make") or "make", goal],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_without_any_python_it_says_the_one_command_to_run(project, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or pytest.fail(f"{tool} is not here"))
    done = make(project, "run", PATH=str(tools), HOME=str(tmp_path))
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert "needs Python 3.13 or newer" in lines[-2]
    assert lines[-1].strip().endswith("apt-get install -y python3-venv && make run")
    assert not (project / ".venv").exists()


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("runuser"), reason="root can write everywhere, and there is no runuser"
)
def test_a_folder_that_cannot_be_written_is_one_line():
    # Not under pytest's own folder: another user cannot look into that.
    with tempfile.TemporaryDirectory(prefix="kw unwritable ") as folder:
        project = Path(folder)
        for name in ("Makefile", "setup", "requirements", "pyproject.toml"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, project / name)
        project.chmod(0o555)
        somebody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        command = [*somebody, "env", "-i", f"PATH={os.defpath}", "make", "setup"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)
        project.chmod(0o755)
    assert done.returncode != 0
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith("make:"))
    assert f"cannot write in {folder}" in line


def test_make_alone_says_what_one_can_make(project):
    done = make(project, "help", PATH=os.defpath)
    for goal in ("run", "demo", "setup", "test", "test-full"):
        assert f"make {goal} " in done.stdout


@pytest.mark.full
@pytest.mark.timeout(1000)
def test_a_bare_machine_sets_itself_up_once_and_then_at_once(project):
    bare = {"PATH": "/usr/bin:/bin"}
    # Where this machine keeps a newer Python is its own business; the rest of its environment is not handed on.
    bare |= {name: value for name, value in os.environ.items() if name in ("HOME", "PYENV_ROOT")}
    first = make(project, "setup", **bare)
    assert first.returncode == 0, first.stderr
    assert "pinned packages" in first.stderr
    command = project / ".venv" / "bin" / "klaswacht"
    said = subprocess.run([command, "version"], capture_output=True, text=True, timeout=60, check=True, cwd="/")
    assert said.stdout.startswith("klaswacht ")
    again = make(project, "setup", **bare)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    (project / "requirements" / "run.txt").open("a").write("# another pin\n")
    assert "pinned packages" in make(project, "setup", **bare).stderr


SOMETIMES = """
from pathlib import Path

def test_that_fails_beside_others():
    been = Path(__file__).with_suffix(".been")
    again = been.exists()
    been.touch()
    assert again

def test_that_is_broken():
    assert {holds}
"""


@pytest.mark.parametrize(
    ("holds", "environment", "code"),
    [(True, {"CI": "true"}, 0), (True, {}, 1), (False, {"CI": "true"}, 1)],
)
def test_only_on_a_build_machine_and_only_what_passes_by_itself_is_unsteady_and_not_red(
    tmp_path, holds, environment, code
):
    (tmp_path / "setup").mkdir()
    shutil.copy2(ROOT / "setup" / "tests.sh", tmp_path / "setup")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for tool in ("python", "pytest"):
        program = f"#!/bin/sh\nexec '{sys.executable}' {'-m pytest' if tool == 'pytest' else ''} \"$@\"\n"
        (tmp_path / ".venv" / "bin" / tool).write_text(program)
        (tmp_path / ".venv" / "bin" / tool).chmod(0o755)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(SOMETIMES.format(holds=holds))
    done = subprocess.run(
        ["sh", str(tmp_path / "setup" / "tests.sh"), "-q", "-n", "2"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("test_some.py::test_that_fails_beside_others" in done.stdout.partition("unsteady:")[2]) is bool(environment)
