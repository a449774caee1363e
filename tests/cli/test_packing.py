"""A backup is made while the school works, has what it needs to come back, and nothing that must stay where it is."""

from __future__ import annotations

import threading
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from cli.backup import contents, packing
from cli.backup.envelope import Opener
from cli.backup.locks import BackupError
from cli.home import Trouble
from store import copies, open_store
from store.migrate import Chain
from tests.cli.backups import KEY, LATER, school_at
from tests.store.school import SCHOOL
from tests.store.words import words_of


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)
    return school_at(tmp_path / "var")


def inside(file: Path, folder: Path) -> contents.Manifest:
    folder.mkdir()
    return contents.read(Opener(BytesIO(file.read_bytes()), KEY), folder)


def test_it_has_what_a_school_needs_and_never_a_private_key_of_the_ca(home, tmp_path):
    stolen = home.path / "secrets" / "copy-of-the-ca"
    stolen.write_bytes((home.ca_folder / "mitmproxy-ca.pem").read_bytes())
    made = packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    found = inside(made.path, tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {
        *("main", "accounts", "school.yaml", ".school.in-force.yaml", "lists/subscriptions.json", "lists/games.names"),
        *("secrets/forms", "secrets/second-factor", "secrets/answers", "secrets/columns", "secrets/google"),
    }
    assert found == made.manifest
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"geheim-van-google" in everything, "the search finds nothing, so it proves nothing"
    assert b"PRIVATE KEY" not in everything


@pytest.mark.parametrize("linked", [False, True])
def test_the_key_in_it_opens_the_names_in_it_wherever_it_is_kept(home, tmp_path, linked):
    if linked:
        home.columns_key.rename(tmp_path / "elsewhere")
        home.columns_key.symlink_to(tmp_path / "elsewhere")
    made = packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    out = tmp_path / "out"
    inside(made.path, out)
    databases = [f"sqlite:///{out / name}" for name in ("main", "accounts")]
    with closing(open_store(*databases, key=out / "secrets" / "columns")) as store:
        assert "Sam de Vries" in words_of(store)


def test_only_its_owner_reads_it_and_no_copy_is_left_behind(home, tmp_path):
    before = {path for path in home.path.rglob("*") if path.is_file()}
    made = packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert b"geheim-van-google" not in made.path.read_bytes()
    left = {path for path in home.path.rglob("*") if path.is_file()} - before
    assert {path.name for path in left if not path.name.endswith(("-wal", "-shm"))} <= {".backup-lock"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_trail_says_that_it_was_made(home, tmp_path):
    packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    with closing(open_store(home.database_url, home.accounts_url, key=home.columns_key)) as store:
        assert store.audit.entries(SCHOOL, what=["backup.make"])[0].when == LATER
        assert store.audit.proof(SCHOOL).broken is None


def test_who_writes_meanwhile_waits_for_nothing_and_the_copy_is_of_one_moment(home, tmp_path):
    stop, faults, written = threading.Event(), [], []

    def write():
        with closing(open_store(home.database_url, key=home.columns_key, patience=30)) as store:
            while not stop.is_set():
                try:
                    store.audit.add(SCHOOL, "anja", "sign-in", LATER)
                    written.append(1)
                except Exception as error:
                    faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            made = packing.pack(home, KEY.public, tmp_path / f"{number}.backup", LATER)
            inside(made.path, tmp_path / f"out{number}")
            copies.examine(tmp_path / f"out{number}" / "main", Chain.MAIN)
            with closing(open_store(str(tmp_path / f"out{number}" / "main"), key=home.columns_key)) as store:
                assert store.audit.proof(SCHOOL).broken is None
    finally:
        stop.set()
        writer.join()
    assert not faults
    assert written


def test_a_file_that_is_there_already_is_never_written_over(home, tmp_path):
    out = tmp_path / "school.backup"
    out.write_text("the one of yesterday")
    with pytest.raises(BackupError) as told:
        packing.pack(home, KEY.public, out, LATER)
    assert told.value.code == "exists"
    assert out.read_text() == "the one of yesterday"


@pytest.mark.evasion("S13")
def test_a_full_disk_or_a_damaged_database_leaves_no_half_backup(home, tmp_path, monkeypatch):
    with pytest.raises(BackupError) as told:
        packing.pack(home, KEY.public, Path("/dev/full/x"), LATER)
    assert told.value.code == "disk"
    file = home.path / "accounts.db"
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * 8192)
    with pytest.raises((BackupError, Trouble)):
        packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_two_backups_at_a_time_are_one_too_many(home, tmp_path):
    with packing.staging(home), pytest.raises(BackupError) as told:
        packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    assert told.value.code == "busy"


def test_what_a_killed_one_left_behind_is_taken_away_by_the_next(home, tmp_path):
    left = home.path / f"{packing.STAGING}abc"
    left.mkdir()
    (left / "main").write_text("Sam de Vries")
    packing.pack(home, KEY.public, tmp_path / "school.backup", LATER)
    assert not left.exists()
