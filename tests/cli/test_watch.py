"""A school.yaml that is changed while the guard runs: taken by itself when it is right, told once when it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import school
from cli.home import Home
from cli.watch import Watch, signature
from config import load
from config.texts import say
from store import Store, StoreUnavailable

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Guarded:
    """A home whose file was taken, a watch on it, and what it told."""

    home: Home
    store: Store
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        seen = signature(self.home.school_file)
        school.into_force(self.home, self.store, NOW)
        self.watch = Watch(self.home, self.store, seen, threading.Event(), self.told.append)

    def looks(self, times: int = 3) -> list[bool]:
        return [self.watch.look(NOW) for _ in range(times)]

    def change(self, old: str, new: str) -> None:
        text = self.home.school_file.read_text()
        assert old in text
        self.home.school_file.write_text(text.replace(old, new))

    @property
    def number(self) -> int:
        return self.store.policies.current("school").number


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    home = Home(tmp_path / "var")
    home.prepare()
    load.write_template(home.school_file)
    store = school.opened(home)
    yield Guarded(home, store)
    store.close()


def test_a_file_that_nobody_touched_is_not_read_and_nothing_is_said(guarded):
    assert guarded.looks() == [False, False, False]
    assert guarded.told == []


def test_a_change_is_taken_when_nobody_is_writing_it_any_more(guarded):
    guarded.change("hold_unknown: false", "hold_unknown: true")
    assert guarded.looks(1) == [False], "it may be half written"
    guarded.change("hold_unknown: true", "hold_unknown: true  # zo besloten")
    assert guarded.looks() == [False, True, False]
    assert guarded.number == 2
    assert guarded.store.policies.current("school").policy.hold_unknown
    assert guarded.told == [say("cli.up.new_rules", file=guarded.home.school_file, number=2)]


@pytest.mark.evasion("S08")
def test_a_broken_file_is_told_once_and_mended_by_itself(guarded):
    guarded.change("protocol: kalisto", "protocol: kalistoo")
    guarded.looks(6)
    assert len(guarded.told) == 1
    assert f"{guarded.home.school_file}:" in guarded.told[0]
    assert guarded.number == 1
    guarded.change("protocol: kalistoo", "protocol: regenboog")
    guarded.looks()
    assert guarded.number == 2


def test_a_file_that_is_gone_changes_nothing(guarded):
    guarded.home.school_file.unlink()
    guarded.looks()
    assert guarded.number == 1
    assert len(guarded.told) == 1


def test_rules_that_were_changed_elsewhere_are_not_lost_to_the_file(guarded):
    own = replace(guarded.store.policies.current("school").policy, open_sites=("bieb.nl",))
    assert guarded.store.policies.add("school", own, "beheer", "cor", NOW, based_on=1)
    guarded.change("hold_unknown: false", "hold_unknown: true")
    guarded.looks(6)
    assert guarded.number == 2
    (told,) = guarded.told
    assert "altijd open: eraf bieb.nl" in told
    assert "policy import --force" in told


def test_settings_wait_for_the_next_start_but_the_rules_do_not(guarded):
    guarded.change("youtube: strict", "youtube: moderate")
    guarded.change("hold_unknown: false", "hold_unknown: true")
    guarded.looks()
    assert guarded.store.policies.current("school").policy.hold_unknown
    assert say("policy.settings_wait", file=guarded.home.school_file, names="youtube") in guarded.told
    # A worker that starts again finds the settings of its neighbours.
    assert school.good_settings(guarded.home).youtube == "strict"


def test_a_file_that_says_its_number_is_given_the_new_one_and_read_no_more(guarded):
    guarded.change("protocol: kalisto", "protocol: kalisto\nrevision: 1\nopen_sites: [bieb.nl]\n#")
    guarded.change("open_sites: []\n", "")
    guarded.looks()
    assert guarded.number == 2
    assert "\nrevision: 2\n" in guarded.home.school_file.read_text()
    told = list(guarded.told)
    guarded.looks()
    assert (guarded.told, guarded.number) == (told, 2)
    guarded.change("[bieb.nl]", "[bieb.nl, krant.nl]")
    guarded.looks()
    assert guarded.number == 3


class Away:
    """A database that is not there."""

    def __getattr__(self, _name: str) -> object:
        raise StoreUnavailable("it is away")


def test_a_database_that_is_away_is_told_once_and_the_file_is_taken_later(guarded, monkeypatch):
    monkeypatch.setattr("cli.watch._LOOK", 0.01)
    monkeypatch.setattr("cli.watch._AGAIN", 0.01)
    stopping, tries, told = threading.Event(), [], []

    class Counting(Away):
        def __getattr__(self, name: str) -> object:
            tries.append(name)
            if len(tries) >= 3:
                stopping.set()
            return super().__getattr__(name)

    watch = Watch(guarded.home, Counting(), None, stopping, told.append)
    watch.start()
    watch.join(20)
    assert not watch.is_alive()
    assert told == ["klaswacht: it is away"]
