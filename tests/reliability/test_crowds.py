"""No room and no time: descriptors run out, a worker hangs, a device does not stop asking."""

from __future__ import annotations

import contextlib
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.link import Link, LinkError, enrol
from cli.demo.school import pupils
from tests.e2e.clients import Device
from tests.reliability.rows import SHORT, Row
from tests.reliability.school import SCHOOL, School, school

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

ROOM, CROWD = 40, 300  # descriptors that a worker may open besides what it has; connections that come


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with school(tmp_path_factory.mktemp("crowds")) as made, made.at_work():
        yield made


@pytest.mark.fault("Crowds", "a worker hangs")
def test_a_worker_that_hangs_is_ended_and_stood_in_for(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    victim = guard.processes("proxy")[0]
    began = time.monotonic()
    victim.send_signal(signal.SIGSTOP)
    guard.until(lambda: "hangs" in guard.log.read_text(), "nobody noticed")
    noticed = time.monotonic() - began
    guard.until(lambda: victim.pid not in {one.pid for one in guard.processes("proxy")}, "it is not ended")
    guard.until(lambda: len(guard.processes("proxy")) == 2, "it did not come back")
    took = guard.well(began)
    guard.look(row, began, f"{took:.1f} s after it began to hang; noticed after {noticed:.0f} s")
    row.note = "each new connection goes to one of two workers: until it is noticed, about half of them wait."


@pytest.mark.fault("Crowds", "the workers have no file descriptors left")
def test_workers_without_descriptors_open_nothing_and_go_on_when_there_is_room(guard: School, row: Row) -> None:
    guard.before = guard.kept()
    workers = guard.processes("proxy")
    began = time.monotonic()
    for one in workers:
        room = one.num_fds() + ROOM
        one.rlimit(psutil.RLIMIT_NOFILE, (room, room))
    crowd = Device(guard.numbers["proxy"], (guard.ca,), source="127.0.0.77", patience=5)
    held = []
    for _ in range(CROWD):
        with contextlib.suppress(OSError):
            held.append(crowd.dial())
    full = max(one.num_fds() for one in workers)
    guard.pass_by(5 if SHORT else 30)
    assert {one.pid for one in workers} == {one.pid for one in guard.processes("proxy")}, "a worker died of it"
    assert full >= min(one.rlimit(psutil.RLIMIT_NOFILE)[0] for one in workers) - 5, "they were never full"
    for sock in held:
        sock.close()
    over = time.monotonic()
    took = guard.well(over)
    guard.look(row, began, f"{took:.1f} s after the crowd had gone")
    assert len(guard.log.read_text("utf-8").splitlines()) < 500, "it fills the log"
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    row.note = (
        f"{len(held)} silent connections on workers that may open {ROOM} more files than they had (usual: {soft})."
    )
    for one in workers:
        with contextlib.suppress(psutil.Error):
            one.rlimit(psutil.RLIMIT_NOFILE, (soft, soft))


@pytest.mark.fault("Crowds", "an agent on a laptop asks without a pause")
def test_an_agent_that_floods_keeps_nobody_from_their_work(guard: School, row: Row, tmp_path: Path) -> None:
    guard.before = guard.kept()
    began = time.monotonic()
    device = next(one.device for one in pupils() if one.name == "Fatima")
    with guard.store() as store:
        code = store.devices.make_code(SCHOOL, device, "staff-coordinator", guard.now())
    assert code is not None
    link = Link(enrol(f"127.0.0.1:{guard.numbers['dashboard']}", guard.ca, code.code), guard.ca)
    enough, count, refused = threading.Event(), [0], [0]

    def floods() -> None:
        while not enough.is_set():
            count[0] += 1
            try:
                link.fetch(0)
            except LinkError:
                refused[0] += 1

    threads = [threading.Thread(target=floods, daemon=True) for _ in range(6)]
    for one in threads:
        one.start()
    guard.pass_by(8 if SHORT else 60)
    assert guard.teacher.steady(began), "the teacher gets nowhere"
    enough.set()
    for one in threads:
        one.join(30)
    over = time.monotonic()
    took = guard.well(over)
    assert guard.pupils.last_bad(began) is None
    assert count[0] > refused[0], "not one question was a real one"
    guard.look(row, began, f"{took:.1f} s after it stopped")
    row.note = f"the agent asked {count[0]} times in {over - began:.0f} s on six lines, {refused[0]} were refused."
