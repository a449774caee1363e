"""What whoever keeps the server types to bring a school to PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from cli import store_commands
from cli.backup.packing import staging
from cli.home import Home, Trouble
from cli.school import only_one, opened, proxy_here
from proxy_addons.queue_file import QUEUES
from store import open_store
from store.moving import Addresses
from tests.cast import KNOWLEDGE
from tests.cli.backups import opened_store, school_at
from tests.store.cluster import Cluster
from tests.store.school import NOW, SCHOOL


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)
    return school_at(tmp_path / "var")


@pytest.mark.postgres
def test_a_school_goes_to_a_fresh_database_and_only_once(
    home: Home, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Addresses(*[cluster.new_database()] * 2)
    with only_one(home), pytest.raises(Trouble, match="already"):
        store_commands.moved(home, new, "nl")
    with opened_store(home) as store:
        before = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    tried = store_commands.moved(home, new, "nl", proving=True)
    assert "Het kan." in tried
    said = store_commands.moved(home, new, "nl")
    assert "regel voor regel vergeleken" in said
    assert "people" in said and "accounts.accounts" in said
    with closing(open_store(new.main, new.accounts, key=home.columns_key)) as store:
        assert store.snapshot(SCHOOL, KNOWLEDGE, NOW) == before
    with pytest.raises(Trouble, match="lege database"):
        store_commands.moved(home, new, "nl")
    monkeypatch.setenv("KLASWACHT_DATABASE", new.main)
    with pytest.raises(Trouble, match="is not SQLite"):
        store_commands.moved(home, new, "nl")


def test_an_address_that_cannot_be_reached_changes_nothing(home: Home) -> None:
    nowhere = Addresses(*["postgresql://postgres@/nothing?host=/nowhere"] * 2)
    with pytest.raises(Trouble, match="niets overgezet"):
        store_commands.moved(home, nowhere, "nl")


def test_the_addresses_are_read_from_a_file_and_never_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "database"
    file.write_text("postgresql://desk@db/klaswacht\n\npostgresql://accounts@db/klaswacht\n")
    both = Addresses("postgresql://desk@db/klaswacht", "postgresql://accounts@db/klaswacht")
    assert store_commands.addresses(file, "nl") == both
    file.write_text(f"{both.main}\n")
    assert store_commands.addresses(file, "nl") == Addresses(both.main, both.main)
    for text in ("", "a\nb\nc\n"):
        file.write_text(text)
        with pytest.raises(Trouble, match="adres"):
            store_commands.addresses(file, "nl")
    with pytest.raises(Trouble, match="kan niet gelezen"):
        store_commands.addresses(tmp_path / "none", "nl")


def test_a_new_key_is_given_while_nobody_else_is_at_it_and_everything_opens(home: Home) -> None:
    before = home.columns_key.read_bytes()
    with opened_store(home) as store:
        names = {one.name for one in store.people.persons(SCHOOL)}
    with only_one(home), pytest.raises(Trouble, match="already"):
        store_commands.rotated(home, "nl")
    with staging(home), pytest.raises(Trouble, match="reservekopie"):
        store_commands.rotated(home, "nl")
    assert home.columns_key.read_bytes() == before
    assert "opnieuw verzegeld" in store_commands.rotated(home, "nl")
    assert home.columns_key.read_bytes() != before
    with opened_store(home) as store:
        assert {one.name for one in store.people.persons(SCHOOL)} == names
        assert store.accounts.find(SCHOOL, "anja")


def test_not_while_the_proxys_service_runs_nor_on_half_a_school(home: Home) -> None:
    """It has the old key, and would go on writing where nobody looks any more."""
    home.path.joinpath(QUEUES).mkdir(exist_ok=True)
    before = home.columns_key.read_bytes()
    new = Addresses("postgresql://nobody@127.0.0.1:1/none", "postgresql://nobody@127.0.0.1:1/none")
    for do in (lambda: store_commands.rotated(home, "nl"), lambda: store_commands.moved(home, new, "nl")):
        with proxy_here(home), pytest.raises(Trouble, match="proxy's service"):
            do()
        home.restore_plan.write_text("{}")
        with pytest.raises(Trouble, match="must be undone first"):
            do()
        home.restore_plan.unlink()
    assert home.columns_key.read_bytes() == before


def test_without_the_key_there_is_no_new_one_and_the_line_names_the_file(home: Home) -> None:
    home.columns_key.unlink()
    with pytest.raises(Trouble, match=str(home.columns_key)):
        store_commands.rotated(home, "nl")
    with pytest.raises(Trouble, match=str(home.columns_key)):
        opened(home)
    assert not home.columns_key.exists()
