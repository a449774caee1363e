"""`klaswacht policy` as the coordinator uses it: rules as numbered versions and as text, with the guard on or off."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cli import school
from cli.home import Home, Trouble
from cli.main import app
from config import load
from config.texts import say
from dashboard.actions.ownlists import Change, What, save_now
from policy.model import Member, Role
from proxy_addons.live import Live
from store import Store
from store.people import Person
from tests.cli.test_up import guard, write_school

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COR = Member("cor", Role.COORDINATOR)
PATIENCE = 20.0  # seconds that a loaded machine gets for what takes less than two


@dataclass
class Place:
    """A home with a school file of which the first version was taken."""

    home: Home
    store: Store

    @property
    def file(self) -> Path:
        return self.home.school_file

    def run(self, *arguments: str) -> str:
        """What a command prints, when it does its work."""
        done = CliRunner().invoke(app, ["policy", *arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    def refused(self, *arguments: str) -> tuple[str, str]:
        """What a command that refuses says: its line, and what it told before."""
        done = CliRunner().invoke(app, ["policy", *arguments])
        assert isinstance(done.exception, Trouble), done.output
        assert "\n" not in str(done.exception)
        return str(done.exception), done.output

    def number(self) -> int:
        return self.store.policies.current("school").number

    def write(self, text: str, name: str = "ander.yaml") -> Path:
        path = self.home.path.parent / name
        path.write_text(text)
        return path

    def tap(self, site: str = "bieb.nl") -> None:
        """The coordinator opens a site on the dashboard."""
        settings = school.good_settings(self.home)
        desk = school.desk_for(self.store, load.knowledge(settings), settings)
        assert save_now(desk, COR, Change(What.OPEN, site), NOW).ok


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    home = Home(tmp_path / "var")
    home.prepare()
    load.write_template(home.school_file)
    monkeypatch.setenv("KLASWACHT_HOME", str(home.path))
    store = school.opened(home)
    school.into_force(home, store, NOW)
    store.people.put_people("school", [Person("cor", Role.COORDINATOR, "Cor de Wit")], "cor", NOW)
    yield Place(home, store)
    store.close()


def test_a_version_goes_out_is_changed_and_comes_back(place):
    out = place.write("", "uit.yaml")
    out.unlink()
    place.tap()
    assert place.run("export", "--out", str(out)).strip() == say("policy.exported", number=2, file=out)
    text = out.read_text()
    assert text.startswith("# Regels van Onze school, versie 2 (23-11-2026 10:00, Cor de Wit, dashboard).")
    assert "\nrevision: 2\n" in text
    assert load.parse_school(text.encode()).policy == place.store.policies.current("school").policy
    out.write_text(text.replace("- bieb.nl", "- bieb.nl\n- krant.nl").replace("[bieb.nl]", "[bieb.nl, krant.nl]"))
    told = place.run("import", str(out))
    assert say("policy.imported", file=out, number=3) in told
    assert place.store.policies.current("school").policy.open_sites == ("bieb.nl", "krant.nl")
    assert "\nrevision: 3\n" in out.read_text(), "so that it can be changed again"
    assert say("policy.same", file=out, number=3) in place.run("import", str(out))


def test_a_file_that_somebody_was_before_is_refused_with_the_difference_and_loses_nothing(place):
    mine = place.write(place.run("export") + "\ninterns_permit: true\n", "mijn.yaml")
    place.tap("bieb.nl")
    before = mine.read_bytes()
    line, told = place.refused("import", str(mine))
    assert "version 2 is in force" in line
    assert "--force" in line
    assert "stagiair mag toestemming geven: nee → ja" in told
    assert "altijd open: eraf bieb.nl" in told
    assert say("policy.base", number=1) in told
    assert (mine.read_bytes(), place.number()) == (before, 2)
    assert say("policy.imported", file=mine, number=3) in place.run("import", str(mine), "--force")
    assert place.store.policies.current("school").policy.interns_permit


def test_a_file_that_nobody_changed_does_not_turn_the_clock_back(place):
    mine = place.write(place.run("export"), "mijn.yaml")
    place.tap()
    _, told = place.refused("import", str(mine))
    assert "altijd open: eraf bieb.nl" in told
    assert place.number() == 2


def test_a_file_from_elsewhere_that_says_no_version_is_shown_before_it_is_taken(place):
    load.write_template(place.home.path.parent / "los.yaml", "regenboog")
    loose = place.home.path.parent / "los.yaml"
    line, told = place.refused("import", str(loose))
    assert say("policy.base_unknown") in told
    assert "protocol: kalisto → regenboog" in told
    assert "--force" in line
    place.run("import", str(loose), "--force")
    assert place.store.policies.current("school").policy.protocol.id == "regenboog"
    # The home's own file was not the last word: a next start does not bring it back by itself.
    assert school.into_force(place.home, place.store, NOW).revision.number == 2


def test_the_settings_of_another_file_are_not_taken_and_that_is_said(place):
    text = place.run("export").replace("youtube: strict", "youtube: moderate") + "\ninterns_permit: true\n"
    told = place.run("import", str(place.write(text)))
    assert say("policy.settings_not", file=place.file, names="youtube") in told
    assert say("policy.file_older", file=place.file) in told


def test_the_schools_own_file_is_imported_without_a_number(place):
    place.file.write_text(place.file.read_text().replace("hold_unknown: false", "hold_unknown: true"))
    assert say("policy.imported", file=place.file, number=2) in place.run("import")
    place.tap()
    place.file.write_text(place.file.read_text().replace("hold_unknown: true", "hold_unknown: false"))
    assert "version 3 is in force" in place.refused("import")[0]


def test_a_broken_file_is_one_line_and_nothing_is_written(place):
    broken = place.write(place.run("export").replace("protocol: kalisto", "protocol: kalistoo"))
    line, _ = place.refused("import", str(broken))
    assert line.startswith(f"{broken}:")
    assert "kalisto" in line
    assert place.number() == 1
    assert str(broken) in place.refused("diff", str(broken))[0]
    place.file.write_text("schedule: [\n")
    assert str(place.file) in place.refused("import")[0]
    assert "protocol: kalisto" in place.run("export"), "what is in force can still be written out"


def test_what_a_version_changed_and_who_did_it_is_in_the_history(place):
    place.tap("bieb.nl")
    place.run("rollback", "1")
    lines = place.run("history").splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert "altijd open: eraf bieb.nl" in lines[0]
    assert say("policy.source.rollback") in lines[0]
    assert "23-11-2026 10:00" in lines[1]
    assert "Cor de Wit" in lines[1]
    assert say("policy.source.dashboard") in lines[1]
    assert "altijd open: erbij bieb.nl" in lines[1]
    assert lines[2].endswith(say("policy.first"))
    assert len(place.run("history", "--limit", "1").splitlines()) == 1


def test_going_back_is_a_new_version_and_the_old_ones_stay(place):
    first = place.store.policies.current("school").policy
    place.tap()
    assert say("policy.rolled", number=3, old=1) in place.run("rollback", "1")
    assert place.store.policies.current("school").policy == first
    assert place.store.policies.get("school", 2).policy.open_sites == ("bieb.nl",)
    assert say("policy.rolled_same", number=3, old=1) in place.run("rollback", "1")
    assert "no version 9" in place.refused("rollback", "9")[0]
    # The home's file is not of this version, so a start does not take it for a newer one.
    assert school.into_force(place.home, place.store, NOW).revision.number == 3


def test_the_difference_is_told_in_words_or_as_lines(place):
    place.tap()
    assert place.run("diff", "1", "2") == "altijd open: erbij bieb.nl\n"
    assert place.run("diff", "1") == "altijd open: erbij bieb.nl\n"
    assert place.run("diff") == "altijd open: eraf bieb.nl\n", "what school.yaml would change"
    assert place.run("diff", str(place.file)) == "altijd open: eraf bieb.nl\n"
    assert place.run("diff", "2", "2").strip() == say("policy.no_difference")
    lines = place.run("diff", "1", "2", "--plain").splitlines()
    assert lines[:2] == ["--- 1", "+++ 2"]
    assert [line for line in lines[2:] if line.startswith(("+", "-"))] == ["+", "+open_sites: [bieb.nl]"]


def test_what_the_school_does_otherwise_than_its_protocol_is_told(place):
    assert "zoals het protocol" in place.run("diff", "--protocol")
    place.tap("instagram.com")
    said = place.run("diff", "--protocol")
    assert "hier ruimer" in said
    assert "instagram.com" in said


def test_an_export_does_not_write_over_a_file_unless_asked(place):
    before = place.file.read_bytes()
    assert "--force" in place.refused("export", "--out", str(place.file))[0]
    assert place.file.read_bytes() == before
    place.file.chmod(0o600)
    place.tap()
    place.run("export", "--out", str(place.file), "--force")
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    taken = school.into_force(place.home, place.store, NOW)
    assert (taken.revision.number, taken.notices) == (2, ()), "the file is of the version in force again"


def test_before_the_first_start_there_is_a_way(tmp_path, monkeypatch):
    home = Home(tmp_path / "new")
    monkeypatch.setenv("KLASWACHT_HOME", str(home.path))
    run = CliRunner()
    assert "klaswacht up" in str(run.invoke(app, ["policy", "export"]).exception)
    home.prepare()
    load.write_template(home.school_file)
    assert isinstance(run.invoke(app, ["policy", "history"]).exception, Trouble)
    assert run.invoke(app, ["policy", "import"]).exit_code == 0
    assert "protocol: kalisto" in run.invoke(app, ["policy", "export"]).output


def test_an_editor_gets_its_schema_without_a_school(tmp_path, monkeypatch):
    monkeypatch.setenv("KLASWACHT_HOME", str(tmp_path / "nowhere"))
    done = CliRunner().invoke(app, ["policy", "schema"])
    assert json.loads(done.output)["properties"]["youtube"]["enum"] == ["strict", "moderate"]


# --- while the guard runs ------------------------------------------------------------------------------------------


async def moved(live: Live, change: object, *arguments: str) -> float:
    """Seconds from the end of a command until the snapshot of a worker is another one."""
    before = live.revision
    await asyncio.to_thread(change.run, *arguments)
    begun = time.monotonic()
    assert await live.changed(before, PATIENCE) != before
    return time.monotonic() - begun


def test_an_import_and_a_rollback_reach_a_worker_by_themselves(place):
    other = place.write(place.run("export") + "\nopen_sites: [bieb.nl]\n")

    async def follow() -> list[tuple[str, ...]]:
        live = Live(place.store, "school", load.knowledge())
        await live.start()
        seen = []
        for arguments in (("import", str(other)), ("rollback", "1")):
            await moved(live, place, *arguments)
            seen.append(live.snapshot.policy.open_sites)
        await live.stop()
        return seen

    assert asyncio.run(follow()) == [("bieb.nl",), ()]


def closed_everywhere(port: int, host: str, wanted: bool) -> bool:
    """Whether a closed page comes (or none) on every one of many new connections: both workers answer some."""
    answers = []
    for _ in range(12):
        with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            answers.append(client.get(f"http://{host}/").status_code == 403)
    return all(answer is wanted for answer in answers)


def until(what: object) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.full
def test_both_workers_of_a_running_guard_follow_the_file_the_command_and_what_is_broken_changes_nothing(tmp_path):
    home = Home(tmp_path / "var")
    write_school(home.path)
    # Closed outside school hours too, so that the hour of the test does not matter.
    rule = "rules:\n  - {id: eigen, basis: {decided: 2026-09-01}, facet: place, sites: [%s], holds_in: at school}\n"
    template = home.school_file.read_text()

    def say_closed(host: str) -> None:
        home.school_file.write_text(template.replace("rules: []\n", rule % host))

    def command(*arguments: str) -> None:
        environment = {"KLASWACHT_HOME": str(home.path)}
        done = CliRunner().invoke(app, ["policy", *arguments], env=os.environ | environment)
        assert done.exit_code == 0, (done.output, done.exception)

    with guard(home.path, tmp_path / "log") as running:
        port = running.port("cli.up.proxy")
        assert closed_everywhere(port, "een.test", wanted=False)
        say_closed("een.test")
        until(lambda: closed_everywhere(port, "een.test", wanted=True))
        assert say("cli.up.new_rules", file=home.school_file, number=2) in running.told

        home.school_file.write_text("protocol: [\n")
        until(lambda: "LET OP" in running.told)
        assert closed_everywhere(port, "een.test", wanted=True)

        command("rollback", "1")
        until(lambda: closed_everywhere(port, "een.test", wanted=False))
        command("export", "2", "--out", str(tmp_path / "twee.yaml"))
        command("import", str(tmp_path / "twee.yaml"), "--force")
        until(lambda: closed_everywhere(port, "een.test", wanted=True))
        assert running.told.count("LET OP") == 1, "what is broken is told once"
