"""A tunnel carries all bytes both ways, holds few of them, and leaves nothing when it ends."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from proxy_addons import tunnel as tunnels
from proxy_addons.tunnel import Tunnel, cut

HELD = 4 * 1024 * 1024  # bytes: what may be under way between two ends, with the kernel's own
PLENTY = 64 * 1024 * 1024


class Site:
    """Two listening places: one of a site, and one whose every connection is tunnelled to it."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._serve = serve
        self.tunnels: list[Tunnel] = []
        self.ended = 0
        self.left: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Site:
        self._site = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._site.sockets[0].getsockname()[1]
        self._door = await asyncio.get_running_loop().create_server(lambda: _Door(self), "127.0.0.1", 0)
        self.address = self._door.sockets[0].getsockname()
        return self

    async def __aexit__(self, *_: object) -> None:
        for tunnel in self.tunnels:
            tunnel.abort()
        for writer in self.left:
            cut(writer.transport)
        self._door.close()
        self._site.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.left.add(writer)
        with suppress(ConnectionError):
            await self._serve(reader, writer)

    async def open(self, transport: asyncio.Transport, first: bytes) -> None:
        def end() -> None:
            self.ended += 1

        tunnel = Tunnel(transport, end)
        self.tunnels.append(tunnel)
        await tunnel.open("127.0.0.1", self._port, first)

    async def all_over(self) -> None:
        """Every tunnel has said that it ended, and just once."""
        async with asyncio.timeout(5):
            while self.ended < len(self.tunnels):
                await asyncio.sleep(0.01)
        assert self.ended == len(self.tunnels)


class _Door(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site = site

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.pause_reading()
        self._opening = asyncio.ensure_future(self._site.open(self._transport, data))


async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()


async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say how much came, when it has all come."""
    size = 0
    while data := await reader.read(65536):
        size += len(data)
    writer.write(b"%d" % size)
    writer.close()


@pytest.mark.evasion("S12")
def test_a_client_that_never_reads_fills_no_memory() -> None:
    async def work() -> int:
        async with Site(flood) as site:
            sock = socket.create_connection(site.address)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            sock.sendall(b"x")
            await asyncio.sleep(0.2)
            tracemalloc.start()
            await asyncio.sleep(1)
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            sock.close()
            await site.all_over()
            return held

    assert asyncio.run(work()) < HELD


def test_a_site_that_never_reads_fills_no_memory() -> None:
    async def work() -> tuple[int, int]:
        async with Site(deaf) as site:
            sock = socket.create_connection(site.address)
            sock.setblocking(False)
            sent = 0
            tracemalloc.start()
            for _ in range(200):
                with suppress(BlockingIOError):
                    while sent < PLENTY:
                        sent += sock.send(bytes(65536))
                await asyncio.sleep(0.005)
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            sock.close()
            for writer in site.left:
                writer.transport.abort()
            await site.all_over()
            return sent, held

    sent, held = asyncio.run(work())
    assert sent < PLENTY, "somebody kept on reading"
    assert held < HELD


def test_a_slow_reader_gets_every_byte() -> None:
    size = 6 * 1024 * 1024

    async def give(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for at in range(0, size, 65536):
            writer.write((at // 65536 % 251).to_bytes(1) * 65536)
            await writer.drain()
        writer.close()

    async def work() -> bool:
        async with Site(give) as site:
            reader, writer = await asyncio.open_connection(*site.address, limit=4096)
            writer.write(b"x")
            right = True
            for at in range(0, size, 65536):
                data = await reader.readexactly(65536)
                right &= data == (at // 65536 % 251).to_bytes(1) * 65536
                if at % (1024 * 1024) == 0:
                    await asyncio.sleep(0.02)
            assert await reader.read() == b""
            writer.close()
            await site.all_over()
            return right

    assert asyncio.run(work())


def test_a_client_that_has_said_all_may_still_listen() -> None:
    async def work() -> bytes:
        async with Site(count) as site:
            reader, writer = await asyncio.open_connection(*site.address)
            for _ in range(50):
                writer.write(bytes(10_000))
            writer.write_eof()
            async with asyncio.timeout(5):
                said = await reader.read()
            writer.close()
            await site.all_over()
            return said

    assert asyncio.run(work()) == b"500000"


def test_a_site_that_has_said_all_may_still_listen() -> None:
    heard: list[int] = []

    async def ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        size = 0
        while data := await reader.read(65536):
            size += len(data)
        heard.append(size)
        writer.close()

    async def work() -> None:
        async with Site(ends) as site:
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(b"x")
            assert await reader.read() == b""
            writer.write(bytes(100_000))
            writer.write_eof()
            await site.all_over()
            writer.close()

    asyncio.run(work())
    assert heard == [100_001]


def test_what_the_site_says_at_once_is_not_lost() -> None:
    async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def work() -> bytes:
        async with Site(greets) as site:
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(b"x")
            async with asyncio.timeout(5):
                said = await reader.read()
            writer.close()
            await site.all_over()
            return said

    assert all(asyncio.run(work()) == b"hello" for _ in range(20))


@pytest.mark.parametrize("reset", [False, True])
def test_when_nobody_is_there_the_client_is_closed(reset: bool) -> None:
    async def work() -> bytes:
        async with Site(count) as site:
            site._site.close()
            await site._site.wait_closed()
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(b"x")
            if reset:
                writer.transport.abort()
                await asyncio.sleep(0.05)
            said = b""
            with suppress(ConnectionError):
                said = await reader.read()
            writer.close()
            await site.all_over()
            return said

    assert asyncio.run(work()) == b""


def test_an_idle_tunnel_weighs_little() -> None:
    many = 200

    async def work() -> float:
        async with Site(count) as site:
            clients = [await asyncio.to_thread(socket.create_connection, site.address) for _ in range(many + 1)]
            clients[0].sendall(b"x")
            await asyncio.sleep(0.1)
            tracemalloc.start()
            for client in clients[1:]:
                client.sendall(b"x" * 600)
            async with asyncio.timeout(5):
                while len(site.left) <= many:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            found = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, "*/asyncio/streams.py")])
            tracemalloc.stop()
            for client in clients:
                client.close()
            await site.all_over()
            return sum(row.size for row in found.statistics("filename")) / many

    each = asyncio.run(work())
    assert each < 12_000, f"{each:.0f} bytes, of which a good half is the site's own end here"


def test_what_is_gone_already_can_be_cut_again() -> None:
    """A connection that was closed with much still to write, and then wrote it: asyncio's own `abort` raises then."""

    async def work() -> None:
        taken: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

        class Giver(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                transport.write(bytes(PLENTY // 8))
                transport.close()
                taken.set_result(transport)

        server = await asyncio.get_running_loop().create_server(Giver, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert len(await reader.read(-1)) == PLENTY // 8
        await asyncio.sleep(0.05)
        cut(await taken)
        writer.close()
        server.close()

    asyncio.run(work())


def test_a_site_of_which_the_tunnel_never_heard_is_closed_and_so_is_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    async def work() -> bytes:
        async with Site(count) as site:
            monkeypatch.setattr(tunnels._Side, "connection_made", breaks)
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(b"x")
            async with asyncio.timeout(5):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
            await site.all_over()
            return b"over"

    assert asyncio.run(work()) == b"over"
