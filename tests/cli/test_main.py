"""The command as a person uses it: what it prints, where, and with which exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from cli.ca import ensure_ca
from cli.main import _ELSEWHERE, app

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def klaswacht(tmp_path: Path):
    """Run the installed command in an empty folder with a home of its own."""

    def run(*arguments: str, home: Path = tmp_path / "var") -> subprocess.CompletedProcess[bytes]:
        command = Path(sys.executable).with_name("klaswacht")
        environment = os.environ | {"KLASWACHT_HOME": str(home)}
        return subprocess.run(
            [command, *arguments], env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    return run


def refused(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line of a command that could not do its work."""
    assert done.returncode == 1
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("klaswacht: ")
    return line


def test_version_is_that_of_the_project_file(klaswacht):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert klaswacht("version").stdout.decode().strip() == f"klaswacht {project['version']}"


def test_help_names_every_command_and_each_of_them_has_help_of_its_own(klaswacht):
    text = klaswacht("--help").stdout.decode()
    for command in ("up", "check", "policy", "ca", "doctor", "version", "agent", "demo"):
        assert f" {command} " in text
    runner = CliRunner()
    for command in _ELSEWHERE:
        assert f" {command} " in text
        done = runner.invoke(app, [command, "--help"])
        assert done.exit_code == 0
        assert f"Usage: klaswacht {command} " in done.stdout


def test_a_command_that_nobody_knows_is_told_the_nearest(klaswacht):
    assert "Did you mean 'policy'?" in klaswacht("polcy").stderr.decode()


def test_a_small_command_waits_for_no_database_and_no_proxy(klaswacht):
    look = "import sys; from cli.main import app; app(['now', '--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert "cli.now" in loaded
    assert not loaded & {"sqlalchemy", "flask", "mitmproxy", "dashboard", "proxy_addons"}


def test_a_right_school_file_is_told_so(klaswacht, tmp_path):
    from config.load import write_template

    write_template(tmp_path / "mine.yaml")
    done = klaswacht("policy", "validate", "mine.yaml")
    assert done.returncode == 0
    assert "mine.yaml is goed: protocol kalisto" in done.stdout.decode()


def test_a_wrong_school_file_is_one_line_with_the_place_and_a_remedy(klaswacht, tmp_path):
    from config.load import write_template

    mine = tmp_path / "mine.yaml"
    write_template(mine)
    mine.write_text(mine.read_text().replace("  name: Onze school", "  naam: Onze school"))
    place = mine.read_text().splitlines().index("  naam: Onze school") + 1
    line = refused(klaswacht("policy", "validate", "mine.yaml"))
    assert f"mine.yaml:{place}: " in line
    assert "`naam`" in line
    assert "`name`" in line


def test_validating_where_nothing_is_says_so(klaswacht):
    assert "school.yaml" in refused(klaswacht("policy", "validate"))


def test_the_ca_is_exported_without_its_key(klaswacht, tmp_path):
    ensure_ca(tmp_path / "var" / "ca", "Onze school", NOW)
    pem = klaswacht("ca", "export").stdout
    assert b"PRIVATE" not in pem
    certificate = x509.load_pem_x509_certificate(pem)
    assert klaswacht("ca", "export", "--out", "school.der", "--format", "der").returncode == 0
    assert x509.load_der_x509_certificate((tmp_path / "school.der").read_bytes()) == certificate


def test_exporting_before_there_is_a_ca_says_what_to_do(klaswacht):
    assert "klaswacht up" in refused(klaswacht("ca", "export"))


def test_the_doctor_works_where_nothing_is_yet(klaswacht):
    done = klaswacht("doctor")
    assert b"ok    Python" in done.stdout
    assert b"school.yaml" in done.stdout


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="/proc is what even root cannot write, on Linux only")
def test_a_folder_that_cannot_be_written_is_one_line(klaswacht):
    assert "KLASWACHT_HOME" in refused(klaswacht("up", home=Path("/proc/klaswacht")))


def test_a_broken_school_file_is_one_line_and_nothing_starts(klaswacht, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "school.yaml").write_text("workers: [\n")
    assert "school.yaml:" in refused(klaswacht("up"))
    assert not (tmp_path / "var" / "ca").exists()
