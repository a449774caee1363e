"""What the supervisor starts: a wrong command says so, and a worker without a school ends with a word."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.ca import ensure_ca
from config import load

ROOT = Path(__file__).resolve().parents[2]


def worker(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.worker", *words]
    told = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [(), ("proxies", "x", "{}"), ("proxy", "x")], ids=["nothing", "unknown", "too few"])
def test_a_wrong_command_is_answered_with_how_to_use_it(words):
    done = worker(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("kind", ["proxy", "dashboard"])
def test_a_worker_without_a_school_says_that_it_cannot_start(tmp_path, kind):
    done = worker(kind, str(tmp_path), "{}")
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_a_worker_that_cannot_read_the_rules_does_not_take_over_from_one_that_has_them(tmp_path):
    load.write_template(tmp_path / "school.yaml")
    ensure_ca(tmp_path / "ca", "School", datetime.now(UTC))
    (tmp_path / "klaswacht.db").write_bytes(b"no database")
    done = worker("proxy", str(tmp_path), '{"proxy": 0, "keyed": 0, "dashboard": 0}', KLASWACHT_REPLACES="1")
    assert done.returncode == 1
    assert "the rules cannot be read" in done.stderr
