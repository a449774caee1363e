from __future__ import annotations

import asyncio
import inspect
import socket
from types import SimpleNamespace

from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from proxy_addons.main import ender


def test_what_we_rely_on_in_mitmproxy_to_end_a_connection():
    """`transports` of a running handler: client and servers, each with a writer and the task that carries it."""
    assert {"handler", "reader", "writer"} <= set(ConnectionIO.__dataclass_fields__)
    assert "transports" in ConnectionHandler.__annotations__
    assert 'handler.cancel("timeout")' in inspect.getsource(ConnectionHandler.on_timeout)


def test_a_carried_connection_ends_at_once_with_all_it_holds_and_the_origin_first():
    """On real sockets: nothing that was still to be sent arrives, and both carrying tasks are cancelled."""

    async def run():
        client, server = object(), object()
        ends, cut_off, transports, tasks = [], [], {}, []
        for name in (client, server):
            ours, theirs = socket.socketpair()
            reader, writer = await asyncio.open_connection(sock=ours)

            async def carries(name=name, reader=reader):
                try:
                    await reader.read()
                finally:
                    cut_off.append(name)

            tasks.append(asyncio.create_task(carries()))
            transports[name] = ConnectionIO(handler=tasks[-1], reader=reader, writer=writer)
            ends.append(theirs)
        await asyncio.sleep(0)
        ender(SimpleNamespace(client=client, transports=transports))()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            end.settimeout(5)
            assert end.recv(1) == b""
            end.close()
        return done, cut_off, [client, server]

    done, cut_off, (client, server) = asyncio.run(run())
    assert all(isinstance(one, asyncio.CancelledError) for one in done)
    assert cut_off == [server, client]
