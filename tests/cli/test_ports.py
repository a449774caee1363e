"""Ports: a taken one is told before anything starts, and ours stay ours between two lives of a worker."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli import ports
from cli.home import Trouble

FILE = Path("school.yaml")


def test_a_taken_port_is_told_with_the_setting_to_change():
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"port {number} .* taken .*`listen.proxy`"):
            ports.hold("127.0.0.1", number, "listen.proxy", FILE)
        assert not ports.is_free("127.0.0.1", number)
        assert ports.answers("127.0.0.1", number)


def test_a_second_guard_does_not_quietly_share_the_port():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Trouble, match="taken"):
            ports.hold("127.0.0.1", other.getsockname()[1], "listen.proxy", FILE)


def test_a_held_port_is_for_our_workers_and_for_nobody_else():
    held = ports.hold("127.0.0.1", 0, "listen.proxy", FILE)
    try:
        with socket.socket() as worker:
            worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            worker.bind(("127.0.0.1", held.number))
            worker.listen()
            assert ports.answers("127.0.0.1", held.number)
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", held.number))
    finally:
        held.release()
    assert ports.is_free("127.0.0.1", held.number)


def test_an_address_of_another_machine_is_told():
    with pytest.raises(Trouble, match=r"`listen.address`"):
        ports.hold("192.0.2.1", 0, "listen.proxy", FILE)


@pytest.mark.parametrize(
    ("listens_on", "connect_to"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3")]
)
def test_what_listens_everywhere_is_reached_on_loopback(listens_on, connect_to):
    assert ports.reachable(listens_on) == connect_to


def test_a_port_that_another_program_takes_datagrams_at_is_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        number = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"port {number} .* taken .*`ss -ltunp.*`listen.dns`"):
            ports.probe_datagrams("127.0.0.1", number, "listen.dns", FILE)
    ports.probe_datagrams("127.0.0.1", number, "listen.dns", FILE)
