"""What a firewall leads to the guard is judged by its name, and where it was going makes no difference."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proxy_addons.facts import Away
from proxy_addons.original import destination

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="redirecting is Linux's")


def test_nobody_who_comes_by_itself_was_on_the_way_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        came, _ = server.accept()
        with came:
            assert destination(came) is None
    server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with server, socket.create_connection(server.getsockname()[:2]):
        came, _ = server.accept()
        with came:
            assert destination(came) is None


def _why_not() -> str:
    """Why two networks can not be made here; empty when they can."""
    if os.geteuid() != 0:
        return "making a network needs root"
    missing = [tool for tool in ("ip", "nsenter", "unshare") if shutil.which(tool) is None]
    if missing:
        return f"making a network needs `{missing[0]}`"
    probe = "import os,socket; os.unshare(os.CLONE_NEWNET); from tests.proxy_addons import firewall; "
    probe += "firewall.redirect(socket.AF_INET, (80,), 8080)"
    made = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=False)
    return "" if made.returncode == 0 else f"no network or firewall can be made here: {made.stderr[-200:]}"


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a device met whose traffic a firewall leads to the guard."""
    if why := _why_not():
        pytest.skip(why)
    folder: Path = tmp_path_factory.mktemp("led")
    command = (sys.executable, "-m", "tests.proxy_addons.led", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("tried", "found"),
    [
        ("tunnel", "200 secret"),  # by the site's own certificate
        ("tunnel over IPv6", "200 secret"),
        ("inspected", "200 secret"),
        ("blocked", "403"),
        ("no name", "403"),
        ("plain", "200 secret"),
        ("plain blocked", "403"),
        ("plain without a name", "400"),
        ("connect", "400"),
        ("garbage", ""),
        ("another port", ""),
        ("nobody led it", ""),
    ],
)
def test_a_device_that_knows_of_no_proxy_meets_the_same_rules(met: dict[str, object], tried: str, found: str) -> None:
    assert met[tried] == found


def test_it_is_known_by_its_address_and_the_listeners_own_port(met: dict[str, object]) -> None:
    assert met["addresses"] == ["10.9.0.2", "fd09::2"] and met["ports"] is True


def test_what_has_no_business_there_is_counted_and_nothing_is_left(met: dict[str, object]) -> None:
    assert met["away"] == {Away.BAD_HEAD: 2, Away.GARBAGE: 1, Away.PORT: 1, Away.LOOP: 1}
    assert met["left"] == [{}, {}]
