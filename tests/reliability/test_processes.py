"""Every process of the guard is killed under load (`kill -9`): what was on its way in it is lost, nothing else."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.reliability.rows import Row
from tests.reliability.school import School, school

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with school(tmp_path_factory.mktemp("processes")) as made, made.at_work():
        yield made


def killed(at: School, kind: str, row: Row) -> None:
    """Kill the first process of a kind, with what it started itself, and look until all is well."""
    at.before = at.kept()
    victim = at.processes(kind)[0]
    began = time.monotonic()
    for one in (*victim.children(), victim):
        one.send_signal(signal.SIGKILL)
    at.until(lambda: victim.pid not in {one.pid for one in at.processes(kind)}, "it is not dead")
    at.until(lambda: len(at.processes(kind)) >= (2 if kind == "proxy" else 1), "it did not come back")
    took = at.well(began)
    at.look(row, began, f"{took:.1f} s after the kill")


@pytest.mark.fault("Processes", "one of the two workers is killed (`kill -9`)")
def test_a_worker_that_is_killed_costs_a_pupil_no_more_than_what_was_on_its_way(guard: School, row: Row) -> None:
    killed(guard, "proxy", row)


@pytest.mark.fault("Processes", "the dashboard is killed (`kill -9`)")
def test_a_dashboard_that_is_killed_is_no_news_to_pupils(guard: School, row: Row) -> None:
    since = time.monotonic()
    killed(guard, "dashboard", row)
    assert guard.pupils.last_bad(since) is None


@pytest.mark.fault("Processes", "what answers names (DNS) is killed (`kill -9`)")
def test_whoever_asks_for_a_name_asks_again(guard: School, row: Row) -> None:
    since = time.monotonic()
    killed(guard, "dns", row)
    assert {one.way for one in guard.pupils.saw(since) if not one.good} <= {"name"}


@pytest.mark.fault("Processes", "the supervisor is killed (`kill -9`), and `klaswacht up` started again")
def test_a_supervisor_that_is_killed_takes_everything_along_and_a_new_start_brings_all_of_it_back(
    guard: School, row: Row
) -> None:
    guard.before = guard.kept()
    assert guard.process is not None
    left = guard.processes()
    began = time.monotonic()
    guard.process.kill()
    guard.process.wait()
    guard.until(lambda: not any(one.is_running() and one.status() != "zombie" for one in left), "something runs still")
    guard.start(wait=False)
    took = guard.well(began)
    guard.look(row, began, f"{took:.1f} s after the kill")
