"""The listener of names: only for the school, bounded in every direction, and for rubbish it has time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

import dns.asyncquery
import dns.message
import dns.rcode
import pytest
from dns.message import Message

from proxy_addons.names import answer, server
from proxy_addons.names.message import Question
from proxy_addons.names.resolve import Want
from proxy_addons.names.server import Rate, Server, admits
from tests.proxy_addons.nameserver import free_ports

HOST = "127.0.0.1"


class Hand:
    """Answers by hand: everything is closed, `langzaam.nl` after a while, `kapot.nl` breaks."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def begin(self, question: Question, address: str) -> Message | Want:
        self.seen.append(question.host)
        if question.host == "kapot.nl":
            raise RuntimeError("broken")
        if question.host == "langzaam.nl":
            return Want(question.host, question.kind)
        return answer.closed(question, "192.168.55.5")

    async def finish(self, question: Question, address: str, want: Want) -> Message:
        await asyncio.sleep(0.2)
        return answer.closed(question, "192.168.55.5")


def run(work, rate: Rate | None = None) -> Hand:
    hand = Hand()

    async def main() -> None:
        (port,) = free_ports(1)
        listener = Server(hand, rate)
        await listener.start(HOST, port)
        try:
            async with asyncio.timeout(30):
                await work(port)
        finally:
            await listener.stop()

    asyncio.run(main())
    return hand


async def udp(port: int, name: str, timeout: float = 10.0) -> Message:
    return await dns.asyncquery.udp(dns.message.make_query(name, "A"), HOST, timeout, port)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.1.1", "127.0.0.1", "fd00::1", "fe80::1%eth0", "::ffff:10.0.0.1"]
)
def test_who_is_inside_gets_an_answer(address: str):
    assert admits(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "", "geen adres"])
def test_the_world_gets_none(address: str):
    assert not admits(address)


@pytest.mark.evasion("S11")
def test_one_device_cannot_ask_without_end_and_hinders_no_other():
    now = [0.0]
    rate = Rate(10, 20, most=100, clock=lambda: now[0])
    assert [rate.takes("a") for _ in range(25)] == [True] * 20 + [False] * 5
    assert rate.takes("b")
    now[0] = 1.0
    assert [rate.takes("a") for _ in range(12)] == [True] * 10 + [False] * 2
    for number in range(1000):
        rate.takes(str(number))
    assert len(rate._left) == 100


def test_too_many_questions_get_no_answer_and_later_ones_do():
    async def work(port: int) -> None:
        for _ in range(3):
            await udp(port, "a.nl")
        with pytest.raises(dns.exception.Timeout):
            await udp(port, "b.nl", 0.3)
        await asyncio.sleep(1.1)
        await udp(port, "c.nl")

    assert run(work, Rate(1, 3)).seen == ["a.nl"] * 3 + ["c.nl"]


def test_a_slow_name_keeps_no_other_waiting_and_a_broken_one_breaks_nothing():
    async def work(port: int) -> None:
        slow = asyncio.ensure_future(udp(port, "langzaam.nl"))
        await asyncio.sleep(0.05)
        assert (await udp(port, "a.nl")).answer
        assert not slow.done()
        with pytest.raises(dns.exception.Timeout):
            await udp(port, "kapot.nl", 0.2)
        assert (await slow).answer

    run(work)


def test_a_silent_connection_is_closed_and_one_address_has_only_so_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "IDLE", 0.3)
    monkeypatch.setattr(server, "_LINES_EACH", 2)

    async def work(port: int) -> None:
        lines = [await asyncio.open_connection(HOST, port) for _ in range(4)]
        ends = await asyncio.gather(*(ended(reader) for reader, _ in lines))
        assert all(ends)
        for _, writer in lines:
            writer.close()
        await asyncio.sleep(0.1)
        query = dns.message.make_query("a.nl", "A")
        assert (await dns.asyncquery.tcp(query, HOST, 10, port)).answer  # there is room again

    run(work)


async def ended(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        return await reader.read(10) == b""
    return True


def test_an_answer_that_nobody_reads_holds_up_nobody():
    async def work(port: int) -> None:
        query = dns.message.make_query("langzaam.nl", "A").to_wire()
        with socket.create_connection((HOST, port), 5) as gone:
            gone.sendall((struct.pack("!H", len(query)) + query) * 20)
            await asyncio.sleep(0.05)
        assert (await udp(port, "a.nl")).answer

    run(work)
