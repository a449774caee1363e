"""`klaswacht agent` on a laptop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.home import Home
from cli.agent import app
from tests.agent.school import DEVICE, SCHOOL, Dashboard, prepare

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def school_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("school")
    prepare(folder)
    return folder


@pytest.fixture
def at_school(school_folder: Path, tmp_path: Path) -> Iterator[Dashboard]:
    running = Dashboard(Path(shutil.copytree(school_folder, tmp_path / "school")))
    yield running
    running.close()


class Laptop:
    def __init__(self, at_school: Dashboard, folder: Path) -> None:
        self.at_school = at_school
        self.folder = folder

    def __call__(self, *words: str):
        return CliRunner().invoke(app, list(words), env={"KLASWACHT_AGENT_HOME": str(self.folder)})

    def enroll(self, code: str | None = None, ca: Path | None = None):
        school = self.at_school
        return self("enroll", school.address, code or school.code(), "--ca", str(ca or school.ca.public))


@pytest.fixture
def laptop(at_school: Dashboard, tmp_path: Path) -> Laptop:
    return Laptop(at_school, tmp_path / "laptop")


def test_a_laptop_is_enrolled_and_has_its_copy_at_once(laptop: Laptop) -> None:
    told = laptop.enroll()
    assert told.exit_code == 0, told.output
    assert DEVICE in told.output
    assert Home(laptop.folder).copy() is not None
    status = laptop("status")
    assert status.exit_code == 0
    assert DEVICE in status.output
    key = Home(laptop.folder).enrolment()
    assert key is not None
    assert key.key not in told.output + status.output
    assert key.secret not in told.output + status.output


def test_a_wrong_code_says_what_to_do(laptop: Laptop) -> None:
    told = laptop.enroll("AAAA-AAAA")
    assert told.exit_code == 1
    assert "code" in told.output
    assert Home(laptop.folder).enrolment() is None


def test_a_folder_that_cannot_be_written_costs_no_code(laptop: Laptop) -> None:
    code = laptop.at_school.code()
    laptop.folder.write_text("a file is in the way")
    assert laptop.enroll(code).exit_code == 1
    laptop.folder.unlink()
    assert laptop.enroll(code).exit_code == 0


def test_a_ca_file_that_is_not_there_is_told(laptop: Laptop, tmp_path: Path) -> None:
    told = laptop.enroll(ca=tmp_path / "none.crt")
    assert told.exit_code == 1
    assert "none.crt" in told.output


def test_enrolling_twice_asks_to_unenrol_first(laptop: Laptop) -> None:
    laptop.enroll()
    assert "unenroll" in laptop.enroll().output
    assert laptop("unenroll").exit_code == 0
    assert laptop.enroll().exit_code == 0


def test_status_without_the_server_tells_of_the_copy(laptop: Laptop) -> None:
    laptop.enroll()
    laptop.at_school.stop()
    try:
        told = laptop("status")
        assert told.exit_code == 1
        assert "Kopie op deze computer: revisie" in told.output
    finally:
        laptop.at_school.start()


def test_status_tells_of_a_copy_that_somebody_changed(laptop: Laptop) -> None:
    laptop.enroll()
    copy = laptop.folder / "snapshot.json"
    copy.write_bytes(copy.read_bytes().replace(b"sam", b"sem"))
    told = laptop("status")
    assert "niet van de school" in told.output
    assert "niet van de school" not in laptop("status").output, "the school has spoken since"


def test_unenrolling_is_told_to_the_school(laptop: Laptop) -> None:
    laptop.enroll()
    devices = laptop.at_school.store.devices
    assert devices.public_key(SCHOOL, DEVICE)
    told = laptop("unenroll")
    assert "De school weet" in told.output
    assert devices.public_key(SCHOOL, DEVICE) is None
    assert list(laptop.folder.iterdir()) == []


def test_unenrolling_without_the_school_wipes_the_keys_all_the_same(laptop: Laptop) -> None:
    laptop.enroll()
    laptop.at_school.stop()
    try:
        told = laptop("unenroll")
        assert told.exit_code == 0
        assert "nog niet horen" in told.output
        assert list(laptop.folder.iterdir()) == []
    finally:
        laptop.at_school.start()


def test_what_is_not_enrolled_says_so(laptop: Laptop) -> None:
    for word in ("status", "unenroll", "run"):
        told = laptop(word)
        assert told.exit_code != 0
        assert "enroll" in told.output


def test_the_program_itself_ends_a_chat_program_and_stops_when_told(laptop: Laptop, tmp_path: Path) -> None:
    """`python -m agent` as a service would start it."""
    laptop.enroll()
    discord = tmp_path / "discord"
    shutil.copy("/bin/sleep", discord)
    environment = {**os.environ, "KLASWACHT_AGENT_HOME": str(laptop.folder), "PATH": str(tmp_path)}
    command = [sys.executable, "-m", "agent", "--under", str(os.getpid())]
    agent = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    chat = subprocess.Popen([str(discord), "60"])
    try:
        assert chat.wait(40) != 0
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    finally:
        for process in (chat, agent):
            process.kill()
            process.wait()
        if agent.stderr:
            agent.stderr.close()
