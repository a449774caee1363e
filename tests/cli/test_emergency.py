"""`klaswacht emergency`: the exit at the machine itself, with a database and without one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import emergency, school
from cli.home import Home, Trouble
from cli.main import app
from store.emergencies import BY_COMMAND, Way
from store.emergency_file import EmergencyFile

RUN = CliRunner()
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # nine o'clock at school
FILE = """protocol: kalisto
schedule:
  days:
    mon: {lessons: ["08:30-14:00"]}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KLASWACHT_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    found = Home.here()
    found.prepare()
    found.school_file.write_text(FILE)
    store = school.opened(found)
    school.into_force(found, store, NOW, take_file=False)
    store.close()
    return found


def test_it_opens_in_the_database_and_closes_again(home: Home) -> None:
    assert emergency.open_it(home, 2, NOW).startswith("De nooduitgang is aan tot 11:00.")
    assert not EmergencyFile(home.path).path.exists()
    store = school.opened(home, migrate=False)
    try:
        held = store.emergencies.current("school", NOW)
        assert held is not None and (held.way, held.by) == (Way.COMMAND, BY_COMMAND)
        assert emergency.told(home, NOW) == "De nooduitgang is aan, van 09:00 tot 11:00."
        assert emergency.close_it(home, NOW + timedelta(minutes=5)) == "De nooduitgang is uit. Alle regels gelden weer."
        assert emergency.close_it(home, NOW + timedelta(minutes=6)) == "De nooduitgang stond al uit."
        assert [one.what for one in store.audit.entries("school", limit=2)] == ["emergency.off", "emergency.on"]
        assert emergency.told(home, NOW + timedelta(minutes=6)) == "De nooduitgang is uit."
    finally:
        store.close()


def test_it_ends_an_hour_after_the_last_bell(home: Home) -> None:
    assert "tot 15:00" in emergency.open_it(home, 4, NOW + timedelta(hours=4))


@pytest.mark.parametrize("broken", ["gone", "garbage"])
def test_without_a_database_it_is_in_a_file_for_the_owner_alone(home: Home, broken: str) -> None:
    database = home.path / "klaswacht.db"
    database.unlink() if broken == "gone" else database.write_bytes(b"geen database" * 900)
    said = emergency.open_it(home, 1, NOW)
    assert said.startswith("De nooduitgang is aan tot 10:00.") and ".nooduitgang.json" in said
    file = EmergencyFile(home.path)
    assert file.path.stat().st_mode & 0o777 == 0o600
    found = file.read(NOW).on
    assert found is not None and found.end == NOW + timedelta(hours=1)
    assert emergency.told(home, NOW) == "De nooduitgang is aan, van 09:00 tot 10:00."
    assert emergency.close_it(home, NOW + timedelta(minutes=1)).startswith("De nooduitgang is uit.")
    assert file.read(NOW + timedelta(minutes=2)).off == NOW + timedelta(minutes=1)
    assert emergency.told(home, NOW + timedelta(minutes=2)) == "De nooduitgang is uit."


def test_without_even_a_school_file_it_works_until_midnight(home: Home) -> None:
    home.good_file.unlink(missing_ok=True)
    home.school_file.write_text("protocol: [")
    assert "tot 13:00" in emergency.open_it(home, 4, NOW)


def test_other_hours_and_another_folder_are_told_in_one_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Trouble, match="1, 2, 4"):
        emergency.open_it(home, 3, NOW)
    monkeypatch.setenv("KLASWACHT_HOME", str(home.path / "nergens"))
    with pytest.raises(Trouble, match="KLASWACHT_HOME"):
        emergency.told(Home.here(), NOW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_does_not_own_the_folder_opens_nothing(home: Home) -> None:
    home.path.parent.chmod(0o755)
    home.path.chmod(0o755)
    try:
        os.seteuid(12345)
        with pytest.raises(Trouble, match=r"not yours|no folder"):
            emergency.open_it(home, 1, NOW)
    finally:
        os.seteuid(0)
    assert not EmergencyFile(home.path).path.exists()


def test_the_command_line_says_what_there_is(home: Home) -> None:
    assert "De nooduitgang is uit." in RUN.invoke(app, ["emergency", "status"]).output
    assert "--hours" in RUN.invoke(app, ["emergency", "on", "--help"], terminal_width=200).output
