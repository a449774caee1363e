"""mitmproxy, trimmed: only the addons we need, their hooks looked up once, our options, our error pages.

What is used of mitmproxy beyond its documented interface is here and in `main.ender`, and is held by
`tests/proxy_addons/test_engine.py`, so that a new version that differs is noticed before a school does.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from mitmproxy import exceptions, options, version
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.certs import DEFAULT_DHPARAM, CertStore
from mitmproxy.hooks import Hook
from mitmproxy.master import Master
from mitmproxy.net.http import status_codes
from mitmproxy.options import CONF_BASENAME
from mitmproxy.proxy.layers.http import _http1, _http2

from proxy_addons.authority import answer_nothing, our_way
from proxy_addons.blocking import TROUBLE, Blocking
from proxy_addons.carrier import Carrier
from proxy_addons.connections import Connections, Line
from proxy_addons.egress import Egress
from proxy_addons.entrances import GreetOriginFirst
from proxy_addons.facts import Answer, Away
from proxy_addons.failsafe import Failsafe
from proxy_addons.faults import BROKEN, is_cancelled
from proxy_addons.hooks import Hooks
from proxy_addons.trimmed import trim
from proxy_addons.unknown import Unknown

CA_FILE = "mitmproxy-ca.pem"  # as mitmproxy calls it
CERTIFICATES = 5000  # certificates kept per worker; mitmproxy's own 100 is less than one busy morning
_CIPHERS = ":".join(
    f"ECDHE-{key}-{rest}"
    for rest in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)

ALWAYS: dict[str, Any] = {
    "connection_strategy": "lazy",  # no origin before the word
    "upstream_cert": False,
    "http2": True,
    "http3": False,
    "rawtcp": False,  # nothing raw where no rule can look
    "websocket": True,
    "validate_inbound_headers": True,
    "ssl_insecure": False,
    "certs": [],  # the school's CA signs, and nothing else is shown
    "client_certs": None,
    "request_client_cert": False,
    "add_upstream_certs_to_client_chain": False,
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

    def __init__(self, master: Master, blocking: Blocking) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call] # mitmproxy's has no types
        self._blocking = blocking
        self._table: dict[str, tuple[Callable[[Any], Any], ...]] = {}

    def register(self, addon: Any) -> Any:
        """Register an addon; the table is made anew."""
        self._table.clear()
        return super().register(addon)  # type: ignore[no-untyped-call] # mitmproxy's has no types

    def remove(self, addon: Any) -> None:
        """Remove an addon; the table is made anew."""
        self._table.clear()
        super().remove(addon)  # type: ignore[no-untyped-call] # mitmproxy's has no types

    def functions(self, name: str) -> tuple[Callable[[Any], Any], ...]:
        """Return what is called for a hook, in order."""
        known = self._table.get(name)
        if known is None:
            found = (getattr(addon, name, None) for addon in self.chain)
            known = self._table[name] = tuple(one for one in found if callable(one))
        return known

    async def handle_lifecycle(self, event: Hook) -> None:
        """Run one hook of a connection or flow, for whoever does it mitmproxy's way."""
        (data,) = event.args()
        rest = self.call(event.name, data)
        if rest is not None:
            await rest

    def call(self, name: str, data: Any) -> Coroutine[Any, Any, None] | None:
        """Call everything there is for a hook, in order; what is left to do when something has to wait.

        The first function that raises blocks, and ends the round. `update` is not run: nobody here listens to it.
        """
        functions = self.functions(name)
        for number, function in enumerate(functions):
            try:
                result = function(data)
            except exceptions.AddonHalt:
                return None
            except BROKEN as error:
                self._blocking.block(name, data, error)
                return None
            if result is not None and inspect.isawaitable(result):
                return self._rest(name, data, result, functions[number + 1 :])
        return None

    async def _rest(
        self, name: str, data: Any, result: Awaitable[Any], functions: tuple[Callable[[Any], Any], ...]
    ) -> None:
        try:
            await result
            for function in functions:
                more = function(data)
                if more is not None and inspect.isawaitable(more):
                    await more
        except exceptions.AddonHalt:
            return
        except BROKEN as error:
            # Also of a task that was ended from outside: what it was asked about was not judged.
            self._blocking.block(name, data, error)
            if is_cancelled(error):
                raise


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
        trim()
        our_way()
        self.addons: HookTable = HookTable(self, Blocking(failsafe))
        replace_error_pages(failsafe)
        CertStore.STORE_CAP = CERTIFICATES
        # Before the addons: TlsConfig makes a CA wherever this points when it hears of it.
        self.options.update(confdir=str(confdir))
        self._proxyserver = proxyserver.Proxyserver()
        self._tls = tlsconfig.TlsConfig()
        answer_nothing(self._tls)
        self.failsafe, self.connections = failsafe, connections
        self.addons.add(  # type: ignore[no-untyped-call] # mitmproxy's has no types
            core.Core(),
            Hooks(failsafe, connections, egress, unknown),
            disable_h2c.DisableH2C(),
            self._proxyserver,
            next_layer.NextLayer(),
            self._tls,
            GreetOriginFirst(connections, egress),
        )
        trusted = str(trust) if trust else None
        self.options.update(**ALWAYS, server=False, mode=["regular"], ssl_verify_upstream_trusted_ca=trusted)
        self._tls.configure({"confdir"})
        # Looked up for every layer of every connection; a plain object answers ten times as fast.
        names = sorted(self.options.keys())
        self._frozen = cast(options.Options, SimpleNamespace(**{name: getattr(self.options, name) for name in names}))

    def carry(
        self,
        line: Line,
        transport: asyncio.Transport,
        first: bytes,
        away: Callable[[Away], None],
        ended: Callable[[], None],
    ) -> None:
        """Take a connection with the bytes that were read from it, until it ends."""
        asking = (self.addons, self.failsafe, self.connections, self._frozen)
        Carrier(*asking, line, transport, away, ended).start(first)


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


def beside(given: Path) -> Path:
    """A folder with the CA that was handed over, for the engine, which writes beside its CA: there nobody may write.

    Raises `OSError`.
    """
    runtime = os.environ.get("RUNTIME_DIRECTORY")
    if not runtime:
        return given.parent
    folder = Path(runtime) / "engine"
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):  # another worker was first
        (folder / CA_FILE).symlink_to(given)
    mine = folder / f".{os.getpid()}"
    mine.write_bytes(DEFAULT_DHPARAM)
    mine.replace(folder / f"{CONF_BASENAME}-dhparam.pem")  # whole from its first moment
    return folder


def quiet() -> None:
    """Have mitmproxy log faults only: its other lines tell who visits what."""
    logging.getLogger("mitmproxy").setLevel(logging.ERROR)
    for name in ("hpack", "h2", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
