from __future__ import annotations

import asyncio
import inspect
import logging

import pytest
from mitmproxy import addonmanager, exceptions, version
from mitmproxy.certs import CertStore
from mitmproxy.proxy import mode_servers
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.server_hooks import ClientConnectedHook
from mitmproxy.test import tflow

from proxy_addons.connections import Connections
from proxy_addons.egress import Egress
from proxy_addons.engine import ALWAYS, Engine, HookTable
from proxy_addons.failsafe import Failsafe
from tests.proxy_addons.origins import Ca
from tests.proxy_addons.rig import HandGate


def with_engine(folder, work):
    async def run():
        failsafe = Failsafe(HandGate(), frozenset())
        connections = Connections(failsafe.standing)
        failsafe.attach(connections)
        engine = Engine(Ca(folder / "ca", "Test").folder, None, failsafe, connections, Egress())
        try:
            return await work(engine, failsafe)
        finally:
            await engine.done()

    return asyncio.run(run())


def test_the_schools_own_authority_signs_and_no_other_is_made(tmp_path):
    async def look(engine, _):
        return engine._tls.certstore.default_ca.cn

    assert with_engine(tmp_path, look) == "Test"
    assert {path.name for path in (tmp_path / "ca").iterdir()} == {
        "mitmproxy-ca.pem",
        "klaswacht-ca.crt",
        "mitmproxy-dhparam.pem",
    }
    assert CertStore.STORE_CAP == 5000


def test_the_options_that_promises_rest_on_are_set(tmp_path):
    async def look(engine, _):
        return {name: getattr(engine.options, name) for name in ALWAYS}, engine.options.server

    options, listens = with_engine(tmp_path, look)
    assert options == ALWAYS
    assert not listens
    assert options["connection_strategy"] == "lazy"
    assert options["ssl_insecure"] is False


def test_addons_are_called_in_order_and_the_one_that_decides_comes_first(tmp_path):
    async def look(engine, _):
        return [type(function.__self__).__name__ for function in engine.addons.functions("tls_clienthello")], [
            type(function.__self__).__name__ for function in engine.addons.functions("next_layer")
        ]

    hello, layers = with_engine(tmp_path, look)
    assert hello == ["Hooks", "TlsConfig", "GreetOriginFirst"]
    assert layers == ["Hooks", "NextLayer"]


def test_the_table_knows_an_addon_that_comes_later_and_forgets_one_that_goes(tmp_path):
    class Late:
        def client_connected(self, client):
            client.sni = "late"

    class Stops:
        async def client_connected(self, client):
            raise exceptions.AddonHalt

    async def look(engine, failsafe):
        client = tflow.tclient_conn()
        late, stops = Late(), Stops()
        engine.addons.add(late)
        await engine.addons.handle_lifecycle(ClientConnectedHook(client))
        assert client.sni == "late"
        engine.addons.remove(late)
        engine.addons.add(stops, late)
        client.sni = None
        await engine.addons.handle_lifecycle(ClientConnectedHook(client))
        assert client.sni is None
        assert not failsafe.broken

    with_engine(tmp_path, look)


def test_the_table_calls_what_mitmproxys_own_dispatch_would_call(tmp_path):
    """Contract: for every hook the same functions in the same order as `AddonManager._iter_hooks`."""
    from mitmproxy import hooks

    async def look(engine, _):
        for name in hooks.all_hooks:
            if not name:
                continue
            event = type("Event", (), {"name": name})()
            event.__class__.__mro__  # noqa: B018
            own = [getattr(addon, name) for addon in engine.addons.chain if callable(getattr(addon, name, None))]
            assert list(engine.addons.functions(name)) == own

    with_engine(tmp_path, look)
    source = inspect.getsource(addonmanager.AddonManager.handle_lifecycle)
    assert "trigger_event(event)" in source
    assert "UpdateHook([message])" in source
    assert "handle_lifecycle(hook)" in inspect.getsource(mode_servers.ProxyConnectionHandler.handle_hook)
    assert issubclass(HookTable, addonmanager.AddonManager)


def test_what_we_rely_on_inside_mitmproxy_is_still_there():
    assert version.VERSION.startswith("12.2."), "read the notes on this version before moving on"
    for module, name in ((_http1, "make_error_response"), (_http2, "format_error")):
        assert callable(getattr(module, name))


def test_errors_that_mitmproxy_answers_itself_show_our_page(tmp_path):
    async def look(engine, _):
        return _http1.make_error_response(400, "secret detail"), _http2.format_error(502, "secret detail")

    for answer in with_engine(tmp_path, look):
        assert b"secret" not in answer
        assert b"wacht even" in answer
    assert "mitmproxy" not in version.MITMPROXY


@pytest.mark.parametrize(("status", "faults"), [(400, 0), (413, 0), (502, 2)])
def test_only_what_is_wrong_on_our_side_counts_as_a_fault(tmp_path, status, faults):
    async def look(_engine, failsafe):
        _http1.make_error_response(status, "x"), _http2.format_error(status, "x")
        return failsafe._gate.faults

    assert with_engine(tmp_path, look) == faults


def test_mitmproxys_lines_about_who_visits_what_are_not_written(caplog):
    from proxy_addons.engine import quiet

    quiet()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("mitmproxy.proxy.server").warning("client visits https://open.test/")
    assert "open.test" not in caplog.text
    logging.getLogger("mitmproxy").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _own_pages():
    """Leave mitmproxy's module as it was for other tests."""
    kept = (_http1.make_error_response, _http2.format_error, version.MITMPROXY)
    yield
    _http1.make_error_response, _http2.format_error, version.MITMPROXY = kept
