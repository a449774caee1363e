"""The short form of `python -m bench.minute`: a tenth of the devices, fifty slow clients, and far too much at once.

It looks at what was answered and what was not, never at how fast.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.proxy import origin

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
SHORT = ("--share", "0.1", "--faster", "2", "--names", "20000", "--rounds", "1", "--window", "4", "--overload", "6")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What a short run counted (`bench.minute.report.counts`)."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not origin.installed():
        pytest.skip("needs root, unshare and nginx (apt install nginx-light)")
    kept = tmp_path_factory.mktemp("minute") / "told.json"
    command = [sys.executable, "-m", "bench.minute", *SHORT, "--json", str(kept)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            said = running.communicate(timeout=500)[0]
        except subprocess.TimeoutExpired:
            running.terminate()  # it ends its guard and its sites by itself
            said = running.communicate()[0]
    assert kept.exists(), said
    print(said)
    return json.loads(kept.read_text())


def test_classes_that_begin_together_get_every_page_and_the_teachers_see_what_they_tap(told: Mapping[str, Any]) -> None:
    assert told["minute"] == {"carried": told["wanted"], "shed": 0, "errors": 0, "shown": 0}
    assert told["screens"] == {"open": 12, "stayed": 12, "taps": 12, "seen": 12}


def test_slow_clients_are_held_and_a_good_one_is_served_beside_them(told: Mapping[str, Any]) -> None:
    assert told["slow"]["there"] >= 45 and told["slow"]["errors"] == 0
    assert max(told["slow"]["medians"]) < 10, "an order of size, and no measure"


@pytest.mark.evasion("S11")
def test_too_much_at_once_asks_some_to_wait_and_shows_nothing_closed_and_leaves_help_open(
    told: Mapping[str, Any],
) -> None:
    over = told["overload"]
    assert over["shed"] > 0 and over["carried"] > over["shed"]
    assert over["shown"] == 0 and over["refused"] > 0
    assert over["hung"] == 0
    assert over["bare"] == 0, "who is asked to wait gets the friendly page"
    assert over["helped"] > 0 and over["not_helped"] == 0


def test_after_too_much_at_once_everything_is_as_before(told: Mapping[str, Any]) -> None:
    assert told["back"]["seconds"] < 60 and told["back"]["errors"] == 0
    assert told["restarts"] == 0
