"""What the supervisor tells about itself: true, of the machine alone, and believed only where it makes sense."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.findings import Finding
from cli.findings import Level as Found
from cli.home import Home
from cli.life import Child, Life, Task
from cli.vitals import Chores, Vitals, VitalsFile, load, processes
from config.texts import has
from dashboard.actions.health import Fact, Level
from proxy_addons.queue_file import QueueFile, queues

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "var")
    found.prepare()
    return found


def child(name: str = "proxy 1", place: int | None = 0) -> Child:
    return Child(Task(name, (sys.executable, "-c", "import time; time.sleep(60)"), place=place))


def written(home: Home, children: list[Child], now: datetime = NOW, chores: Chores | None = None) -> tuple[Fact, ...]:
    Vitals(home, children, chores or Chores(now), threading.Event(), lambda: now).write()
    told = VitalsFile(home.path).told()
    assert told is not None and told.at == now
    return told.facts


def test_it_tells_the_machine_as_it_is_in_sentences_that_there_are(home: Home) -> None:
    facts = written(home, [])
    parts = {fact.part for fact in facts}
    assert {
        "workers",
        "load",
        "queue",
        "clock",
        "certificates",
        "disk",
        "database",
        "lists",
        "purge",
        "version",
    } <= parts
    for fact in facts:
        for lang in ("nl", "en"):
            assert has(f"dash.health.say.{fact.code}", lang), fact
    assert (home.path / ".vitals.json").stat().st_mode & 0o777 == 0o600


def test_a_process_that_does_not_listen_is_broken_and_one_that_came_back_is_to_be_looked_at(home: Home) -> None:
    one = child()
    (fact,) = processes([one], NOW)
    assert (fact.level, fact.code, fact.values["name"]) == (Level.BROKEN, "process_away", "proxy 1")
    one.now = Life(one.task)
    try:
        one.now.ready = True
        assert [fact.level for fact in processes([one], NOW)] == [Level.OK]
        one.deaths, one.died = 1, NOW - HOUR / 2
        assert [fact.code for fact in processes([one], NOW)] == ["process_restarted", "workers"]
        assert [fact.code for fact in processes([one], NOW + HOUR)] == ["workers"]
        memory: int | str = 0
        for _ in range(100):  # it has only just begun
            memory = next(load([one])).values["memory"]
            if memory:
                break
            time.sleep(0.1)
        assert isinstance(memory, int) and 0 < memory < 1000
    finally:
        one.now.kill()
        one.now.close()


def test_it_says_since_when_something_is_wrong_and_not_since_the_last_look(home: Home) -> None:
    now = [NOW]
    vitals = Vitals(home, [child()], Chores(NOW), threading.Event(), lambda: now[0])
    vitals.write()
    now[0] = NOW + HOUR
    vitals.write()
    told = VitalsFile(home.path).told()
    assert told is not None
    assert next(fact for fact in told.facts if fact.code == "process_away").since == NOW


@pytest.mark.parametrize(
    ("chores", "code"),
    [
        (Chores(), "purge_first"),
        (Chores(NOW - HOUR), "purge"),
        (Chores(NOW - 4 * HOUR), "purge_late"),
        (Chores(NOW, failed=True), "purge_failed"),
    ],
)
def test_forgetting_that_does_not_happen_is_told(home: Home, chores: Chores, code: str) -> None:
    assert [fact.code for fact in written(home, [], chores=chores) if fact.part == "purge"] == [code]


def test_what_waits_to_be_written_is_counted_over_all_workers_and_old_word_is_not(home: Home) -> None:
    waiting = [3]
    file = QueueFile(home.path, lambda: (waiting[0], 1))
    file.tell(NOW)
    waiting[0] = 9
    file.tell(NOW + timedelta(seconds=1))  # too soon
    assert [(one.waiting, one.lost) for one in queues(home.path, NOW)] == [(3, 1)]
    assert [fact.values["count"] for fact in written(home, []) if fact.part == "queue"] == [3]
    assert queues(home.path, NOW + timedelta(minutes=1)) == ()
    assert queues(home.path, NOW + 2 * HOUR) == () and not list((home.path / ".wachtrij").glob("*.json"))
    (home.path / ".wachtrij" / "1.json").write_text('{"at": 5}')
    assert queues(home.path, NOW) == ()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at": "2026-11-23T09:00:00", "facts": []}', '{"at": 1, "facts": 2}']
)
def test_a_file_that_makes_no_sense_says_nothing(home: Home, text: str) -> None:
    assert VitalsFile(home.path).told() is None
    (home.path / ".vitals.json").write_text(text)
    assert VitalsFile(home.path).told() is None


def test_a_death_is_counted_by_the_supervisor(tmp_path: Path) -> None:
    """The real supervisor, with a child that ends once."""
    script = tmp_path / "guard.py"
    flag = tmp_path / "ended"
    body = f"""
import os, sys, time
from pathlib import Path
from cli.child import tell_ready
tell_ready()
flag = Path({str(flag)!r})
if not flag.exists():
    flag.touch()
    time.sleep(0.5)
    sys.exit(3)
time.sleep(60)
"""
    script.write_text(f"""
import sys, threading, time
from cli.supervisor import Supervisor, Task
with Supervisor([Task("one", (sys.executable, "-c", {body!r}))], patience=3) as supervisor:
    def look():
        while not (supervisor.children[0].deaths and supervisor.children[0].ready):
            time.sleep(0.05)
        print(supervisor.children[0].deaths, supervisor.children[0].died is not None, flush=True)
        supervisor.stopping.set()
    threading.Thread(target=look, daemon=True).start()
    supervisor.run(lambda: None)
""")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.decode().split() == ["1", "True"]


def test_a_full_disk_is_told_on_the_full_disk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    vitals = Vitals(home, [], Chores(), threading.Event(), lambda: NOW)
    vitals.write()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cli.vitals.write_private", full)
    monkeypatch.setattr("cli.findings.disk_findings", lambda _: [Finding(Found.FAIL, "disk_low", {"free": 0})])
    vitals.write()
    told = VitalsFile(home.path).told()
    assert told is not None
    assert [one.code for one in told.facts if one.part == "disk"] == ["disk_low"]
