"""A school on two nodes: HAProxy, PostgreSQL and two whole guards, as the handbook has it.

What breaks between them is in tests/reliability/test_two_nodes.py.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from policy.model import Device as Registered
from policy.model import DeviceClass
from tests.e2e.clients import Device
from tests.e2e.postgres import ROLES
from tests.e2e.two_nodes import FRONT, Pair, two_nodes, until
from tests.reliability.staff import Teacher

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

SITE = "https://kletsplein.test/"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with two_nodes(tmp_path_factory.mktemp("pair")) as running:
        yield running


def status(device: Device) -> int:
    return device.fetch(SITE).status


def test_a_permission_given_at_the_desk_works_on_both_nodes_for_its_own_group_and_ends_on_both(pair: Pair) -> None:
    sources = {node: pair.sources(node, 2) for node in pair.nodes}
    now = datetime.now(UTC)
    for name, (seven, eight) in sources.items():
        for group, address in (("7", seven), ("8", eight)):
            # Nothing but its address tells of which group a device is: that of HAProxy is of no group.
            fixed = Registered(f"vast-{name}-{group}", "Vast", DeviceClass.PUPIL, group, addresses=(f"{address}/32",))
            pair.store.devices.put("school", fixed, "setup", now)
    trust = (pair.ca, pair.papers.ca)
    sevens = [Device(pair.front.proxy, trust, seven) for seven, _ in sources.values()]
    eights = [Device(pair.front.proxy, trust, eight) for _, eight in sources.values()]
    until(lambda: all(one.fetch("https://onzeschool.test/").status == 200 for one in sevens + eights), "all are known")
    assert [status(one) for one in sevens + eights] == [403] * 4
    teacher = Teacher(pair.dashboard_url, pair.ca, "anja")
    teacher.sign_in()
    given = time.monotonic()
    assert teacher.gives(SITE) == (True, "")
    until(lambda: [status(one) for one in sevens] == [200] * 2, "the permission works on both")
    print(f"worked on both nodes after {time.monotonic() - given:.2f} s")
    assert [status(one) for one in eights] == [403] * 2
    (grant,) = pair.store.grants.live("school", datetime.now(UTC), ("7",))
    end = datetime.now(UTC) + timedelta(seconds=4)
    assert pair.store.grants.extend("school", grant.id, end, grant.by, datetime.now(UTC))
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(one.websocket("wss://kletsplein.test/chat")) for one in sevens]
        for line in lines:
            line.recv()
        seen: list[tuple[datetime, int]] = []
        while not seen or [what for _, what in seen[-2:]] != [403] * 2:
            seen += [(datetime.now(UTC), status(one)) for one in sevens]
            assert datetime.now(UTC) < end + timedelta(seconds=60), "it never ends"
        assert [what for when, what in seen if when > end and what != 403] == [], "nobody gets in after the end"
        for line in lines:
            with pytest.raises(ConnectionError):
                while True:
                    line.recv()


def test_a_device_keeps_its_node_and_both_have_work(pair: Pair) -> None:
    homes = {f"127.0.3.{n}": pair.at("a", f"127.0.3.{n}") for n in range(1, 13)}
    assert set(homes.values()) == {True, False}
    assert {source: pair.at("a", source) for source in homes} == homes


def test_one_source_with_too_many_connections_is_stopped_and_its_neighbour_is_not(pair: Pair) -> None:
    def comes_in(source: str) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((FRONT, pair.front.proxy), 20, (source, 0)) as one:
            one.settimeout(20)
            one.sendall(b"GET http://kletsplein.test/ HTTP/1.1\r\nHost: kletsplein.test\r\n\r\n")
            return bool(one.recv(1))
        return False

    greedy, neighbour = "127.0.4.1", "127.0.4.2"
    assert comes_in(greedy)
    for _ in range(1600):
        with contextlib.suppress(OSError):
            socket.create_connection((FRONT, pair.front.proxy), 20, (greedy, 0)).close()
    assert not comes_in(greedy)
    assert comes_in(neighbour)
    until(lambda: comes_in(greedy), "who stops is let in again")


def test_who_has_a_nodes_address_of_the_database_cannot_read_the_accounts_of_staff(pair: Pair) -> None:
    for node in pair.nodes.values():
        environments = [one.environ() for one in node.proxy.processes]
        assert len(environments) > 1
        handed = {name for one in environments for name in one if "ACCOUNTS" in name}
        assert handed == set()
    with psycopg.connect(pair.server.url_of(ROLES.proxy), autocommit=True) as proxy:
        assert proxy.execute("SELECT count(*) FROM grants").fetchone() is not None
        for question in ("SELECT 1 FROM accounts.accounts", "TRUNCATE grants", "CREATE TABLE x ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                proxy.execute(question.encode())
