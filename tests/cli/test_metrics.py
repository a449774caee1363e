"""What Prometheus reads: whole, of all processes together, without a name in it, and drawn by the Grafana file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.gauging import Sums
from cli.life import Child, Life, Task
from cli.metrics import COUNTS, Watched, page
from dashboard.actions.health import PARTS, Fact, Level, Told

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy/grafana/klaswacht.json"
NUMBERS = {
    "requests.deny": 3.0,
    "requests.Sam Pietersen": 9.0,
    "doors.tunnel": 2.0,
    "answers": 4.0,
    "answers.0.001": 3.0,
    "answers.seconds": 1.5,
    "https://geheim.example/": 1.0,
    "now.connections": 5.0,
    "now.rules": 1.0,
    "now.store": 1.0,
    "now.revision": 12.0,
    "now.late": 0.25,
}


class Stood(Life):
    """A process that is nothing but what it said."""

    def __init__(self, task: Task, numbers: dict[str, float]) -> None:
        super().__init__(task)
        self.ready, self.numbers = True, numbers


@pytest.fixture
def watched():
    sums = Sums()
    sums.heard({}, NUMBERS)
    sums.heard({}, {"requests.deny": 4.0})
    task = Task("proxy 1", (sys.executable, "-c", "import time; time.sleep(600)"), place=0)
    children = [Child(task, Stood(task, NUMBERS)), Child(Task("dashboard", ()))]
    told = Told(datetime.now(UTC), (Fact("disk", Level.BROKEN, "disk", {"name": "Sam Pietersen"}),))
    yield Watched(lambda: children, sums, lambda: told)
    children[0].now.kill()


@pytest.fixture
def samples(watched):
    families = text_string_to_metric_families(page(watched).decode())
    return {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}


def test_counts_of_all_processes_are_one_number(samples):
    assert samples["klaswacht_requests_total", ("effect", "deny")] == 7
    assert samples["klaswacht_requests_total", ("effect", "allow")] == 0
    assert samples[("klaswacht_open_connections",)] == 5
    assert samples["klaswacht_processes_ready", ("part", "proxy")] == 1
    assert samples["klaswacht_processes_ready", ("part", "dashboard")] == 0
    assert samples["klaswacht_memory_bytes", ("part", "proxy")] > 1024
    assert samples["klaswacht_health", ("part", "disk")] == 2


def test_how_long_an_answer_took_is_a_histogram_that_adds_up(samples):
    assert samples["klaswacht_answer_seconds_bucket", ("le", "0.001")] == 3
    assert samples["klaswacht_answer_seconds_bucket", ("le", "2.0")] == 3
    assert samples["klaswacht_answer_seconds_bucket", ("le", "+Inf")] == 4
    assert samples[("klaswacht_answer_seconds_sum",)] == 1.5


def test_nothing_that_a_process_makes_up_gets_into_it(watched):
    text = page(watched).decode()
    assert "Sam" not in text
    assert "geheim" not in text
    allowed = {kind for one in COUNTS for kind in one.kinds} | {"proxy", "dashboard", "names", *PARTS}
    for name, value in re.findall(r'(\w+)="([^"]*)"', text):
        assert name in {"le", "version"} or value in allowed, (name, value)


def test_a_supervisor_that_told_nothing_lately_is_not_called_healthy(watched):
    silent = Watched(watched.children, watched.sums, lambda: None)
    assert 'klaswacht_health{part="disk"} 3.0' in page(silent).decode()


def test_every_number_that_the_grafana_file_draws_is_there_and_none_is_left_out(samples):
    board = json.loads(GRAFANA.read_text())
    drawn = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"klaswacht_\w+", target["expr"])
    }
    there = {name for name, *_ in samples}
    assert drawn <= there, drawn - there
    kept = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in drawn}
    assert {re.sub(r"_(bucket|sum|count|total|created)$", "", name) for name in there} == kept
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_a_dead_process_weighs_nothing(watched):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    watched.children()[0].now.process = dead
    assert 'klaswacht_memory_bytes{part="proxy"} 0.0' in page(watched).decode()
