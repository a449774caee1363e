"""What the supervisor starts: a wrong command says so, and a worker without a school ends with a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def worker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.worker", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


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
