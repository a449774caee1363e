"""The two services: systemd has nothing against them, they are shut in, and the proxy is kept from the accounts."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "deploy/systemd"
SERVICES = ("klaswacht-desk.service", "klaswacht-proxy.service")
MOST_EXPOSED = 20  # tenths: systemd calls a service below 2 well shut in


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed (sudo apt-get install systemd)")
    return found


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """The units with a program that is there, as they would be on a machine on which it is installed."""
    for name in SERVICES:
        text = (UNITS / name).read_text()
        (tmp_path / name).write_text(re.sub(r"/opt/klaswacht/current/env/bin/klaswacht", "/bin/true", text))
    return tmp_path


def settings(name: str) -> list[tuple[str, str]]:
    lines = (UNITS / name).read_text().splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


def test_systemd_has_nothing_against_them(analyze: str, placed: Path) -> None:
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(placed / name) for name in SERVICES)],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{placed}:"},
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "klaswacht" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_they_are_shut_in(analyze: str, placed: Path, name: str) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(placed / name)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-600:]


def test_the_proxy_has_a_user_of_its_own_and_is_kept_from_accounts_and_keys() -> None:
    desk, proxy = (dict(settings(name)) for name in SERVICES)
    assert desk["User"] != proxy["User"]
    assert "KLASWACHT_ACCOUNTS_DATABASE" in proxy["UnsetEnvironment"]
    closed = " ".join(value for key, value in settings(SERVICES[1]) if key == "InaccessiblePaths").split()
    for place in ("lib/klaswacht/accounts", "lib/klaswacht/secrets", "lib/klaswacht/ca", "backups/klaswacht"):
        assert f"-/var/{place}" in closed
    handed = {value.partition(":")[0] for key, value in settings(SERVICES[1]) if key == "LoadCredential"}
    assert handed == {"mitmproxy-ca.pem", "klaswacht-ca.crt", "forms", "columns"}


def test_what_both_are_told_has_no_secret_in_it() -> None:
    lines = [line for line in (UNITS / "klaswacht.env").read_text().splitlines() if line and line[0] != "#"]
    assert {line.partition("=")[0] for line in lines} == {
        "KLASWACHT_HOME",
        "KLASWACHT_DATABASE",
        "KLASWACHT_ACCOUNTS_DATABASE",
        "KLASWACHT_BACKUPS",
        "KLASWACHT_LOG",
        "LD_LIBRARY_PATH",
    }
    assert (UNITS / "klaswacht").stat().st_mode & stat.S_IXUSR
