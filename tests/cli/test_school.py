"""School.yaml into force: the file is taken over when it is right, and never costs the school its rules when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import school
from cli.home import Home, Trouble
from config import load
from dashboard.actions import accounts
from policy.model import Role
from store import Store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "paarse fietsen drogen langzaam"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "var")
    made.prepare()
    load.write_template(made.school_file)
    return made


@pytest.fixture
def store(home: Home):
    opened = school.opened(home)
    yield opened
    opened.close()


def change(home: Home, old: str, new: str) -> None:
    text = home.school_file.read_text()
    assert old in text
    home.school_file.write_text(text.replace(old, new))


def test_the_first_file_becomes_the_first_revision(home, store):
    taken = school.into_force(home, store, NOW)
    assert taken.revision.number == 1
    assert taken.revision.policy.protocol.id == "kalisto"
    assert store.policies.current("school") == taken.revision


def test_the_same_file_changes_nothing_and_says_nothing(home, store):
    school.into_force(home, store, NOW)
    before = store.revision("school")
    again = school.into_force(home, store, NOW + timedelta(days=1))
    assert (again.revision.number, again.notices, store.revision("school")) == (1, (), before)


def test_a_changed_file_becomes_the_next_revision(home, store):
    school.into_force(home, store, NOW)
    change(home, "protocol: kalisto", "protocol: regenboog")
    taken = school.into_force(home, store, NOW)
    assert (taken.revision.number, taken.revision.policy.protocol.id) == (2, "regenboog")
    assert "versie 2" in taken.notices[0]


def test_a_wrong_file_keeps_the_last_rules_in_force_and_says_so_loudly(home, store):
    school.into_force(home, store, NOW)
    change(home, "protocol: kalisto", "protocol: kalistoo")
    taken = school.into_force(home, store, NOW)
    assert taken.revision.number == 1
    assert taken.settings.protocol == "kalisto"
    assert taken.notices[0].startswith("LET OP")
    assert f"{home.school_file}:" in taken.notices[0]
    assert "kalistoo" in taken.notices[0]


def test_a_wrong_first_file_is_one_line_with_its_place(home, store):
    change(home, "protocol: kalisto", "protocol: kalistoo")
    with pytest.raises(Trouble, match=r"school\.yaml:\d+: .*kalistoo") as trouble:
        school.into_force(home, store, NOW)
    assert "\n" not in str(trouble.value)


def test_rules_changed_on_the_dashboard_are_not_overwritten_by_the_file_unless_asked(home, store):
    first = school.into_force(home, store, NOW)
    own = replace(first.revision.policy, open_sites=("bieb.nl",))
    assert store.policies.add("school", own, "dashboard", "carla", NOW, based_on=1)
    change(home, "protocol: kalisto", "protocol: regenboog")

    kept = school.into_force(home, store, NOW)
    assert (kept.revision.number, kept.revision.policy) == (2, own)
    assert "bieb.nl" in kept.notices[0]
    assert "--take-file" in kept.notices[0]

    taken = school.into_force(home, store, NOW, take_file=True)
    assert (taken.revision.number, taken.revision.policy.protocol.id) == (3, "regenboog")


def test_only_one_guard_runs_in_a_folder(home):
    with school.only_one(home):
        assert school.running(home)
        with pytest.raises(Trouble, match=r"running .* already"), school.only_one(home):
            pass
    assert not school.running(home)
    with school.only_one(home):
        pass


def test_the_first_coordinator_gets_a_link_until_a_password_is_set(home, store: Store):
    settings = school.into_force(home, store, NOW).settings
    desk = school.desk_for(store, load.knowledge(settings), settings)
    first = school.coordinator_link(desk, NOW)
    again = school.coordinator_link(desk, NOW + timedelta(hours=1))
    assert first
    assert again
    assert first.token != again.token
    assert not accounts.set_password(desk, first.token, PASSWORD, PASSWORD, NOW).ok, "an older link works no more"
    assert accounts.set_password(desk, again.token, PASSWORD, PASSWORD, NOW + timedelta(hours=2)).ok
    assert school.coordinator_link(desk, NOW + timedelta(hours=3)) is None
    assert accounts.sign_in(desk, again.login, PASSWORD, "127.0.0.1", NOW + timedelta(hours=3)).ok
    assert [account.role for account in store.accounts.accounts("school")] == [Role.COORDINATOR]


def test_a_school_may_keep_things_shorter_but_never_longer(home, store):
    settings = school.into_force(home, store, NOW).settings
    shorter = {"blocked": 7, "bans": 20, "requests": 5, "signals": 3}
    kept = school.terms(replace(settings, retention={**settings.retention, **shorter}))
    assert (kept.blocked, kept.measures, kept.asks, kept.signals, kept.noted) == (7, 20, 5, 3, 90)
    with pytest.raises(Trouble, match=r"retention.blocked"):
        school.terms(replace(settings, retention={**settings.retention, "blocked": 400}))


def test_the_ports_that_were_taken_are_what_everybody_runs_by(home, store):
    settings = school.into_force(home, store, NOW).settings
    settings = replace(settings, listen=replace(settings.listen, groups={"7": 0}))
    taken = {"proxy": 1, "keyed": 2, "dashboard": 3, "group:7": 4}
    listen = school.with_ports(settings, taken).listen
    assert (listen.proxy, listen.keyed, listen.dashboard, dict(listen.groups)) == (1, 2, 3, {"7": 4})


def test_a_file_that_was_not_changed_waits_quietly_for_rules_that_were_changed_on_the_dashboard(home, store):
    first = school.into_force(home, store, NOW)
    own = replace(first.revision.policy, open_sites=("bieb.nl",))
    assert store.policies.add("school", own, "beheer", "carla", NOW, based_on=1)
    kept = school.into_force(home, store, NOW)
    assert (kept.revision.number, kept.revision.policy) == (2, own)
    (notice,) = kept.notices
    assert "LET OP" not in notice
    assert "policy export" in notice
    change(home, "# De taal van de bladzijden: nl of en.", "# De taal.")
    assert "LET OP" not in school.into_force(home, store, NOW).notices[0], "another comment is no other rule"


def test_a_new_version_of_the_product_reaches_rules_that_were_changed_on_the_dashboard(home, store):
    first = school.into_force(home, store, NOW)
    old = replace(first.revision.policy, open_sites=("bieb.nl",), rules=first.revision.policy.rules[1:])
    assert store.policies.add("school", old, "beheer", "carla", NOW, based_on=1)
    renewed = school.into_force(home, store, NOW)
    assert renewed.revision.number == 3
    assert renewed.revision.policy == replace(first.revision.policy, open_sites=("bieb.nl",))
