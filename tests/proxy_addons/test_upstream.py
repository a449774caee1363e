"""Asking other name servers: once for all who want to know, the next one when one is silent, never for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from proxy_addons.egress import Egress
from proxy_addons.names import upstream
from proxy_addons.names.upstream import Unanswered, Upstream, server_of
from tests.proxy_addons.nameserver import free_ports, nameservers

A = RdataType.A
OPEN = {"a.nl": {"A": ["9.9.9.9"]}, "lang.nl": {"TXT": [f'"{n} {"x" * 200}"' for n in range(20)]}}


def asking[T](work: Callable[[Upstream], Awaitable[T]], *servers: tuple[str, int], **more: object) -> T:
    async def main() -> T:
        asks = Upstream(servers, more.get("zones", {}), more.get("inside", ()), Egress().literal_open)
        try:
            async with asyncio.timeout(30):
                return await work(asks)
        finally:
            await asks.stop()

    return asyncio.run(main())


def test_many_who_ask_the_same_ask_once_and_later_nobody_asks():
    with nameservers(OPEN) as (world,):
        world.slow = 0.1

        async def work(asks: Upstream) -> list[str]:
            many = await asyncio.gather(*(asks.find("a.nl", A) for _ in range(50)))
            assert asks.known("a.nl", A) is many[0]
            assert asks.known("a.nl", RdataType.AAAA) is None
            return [one.to_text() for found in many for one in found.answer[0]]

        assert asking(work, world.server) == ["9.9.9.9"] * 50
        assert world.asked == [("a.nl", "A", "udp")]


def test_what_is_long_is_asked_for_again_over_tcp():
    with nameservers(OPEN) as (world,):
        world.long.add("lang.nl")
        found = asking(lambda asks: asks.find("lang.nl", RdataType.TXT), world.server)
        assert len(found.answer[0]) == 20
        assert [by for _, _, by in world.asked] == ["udp", "tcp"]


def test_when_one_server_is_silent_the_next_one_is_asked_and_first_from_then_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upstream, "_EACH", 0.3)
    with nameservers({}, OPEN) as (silent, other):
        silent.silent = True

        async def work(asks: Upstream) -> None:
            assert (await asks.find("a.nl", A)).complete
            assert not (await asks.find("b.nl", A)).complete

        asking(work, silent.server, other.server)
        assert silent.names() == ["a.nl"]
        assert other.names() == ["a.nl", "b.nl"]


def test_nobody_waits_long_for_servers_that_are_gone():
    async def work(asks: Upstream) -> None:
        for _ in range(2):
            with pytest.raises(Unanswered):
                await asks.find("a.nl", A)

    begun = time.monotonic()
    asking(work, *(("127.0.0.1", port) for port in free_ports(2)))
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("rubbish", [b"", b"\x81", b"\x81\x80" + b"\xff" * 40, b"\x81\x82\0\1\0\0\0\0\0\0"])
def test_rubbish_for_an_answer_is_none(rubbish: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upstream, "_EACH", 0.1)
    with nameservers(OPEN) as (world,):
        world.broken = rubbish

        async def work(asks: Upstream) -> None:
            with pytest.raises(Unanswered):
                await asks.find("a.nl", A)
            assert asks.known("a.nl", A) is None

        asking(work, world.server)


def test_the_school_s_own_zone_is_asked_of_its_own_server_and_only_there_may_addresses_be_inside():
    inside = {"printer.intern.nl": {"A": ["10.0.0.5"]}, "intranet.nl": {"A": ["10.0.0.6"]}, "b.nl": {"A": ["10.0.0.7"]}}
    with nameservers(inside, inside) as (world, own):

        async def work(asks: Upstream) -> list[bool]:
            hosts = ("printer.intern.nl", "intranet.nl", "b.nl")
            return [(await asks.find(host, A)).complete for host in hosts]

        assert asking(work, world.server, zones={"intern.nl": [own.server]}, inside=["intranet.nl"]) == [
            True,
            True,
            False,
        ]
        assert own.names() == ["printer.intern.nl"]
        assert world.names() == ["intranet.nl", "b.nl"]


def test_that_there_is_nothing_is_kept_for_seconds_only():
    with nameservers({}) as (world,):
        found = asking(lambda asks: asks.find("weg.nl", A), world.server)
        assert found.rcode == Rcode.NXDOMAIN
        assert found.seconds <= 30


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upstream, "_MOST_KEPT", 3)
    with nameservers({}) as (world,):

        async def work(asks: Upstream) -> list[str]:
            for number in range(6):
                await asks.find(f"{number}.nl", A)
            return [host for host, _ in asks._kept]

        assert asking(work, world.server) == ["3.nl", "4.nl", "5.nl"]


def test_a_server_is_read_with_its_port():
    assert server_of("[2620:fe::fe]:53") == ("2620:fe::fe", 53)
    assert server_of("9.9.9.9:5353") == ("9.9.9.9", 5353)
