"""A program is known again under another name; an ordinary one never is another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.observe import Observation, Process, Sockets, observe, sockets
from agent.signs import Digests, Recognition, file_at
from config.appsigns_file import factory_signs
from config.load import knowledge
from tests.cast import LESSON

APPS = knowledge().apps
Makes = Callable[..., subprocess.Popen[bytes]]
SHELL = ["-c", "echo ready; read -t 60 x", "shell"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Makes]:
    """Starts a copy of a real program with a content of its own: `make("notes", build=b"chat 1.2")`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        name: str, *words: str, build: bytes = b"", of: str = "/bin/bash", **more: str
    ) -> subprocess.Popen[bytes]:
        path = tmp_path / "home" / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(of, path)
        with path.open("ab") as file:
            file.write(build)
        process = subprocess.Popen(
            [path, *(words if of != "/bin/bash" else (*SHELL, *words))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **more},
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def names(*started: subprocess.Popen[bytes], before: Recognition | None = None) -> list[set[str]]:
    recognition = before or Recognition(factory_signs(), APPS.__contains__)
    seen = observe(LESSON)
    found = recognition.names(seen)
    by_pid = {one.pid: one for one in seen.processes}
    return [set(found.get(by_pid[one.pid], ())) for one in started]


@pytest.mark.evasion("E01")
def test_a_renamed_copy_of_a_chat_program_is_known_by_its_content(make) -> None:
    chat, copy = make("discord", build=b"chat 1.2"), make("huiswerk", build=b"chat 1.2")
    assert names(chat, copy) == [set(), {"discord"}]


def test_it_is_known_also_when_the_program_itself_ended_and_both_files_are_gone(make, tmp_path: Path) -> None:
    recognition = Recognition(factory_signs(), APPS.__contains__)
    chat = make("discord", build=b"chat 1.2")
    names(chat, before=recognition)
    chat.kill()
    chat.wait()
    copy = make("huiswerk", build=b"chat 1.2")
    for name in ("discord", "huiswerk"):
        (tmp_path / "home" / name).unlink()
    assert names(copy, before=recognition) == [{"discord"}]


def test_another_content_of_the_same_size_is_another_program(make) -> None:
    chat, other = make("discord", build=b"chat 1.2"), make("huiswerk", build=b"draw 1.2")
    assert names(chat, other) == [set(), set()]


def test_a_shell_that_is_called_discord_makes_no_shell_a_chat_program(make) -> None:
    called, shell = make("discord"), make("mijn-shell")
    assert names(called, shell) == [set(), set()]


@pytest.mark.parametrize(
    ("words", "app"),
    [
        (["--config", "thuis.ovpn"], "openvpn"),
        (["-f", "/home/lena/torrc"], "tor"),
        (["--SocksPort", "9999"], "tor"),
        (["--proxy-server=socks5://198.51.100.7:1080"], "browser-with-own-proxy"),
        (["--user-data-dir=/media/usb/profiel"], "portable-browser"),
    ],
)
def test_a_renamed_program_is_known_by_how_it_was_started(make, words: list[str], app: str) -> None:
    assert names(make("huiswerk", *words, build=b"1")) == [{app}]


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "instellingen.yaml"],
        ["run", "-c"],
        ["-f", "verslag.txt"],
        ["run", "plan.json"],
        ["--type=renderer", "--user-data-dir=/home/lena/.config/tekenen"],
    ],
)
def test_an_ordinary_command_line_is_no_sign(make, words: list[str]) -> None:
    assert names(make("huiswerk", *words, build=b"1")) == [set()]


def test_one_weak_sign_of_an_installed_program_is_not_enough() -> None:
    """An installed browser with a proxy on its command line; the same, carried along on a stick."""
    command = ("chromium", "--proxy-server=10.0.0.1:3128")
    installed = Process(10, "chromium", "/usr/bin/chromium", 1, "lena", 1.0, command)
    carried = Process(11, "werk", "/media/stick/werk", 1, "lena", 1.0, command)
    seen = Observation(LESSON, "lena", 1, (installed, carried))
    found = Recognition(factory_signs(), APPS.__contains__, lambda _: Sockets()).names(seen)
    assert found == {carried: frozenset({"browser-with-own-proxy"})}


@pytest.mark.evasion("E22")
def test_a_browser_on_a_stick_is_a_portable_browser_and_the_installed_one_is_not() -> None:
    here = Process(10, "firefox", "/usr/lib/firefox/firefox", 1, "lena", 1.0, ("firefox",))
    carried = Process(11, "firefox", "/media/stick/firefox", 1, "lena", 1.0, ("firefox",))
    unpacked = Process(12, "werk", "/home/lena/werk", 13, "lena", 2.0, ("werk",))
    starter = Process(13, "start-tor-browser", "/usr/bin/bash", 1, "lena", 1.0, ("bash", "start-tor-browser"))
    seen = Observation(LESSON, "lena", 1, (here, carried, unpacked, starter))
    found = Recognition(factory_signs(), APPS.__contains__, lambda _: Sockets()).names(seen)
    assert found == {carried: frozenset({"portable-browser"}), unpacked: frozenset({"tor-browser"})}


LISTENS = """
import socket
server = socket.create_server(("127.0.0.77", 9150))
print("ready", flush=True)
input()
"""


def test_a_renamed_tor_is_known_by_the_door_at_which_it_waits_for_a_browser(make) -> None:
    python = Path(sys.executable).resolve()
    home = {"PYTHONHOME": sys.base_prefix, "LD_LIBRARY_PATH": str(python.parent.parent / "lib")}
    renamed = make("huiswerk", "-c", LISTENS, build=b"1", of=str(python), **home)
    process = next(one for one in observe(LESSON).processes if one.pid == renamed.pid)
    assert 9150 in sockets(process).listens
    assert names(renamed) == [{"tor"}]


def test_sockets_are_asked_of_few_and_not_in_every_pass() -> None:
    asked: list[int] = []

    def look(process: Process) -> Sockets:
        asked.append(process.pid)
        return Sockets()

    installed = Process(10, "tekenen", "/usr/bin/tekenen", 1, "lena", 1.0)
    carried = Process(11, "tekenen", "/home/lena/tekenen", 1, "lena", 1.0)
    recognition = Recognition(factory_signs(), APPS.__contains__, look)
    for _ in range(5):
        recognition.names(Observation(LESSON, "lena", 1, (installed, carried)))
    assert asked == [11]


def test_a_program_that_ended_by_itself_has_no_sockets() -> None:
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    assert sockets(Process(ended.pid, "true", "/bin/true", 1, "lena", 1.0)) == Sockets()


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    path, digests = tmp_path / "program", Digests()
    path.write_bytes(b"one")
    first = file_at(str(path))
    assert first is not None
    known = digests.of(first)
    path.write_bytes(b"three")
    second = file_at(str(path))
    assert second is not None
    assert digests.of(first) == known
    assert digests.of(second) != known
    assert file_at(str(tmp_path / "gone")) is None
