"""The disk and the database under a school that goes on: full, locked, cut off, gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.reliability.rows import SHORT, Row
from tests.reliability.school import School, school

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

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
    with holding(_WRITES, *databases(guard)[:1]):
        guard.pass_by(LOCKED_FOR)
    over = time.monotonic()
    took = guard.well(over)
    assert guard.pupils.last_bad(began) is None
    guard.look(row, began, f"{took:.1f} s after it was let go")


@pytest.mark.fault("Disk and database", "nobody can read the database either: processes hear of no change")
def test_processes_that_hear_of_no_change_go_on_and_end_a_permission_on_time(guard: School, row: Row) -> None:
    now = datetime.now(UTC)
    guard.permits(now, now + timedelta(seconds=20))
    guard.before = guard.kept()
    began = time.monotonic()
    with holding(_READS, *databases(guard, "-shm")):
        guard.until(lambda: "the store cannot be read" in guard.log.read_text(), "nobody noticed")
        guard.until(lambda: not guard.is_open(), "the permission did not end")
        late = datetime.now(UTC) - now - timedelta(seconds=20)
        guard.pass_by(max(0, LOCKED_FOR - (time.monotonic() - began)))
    over = time.monotonic()
    took = guard.well(over)
    assert guard.pupils.last_bad(began) is None
    assert late < timedelta(seconds=10), "the permission ended long after its end"
    guard.look(row, began, f"{took:.1f} s after it could be read again")
    row.note = "a permission of 20 s that was given before ended meanwhile, by the clock of each process."


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
            at.loses_a_worker()
            assert shutil.disk_usage(small).free < 4096 * 8
            at.pass_by(5 if SHORT else 30)
            at.until(lambda: any("Nog maar 0 MB" in one for one in at.coordinator.now), "Gezondheid does not tell")
            (told,) = (one for one in at.coordinator.now if "Nog maar 0 MB" in one)
            filled.unlink()
            over = time.monotonic()
            took = at.well(over)
            at.look(row, began, f"{took:.1f} s after there was room again")
            row.coordinator = row.coordinator.replace("; nothing new", "") + f"; *{told}*"
            row.note = "a worker was killed meanwhile; it came back on the full disk."
    finally:
        subprocess.run([*may, "umount", "-l", str(small)], check=True)


def with_backup(at: School, folder: Path) -> tuple[Path, Path, list[str]]:
    """A backup, its key, and the permissions that are in it."""
    safe, file = folder / "stick", folder / "school.backup"
    at.command("backup-key", safe)
    done = list(at.teacher.done)
    at.command("backup", "--out", file)
    at.before = at.kept()
    return file, safe, done


def put_back(at: School, file: Path, safe: Path) -> None:
    """What the handbook says: stop, restore, start."""
    at.stop()
    at.command("restore", file, "--key", safe)
    at.start(wait=False)


@pytest.mark.fault("Disk and database", "the database's file is cut off while the guard runs")
def test_a_database_that_is_cut_off_while_it_runs_opens_nothing_and_a_backup_brings_it_back(
    tmp_path: Path, row: Row
) -> None:
    with school(tmp_path / "school") as at, at.at_work():
        at.teacher.rests = True
        at.pass_by(1)
        file, safe, done = with_backup(at, tmp_path)
        began = time.monotonic()
        os.truncate(databases(at)[0], 8192)
        databases(at, "-wal")[0].open("r+b").truncate(0)
        at.teacher.rests = False
        at.loses_a_worker()
        at.pass_by(5 if SHORT else 30)
        assert at.pupils.steady(began)
        assert at.teacher.done == done, "what was confirmed on a broken database is lost with it"
        over = time.monotonic()
        put_back(at, file, safe)
        took = at.well(over)
        at.look(row, began, f"{took:.1f} s after `klaswacht restore` was begun, the guard stopped for it")
        row.note = "what was done after the backup is lost with the file; a worker was killed meanwhile and came back."


@pytest.mark.fault("Disk and database", "the database's file is empty when the guard starts")
def test_a_guard_that_starts_on_an_empty_database_goes_by_its_last_rules_until_a_backup_is_put_back(
    tmp_path: Path, row: Row
) -> None:
    with school(tmp_path / "school") as at, at.at_work():
        at.teacher.rests = True
        at.pass_by(4)  # the last rules are kept every two seconds
        file, safe, done = with_backup(at, tmp_path)
        at.stop()
        for path in (*databases(at), *databases(at, "-wal"), *databases(at, "-shm")):
            path.unlink(missing_ok=True)
        for path in databases(at):
            path.touch()
        at.teacher.rests = False
        began = time.monotonic()
        at.start()
        up = time.monotonic()
        at.until(lambda: at.pupils.steady(up), "pupils get nowhere")
        assert at.teacher.done == done
        over = time.monotonic()
        put_back(at, file, safe)
        took = at.well(over)
        at.look(row, began, f"{took:.1f} s after `klaswacht restore` was begun, the guard stopped for it")
        row.note = "*no answer* is while the guard was stopped: twice, once to begin and once to put the backup back."
