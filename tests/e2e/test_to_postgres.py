"""A school that has worked on SQLite goes to PostgreSQL, and nobody notices: what was decided holds, people sign in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from policy.model import Grant, Role, Sanction, SanctionTarget
from store import open_store
from tests.e2e.clients import Device
from tests.e2e.playground import Playground, playground, started
from tests.e2e.postgres import ROLES, Server, server
from tests.e2e.two_nodes import credentials, make_roles, move, until
from tests.reliability.kept import kept
from tests.reliability.staff import Teacher

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

SITES = ("https://kletsplein.test/", "https://onzeschool.test/", "https://fotodrop.test/")
ANSWERS = {"Noor": [200, 200, 403], "Sem": [403, 403, 403], "Daan": [403, 200, 403]}
_MADE_EACH_TIME = re.compile(r'(?:nonce|value|content|data-[a-z-]+)="[^"]*"|/_klaswacht/\S+|\d{1,2}:\d{2}')
"""What of a page is another one each time: tokens, and the time of day."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


def decided(play: Playground) -> None:
    """Noor may see a closed site for some hours; Sem is banned from his Chromebook."""
    now = datetime.now(UTC)
    end = now + timedelta(hours=3)
    grant = Grant("", now, end, Role.TEACHER, "staff-anja", people=frozenset({"p7-1"}), sites=("kletsplein.test",))
    play.store.grants.add("school", grant, now)
    ban = Sanction("ban", "p7-2", SanctionTarget.CHROMEBOOK, now, end, "staff-anja")
    play.store.measures.add_sanction("school", ban, now, reason="Een reden.")


def answers(devices: dict[str, Device]) -> dict[str, list[int]]:
    return {name: [one.fetch(site).status for site in SITES] for name, one in devices.items()}


def page(device: Device) -> str:
    """The page before a closed site, as a child reads it."""
    return _MADE_EACH_TIME.sub("", device.fetch("https://fotodrop.test/").text)


def test_a_school_that_has_worked_is_the_same_one_on_postgresql(tmp_path: Path, postgres: Server) -> None:
    with playground(tmp_path / "school") as play:
        decided(play)
        devices = {name: play.device(name) for name in ANSWERS}
        until(lambda: answers(devices) == ANSWERS, "what was decided holds")
        teacher = Teacher(play.dashboard_url, play.ca, "anja")
        assert teacher.gives("filmpjes.test") == (True, "")
        until(lambda: devices["Daan"].fetch("https://filmpjes.test/").status == 200, "the teacher's permission works")
        until(lambda: bool(play.store.events.latest("school")), "something was written down")
        before = page(devices["Daan"])
        assert play.stop() == 0
        shown = kept(play.store)
        accounts = play.store.accounts.accounts("school")
        make_roles(postgres, play.home)
        told = move(postgres, play.home)
        assert "events" in told
        moved = open_store(postgres.url_of(ROLES.desk), postgres.url_of(ROLES.accounts), key=play.home.columns_key)
        assert kept(moved) == shown
        assert moved.accounts.accounts("school") == accounts
        assert moved.revision("school") == play.store.revision("school")
        with (
            psycopg.connect(postgres.url_of(ROLES.proxy)) as proxy,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            proxy.execute("SELECT 1 FROM accounts.accounts")
        urls = {"database": postgres.url_of(ROLES.desk), "accounts-database": postgres.url_of(ROLES.accounts)}
        environment = credentials(tmp_path / "credentials", play.home, urls)
        for old in play.home.path.glob("*.db*"):
            old.unlink()  # the last step of the handbook: nothing of it is read any more
        with started(play.home, tmp_path / "postgres.log", environment) as (_, ports):
            there = {name: replace(one, proxy=ports["keyed"]) for name, one in devices.items()}
            assert answers(there) == ANSWERS
            assert there["Daan"].fetch("https://filmpjes.test/").status == 200
            assert page(there["Daan"]) == before
            again = Teacher(f"https://127.0.0.1:{ports['dashboard']}", play.ca, "anja")
            assert again.gives("rekenspel.test") == (True, "")
        moved.close()
