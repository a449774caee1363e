"""A restore that is killed, wherever that is: the school is the old one or the new one, and a second try mends it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cli.backup import moves, packing, unpacking
from cli.backup.locks import BackupError
from cli.backup_commands import undo_broken_off
from cli.home import Home, Trouble
from cli.school import only_one, opened, proxy_away, proxy_here
from config.feeds.subscriptions import Lists
from store import open_store
from tests.cli.backups import KEY, LATER, school_at
from tests.conftest import SHORT
from tests.store.school import NOW, SCHOOL


@pytest.fixture(autouse=True)
def _no_database_elsewhere(monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    """A school that went on after its backup, and that backup."""
    folder = tmp_path_factory.mktemp("made")
    home = school_at(folder / "var")
    backup = packing.pack(home, KEY.public, folder / "school.backup", NOW).path
    with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key)) as store:
        store.people.remove_person(SCHOOL, "sam", "cor", LATER)
        account = store.accounts.find(SCHOOL, "anja")
        store.accounts.set_password(SCHOOL, account.id, "$argon2id$v=19$m=65536,t=3,p=4$bGF0ZXI$bGF0ZXI", LATER)
    home.school_file.write_text(home.school_file.read_text() + "\n# a later word\n")
    (home.path / "secrets" / "answers").write_bytes(b"l" * 32)
    (home.path / "secrets" / "later").write_bytes(b"l")
    with Lists(home.path).alone():
        (home.path / "lists" / "later.names").write_text("later.example\n")
    return home.path, backup


def everything(home: Home) -> dict[str, bytes]:
    """All files byte for byte, except locks, copies that a backup is read from, and what shows that somebody looked."""
    return {
        path.relative_to(home.path).as_posix(): path.read_bytes()
        for path in sorted(home.path.rglob("*"))
        if path.is_file() and not path.name.endswith(("lock", "-shm", "-wal")) and packing.STAGING not in str(path)
    }


def state(home: Home) -> dict[str, bool]:
    """Of every part of a school whether it is the old one (of after the backup)."""
    with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key)) as store:
        parts = {"main": store.people.person(SCHOOL, "sam") is None}
    with closing(sqlite3.connect(home.path / "accounts.db")) as accounts:
        parts["accounts"] = "bGF0ZXI" in str(accounts.execute("select * from accounts").fetchall())
    files = home.path
    parts["rules"] = "a later word" in home.school_file.read_text()
    parts["secrets"] = (files / "secrets" / "answers").read_bytes() == b"l" * 32
    parts["lists"] = (files / "lists" / "later.names").exists()
    return parts


@contextmanager
def killer(home: Home, backup: Path, folder: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    (folder / "key").write_text(KEY.written)
    command = [sys.executable, "-m", "tests.cli.killed_restore", home.path, backup, folder / "key"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, env=os.environ | env, **pipes) as process:
        yield process
        process.stdin.close()


def ask(process: subprocess.Popen[str], number: int) -> str:
    process.stdin.write(f"{number}\n")
    return process.stdout.readline().strip()


def put(source: Path | None, home: Home) -> None:
    shutil.rmtree(home.path, ignore_errors=True)
    if source is None:
        home.prepare()
    else:
        shutil.copytree(source, home.path)


def see_one_school(home: Home, before: dict[str, bytes], *, empty: bool) -> str:
    """After a kill: no command runs on half a school, and once it is undone it is whole; which one it is."""
    broken_off = home.restore_plan.exists()
    if broken_off:
        with pytest.raises(Trouble, match="broken off"):
            opened(home)
        assert unpacking.recover(home)
    assert not unpacking.recover(home)
    files = everything(home)
    if files == before:
        return "old"
    other = sorted(name for name in files.keys() | before.keys() if files.get(name) != before.get(name))
    assert not broken_off, other
    if empty:
        assert home.school_file.exists(), other
    assert set(state(home).values()) == {False}, other
    return "new"


def killed_at(numbers, made, tmp_path, *, empty: bool) -> set[str]:
    source, backup = made
    home, found = Home(tmp_path / "var"), set()
    with killer(home, backup, tmp_path) as process:
        put(None if empty else source, home)
        points = int(ask(process, 0).removeprefix("points "))
        for number in numbers(points):
            put(None if empty else source, home)
            before = everything(home)
            assert ask(process, number) == "killed", number
            found.add(see_one_school(home, before, empty=empty))
            if number % 5 == 0:
                unpacking.restore(home, backup, KEY, LATER.replace(hour=12))
                assert set(state(home).values()) == {False}, number
    return found


def killed_while_moving(home: Home, made: tuple[Path, Path], tmp_path: Path) -> None:
    """A home in which half of the moves were made."""
    with killer(home, made[1], tmp_path) as process:
        put(made[0], home)
        points = int(ask(process, 0).removeprefix("points "))
        for number in range(points - 3, 0, -4):
            put(made[0], home)
            assert ask(process, number) == "killed"
            if home.restore_plan.exists():
                return
    raise AssertionError("never killed between the first move and the last")


def some(points: int) -> list[int]:
    """A few of them, one where things move."""
    return [points // 2, points - 15]


def test_a_restore_that_is_killed_leaves_the_old_school_or_the_new_one(made, tmp_path):
    assert "old" in killed_at(some, made, tmp_path, empty=False)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("empty", [False, True], ids=["over-a-school", "on-a-new-machine"])
def test_wherever_a_restore_is_killed_the_school_is_the_old_one_or_the_new_one(made, tmp_path, empty):
    found = killed_at(lambda points: range(1, points + 1, 3 if SHORT else 1), made, tmp_path, empty=empty)
    assert found == {"old", "new"}


@pytest.mark.full
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_on_postgresql_too_wherever_it_is_killed(cluster, tmp_path, monkeypatch):
    url = cluster.new_database()
    for name in ("KLASWACHT_DATABASE", "KLASWACHT_ACCOUNTS_DATABASE"):
        monkeypatch.setenv(name, url)
    home = school_at(tmp_path / "var")
    backup = packing.pack(home, KEY.public, tmp_path / "school.backup", NOW).path
    found = set()
    with killer(home, backup, tmp_path) as process:
        points = int(ask(process, 0).removeprefix("points "))
        for number in range(points // 2, points + 1, 9 if SHORT else 3):
            with closing(open_store(url, url, key=home.columns_key)) as store:
                store.people.remove_person(SCHOOL, "sam", "cor", LATER)
            home.school_file.write_text(home.school_file.read_text() + "\n# a later word\n")
            shutil.rmtree(next(home.path.glob(f"{moves.ASIDE}*")), ignore_errors=True)
            unpacking.forget_aside(home, LATER.replace(year=LATER.year + 1))
            assert ask(process, number) == "killed", number
            unpacking.recover(home)
            with closing(open_store(url, url, key=home.columns_key)) as store:
                old = store.people.person(SCHOOL, "sam") is None
            assert old == ("a later word" in home.school_file.read_text()), number
            found.add(old)
            unpacking.restore(home, backup, KEY, LATER.replace(hour=12, minute=number % 60))
    assert found == {True, False}


@pytest.mark.full
def test_undoing_that_is_itself_killed_is_done_again(made, tmp_path, monkeypatch):
    home = Home(tmp_path / "var")
    put(made[0], home)
    before = everything(home)
    killed_while_moving(home, made, tmp_path)
    real, left = moves._drop, [0]

    def fails(path):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.EIO, "Input/output error")
        real(path)

    monkeypatch.setattr(moves, "_drop", fails)
    for budget in range(0, 300, 11):
        left[0] = budget
        try:
            unpacking.recover(home)
            break
        except BackupError as error:
            assert error.code == "unfinished"
            with pytest.raises(Trouble):
                opened(home)
    assert budget > 11
    assert everything(home) == before


@pytest.mark.full
def test_no_command_runs_on_half_a_school_and_the_guard_begins_by_undoing_it(made, tmp_path):
    home = Home(tmp_path / "var")
    killed_while_moving(home, made, tmp_path)
    command = [sys.executable, "-m", "cli.main", "account", "first-link"]
    env = os.environ | {"KLASWACHT_HOME": str(home.path)}
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (1, "") and "broken off" in said.stderr
    with only_one(home):
        assert "afgebroken" in undo_broken_off(home)
        assert undo_broken_off(home) == ""
    assert state(home) == dict.fromkeys(state(home), True)


def test_a_plan_that_cannot_be_read_starts_nothing(made, tmp_path):
    home = Home(tmp_path / "var")
    put(made[0], home)
    home.restore_plan.write_text("{")
    with pytest.raises(BackupError) as told:
        unpacking.recover(home)
    assert told.value.code == "plan"
    assert home.restore_plan.exists()


def test_a_database_on_another_disk_is_moved_whole(tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a file system of memory at /dev/shm beside the one of the tests")
    source, target = tmp_path / "klaswacht.db", elsewhere / f"klaswacht-{os.getpid()}"
    source.write_bytes(b"whole")
    try:
        moves._move(source, target)
        assert (target.read_bytes(), source.exists()) == (b"whole", False)
        assert not Path(f"{target}{moves._COPYING}").exists()
    finally:
        target.unlink(missing_ok=True)


def test_not_while_the_proxy_runs_as_a_service_of_its_own(made, tmp_path):
    source, backup = made
    home = Home(tmp_path / "var")
    put(source, home)
    with proxy_here(home), pytest.raises(Trouble, match="proxy's service"):
        unpacking.restore(home, backup, KEY, LATER)
    with proxy_away(home), pytest.raises(Trouble, match="being put back"), proxy_here(home):
        pass
    unpacking.restore(home, backup, KEY, LATER)
