"""Our driver of mitmproxy's layers: what it does that mitmproxy's own does, and what it does better."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import time

import pytest
from mitmproxy.proxy import commands, events, server
from OpenSSL import SSL

from tests.proxy_addons.rig import SECRET, HandGate, Rig, until_closed


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("carrier"), HandGate()) as one:
        yield one


def test_every_command_of_the_layers_is_one_that_we_carry_out():
    """Contract: mitmproxy's own driver knows these commands, in these words; a new one must be carried out too."""
    own = inspect.getsource(server.ConnectionHandler.server_event)
    known = (
        "OpenConnection",
        "RequestWakeup",
        "ConnectionCommand",
        "SendData",
        "CloseTcpConnection",
        "CloseConnection",
    )
    for name in (*known, "StartHook", "Log"):
        assert f"commands.{name}" in own
    there = {one for one in vars(commands).values() if inspect.isclass(one) and issubclass(one, commands.Command)}
    assert {one.__name__ for one in there} == {"Command", *known, "StartHook", "Log"}
    assert "close_connection(command.connection, command.half_close)" in own
    assert "raise RuntimeError" in own


def test_the_layers_are_answered_as_mitmproxys_own_driver_answers_them():
    """Contract: which events come when."""
    hook = inspect.getsource(server.ConnectionHandler.hook_task)
    assert hook.index("handle_hook") < hook.index("if hook.blocking") < hook.index("events.HookCompleted(hook)")
    opened = inspect.getsource(server.ConnectionHandler.open_connection)
    for words in (
        "ServerConnectHook(hook_data)",
        "ServerConnectErrorHook(hook_data)",
        "OpenConnectionCompleted(command, None)",
    ):
        assert words in opened
    carried = inspect.getsource(server.ConnectionHandler.handle_connection)
    assert "~ConnectionState.CAN_READ" in carried
    assert carried.index("CAN_READ") < carried.index("events.ConnectionClosed(connection)")
    assert "Start()" in inspect.getsource(server.ConnectionHandler.handle_client)
    assert list(inspect.signature(events.OpenConnectionCompleted).parameters) == ["command", "reply"]


def test_a_hook_is_about_its_one_field():
    from mitmproxy import hooks

    for name, hook in hooks.all_hooks.items():
        if issubclass(hook, commands.StartHook):
            assert len(hook.__dataclass_fields__) == 1, name


def test_pages_come_one_after_the_other_on_one_connection(rig):
    with rig.client() as client:
        before = rig.seen.connections
        for _ in range(20):
            assert client.get("https://open.test/").content == SECRET
        assert rig.seen.connections == before + 1


def test_a_download_waits_for_who_is_slow(rig):
    """The origin sends 100 MB; who does not read must not make the guard hold them."""
    with rig.tls("open.test") as sock:
        sock.sendall(b"GET /download HTTP/1.1\r\nHost: open.test\r\n\r\n")
        assert sock.recv(1024)
        time.sleep(1.5)
        held = rig.look(lambda connections, _: max(_held(line) for line in connections))
        assert held < 512 * 1024


def _held(line) -> int:
    return line.transport.get_write_buffer_size()


def test_who_leaves_in_the_middle_of_a_download_leaves_nothing_behind(rig):
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(rig.tls("open.test"))
            sock.sendall(b"GET /download HTTP/1.1\r\nHost: open.test\r\n\r\n")
            assert sock.recv(1024)
    _until(lambda: rig.look(lambda connections, door: len(connections) + door.inside) == 0)


def test_a_half_closed_client_still_gets_its_page(rig):
    with rig.raw(b"GET http://open.test/ HTTP/1.0\r\nHost: open.test\r\n\r\n") as sock:
        got = b""
        while SECRET not in got:
            chunk = sock.recv(4096)
            assert chunk, got
            got += chunk


def test_what_comes_through_a_permission_ends_at_once_when_it_ends(rig):
    with rig.tls("open.test") as sock:
        sock.sendall(b"GET /sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
        assert sock.recv(1024)
        rig.look(lambda connections, _: connections.close_all())
        assert until_closed(sock) < 2


def test_a_page_of_an_earlier_error_is_not_shown_for_a_later_one(rig):
    """What went wrong is told once: each error has its own words."""
    with rig.client() as client:
        gone = client.get("http://gone.test/")
        stale = client.get("https://stale.test/")
    assert gone.status_code >= 500
    assert stale.status_code >= 500
    assert gone.content != stale.content


def _until(true, within: float = 5.0) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("http2", [False, True])
def test_what_a_connection_held_is_free_when_it_is_over_without_the_collector(rig, http2):
    """Two TLS connections of OpenSSL are some 100 KB; left to the collector they would be many before it looks."""

    def alive() -> int:
        return sum(type(one) is SSL.Connection for one in gc.get_objects())

    with rig.client(http2=http2) as client:
        assert client.get("https://open.test/").content == SECRET
    _until(lambda: rig.look(lambda connections, _: len(connections)) == 0)
    gc.unfreeze()
    gc.collect()
    before = alive()
    gc.disable()
    try:
        for _ in range(10):
            with rig.client(http2=http2) as client:
                assert client.get("https://open.test/").content == SECRET
                assert client.get("https://open.test/two").content == SECRET
        _until(lambda: rig.look(lambda connections, _: len(connections)) == 0)
        time.sleep(0.2)
        assert alive() <= before + 1
    finally:
        gc.enable()


def test_nothing_runs_any_more_when_everybody_has_left(rig):
    async def running() -> int:
        return sum(1 for task in asyncio.all_tasks() if "Dialling" in repr(task.get_coro()))

    _until(lambda: rig.look(lambda connections, _: len(connections)) == 0)
    assert asyncio.run_coroutine_threadsafe(running(), rig._loop).result(5) == 0
