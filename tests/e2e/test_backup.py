"""A machine is lost in the middle of a lesson, and the school goes on from its backup on another one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.demo.school import pupils
from cli.home import Home
from policy.model import Grant, Role, Sanction, SanctionTarget
from store import open_store
from tests.e2e.clients import Device
from tests.e2e.playground import Playground, playground, started
from tests.e2e.test_canary import wait_until

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]


EXPECTED = (200, 200, 403, 403, 403, 403)


def command(home: Path, *words: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
        env={**os.environ, "KLASWACHT_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def decided(play: Playground) -> None:
    """Noor's group may see a closed site for an hour; Sem is banned from his Chromebook."""
    now = datetime.now(UTC)
    grant = Grant("", now, now + timedelta(hours=1), Role.TEACHER, "staff-anja", people=frozenset({"p7-1"}),
                  sites=("kletsplein.test",))  # fmt: skip
    play.store.grants.add("school", grant, now)
    ban = Sanction("ban", "p7-2", SanctionTarget.CHROMEBOOK, now, now + timedelta(hours=1), "staff-anja")
    play.store.measures.add_sanction("school", ban, now, reason="Een reden.")


def answers(noor: Device, other: Device) -> tuple[int, ...]:
    """What each gets: the permitted site, one that is always open, one that is closed."""
    sites = ("https://kletsplein.test/", "https://onzeschool.test/", "https://fotodrop.test/")
    return tuple(device.fetch(site).status for device in (noor, other) for site in sites)


def test_grants_bans_and_keys_of_devices_hold_on_the_machine_that_comes_after(tmp_path):
    with playground(tmp_path / "first") as play:
        decided(play)
        noor, banned = (next(one for one in pupils() if one.person == name) for name in ("p7-1", "p7-2"))
        devices = [play.device(one.name) for one in (noor, banned)]
        wait_until(lambda: answers(*devices) == EXPECTED, "the permission and the ban came")
        safe, file = tmp_path / "stick", tmp_path / "school.backup"
        command(play.home.path, "backup-key", safe)
        command(play.home.path, "backup", "--out", file)
        before = play.store.revision("school")
        play.process.kill()
        play.process.wait()
        new = Home(tmp_path / "second")
        new.prepare()
        shutil.copytree(play.home.ca_folder, new.ca_folder)
        command(new.path, "restore", file, "--key", safe)
        with started(new, tmp_path / "second.log") as (_, told):
            port = told["keyed"]
            assert isinstance(port, int)
            moved = [Device(port, (play.ca,), key=f"{one.device}:{one.key}") for one in (noor, banned)]
            assert answers(*moved) == EXPECTED
        store = open_store(new.database_url, new.accounts_url, key=new.columns_key)
        assert store.revision("school") >= before
        assert store.measures.reasons("school", datetime.now(UTC)) == {"ban": "Een reden."}
        assert store.accounts.find("school", "anja") is not None
        store.close()
