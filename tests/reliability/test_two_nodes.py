"""Two nodes behind HAProxy, and PostgreSQL behind them, under load: one is killed, stands still or is cut off, the
database stops. Nobody is long without an answer, nothing closed is shown, nothing that was decided is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPException

import pytest

from policy.model import Grant, Role, Sanction, SanctionTarget
from tests.e2e.clients import Device
from tests.e2e.surfing import CLOSED
from tests.e2e.two_nodes import Node, until
from tests.reliability.nodes import CEILING, SCHOOL, Busy, busy
from tests.reliability.rows import Row
from tests.store.line import Line

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

SITE = "https://filmpjes.test/"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    with busy(tmp_path_factory.mktemp("nodes")) as made:
        yield made


def given(at: Busy, seconds: float) -> Grant:
    """Group 8 may see a closed site for so long."""
    now = datetime.now(UTC)
    end = now + timedelta(seconds=seconds)
    grant = Grant("", now, end, Role.TEACHER, "staff-bram", frozenset({"8"}), sites=("filmpjes.test",))
    return at.pair.store.grants.add(SCHOOL, grant, now)


def answer(device: Device, site: str = SITE) -> int:
    """The status of an answer; 0 where there was none, as when a permission ends in the middle of it."""
    try:
        return device.fetch(site).status
    except (OSError, HTTPException):
        return 0


def opens(device: Device) -> bool:
    return answer(device) == 200


def cut_off(node: Node) -> bool:
    """Whether a node says that it has no database, and goes on."""
    told = node.ready()
    return told["workers"] and told["policy"] and not told["store"]


def ended_on_time(device: Device, grant: Grant) -> None:
    """Look until it is closed; nobody who asked after the end got in."""
    late = []
    while True:
        when, status = datetime.now(UTC), answer(device)
        late += [when] if status == 200 and when > grant.end else []
        if status == 403 and when > grant.end:
            break
        assert when < grant.end + timedelta(seconds=60), "it never ends"
    assert late == []


@pytest.fixture
def line(at: Busy) -> Iterator[Line]:
    """The line of the second node to the database; whole again at the end."""
    yield at.pair.second.line
    at.pair.second.line.mend()
    until(lambda: at.pair.second.has("workers", "policy", "store"), "the second node is well")


def lost(at: Busy, node: Node, row: Row, *, desk: bool = False) -> None:
    """Everything on a machine is killed, and it comes back."""
    since = at.begin()
    if desk:
        at.pair.desk.kill()
    node.proxy.kill()
    until(lambda: at.class_.steady(since, 3), f"the other node has everybody: {at.class_.waiting()}")
    longest = at.class_.longest(since)
    assert longest < CEILING
    if desk:
        at.pair.desk.start()
    node.begin()
    until(lambda: node.count("klaswacht_requests_total") > 10, "the node is used again")
    took = at.well(since)
    text = f"longest without an answer {longest:.2f} s; the node is used again when it is back"
    at.look(row, since, text, note=f"the last click or answer that was not as usual came {took:.1f} s after the kill.")


@pytest.mark.evasion("S17")
@pytest.mark.fault("PostgreSQL and two nodes", "everything on one node is killed (`kill -9`), and it comes back")
def test_a_node_that_is_killed_costs_no_pupil_more_than_a_moment(at: Busy, row: Row) -> None:
    lost(at, at.pair.second, row)


@pytest.mark.fault("PostgreSQL and two nodes", "everything on the node with the desk is killed, desk and all")
def test_without_the_machine_of_the_desk_pupils_go_on_at_the_other_one(at: Busy, row: Row) -> None:
    lost(at, at.pair.first, row, desk=True)


@pytest.mark.fault("PostgreSQL and two nodes", "one node stands still: it takes connections and does nothing")
def test_a_node_that_stands_still_is_passed_by(at: Busy, row: Row) -> None:
    since = at.begin()
    at.pair.second.proxy.freeze()
    try:
        until(lambda: at.class_.steady(since, 3), f"the other node has everybody: {at.class_.waiting()}")
        longest = at.class_.longest(since)
        assert longest < CEILING
    finally:
        at.pair.second.proxy.thaw()
    took = at.well(since)
    at.look(
        row, since, f"longest without an answer {longest:.2f} s", note=f"all well {took:.1f} s after it stood still."
    )


@pytest.mark.evasion("S14")
@pytest.mark.fault("PostgreSQL and two nodes", "a node is cut off from the database, its worker killed meanwhile")
def test_a_node_that_is_cut_off_goes_on_says_so_and_ends_permissions_on_time(at: Busy, row: Row, line: Line) -> None:
    node = at.pair.second
    since = at.begin()
    grant = given(at, 25)
    until(lambda: all(opens(one) for one in at.apart.values()), "the permission is there on both")
    line.cut()
    until(lambda: not node.has("store"), "the node says that it is cut off")
    told = time.monotonic() - since
    assert node.has("workers", "policy"), "and goes on"
    assert at.pair.first.has("workers", "policy", "store"), "the other one notices nothing"
    assert "the last rules stay in force" in node.proxy.said()
    assert opens(at.apart["b"]), "what was permitted stays so"
    ended_on_time(at.apart["b"], grant)
    worker = next(one for one in node.proxy.processes if "cli.worker" in one.cmdline())
    worker.kill()
    until(lambda: not node.has("workers"), "the worker is dead")
    until(lambda: node.has("workers", "policy"), "another one has the last rules")
    until(lambda: at.class_.steady(time.monotonic() - 3, 1), f"everybody goes on: {at.class_.waiting()}")
    until(lambda: at.pair.at("b", at.apart["b"].source), "HAProxy has seen it too")
    later = given(at, 600)
    until(lambda: opens(at.apart["a"]), "a new permission works at the other node")
    assert not opens(at.apart["b"]), "news does not come here"
    mended = time.monotonic()
    line.mend()
    until(lambda: opens(at.apart["b"]), "what was decided meanwhile is heard when the line is back")
    heard = time.monotonic() - mended
    until(lambda: node.has("store"), "and it says that all is well")
    assert at.pair.store.grants.revoke(SCHOOL, later.id, "setup", datetime.now(UTC))
    at.well(since)
    note = f"`readyz` said so within {told:.0f} s; a permission ended on time; news was heard {heard:.1f} s after."
    at.look(row, since, f"{heard:.1f} s after the line was back", note=note)


@pytest.mark.fault("PostgreSQL and two nodes", "a node's line to the database falls silent, unbroken")
def test_a_line_that_falls_silent_is_noticed_too(at: Busy, row: Row, line: Line) -> None:
    node = at.pair.second
    since = at.begin()
    grant = given(at, 15)
    until(lambda: all(opens(one) for one in at.apart.values()), "the permission is there on both")
    silent = time.monotonic()
    line.silence()
    ended_on_time(at.apart["b"], grant)
    until(lambda: not node.has("store"), "the node says that it is cut off", 120)
    told = time.monotonic() - silent
    later = given(at, 600)
    mended = time.monotonic()
    line.mend()
    until(lambda: opens(at.apart["b"]), "what was decided meanwhile is heard when the line is back")
    heard = time.monotonic() - mended
    assert at.pair.store.grants.revoke(SCHOOL, later.id, "setup", datetime.now(UTC))
    at.well(since)
    note = f"`readyz` said so {told:.0f} s after it fell silent; a permission ended on time."
    at.look(row, since, f"{heard:.1f} s after the line spoke again", note=note)


@pytest.mark.fault("PostgreSQL and two nodes", "PostgreSQL is stopped (`-m immediate`) and started again")
def test_both_nodes_go_on_without_postgresql_and_nothing_is_lost(at: Busy, row: Row) -> None:
    since = at.begin()
    grant = given(at, 20)
    until(lambda: all(opens(one) for one in at.apart.values()), "the permission is there on both")
    at.pair.server.stop()
    for node in at.pair.nodes.values():
        until(partial(cut_off, node), "it says so, and goes on")
    for device in at.apart.values():
        assert answer(device, CLOSED) == 403
    ended_on_time(at.apart["a"], grant)
    ended_on_time(at.apart["b"], grant)
    longest = at.class_.longest(since)
    assert longest < CEILING
    started = time.monotonic()
    at.pair.server.start()
    until(lambda: all(node.has("store") for node in at.pair.nodes.values()), "both hear of it again")
    heard = time.monotonic() - started
    blocked = "SELECT device_id FROM events WHERE host = 'fotodrop.test' AND device_id IN ('cb8-1', 'cb8-2')"
    until(lambda: len(at.pair.server.ask(blocked)) == 2, "what happened meanwhile is written down, once")
    at.well(since)
    assert sum(node.count("klaswacht_events_lost_total") for node in at.pair.nodes.values()) == 0
    note = f"pupils longest without an answer {longest:.2f} s; what happened meanwhile is written down, once."
    at.look(row, since, f"both nodes read it again {heard:.1f} s after its start", note=note)


@pytest.mark.fault("PostgreSQL and two nodes", "the feed is lost: its connections are ended by the server")
def test_news_comes_when_the_feed_was_lost(at: Busy, row: Row) -> None:
    since = at.begin()
    ended = at.pair.server.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('klaswacht_proxy', 'klaswacht_desk')"
    )
    assert len(ended) >= 3, "each node listens, and so does the desk"
    began = time.monotonic()
    grant = given(at, 600)
    until(lambda: all(opens(one) for one in at.apart.values()), "the permission is heard of on both")
    heard = time.monotonic() - began
    assert at.pair.store.grants.revoke(SCHOOL, grant.id, "setup", datetime.now(UTC))
    until(lambda: not any(opens(one) for one in at.apart.values()), "so is its end")
    at.well(since)
    at.look(row, since, f"a new permission worked on both nodes after {heard:.1f} s")


@pytest.mark.evasion("S14")
def test_a_ban_of_today_holds_at_a_node_that_starts_without_the_database(at: Busy, line: Line) -> None:
    node, now = at.pair.second, datetime.now(UTC)
    open_site = "https://onzeschool.test/"
    assert answer(at.apart["b"], open_site) == 200
    ban = Sanction("today", "p8-2", SanctionTarget.CHROMEBOOK, now, now + timedelta(hours=1), "staff-bram")
    at.pair.store.measures.add_sanction(SCHOOL, ban, now, reason="Een reden.")
    until(lambda: answer(at.apart["b"], open_site) == 403, "the ban holds")
    time.sleep(5)  # the last rules are kept every few seconds
    line.cut()
    until(lambda: not node.has("store"), "it is cut off")
    node.proxy.kill()
    node.proxy.start()
    until(lambda: node.has("workers", "policy"), "it has the last rules")
    until(lambda: node.count("klaswacht_requests_total") > 10, "its devices are back")
    assert answer(at.apart["b"], open_site) == 403
    line.mend()
    until(lambda: node.has("store"), "it hears of news")
    assert at.pair.store.measures.withdraw_sanction(SCHOOL, "today", "staff-bram", datetime.now(UTC))
