"""The backup of the night: made by the guard itself, kept for a month, and somebody hears when it is not made."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import doctor, findings
from cli.backup import every_night, unpacking
from cli.backup.every_night import Standing
from cli.backup.locks import BackupError
from cli.home import Home, Trouble, write_private
from cli.nightly import Nightly, backup_due, night_of
from cli.school import AMSTERDAM
from cli.vitals import Chores, Vitals, VitalsFile
from config.texts import has, say
from dashboard.actions.health import Level
from tests.cli.backups import KEY, school_at
from tests.store.school import NOW, SCHOOL

SEED = b"this school"
DAY = timedelta(days=1)
MADE = f"klaswacht-{NOW.astimezone(AMSTERDAM):%Y-%m-%d-%H%M}.backup"


@pytest.fixture(autouse=True)
def _no_database_elsewhere(monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("KLASWACHT_BACKUPS", str(tmp_path / "disk"))
    home = school_at(tmp_path / "var")
    write_private(home.backup_key, KEY.told.encode(), 0o644)
    return home


def codes(home: Home, now: datetime) -> list[str]:
    return [one.code for one in findings.backup_findings(home, now)]


@pytest.mark.parametrize("hour", range(0, 24, 3))
@pytest.mark.parametrize("seed", [b"one", b"two"])
def test_it_is_made_once_in_every_night_and_by_day_where_the_guard_is_off_at_night(hour, seed):
    first = datetime(2026, 10, 20, hour, tzinfo=UTC)  # and so over the night in which the clock goes back
    made: list[datetime] = []
    for minutes in range(0, 10 * 24 * 60, 20):
        now = first + timedelta(minutes=minutes)
        if backup_due(now, Standing(made[-1] if made else None), seed):
            made.append(now)
    nights = [night_of(one) for one in made[1:]]
    assert len(set(nights)) == len(nights) >= 9
    assert all(night_of(one) <= one <= night_of(one) + timedelta(hours=9) for one in made[1:])
    last = made[-1]
    by_day = (last + 2 * DAY).replace(hour=11)
    assert backup_due(by_day, Standing(last), seed)
    assert not backup_due(by_day, Standing(by_day - timedelta(hours=1)), seed)


def test_one_that_failed_is_tried_again_after_an_hour_and_a_clock_that_jumps_puts_off_nothing():
    failed = Standing(NOW - 3 * DAY, NOW - timedelta(minutes=30))
    assert not backup_due(NOW, failed, SEED)
    assert backup_due(NOW + timedelta(minutes=31), failed, SEED)
    assert backup_due(NOW, Standing(NOW + 400 * DAY, NOW + 400 * DAY), SEED)


@pytest.mark.evasion("S23")
def test_the_guard_makes_it_and_only_the_safe_opens_it(home, tmp_path):
    night = Nightly(home, SEED, threading.Event())
    now = datetime.now(UTC)
    assert night.look_at_backups(now)
    [made] = every_night.folder(home).iterdir()
    assert made.stat().st_mode & 0o777 == 0o600
    assert every_night.folder(home).stat().st_mode & 0o777 == 0o700
    assert unpacking.look(Home(tmp_path / "new"), made, KEY).school == SCHOOL
    assert not night.look_at_backups(datetime.now(UTC)), "not twice"
    assert codes(home, now) == ["backup", "backup_same_disk"]


def test_without_a_key_nothing_is_made_and_that_is_said(home):
    home.backup_key.unlink()
    assert not Nightly(home, SEED, threading.Event()).look_at_backups(datetime.now(UTC))
    assert not every_night.folder(home).exists()
    assert codes(home, NOW) == ["backup_no_key"]


def test_they_go_after_a_month_but_never_the_newest_and_never_a_file_of_others(home):
    place = every_night.folder(home)
    place.mkdir()
    for one in ("klaswacht-2026-01-05-0300.backup", "klaswacht-2026-01-06-0300.backup", "vakantie.backup", "foto.jpg"):
        (place / one).write_text("x")
    assert every_night.forget(home, NOW) == 1
    kept = {"klaswacht-2026-01-06-0300.backup", "vakantie.backup", "foto.jpg"}
    assert {path.name for path in place.iterdir()} == kept
    every_night.make(home, NOW, "nl")
    assert {path.name for path in place.iterdir()} - kept == {MADE}
    assert not (place / "klaswacht-2026-01-06-0300.backup").exists()
    assert every_night.make(home, NOW, "nl").name == MADE.replace(".", "-2."), "the same minute twice in October"
    assert every_night.count(home) == 2


def test_what_a_kill_left_half_written_goes(home):
    place = every_night.folder(home)
    place.mkdir()
    for name, age in (("old", 13), ("new", 1)):
        path = place / f".klaswacht-2026-11-22-0300.backup.{name}"
        path.write_text("half")
        when = (NOW - timedelta(hours=age)).timestamp()
        os.utime(path, (when, when))
    every_night.make(home, NOW, "nl")
    assert [path.name for path in place.glob(".*")] == [".klaswacht-2026-11-22-0300.backup.new"]


@pytest.mark.parametrize("what", ["disk", "database", "key"])
def test_one_that_failed_is_told_at_once_and_is_grave_after_three_days(home, what):
    made = every_night.make(home, NOW, "nl")
    later = NOW + DAY
    if what == "disk":
        made.unlink()
        made.parent.rmdir()
        made.parent.write_text("no folder")
    elif what == "database":
        (home.path / "klaswacht.db").write_bytes(b"broken" * 1000)
    else:
        home.backup_key.write_text("no key")
    with pytest.raises((BackupError, Trouble)):
        every_night.make(home, later, "nl")
    failed = [one for one in findings.backup_findings(home, later) if one.code == "backup_failed"]
    assert [one.level for one in failed] == [findings.Level.WARN]
    assert failed[0].values["problem"]
    grave = {one.code: one.level for one in findings.backup_findings(home, later + 3 * DAY)}
    assert grave["backup_failed"] is grave["backup_late"] is findings.Level.FAIL
    told = every_night.standing(home)
    assert (told.made, told.failed) == (NOW, later)


def test_a_database_that_takes_nothing_then_is_one_that_failed_too(home):
    with closing(sqlite3.connect(home.path / "klaswacht.db")) as held:
        held.execute("BEGIN IMMEDIATE")
        with pytest.raises(BackupError):
            every_night.make(home, NOW, "nl")
    assert codes(home, NOW) == ["backup_failed"]


def test_where_never_one_came_for_days_that_is_grave(home):
    """As when whoever makes it is killed every night, and can tell nobody."""
    os.utime(home.backup_key, (NOW.timestamp(), NOW.timestamp()))
    levels = {
        days: {one.code: one.level for one in findings.backup_findings(home, NOW + days * DAY)} for days in (1, 4)
    }
    assert levels == {1: {"backup_first": findings.Level.OK}, 4: {"backup_never": findings.Level.FAIL}}


def test_when_it_works_again_nothing_is_wrong_any_more(home):
    home.backup_key.write_text("no key")
    with pytest.raises(BackupError):
        every_night.make(home, NOW, "nl")
    home.backup_key.write_text(KEY.told)
    every_night.make(home, NOW + DAY, "nl")
    assert codes(home, NOW + DAY)[0] == "backup"
    assert codes(home, NOW + 6 * DAY)[0] == "backup_late"


def test_the_coordinator_sees_it_on_gezondheid_and_the_doctor_says_it(home):
    every_night.make(home, NOW, "nl")
    Vitals(home, [], Chores(NOW), threading.Event(), lambda: NOW + 4 * DAY).write()
    told = VitalsFile(home.path).told()
    assert told is not None
    facts = {one.code: one for one in told.facts if one.part == "backup"}
    assert facts["backup_late"].level is Level.BROKEN
    for code in ("backup", "backup_first", "backup_late", "backup_failed", "backup_no_key", "backup_same_disk"):
        for lang in ("nl", "en"):
            assert has(f"dash.health.say.{code}", lang)
            assert has(f"cli.doctor.{code}", lang)
    text = doctor.render(list(findings.backup_findings(home, NOW + 4 * DAY)), "nl")[0]
    assert "laatste reservekopie" in text


def test_a_word_of_how_it_went_that_makes_no_sense_says_nothing(home):
    for text in ("", "[]", "{}", '{"made": 5, "failed": null, "problem": ""}', '{"made": "x"}'):
        (home.path / ".backups.json").write_text(text)
        assert every_night.standing(home) == Standing()


def test_without_a_folder_of_its_own_they_are_in_the_home(home, monkeypatch):
    monkeypatch.delenv("KLASWACHT_BACKUPS")
    assert every_night.make(home, NOW, "nl").parent == Path(home.path / "backups")
    assert say("cli.doctor.backup_first", "nl", folder="x")
