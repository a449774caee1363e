"""A school comes back from its backup as it was; and what is not right changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from cli.backup import contents, packing, unpacking
from cli.backup.envelope import Sealer
from cli.backup.locks import BackupError, Private
from cli.home import Home, Trouble
from cli.school import only_one
from config.feeds.subscriptions import Lists
from store import open_store
from store.opened import Store
from tests.cast import KNOWLEDGE
from tests.cli.backups import KEY, LATER, school_at
from tests.store.school import NOW, SCHOOL


@pytest.fixture(autouse=True)
def _no_database_elsewhere(monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)


@pytest.fixture
def home(tmp_path):
    return school_at(tmp_path / "var")


@pytest.fixture
def backup(home, tmp_path):
    return packing.pack(home, KEY.public, tmp_path / "school.backup", NOW).path


def opened(home: Home) -> closing[Store]:
    return closing(open_store(home.database_url, home.accounts_url, key=home.columns_key))


def everything(home: Home) -> dict[str, bytes]:
    """All files of a home, byte for byte, except what only shows that somebody looked."""
    return {
        path.relative_to(home.path).as_posix(): path.read_bytes()
        for path in sorted(home.path.rglob("*"))
        if path.is_file() and not path.name.endswith(("lock", "-shm", "-wal"))
    }


def test_in_an_empty_folder_the_school_is_back(home, backup, tmp_path):
    new = Home(tmp_path / "new")
    done = unpacking.restore(new, backup, KEY, LATER)
    assert (done.aside, done.same_ca) == ((), False)
    with opened(home) as before, opened(new) as after:
        states = [store.snapshot(SCHOOL, KNOWLEDGE, LATER) for store in (before, after)]
        assert states[0].state == states[1].state
        assert states[0].state.grants and states[0].state.sanctions
        assert states[0].people == states[1].people
        assert states[0].devices == states[1].devices
        assert before.accounts.find(SCHOOL, "anja") is not None
        assert after.accounts.find(SCHOOL, "anja") == before.accounts.find(SCHOOL, "anja")
        assert after.audit.proof(SCHOOL).broken is None
        assert after.audit.entries(SCHOOL, what=["backup.restore"])
    for name in ("school.yaml", "secrets/second-factor", "secrets/answers", "secrets/google", "lists/games.names"):
        assert (new.path / name).read_bytes() == (home.path / name).read_bytes(), name
        assert (new.path / name).stat().st_mode & 0o077 == 0, name
    assert Lists(new.path).shelf() == Lists(home.path).shelf()
    assert not (new.path / "lists" / "index").exists(), "an index that belongs to no list here"
    assert not new.ca_folder.exists()


def test_with_the_ca_from_the_safe_no_device_needs_a_new_certificate(home, backup, tmp_path):
    new = Home(tmp_path / "new")
    new.prepare()
    shutil.copytree(home.ca_folder, new.ca_folder)
    assert unpacking.restore(new, backup, KEY, LATER).same_ca


def test_what_was_there_is_kept_aside_until_its_day(home, backup):
    with opened(home) as store:
        store.people.remove_person(SCHOOL, "sam", "cor", LATER)
    home.school_file.write_text(home.school_file.read_text() + "\n# a later word\n")
    with Lists(home.path).alone():
        (home.path / "lists" / "later.names").write_text("later.example\n")
    ca = everything(home)["ca/mitmproxy-ca.pem"]
    done = unpacking.restore(home, backup, KEY, LATER)
    with opened(home) as store:
        assert store.people.person(SCHOOL, "sam") is not None
    assert "a later word" not in home.school_file.read_text()
    assert not (home.path / "lists" / "later.names").exists()
    assert everything(home)["ca/mitmproxy-ca.pem"] == ca
    assert done.same_ca
    [aside] = home.path.glob(f"{unpacking.ASIDE}*")
    assert done.aside == (str(aside),)
    assert "a later word" in (aside / "school.yaml").read_text()
    with closing(sqlite3.connect(aside / "main" / "klaswacht.db")) as old:
        assert old.execute("select count(*) from people where id = 'sam'").fetchone() == (0,)
    assert unpacking.forget_aside(home, LATER + timedelta(days=29)) == 0
    assert unpacking.forget_aside(home, LATER + timedelta(days=31)) == 1
    assert not aside.exists()


@pytest.mark.parametrize("what", ["words", "cut", "bit", "other", "nothing"])
def test_a_wrong_key_or_a_damaged_file_changes_nothing(home, backup, what):
    data = bytearray(backup.read_bytes())
    if what == "bit":
        data[len(data) // 2] ^= 1
    made = {"cut": bytes(data[:-100]), "other": b"PK" + bytes(data), "nothing": b""}.get(what, bytes(data))
    backup.write_bytes(made)
    before = everything(home)
    key = Private.made() if what == "words" else KEY
    codes = {"words": "wrong_key", "cut": "damaged", "bit": "damaged", "other": "no_backup", "nothing": "no_backup"}
    with pytest.raises(BackupError) as told:
        unpacking.restore(home, backup, key, LATER)
    assert told.value.code == codes[what]
    assert everything(home) == before


def repacked(home, tmp_path, change) -> object:
    """A backup that somebody with the key made otherwise."""
    with packing.staging(home) as folder:
        manifest, files = packing._gathered(home, folder, SCHOOL, NOW)
        manifest = change(manifest, files) or manifest
        out = tmp_path / "changed.backup"
        with out.open("w+b") as file:
            contents.write(Sealer(file, KEY), manifest, files)
    return out


def test_a_backup_of_a_newer_program_is_refused(home, tmp_path):
    def newer(manifest, files):
        with closing(sqlite3.connect(files["main"])) as database, database:
            database.execute("update alembic_version set version_num = '0999'")
        manifest.versions["main"] = "0999"

    made, before = repacked(home, tmp_path, newer), everything(home)
    with pytest.raises(BackupError) as told:
        unpacking.restore(home, made, KEY, LATER)
    assert told.value.code == "newer"
    assert everything(home) == before


def test_a_database_that_was_damaged_before_it_was_packed_is_not_put_back(home, tmp_path):
    def damage(manifest, files):
        with files["main"].open("r+b") as file:
            file.seek(8192)
            file.write(b"\xff" * 4096)

    made, before = repacked(home, tmp_path, damage), everything(home)
    with pytest.raises(BackupError) as told:
        unpacking.restore(home, made, KEY, LATER)
    assert told.value.code == "inside"
    assert everything(home) == before


def test_a_file_that_would_land_elsewhere_is_refused(home, tmp_path):
    def elsewhere(manifest, files):
        files["../elsewhere"] = files["school.yaml"]
        manifest.files["../elsewhere"] = manifest.files["school.yaml"]

    with pytest.raises(BackupError) as told:
        unpacking.restore(home, repacked(home, tmp_path, elsewhere), KEY, LATER)
    assert told.value.code == "damaged"
    assert not (tmp_path / "elsewhere").exists()


def test_when_it_goes_wrong_halfway_everything_is_as_it_was(home, backup, monkeypatch):
    with opened(home) as store:
        store.people.remove_person(SCHOOL, "sam", "cor", LATER)
    before = everything(home)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "_tried", broken)
    with pytest.raises(BackupError) as told:
        unpacking.restore(home, backup, KEY, LATER)
    assert told.value.code == "halfway"
    assert everything(home) == before


def test_what_the_proxy_may_read_as_another_user_it_may_read_after_it_too(home, backup):
    for folder in (home.path, home.path / "lists"):
        folder.chmod(0o2750)
    unpacking.restore(home, backup, KEY, LATER)
    modes = {name: (home.path / name).stat().st_mode & 0o7777 for name in ("lists", "lists/games.names", "school.yaml")}
    assert modes == {"lists": 0o2750, "lists/games.names": 0o640, "school.yaml": 0o640}
    assert (home.path / "secrets" / "answers").stat().st_mode & 0o777 == 0o600
    assert (home.path / "accounts.db").stat().st_mode & 0o007 == 0


def test_it_is_refused_while_a_guard_runs_there(home, backup):
    before = everything(home)
    with only_one(home), pytest.raises(Trouble, match="running"):
        unpacking.restore(home, backup, KEY, LATER)
    assert everything(home) == before


def test_a_look_changes_nothing(home, backup):
    before = everything(home)
    assert unpacking.look(home, backup, KEY).school == SCHOOL
    assert everything(home) == before


@pytest.fixture
def on_postgresql(cluster, tmp_path, monkeypatch):
    """The address of a database of PostgreSQL, a school in it, and a backup of that school."""
    url = cluster.new_database()
    for name in ("KLASWACHT_DATABASE", "KLASWACHT_ACCOUNTS_DATABASE"):
        monkeypatch.setenv(name, url)
    home = school_at(tmp_path / "var")
    return url, home, packing.pack(home, KEY.public, tmp_path / "school.backup", NOW).path


@pytest.mark.postgres
def test_a_school_on_postgresql_comes_back_too_and_what_was_there_is_kept_aside(
    cluster, on_postgresql, tmp_path, monkeypatch
):
    url, home, made = on_postgresql
    with opened(home) as store:
        before = store.snapshot(SCHOOL, KNOWLEDGE, LATER)
        store.people.remove_person(SCHOOL, "sam", "cor", LATER)
        account = store.accounts.find(SCHOOL, "anja")
    done = unpacking.restore(home, made, KEY, LATER)
    with opened(home) as store:
        assert store.snapshot(SCHOOL, KNOWLEDGE, LATER).state == before.state
        assert store.people.person(SCHOOL, "sam") is not None
        assert store.accounts.find(SCHOOL, "anja") == account
        assert store.audit.proof(SCHOOL).broken is None
    kept = [name for name in done.aside if name.startswith("before_restore_")]
    with psycopg.connect(url) as connection:
        for name in kept:
            tables = {"main": "people", "accounts": "accounts"}[name.rpartition("_")[2]]
            count = connection.execute(f'SELECT count(*) FROM "{name}".{tables}').fetchone()
            assert count == ((7,) if tables == "people" else (1,))
    assert len(kept) == 2
    assert unpacking.forget_aside(home, LATER + timedelta(days=31)) == 3

    empty = cluster.new_database()
    for name in ("KLASWACHT_DATABASE", "KLASWACHT_ACCOUNTS_DATABASE"):
        monkeypatch.setenv(name, empty)
    unpacking.restore(Home(tmp_path / "new"), made, KEY, LATER)
    with opened(home) as store:
        assert store.snapshot(SCHOOL, KNOWLEDGE, LATER).state == before.state

    monkeypatch.delenv("KLASWACHT_DATABASE")
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE")
    with pytest.raises(BackupError) as told:
        unpacking.restore(Home(tmp_path / "other"), made, KEY, LATER)
    assert told.value.code == "other_kind"


@pytest.mark.postgres
def test_on_postgresql_too_everything_is_as_it_was_when_it_goes_wrong_halfway(on_postgresql, monkeypatch):
    url, home, made = on_postgresql
    with opened(home) as store:
        store.people.remove_person(SCHOOL, "sam", "cor", LATER)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "_tried", broken)
    with pytest.raises(BackupError):
        unpacking.restore(home, made, KEY, LATER)
    with opened(home) as store:
        assert store.people.person(SCHOOL, "sam") is None
        assert store.accounts.find(SCHOOL, "anja") is not None
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before%'").fetchall()
    assert names == []
