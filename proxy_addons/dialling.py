"""Connecting to the origins of one carried connection: what its hook permits, so many at a time, within a time.

What is used of mitmproxy's driver is held by `tests/proxy_addons/test_carrier.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import commands
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from proxy_addons.ends import End
from proxy_addons.failsafe import Failsafe
from proxy_addons.tunnel import CONNECT_WITHIN

PER_ORIGIN = 32  # connections of one client to one origin at a time


class Dispatch(Protocol):
    """What calls hooks (`proxy_addons.engine.HookTable`)."""

    def call(self, name: str, data: Any) -> Coroutine[Any, Any, None] | None:
        """Call everything there is for a hook; what is left to do when something has to wait. Never raises."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """How it went: `trouble` says what was wrong, None that `end` is connected."""

    command: commands.OpenConnection
    end: End
    trouble: str | None


class Dialling:
    """The connecting of one client's connection; `done` hears how each went, and is told `over` when it has ended."""

    def __init__(
        self,
        client: Client,
        dispatch: Dispatch,
        failsafe: Failsafe,
        done: Callable[[ServerConnectionHookData, Dialled], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._dispatch = dispatch
        self._failsafe = failsafe
        self._done = done
        self._open: Counter[tuple[str, int] | None] = Counter()
        self._queued: deque[tuple[commands.OpenConnection, End]] = deque()

    def connect(self, command: commands.OpenConnection, end: End) -> None:
        """Connect, or wait until one to the same origin is over."""
        if self._open[command.connection.address] >= PER_ORIGIN:
            self._queued.append((command, end))
        else:
            self._begin(command, end)

    def over(self, end: End) -> None:
        """One connection to an origin fewer: the next that waits for it may begin."""
        if not end.counted:
            return
        end.counted, address = False, end.origin
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
        for number, (command, waiting) in enumerate(self._queued):
            if command.connection.address == address:
                del self._queued[number]
                self._begin(command, waiting)
                return

    def forget(self) -> None:
        """Nothing that still waits is connected any more."""
        self._queued.clear()

    def _begin(self, command: commands.OpenConnection, end: End) -> None:
        self._open[command.connection.address] += 1
        end.counted = True
        end.work = task = self._loop.create_task(self._opened(command, end))
        task.add_done_callback(self._seen)

    def _seen(self, task: asyncio.Task[None]) -> None:
        """What it was for would wait for ever if it broke."""
        error = None if task.cancelled() else task.exception()
        if error is not None or task.cancelled():
            self._failsafe.note("engine", error or asyncio.CancelledError())
            if self._failsafe.doors is not None:
                self._failsafe.doors.close(self._client.id)

    async def _opened(self, command: commands.OpenConnection, end: End) -> None:
        """Connect to an origin, if its hook lets us."""
        server = command.connection
        told = ServerConnectionHookData(server, self._client)
        try:
            err = await self._tried(told, end)
        except asyncio.CancelledError:
            err = "connection cancelled"
        except OSError as error:
            err = str(error) or "connection timed out"
        except Exception as error:
            self._failsafe.note("engine", error)
            err = "connection failed"
        end.work = None
        transport = end.transport
        if err is None and transport is not None and not transport.is_closing():
            server.timestamp_tcp_setup = time.time()
            server.state = ConnectionState.OPEN
            server.peername, server.sockname = (transport.get_extra_info(name) for name in ("peername", "sockname"))
            self._done(told, Dialled(command, end, None))
            return
        if transport is not None:
            transport.abort()
        server.error = server.error or err or "connection closed"
        self._done(told, Dialled(command, end, err or server.error))

    async def _tried(self, told: ServerConnectionHookData, end: End) -> str | None:
        """Connect; what went wrong, if it did not raise."""
        server = told.server
        if server.address is None:
            return "no address"
        rest = self._dispatch.call("server_connect", told)
        if rest is not None:
            await rest
        if server.error:
            return f"Connection killed: {server.error}"
        server.timestamp_start = time.time()
        async with asyncio.timeout(CONNECT_WITHIN):
            there, _ = await self._loop.create_connection(lambda: end, *server.address, local_addr=server.sockname)
        if end.transport is None:
            there.abort()  # it never heard that it is connected
        return None
