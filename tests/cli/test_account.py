"""The command of the last resort: the phone and the codes are gone, and no colleague can help."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import account, school
from cli.home import Home, Trouble, secret
from cli.main import app
from config import load
from dashboard import totp
from dashboard.actions import accounts, second_factor
from dashboard.actions.desk import Desk
from dashboard.seal import Seal

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "paarse fietsen drogen langzaam"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A school with one coordinator, who has a second factor and no colleague."""
    made = Home(tmp_path / "var")
    made.prepare()
    load.write_template(made.school_file)
    monkeypatch.setenv("KLASWACHT_HOME", str(made.path))
    return made


def settle(home: Home) -> None:
    store = school.opened(home)
    settings = load.read_school(home.school_file).settings
    desk = Desk(store, load.knowledge(settings), settings.school.id, settings)
    link = accounts.first_coordinator(desk, "Cor", "cor", NOW).value
    assert link and accounts.set_password(desk, link.token, PASSWORD, PASSWORD, NOW).ok
    mine = store.accounts.find(desk.school, "cor")
    assert mine
    sealed = Seal(secret(home.seal_key))
    assert second_factor.propose(desk, sealed, mine, NOW).ok
    found = store.second_factors.of(desk.school, mine.id)
    assert found and found.waiting
    key = sealed.open(found.waiting, f"{desk.school}:{mine.id}")
    assert key and second_factor.confirm(desk, sealed, mine, totp.code_at(key, NOW), NOW).ok
    store.close()


def test_at_the_computer_itself_the_last_coordinator_is_let_in_again(home: Home) -> None:
    settle(home)
    answer = CliRunner().invoke(app, ["account", "second-factor-reset", "COR"])
    assert answer.exit_code == 0, answer.output
    assert "gewist" in answer.output
    store = school.opened(home)
    mine = store.accounts.find("school", "cor")
    assert mine and store.second_factors.of("school", mine.id) is None
    (entry,) = store.audit.entries("school", what={"second_factor.reset"})
    assert (entry.who, entry.targets) == ("command", (mine.person,))
    assert [one.what.value for one in store.account_news.of("school", mine.id)] == ["factor-reset"]
    store.close()
    with pytest.raises(Trouble, match="geen tweede stap"):
        account.reset(home, "cor", NOW)


def test_a_name_that_is_not_there_is_said(home: Home) -> None:
    settle(home)
    with pytest.raises(Trouble, match="geen account `kor`; kijk in Beheer"):
        account.reset(home, "kor", NOW)


def test_the_key_lies_in_the_home_for_its_owner_only_and_stays_the_same(home: Home) -> None:
    first = secret(home.seal_key)
    assert len(first) == 32
    assert stat.S_IMODE(home.seal_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.seal_key.parent.stat().st_mode) == 0o700
    assert secret(home.seal_key) == first


def test_the_first_coordinator_gets_one_link_and_only_as_long_as_nobody_has_a_password(home: Home) -> None:
    school.into_force(home, school.opened(home), NOW)
    told = CliRunner().invoke(app, ["account", "first-link"])
    assert told.exit_code == 0, told.output
    assert "/wachtwoord/" in told.output
    settle(home)
    with pytest.raises(Trouble):
        account.link(home, NOW)
