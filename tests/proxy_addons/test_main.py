from __future__ import annotations

import asyncio
import inspect
import socket
from types import SimpleNamespace

import pytest
from mitmproxy import exceptions
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.test import taddons

from proxy_addons.engine import ALWAYS
from proxy_addons.main import Simple, ender
from tests.proxy_addons.origins import Ca


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


@pytest.mark.evasion("S03")
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ssl_insecure", True),
        ("client_certs", "/tmp"),
        ("ignore_hosts", ["x"]),
        ("rawtcp", True),
        ("ssl_verify_upstream_trusted_ca", "/tmp/theirs.pem"),
        ("confdir", "/tmp"),
    ],
)
def test_an_option_under_which_the_rules_do_not_hold_cannot_be_set_while_it_runs(tmp_path, option, value):
    """mitmproxy's own options; only what the addon was composed of is left out."""
    simple = object.__new__(Simple)
    simple._composed = SimpleNamespace(config=SimpleNamespace(trust=None))
    confdir = str(Ca(tmp_path, "Test").folder)
    with taddons.context(Proxyserver(), TlsConfig()) as context:
        context.options.update(**ALWAYS, confdir=confdir)
        simple._set = ALWAYS | {"confdir": confdir}
        before = getattr(context.options, option)
        context.master.addons.chain.append(simple)
        with pytest.raises(exceptions.OptionsError, match=f"`{option}`"):
            context.options.update(**{option: value})
        assert getattr(context.options, option) == before
