"""The CA of a running guard: another one takes over while pupils browse, and its key is nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from playwright.sync_api import sync_playwright

from cli.ca import CaFiles
from cli.ca.rotation import standing
from cli.demo.browser import find_chromium, make_profile
from tests.cli.authorities import Made, board
from tests.e2e.clients import Device
from tests.e2e.playground import Playground, playground
from tests.e2e.test_workers import Pupils

pytestmark = [pytest.mark.timeout(600), pytest.mark.full, pytest.mark.evasion("S03")]

CLOSED = "kletsplein.test"
TALKATIVE = """
import logging
_as_it_was = logging.basicConfig
def basic_config(**how):
    _as_it_was(**(how | {"level": logging.DEBUG}))
    logging.getLogger("talkative").debug("everything is logged")
logging.basicConfig = basic_config
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    """The root of the board, and a file with what it gave this school."""
    root, middle, own = board()
    file = tmp_path_factory.mktemp("given") / "all.pem"
    file.write_bytes(own.secret() + own.pem + middle.pem + root.pem)
    return root, file


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A guard that was asked to write down keys, and that logs everything there is to log."""
    folder = tmp_path_factory.mktemp("playground")
    (folder / "talkative").mkdir()
    (folder / "talkative" / "sitecustomize.py").write_text(TALKATIVE)
    asked = {name: str(folder / name) for name in ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE")}
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for name, value in (asked | {"PYTHONPATH": str(folder / "talkative")}).items():
            patch.setenv(name, value)
        running = stack.enter_context(playground(folder))
        for name in (*asked, "PYTHONPATH"):
            patch.delenv(name)
        yield running


def klaswacht(play: Playground, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, arguments)],
        env={**os.environ, "KLASWACHT_HOME": str(play.home.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def trusting(play: Playground, *roots: Path) -> Device:
    return Device(play.groups["7"], (*roots, play.papers.ca))


def given_by(device: Device, host: str = CLOSED) -> str:
    """Who signed what a device is shown, and how many certificates it is shown."""
    with device.tunnel(host) as line:
        chain = [x509.load_der_x509_certificate(one) for one in line.get_unverified_chain()]
    return f"{len(chain)}: {chain[0].issuer.rfc4514_string()}"


def dashboard(play: Playground, root: Path, path: str = "/beheer/ca.crt") -> bytes:
    context = ssl.create_default_context(cafile=str(root))
    with urllib.request.urlopen(f"{play.dashboard_url}{path}", context=context, timeout=60) as answer:
        return bytes(answer.read())


def test_no_process_of_the_guard_writes_down_keys_and_the_school_has_a_root_of_its_own(play):
    assert given_by(trusting(play, play.ca)).startswith("1: ")
    assert dashboard(play, play.ca) == play.ca.read_bytes()
    for one in psutil.Process(play.process.pid).children(recursive=True):
        assert not any("SSLKEYLOGFILE" in name for name in one.environ())
    assert list(play.home.path.parent.glob("*SSLKEYLOGFILE")) == []


def test_the_ca_of_the_board_takes_over_while_pupils_browse_and_nobody_is_refused(play, given, tmp_path):
    root, file = given
    old, new = tmp_path / "old.crt", tmp_path / "root.crt"
    old.write_bytes(play.ca.read_bytes())
    new.write_bytes(root.pem)
    files = CaFiles(play.home.ca_folder)
    with Pupils(trusting(play, old, new)) as pupils:
        told = klaswacht(play, "ca", "import", file)
        assert "PRIVATE" not in told
        assert given_by(trusting(play, old)).startswith("1: "), "it waits"
        assert dashboard(play, old, "/beheer/ca-volgende.crt") == root.pem
        klaswacht(play, "ca", "rotate", "--switch", "--now")
        assert given_by(trusting(play, new)) == "3: CN=De Regenboog"
        assert dashboard(play, new) == root.pem
        with pytest.raises(ssl.SSLCertVerificationError):
            given_by(trusting(play, old))
        assert "Bestuur Root" in klaswacht(play, "ca")
        page_in_chromium(play, new, tmp_path)
    assert len(pupils.good) > 20
    assert pupils.bad == []
    assert standing(files).previous is not None


def page_in_chromium(play: Playground, root: Path, folder: Path) -> None:
    """A browser that knows the board's root alone sees the guard's page, and no warning."""
    chromium = find_chromium()
    if chromium is None or shutil.which("certutil") is None:
        pytest.skip("needs Chromium and certutil (sudo apt-get install chromium libnss3-tools)")
    profile = make_profile(folder / "profile", {"board": root})
    assert profile.trusted
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=chromium,
            env={**os.environ, **profile.environment()},
            args=[*profile.flags(), "--disable-gpu"],
            proxy={"server": f"http://127.0.0.1:{play.groups['7']}"},
        )
        try:
            page = browser.new_page()
            answer = page.goto(f"https://{CLOSED}/", timeout=60_000)
            assert answer is not None
            assert answer.status == 403
            security = answer.security_details()
            assert security is not None
            assert security["issuer"] == "De Regenboog"
        finally:
            browser.close()


def test_the_keys_are_in_their_own_files_and_nowhere_else_that_the_guard_writes_or_says(play, given, tmp_path):
    files = CaFiles(play.home.ca_folder)
    if standing(files).previous is None:  # run by itself: then it is the next one that lies there
        klaswacht(play, "ca", "rotate")
    own = {path.resolve() for path in files.secrets if path.exists()}
    lines = {line for path in own for line in key_lines(path.read_bytes())}
    assert len(own) == 3
    assert len(lines) >= 6
    packing = (play.home.path / "secrets" / "extension").resolve()  # what the extension is signed with
    assert packing.stat().st_mode & 0o077 == 0
    lines |= set(key_lines(packing.read_bytes()))
    own.add(packing)
    said = {
        name: klaswacht(play, *command.split()).encode()
        for name, command in {
            "policy": "policy export",
            "check": f"check --json https://{CLOSED}/",
            "ca": "ca",
            "export": "ca export --which all",
            "now": "now",
        }.items()
    }
    json.loads(said["check"])
    said["doctor"] = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "doctor"],
        env={**os.environ, "KLASWACHT_HOME": str(play.home.path)},
        capture_output=True,
        check=False,
    ).stdout
    for name in ("/beheer/ca.crt", "/beheer/ca-volgende.crt", "/regels"):
        with contextlib.suppress(urllib.error.HTTPError):
            said[name] = dashboard(play, play.ca, name)
    said |= {str(path): path.read_bytes() for path in files_of(play.home.path.parent) if path.resolve() not in own}
    assert any(name.endswith("klaswacht.db") for name in said)
    assert any(name.endswith("accounts.db") for name in said)
    assert said[str(play.log)].count(b"everything is logged") >= 3, "the guard, its workers and the dashboard"
    for one in psutil.Process(play.process.pid).children(recursive=True):
        said[f"process {one.pid}"] = "\n".join((*one.cmdline(), *one.environ().values())).encode()
    theirs = {str(play.papers.key)}  # of the pretend sites, beside the home
    assert [name for name, text in said.items() if b"PRIVATE KEY" in text and name not in theirs] == []
    assert [name for name, text in said.items() if any(line in text for line in lines)] == []


def key_lines(pem: bytes) -> list[bytes]:
    """The lines of a private key, without its beginning and end: a few of them say enough."""
    secret = pem.partition(b"-----BEGIN CERTIFICATE")[0]
    return [line for line in secret.splitlines() if line and not line.startswith(b"-----")]


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
