"""Carries one intercepted connection: bytes of the sockets into mitmproxy's layers, and what those command out again.

mitmproxy's layers are free of I/O: events go in, commands come out. Its own driver of them (`proxy.server`) reads
through streams and runs every hook in a task of its own, under a lock. Here a protocol's callback feeds the layers
itself, a hook that need not wait runs in place, and reading stops while something cannot be written fast enough.
What a client may send before its next head is bounded here too, which mitmproxy does not do.

What is used of mitmproxy's driver is held by `tests/proxy_addons/test_carrier.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, cast

from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer, mode_specs, server_hooks
from mitmproxy.proxy.layers import modes

from proxy_addons.blocking import forget_trouble
from proxy_addons.connections import Connections, Line
from proxy_addons.dialling import Dialled, Dialling, Dispatch
from proxy_addons.ends import End
from proxy_addons.facts import Away
from proxy_addons.failsafe import Failsafe
from proxy_addons.faults import BROKEN
from proxy_addons.reading import Bounds
from proxy_addons.trimmed import LeanContext, unravel
from proxy_addons.tunnel import cut

IDLE = 600.0  # seconds without anything happening
FLUSH = 30.0  # seconds that a client gets to take what was still to be sent
_MODE = mode_specs.ProxyMode.parse("regular")


_FIELDS: dict[str, str] = {}
"""The name of the one field of each hook, by the hook's name."""


def _about(hook: commands.StartHook) -> Any:
    """What a hook is about: its one field. `Hook.args` looks the fields up each time."""
    name = _FIELDS.get(hook.name)
    if name is None:
        (one,) = fields(cast(Any, hook))
        name = _FIELDS[hook.name] = one.name
    return getattr(hook, name)


def _must_be_well(task: asyncio.Task[None]) -> None:
    """A hook whose task broke has judged nothing: raise what it raised (the hook table has blocked, if it could)."""
    if task.cancelled():
        raise asyncio.CancelledError
    if (error := task.exception()) is not None:
        raise error


class Carrier:
    """One client connection with those to its origins. Belongs to the event loop; `start` begins it.

    `away` hears why a client was closed that sent too much or too slowly; `ended` is called once, when the client is
    gone and everything is closed.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        failsafe: Failsafe,
        connections: Connections,
        settings: Options,
        line: Line,
        transport: asyncio.Transport,
        away: Callable[[Away], None],
        ended: Callable[[], None],
    ) -> None:
        self._away = away
        self._dispatch, self._failsafe, self._connections = dispatch, failsafe, connections
        self._line = line
        self._ended: Callable[[], None] | None = ended
        self._loop = asyncio.get_running_loop()
        self.client = client = Client(
            id=line.peer.connection,
            peername=transport.get_extra_info("peername"),
            sockname=transport.get_extra_info("sockname"),
            timestamp_start=time.time(),
            proxy_mode=_MODE,
            state=ConnectionState.OPEN,
        )
        self._near = End(self, client)
        self._near.transport = transport
        self._ends: dict[Connection, End] = {client: self._near}
        context = LeanContext(client, settings)
        # Where the doorway has answered the CONNECT, what follows is as on a transparent connection to that host.
        context.server.address = line.connect
        self.layer: layer.Layer = (modes.HttpProxy if line.connect is None else modes.TransparentProxy)(context)
        self._todo: deque[events.Event | commands.StartHook] = deque()
        self._busy = self._over = False
        self._waiting = 0  # hooks that have not answered yet
        self._timers: set[asyncio.TimerHandle] = set()
        self._idle: asyncio.TimerHandle | None = None
        self._stirred = self._loop.time()
        self._bounds = Bounds(line, self._too_much)
        self._pressed = False
        self._unsent: list[End] = []
        self._dialling = Dialling(client, dispatch, failsafe, self._connected)

    def start(self, first: bytes) -> None:
        """Take the transport (its reading is paused) with the bytes that were read from it already."""
        near = cast(asyncio.Transport, self._near.transport)
        near.set_protocol(self._near)
        self._near.told = True
        self._line.end = self.cut
        if near.is_closing() or self._line.closed:
            near.abort()
            return
        self._idle = self._loop.call_later(IDLE, self._look)
        self._bounds.start()
        self._call("client_connected", self.client)
        if self.client.error:
            near.abort()
            return
        self._feed(events.Start())
        if first:
            self.received(self._near, first)
        if not near.is_closing() and not self._pressed:
            near.resume_reading()

    def cut(self) -> None:
        """End everything at once; what was not sent yet is dropped. Origins first: nothing more may arrive."""
        for end in (*(one for one in self._ends.values() if one is not self._near), self._near):
            if end.transport is not None:
                cut(end.transport)
            if end.work is not None:
                end.work.cancel()

    # --- what the sockets say ----------------------------------------------------------------------------------------

    def received(self, end: End, data: bytes) -> None:
        """Bytes came in."""
        if self._ends.get(end.connection) is not end:
            return
        self._feed(events.DataReceived(end.connection, data))
        if end is self._near:
            self._bounds.took(len(data))
            if self._bounds.ahead:
                self.press()

    def heard_end(self, end: End) -> None:
        """The other side sends nothing more."""
        if self._ends.get(end.connection) is end and not end.over:
            end.over = True
            end.connection.state &= ~ConnectionState.CAN_READ
            self._feed(events.ConnectionClosed(end.connection))
            if end.connection.state is ConnectionState.CLOSED:
                self._drop(end)

    def lost(self, end: End) -> None:
        """A socket is gone."""
        end.full = False
        try:
            if end.told and self._ends.get(end.connection) is end:
                end.connection.state = ConnectionState.CLOSED
                self._forget(end)
            self.press()
        except BROKEN as error:
            self._broke(error)
        if end is self._near:
            self._gone()

    def _gone(self) -> None:
        """The client is gone, and with it everything that was for it, whatever breaks on the way."""
        ended, self._ended = self._ended, None
        try:
            self._leave()
            if ended is not None:
                self._call("client_disconnected", self.client)
        except BROKEN as error:
            self._broke(error)
            for end in tuple(self._ends.values()):
                if end.transport is not None:
                    end.transport.abort()
        finally:
            if self._idle is not None:
                self._idle.cancel()
            if ended is not None:
                ended()
                self._loop.call_soon(self._unravel)  # after what the sockets have still to say

    def _unravel(self) -> None:
        if self._busy or self._todo or self._waiting or any(end.work is not None for end in self._ends.values()):
            return  # the collector will find it
        self._over = True
        unravel(self.layer)

    def press(self) -> None:
        """Read nothing while anything cannot be written fast enough, or a head is judged and much is read already."""
        pressed = self._bounds.ahead or any(end.full for end in self._ends.values())
        if pressed == self._pressed:
            return
        self._pressed = pressed
        for end in self._ends.values():
            if end.transport is not None and end.told and not end.transport.is_closing():
                end.transport.pause_reading() if pressed else end.transport.resume_reading()

    def _too_much(self, why: Away) -> None:
        """The client sends too much, or too slowly."""
        self._away(why)
        self._connections.close(self.client.id)

    def _look(self) -> None:
        """End it when nothing has happened for long, unless we are the ones who are waited for."""
        quiet = self._loop.time() - self._stirred
        if quiet >= IDLE and not self._waiting:
            self.cut()
        else:
            self._idle = self._loop.call_later(max(IDLE - quiet, 1.0), self._look)

    # --- what the layers want ----------------------------------------------------------------------------------------

    def _feed(self, event: events.Event) -> None:
        """Give the layers an event and do what they command, with everything that follows from it."""
        if self._over:
            return
        self._todo.append(event)
        if self._busy:
            return
        self._busy = True
        self._stirred = self._loop.time()
        try:
            while self._todo:
                one = self._todo.popleft()
                if isinstance(one, commands.StartHook):
                    self._run_hook(one)
                    continue
                for command in self.layer.handle_event(one):
                    self._do(command)
            self._send()
        except BROKEN as error:
            self._broke(error)
        finally:
            self._busy = False
            forget_trouble()

    def _broke(self, error: BaseException) -> None:
        """End it: mitmproxy would go on with whatever is left of it."""
        self._todo.clear()
        self._unsent.clear()
        self._connections.close(self.client.id)
        self._failsafe.note("engine", error)

    def _send(self) -> None:
        """Write what was commanded, each socket's at once: a head and its body are one packet, and one system call."""
        for end in self._unsent:
            end.send()
        self._unsent.clear()

    def _do(self, command: commands.Command) -> None:
        if isinstance(command, commands.StartHook):
            self._todo.append(command)
        elif isinstance(command, commands.OpenConnection):
            self._connect(command)
        elif isinstance(command, commands.ConnectionCommand):
            end = self._ends.get(command.connection)
            if end is None:
                return  # it is closed already
            if isinstance(command, commands.SendData):
                if not end.unsent:
                    self._unsent.append(end)
                end.unsent.append(command.data)
            elif isinstance(command, commands.CloseConnection):
                half = isinstance(command, commands.CloseTcpConnection) and command.half_close
                self._close(end, half=half)
            else:
                raise RuntimeError(f"an unknown command: {type(command).__name__}")
        elif isinstance(command, commands.RequestWakeup):
            self._wake(command)
        elif not isinstance(command, commands.Log):  # a log line tells who visits what
            raise RuntimeError(f"an unknown command: {type(command).__name__}")

    def _close(self, end: End, *, half: bool) -> None:
        connection = end.connection
        end.send()
        if half:
            if not connection.state & ConnectionState.CAN_WRITE:
                return
            try:
                if end.transport is not None and not end.transport.is_closing():
                    end.transport.write_eof()
            except OSError:
                connection.state = ConnectionState.CLOSED
            else:
                connection.state &= ~ConnectionState.CAN_WRITE
        else:
            connection.state = ConnectionState.CLOSED
        if connection.state is ConnectionState.CLOSED:
            self._drop(end)

    def _drop(self, end: End) -> None:
        """Close a socket after what is still to be sent."""
        if end.work is not None:
            end.work.cancel()  # it answers for itself
            return
        try:
            self._forget(end)
            end.send()
        finally:
            if end.transport is not None:
                end.transport.close()
        if end is self._near:
            self._leave()

    def _forget(self, end: End) -> None:
        """A connection is over for the layers."""
        self._ends.pop(end.connection, None)
        if not end.over:
            end.over = True
            self._feed(events.ConnectionClosed(end.connection))
        self._dialling.over(end)

    def _wake(self, command: commands.RequestWakeup) -> None:
        def now() -> None:
            self._timers.discard(timer)
            self._feed(events.Wakeup(command))

        timer = self._loop.call_later(command.delay, now)
        self._timers.add(timer)

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _run_hook(self, hook: commands.StartHook) -> None:
        """Run a hook; when it has to wait that happens in a task. Then the layers are answered."""
        rest = self._dispatch.call(hook.name, _about(hook))
        if rest is not None:
            # Begun at once: most of what could wait does not have to.
            task = asyncio.Task(rest, loop=self._loop, eager_start=True)
            if not task.done():
                self._waiting += 1
                task.add_done_callback(partial(self._waited, hook))
                return
            _must_be_well(task)
        if hook.blocking:
            self._feed(events.HookCompleted(hook))

    def _waited(self, hook: commands.StartHook, task: asyncio.Task[None]) -> None:
        self._waiting -= 1
        try:
            _must_be_well(task)
            if hook.blocking:
                self._feed(events.HookCompleted(hook))
            self.press()
        except BROKEN as error:
            self._broke(error)

    def _call(self, name: str, data: Any) -> None:
        """Run a hook that nobody waits for."""
        rest = self._dispatch.call(name, data)
        if rest is not None:
            asyncio.Task(rest, loop=self._loop, eager_start=True)

    # --- origins -----------------------------------------------------------------------------------------------------

    def _connect(self, command: commands.OpenConnection) -> None:
        end = self._ends[command.connection] = End(self, command.connection)
        self._dialling.connect(command, end)

    def _connected(self, told: server_hooks.ServerConnectionHookData, dialled: Dialled) -> None:
        """An origin answered, or it did not."""
        end, command = dialled.end, dialled.command
        if dialled.trouble is not None:
            self._ends.pop(end.connection, None)
            self._dialling.over(end)
            self._call("server_connect_error", told)
            self._feed(events.OpenConnectionCompleted(command, dialled.trouble))
            return
        end.told = True
        self._call("server_connected", told)
        self._feed(events.OpenConnectionCompleted(command, None))
        if not self._pressed and end.transport is not None and not end.transport.is_closing():
            end.transport.resume_reading()

    # --- the end -----------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """The client goes: close everything that was for it, and give it a moment to take what is still to be sent."""
        for timer in (*self._timers, self._idle):
            if timer is not None:
                timer.cancel()
        self._timers.clear()
        self._bounds.stop()
        self._dialling.forget()
        for end in tuple(self._ends.values()):
            if end is not self._near:
                end.connection.state = ConnectionState.CLOSED
                self._drop(end)
        self._idle = self._loop.call_later(FLUSH, self.cut)
