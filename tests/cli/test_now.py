"""`klaswacht now`: one line a group, and what the school must still look at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import doctor, school
from cli.home import Home, Trouble
from cli.main import app
from config.load import parse_school
from policy.model import Group

RUN = CliRunner()
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FILE = """protocol: kalisto
schedule:
  days:
    mon: {lessons: ["08:30-14:00"], breaks: ["10:15-10:30"]}
    tue: {lessons: ["08:30-14:00"], breaks: ["10:15-10:30"]}
    wed: {lessons: ["08:30-12:30"]}
    thu: {lessons: ["08:30-14:00"]}
    fri: {lessons: ["08:30-14:00"]}
  groups: {1: {fri: {}}}
  closed:
    - {from: 2026-12-19, to: 2027-01-03, name: kerstvakantie}
  study_days: [2026-11-23]
  special:
    - {on: 2026-11-24, time: 09:00-12:00, kind: lesson, name: naar het museum, groups: [7]}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KLASWACHT_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    found = Home.here()
    found.prepare()
    found.school_file.write_text(FILE)
    return found


def now(*arguments: str) -> list[str]:
    done = RUN.invoke(app, ["now", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout.splitlines()


def follow(home: Home, more: str) -> None:
    home.school_file.write_text(FILE + more)


def test_it_says_what_holds_until_when_and_what_comes_then(home: Home) -> None:
    assert now("--group", "7", "--at", "2026-11-26T09:00") == ["Groep 7: les tot 14:00 (daarna buiten schooltijd)"]
    assert now("--group", "1", "--at", "2026-11-24T10:00") == ["Groep 1: les tot 10:15 (daarna pauze)"]
    assert now("--group", "1", "--at", "2026-11-24T10:20") == ["Groep 1: pauze tot 10:30 (daarna les)"]


def test_an_excursion_has_its_name(home: Home) -> None:
    assert now("--group", "7", "--at", "2026-11-24T09:30") == ["Groep 7: les (naar het museum) tot 12:00 (daarna les)"]


def test_without_a_group_the_school_comes_first_and_then_every_group_that_has_something_of_its_own(home: Home) -> None:
    assert now("--at", "2026-11-27T09:00") == [
        "De school: les tot 14:00 (daarna buiten schooltijd)",
        "Groep 1: buiten schooltijd tot maandag 30 november 08:30 (daarna les)",
        "Groep 7: les tot 14:00 (daarna buiten schooltijd)",
    ]


def test_a_day_off_is_called_by_its_name_and_the_evening_before_says_it_too(home: Home) -> None:
    assert (
        now("--at", "2026-12-22T09:00")[0] == "De school: kerstvakantie tot maandag 4 januari 2027 08:30 (daarna les)"
    )
    assert now("--at", "2026-12-18T15:00")[0].startswith("De school: buiten schooltijd (kerstvakantie) tot maandag 4")
    assert now("--at", "2026-11-23T09:00")[0] == "De school: studiedag tot morgen 08:30 (daarna les)"


def test_a_school_without_a_timetable_has_no_change_in_sight(home: Home) -> None:
    home.school_file.write_text("protocol: kalisto\nschedule: {}\n")
    assert now() == ["De school: buiten schooltijd; in het rooster staat geen verandering"]


def test_the_groups_are_called_as_the_school_calls_them_and_the_rules_in_force_count(home: Home) -> None:
    store = school.opened(home)
    school.into_force(home, store, NOW)
    store.people.put_group("school", Group("7", "De Uilen"), "test", NOW)
    store.close()
    home.school_file.write_text(FILE.replace("08:30-14:00", "08:30-13:00"))
    assert now("--group", "7", "--at", "2026-11-26T09:00") == ["De Uilen: les tot 14:00 (daarna buiten schooltijd)"]


def test_a_group_that_is_not_there_and_a_moment_that_is_none_are_told(home: Home) -> None:
    with pytest.raises(Trouble, match="groep `9` is er niet; er zijn: `1`, `7`"):
        now("--group", "9")
    with pytest.raises(Trouble, match="`gisteren` is not a moment"):
        now("--at", "gisteren")


def test_it_speaks_english_where_the_school_does(home: Home) -> None:
    follow(home, "language: en\n")
    assert now("--group", "1", "--at", "2026-11-24T10:00") == ["Group 1: lesson until 10:15 (then break)"]


def test_holidays_that_wait_are_asked_for_until_they_are_over(home: Home) -> None:
    follow(home, "  holidays: {region: midden}\n")
    lines = now("--at", "2027-04-01T10:00", "--group", "7")[1:]
    assert lines[0] == (
        "vraag het na: meivakantie, zaterdag 24 april tot en met zondag 2 mei. Deze dagen tellen nog als schooldagen."
    )
    assert lines[1].startswith("vraag het na: zomervakantie, zaterdag 17 juli")
    assert f"`confirmed` in {home.school_file}" in lines[2]
    assert len(lines) == 3


def test_a_confirmed_year_asks_nothing_and_its_end_is_seen_coming(home: Home) -> None:
    follow(home, "  holidays: {region: midden, confirmed: [2026-2027]}\n")
    assert len(now("--at", "2027-04-01T10:00", "--group", "7")) == 1
    (ends,) = now("--at", "2027-07-15T10:00", "--group", "7")[1:]
    assert "bekend tot en met zondag 29 augustus" in ends


def test_validate_and_doctor_ask_for_them_too(home: Home) -> None:
    follow(home, "  holidays: {region: midden}\n")
    told = RUN.invoke(app, ["policy", "validate"]).stdout
    assert "vraag het na: zomervakantie" in told
    text, failed = doctor.render(*doctor.examine(home, NOW))
    assert "warn  vraag het na: kerstvakantie" not in text  # the school wrote that one itself
    assert "warn  vraag het na: voorjaarsvakantie, meivakantie, zomervakantie." in text
    assert not failed


def test_a_file_without_a_region_asks_nothing(home: Home) -> None:
    assert parse_school(FILE.encode()).policy.schedule.waiting == ()
    assert "vraag het na" not in RUN.invoke(app, ["policy", "validate"]).stdout
