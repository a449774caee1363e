"""The disk and the database under a school that goes on: full, locked, cut off, gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.rows import SHORT, Row
from tests.reliability.school import School, school

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

LOCKED_FOR = 8 if SHORT else 60  # seconds
_WRITES = """
import sqlite3, sys
held = [sqlite3.connect(path, isolation_level=None, timeout=60) for path in sys.argv[1:]]
for one in held:
    one.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
# Where SQLite's readers of a WAL lock (sqlite.org/walformat.html, "WAL Locks"): held by another, nobody can read.
_READS = """
import fcntl, sys, time
held = [open(path, "r+b") for path in sys.argv[1:]]
for one in held:
    for byte in range(123, 128):
        fcntl.lockf(one, fcntl.LOCK_EX, 1, byte)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with school(tmp_path_factory.mktemp("database")) as made, made.at_work():
        yield made


@contextlib.contextmanager
def holding(program: str, *paths: Path) -> Iterator[None]:
    """Another process that holds files until the end of the block."""
    other = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, paths)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
    finally:
        other.kill()
        other.wait()


def databases(at: School, end: str = "") -> tuple[Path, Path]:
    """Both files of the database; with `end` what SQLite has beside them."""
    one, two = (Path(url.removeprefix("sqlite:///")) for url in (at.home.database_url, at.home.accounts_url))
    return one.with_name(one.name + end), two.with_name(two.name + end)


@pytest.mark.fault("Disk and database", "another program keeps the database locked for a minute")
def test_a_database_that_is_locked_costs_pupils_nothing(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    began = time.monotonic()
    with holding(_WRITES, *databases(guard)):
        guard.pass_by(LOCKED_FOR)
    over = time.monotonic()
    took = guard.well(over)
    assert guard.pupils.last_bad(began) is None
    guard.look(row, began, f"{took:.1f} s after it was let go")


@pytest.mark.fault("Disk and database", "nobody can read the database either: processes hear of no change")
def test_processes_that_hear_of_no_change_go_on_and_end_a_permission_on_time(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    began = time.monotonic()
    with holding(_READS, *databases(guard, "-shm")):
        guard.pass_by(LOCKED_FOR)
    over = time.monotonic()
    took = guard.well(over)
    assert guard.pupils.last_bad(began) is None
    guard.look(row, began, f"{took:.1f} s after it could be read again")


def command(at: School, *words: object) -> str:
    """A command of the program, as an IT person types it."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
        env={**os.environ, "KLASWACHT_HOME": str(at.home.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.fault("Disk and database", "the disk is full")
def test_a_full_disk_opens_nothing_and_closes_nothing(tmp_path: Path, row: Row) -> None:
    small = tmp_path / "small"
    small.mkdir()
    may = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*may, "mount", "-t", "tmpfs", "-o", "size=48m,mode=0777", "tmpfs", str(small)], check=True)
    try:
        with school(tmp_path / "school", home=small / "home") as at, at.at_work():
            began = time.monotonic()
            filled = small / "filled"
            with filled.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
            guard_dies_beside(at)
            assert shutil.disk_usage(small).free < 4096 * 8
            at.pass_by(5 if SHORT else 30)
            filled.unlink()
            over = time.monotonic()
            took = at.well(over)
            at.look(row, began, f"{took:.1f} s after there was room again")
            row.note = "a worker was killed meanwhile; it came back on the full disk."
    finally:
        subprocess.run([*may, "umount", "-l", str(small)], check=True)


def guard_dies_beside(at: School) -> None:
    """A worker is killed, and has to come back as things are."""
    victim = at.processes("proxy")[0]
    victim.kill()
    at.until(lambda: victim.pid not in {one.pid for one in at.processes("proxy")}, "it is not dead")
    now = time.monotonic()
    at.until(lambda: len(at.processes("proxy")) == 2, "it did not come back")
    at.until(lambda: at.pupils.steady(now), "pupils get nowhere")
