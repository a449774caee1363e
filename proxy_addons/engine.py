"""mitmproxy, trimmed: only the addons we need, their hooks looked up once, our options, our error pages.

What is used of mitmproxy beyond its documented interface is here and in `connections.ender`, and is held by
`tests/proxy_addons/test_engine.py`, so that a new version that differs is noticed before a school does.
"""

from __future__ import annotations

import asyncio
import collections
import inspect
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from mitmproxy import exceptions, options, version
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.certs import CertStore
from mitmproxy.flow import Flow
from mitmproxy.hooks import Hook, UpdateHook
from mitmproxy.master import Master
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import layer, mode_specs
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from proxy_addons.connections import Connections, Line, ender
from proxy_addons.egress import Egress
from proxy_addons.facts import Answer
from proxy_addons.failsafe import Failsafe
from proxy_addons.hooks import TROUBLE, GreetOriginFirst, Hooks
from proxy_addons.unknown import Unknown

CERTIFICATES = 5000  # certificates kept per worker; mitmproxy's own 100 is less than one busy morning
PER_ORIGIN = 32  # connections of one client to one origin; with mitmproxy's own 5 slow streams stall the rest
_CIPHERS = ":".join(
    f"ECDHE-{key}-{rest}"
    for rest in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
_MODE = mode_specs.ProxyMode.parse("regular")

ALWAYS: dict[str, Any] = {
    "connection_strategy": "lazy",  # no origin before the word
    "upstream_cert": False,
    "http2": True,
    "http3": False,
    "rawtcp": False,  # nothing raw where no rule can look
    "websocket": True,
    "validate_inbound_headers": True,
    "ssl_insecure": False,
    "store_streamed_bodies": False,
    "show_ignored_hosts": False,
    "stream_large_bodies": None,
    "body_size_limit": None,  # would end long downloads; what may be held is bounded in `hooks`
    "ignore_hosts": [],
    "allow_hosts": [],
    "ciphers_client": _CIPHERS,
    "ciphers_server": _CIPHERS,
}
"""mitmproxy's options that our promises rest on, whoever runs it."""


class HookTable(AddonManager):
    """Dispatch by a table made once, instead of a walk through all addons for every hook; an exception blocks."""

    def __init__(self, master: Master, failsafe: Failsafe) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call]
        self._failsafe = failsafe
        self._table: dict[str, tuple[Callable[[Any], Any], ...]] = {}

    def register(self, addon: Any) -> Any:
        """Register an addon; the table is made anew."""
        self._table.clear()
        return super().register(addon)  # type: ignore[no-untyped-call]

    def remove(self, addon: Any) -> None:
        """Remove an addon; the table is made anew."""
        self._table.clear()
        super().remove(addon)  # type: ignore[no-untyped-call]

    def functions(self, name: str) -> tuple[Callable[[Any], Any], ...]:
        """Return what is called for a hook, in order."""
        known = self._table.get(name)
        if known is None:
            found = (getattr(addon, name, None) for addon in self.chain)
            known = self._table[name] = tuple(one for one in found if callable(one))
        return known

    async def handle_lifecycle(self, event: Hook) -> None:
        """Run one hook of a connection or flow. The first function that raises blocks, and ends the round."""
        (data,) = event.args()
        await self._run(event.name, data)
        if isinstance(data, Flow) and self.functions(UpdateHook.name):
            await self._run(UpdateHook.name, [data])

    async def _run(self, name: str, data: Any) -> None:
        for function in self.functions(name):
            try:
                result = function(data)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except Exception as error:
                self._failsafe.block(name, data, error)
                return


class Carrier(ProxyConnectionHandler):
    """One client connection in mitmproxy."""

    def __init__(self, master: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
        super().__init__(master, reader, writer, master.options, _MODE)  # type: ignore[no-untyped-call]
        self._failsafe, self._connections = master.failsafe, master.connections
        io = self.transports.pop(self.client)  # kept under the id
        self.client.id = line.peer.connection
        self.transports[self.client] = io
        self.max_conns = collections.defaultdict(lambda: asyncio.Semaphore(PER_ORIGIN))
        context = self.layer.context
        # Where the doorway has answered the CONNECT, what follows is as on a transparent connection to that host.
        context.server.address = line.connect
        top = modes.HttpProxy if line.connect is None else modes.TransparentProxy
        self.layer: layer.Layer = top(context)

    def log(
        self,
        message: str,
        level: int = logging.INFO,
        exc_info: Literal[True] | tuple[type[BaseException], BaseException, TracebackType | None] | None = None,
    ) -> None:
        """Log as mitmproxy does; but where it calls this a crash, the connection ends and its words are not written."""
        error = sys.exception() if exc_info is True else exc_info[1] if exc_info else None
        if error is None:
            super().log(message, level)
            return
        self._failsafe.note("engine", error)
        self._connections.close(self.client.id)


class Engine(Master):
    """One worker's mitmproxy: no listeners of its own, `carry` is given its connections."""

    def __init__(
        self,
        confdir: Path,
        trust: Path | None,
        failsafe: Failsafe,
        connections: Connections,
        egress: Egress,
        unknown: Unknown | None = None,
    ) -> None:
        super().__init__(options.Options(), event_loop=asyncio.get_running_loop())
        self._legacy_log_events.uninstall()  # formats every record of the process, for nobody
        self.addons: HookTable = HookTable(self, failsafe)
        replace_error_pages(failsafe)
        CertStore.STORE_CAP = CERTIFICATES
        # Before the addons: TlsConfig makes a CA wherever this points when it hears of it.
        self.options.update(confdir=str(confdir))
        self._proxyserver = proxyserver.Proxyserver()
        self._tls = tlsconfig.TlsConfig()
        self.failsafe, self.connections = failsafe, connections
        self.addons.add(  # type: ignore[no-untyped-call]
            core.Core(),
            Hooks(failsafe, connections, egress, unknown),
            disable_h2c.DisableH2C(),
            self._proxyserver,
            next_layer.NextLayer(),
            self._tls,
            GreetOriginFirst(connections),
        )
        trusted = str(trust) if trust else None
        self.options.update(**ALWAYS, server=False, mode=["regular"], ssl_verify_upstream_trusted_ca=trusted)
        self._tls.configure({"confdir"})

    async def carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a connection until it ends."""
        carrier = Carrier(self, reader, writer, line)
        line.end = ender(carrier)
        if line.closed:
            return
        with self._proxyserver.register_connection(carrier.client.id, carrier):
            await carrier.handle_client()


def replace_error_pages(failsafe: Failsafe) -> None:
    """Have mitmproxy's own error answers replaced by friendly ones that do not name it."""

    def page(status_code: int) -> Answer:
        return TROUBLE.get() or failsafe.page(ours=not 400 <= status_code < 500)

    def over_http1(status_code: int, message: str = "") -> bytes:
        answer = page(status_code)
        reason = status_codes.RESPONSES.get(status_code, "Error")
        head = [f"HTTP/1.1 {status_code} {reason}", f"content-length: {len(answer.body)}", "connection: close"]
        head += [f"{name}: {value}" for name, value in answer.headers if name.lower() != "content-length"]
        return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + answer.body

    def over_http2(status_code: int, message: str) -> bytes:
        return page(status_code).body

    _http1.make_error_response = over_http1
    setattr(_http2, "format_error", over_http2)  # noqa: B010 - imported there, so not a name that types know
    version.MITMPROXY = "klaswacht"


def quiet() -> None:
    """Have mitmproxy log faults only: its other lines tell who visits what."""
    logging.getLogger("mitmproxy").setLevel(logging.ERROR)
    for name in ("hpack", "h2", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
