"""The asking that never raises: whatever breaks in the asking side, what comes back lets nothing pass.

One thing stays open when our own asking breaks: the hosts where a child finds help. What an engine does with a hook
that raised is its own (`proxy_addons.blocking` for mitmproxy); here is what every engine and the doorway ask.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from time import perf_counter
from typing import Protocol

from policy.model import AccessRequest, Decision, Effect, Reason
from proxy_addons.facts import Answer, Door, Entry, Exchange, Hello, Peer, Ruling
from proxy_addons.faults import BROKEN, is_cancelled, told
from proxy_addons.measured import Measured

_log = logging.getLogger(__name__)

ASK_WITHIN = 5.0  # seconds for an answer; what takes longer is none
OWN_WITHIN = 30.0  # seconds on the guard's own path, where a page waits for its teacher (`waiting.LONGEST_WAIT`)
_PORT = re.compile(r":\d{1,5}$")
_TLS = 443
_TO_HELP = Entry(Door.TUNNEL, None, Decision(Effect.ALLOW, Reason.HELP_HOST))
"""To somebody who helps, when nothing can be judged: as always, without anybody looking in."""
_LAST_PAGE = Answer(
    503,
    (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")),
    "<!doctype html><meta charset=utf-8><title>Klaswacht</title><p style='font-size:6rem;text-align:center'>🛠️".encode(),
)
"""Without a word, for when even the page that depends on nothing is gone."""


class Asking(Protocol):
    """The asking side as the engine sees it (`proxy_addons.gate.Gate`)."""

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        """Answer a CONNECT, or the first plain request of a connection."""

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        """Answer a ClientHello."""

    def turned_away(self, kind: str) -> None:
        """Count a connection that the door closed, by what was wrong with it."""

    def reached(self, host: str, *, secure: bool) -> None:
        """Hear that an origin answered, over TLS or not."""

    def distrusted(self, peer: Peer, name: str) -> None:
        """Hear that a client does not trust our certificate for a name that is open to it."""

    async def ask(self, exchange: Exchange) -> Ruling:
        """Answer a request."""

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        """Whether a body may go on, of which the beginning is in `exchange`; `before` was asked with its head."""

    def reask(self, request: AccessRequest) -> Decision:
        """Answer an earlier request again, now."""

    def failed(self, exchange: Exchange | None, *, ours: bool = True) -> Answer:
        """Return the page for when something broke here, or when it is the client's fault (not `ours`)."""

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        """Return the page for when the origin cannot be reached."""


class Doors(Protocol):
    """What blocking needs of `proxy_addons.connections`."""

    def close(self, connection_id: str) -> None:
        """Close a client connection at once."""

    def begin(self, connection_id: str, key: str, request: AccessRequest | None, until: datetime | None) -> bool:
        """Note that something runs on a connection; False when the connection is closed already."""

    def names(self, connection_id: str) -> tuple[str, ...]:
        """Return the CONNECT target and SNI of a connection, as far as known."""


class Failsafe:
    """Asks for the doorway and its engines and never raises; `broken` counts what went wrong, by hook or question."""

    def __init__(self, gate: Asking, help_hosts: frozenset[str]) -> None:
        self._gate = gate
        self._help = help_hosts
        self.doors: Doors | None = None
        self.broken: Counter[str] = Counter()
        self.measured = Measured()

    def attach(self, doors: Doors) -> None:
        """Tell it where connections are closed."""
        self.doors = doors

    def enter(self, peer: Peer, host: str, port: int) -> Entry:
        """Ask `Gate.enter`. When that breaks, look inside: every request will be asked about anyway."""
        try:
            entry = _checked(self._gate.enter(peer, host, port), Entry)
            self.measured.entered(entry.door)
        except BROKEN as error:
            self.note("enter", error)
            entry = Entry(Door.INSPECT, fault=True)
        if not entry.fault:
            return entry
        # Looked into each of its requests is asked about, and a child that searches for help may still find it.
        return _TO_HELP if port == _TLS and self.helps((host,)) else Entry(Door.INSPECT)

    def hello(self, peer: Peer, hello: Hello) -> Entry:
        """Ask `Gate.hello`. When that breaks, look inside."""
        try:
            entry = _checked(self._gate.hello(peer, hello), Entry)
        except BROKEN as error:
            self.note("hello", error)
            entry = Entry(Door.INSPECT, fault=True)
        if not entry.fault:
            return entry
        plain = hello.sni is not None and not hello.ech and hello.speaks_web
        names = tuple(name for name in (hello.connect, hello.sni) if name)
        return _TO_HELP if plain and self.helps(names) else Entry(Door.INSPECT)

    def turned_away(self, kind: str) -> None:
        """Have `Gate.turned_away` count; when that breaks it is only not counted."""
        try:
            self._gate.turned_away(kind)
        except BROKEN as error:
            self.note("turned_away", error)

    def reached(self, host: str, *, secure: bool) -> None:
        """Tell `Gate.reached`; when that breaks it is only not known."""
        try:
            self._gate.reached(host, secure=secure)
        except BROKEN as error:
            self.note("reached", error)

    def distrusted(self, peer: Peer, name: str) -> None:
        """Tell `Gate.distrusted`; when that breaks it is only not known."""
        try:
            self._gate.distrusted(peer, name)
        except BROKEN as error:
            self.note("distrusted", error)

    async def ask(self, exchange: Exchange) -> Ruling:
        """Ask `Gate.ask`. What is not plainly open is answered; when the asking breaks only help stays open."""
        begun = perf_counter()
        try:
            async with asyncio.timeout(OWN_WITHIN if "/_klaswacht/" in exchange.url else ASK_WITHIN):
                ruling = _checked(await self._gate.ask(exchange), Ruling)
            if ruling.answer is None and (ruling.decision is None or not ruling.decision.open):
                raise ValueError("let pass what is not open")
            self.measured.answered(ruling, perf_counter() - begun)
            if ruling.fault and self._to_help(exchange):
                return Ruling(None, None)
        except BROKEN as error:
            if is_cancelled(error):
                raise
            self.note("ask", error)
            if self._to_help(exchange):
                return Ruling(None, None)
            return Ruling(None, None, self.page(exchange))
        return ruling

    def sent(self, exchange: Exchange, before: AccessRequest) -> bool:
        """Ask `Gate.sent`. When that breaks only what goes to help goes on."""
        try:
            return _checked(self._gate.sent(exchange, before), bool)
        except BROKEN as error:
            self.note("sent", error)
            return self._to_help(exchange)

    def standing(self, request: AccessRequest) -> tuple[bool, datetime | None]:
        """Whether what lives by `request` may go on, and until when that answer holds (None: no known end)."""
        try:
            decision = _checked(self._gate.reask(request), Decision)
        except BROKEN as error:
            self.note("reask", error)
            return self.helps(request.hosts), None
        return decision.open, decision.valid_until

    def page(self, exchange: Exchange | None = None, *, ours: bool = True) -> Answer:
        """Return the friendly page for when something broke; it is a fault of the guard unless it is not `ours`."""
        try:
            return _checked(self._gate.failed(exchange, ours=ours), Answer)
        except BROKEN as error:
            self.note("failed", error)
            return _LAST_PAGE

    def trouble(self, exchange: Exchange, kind: str) -> Answer:
        """Return the friendly page for an origin that cannot be reached."""
        try:
            return _checked(self._gate.trouble(exchange, kind), Answer)
        except BROKEN as error:
            self.note("trouble", error)
            return self.page(exchange)

    def helps(self, names: Iterable[str]) -> bool:
        """Whether there are names and every one is a help host or below one; needs nothing that can break."""
        found = [bare(name).rstrip(".").lower() for name in names]
        return bool(found) and all(self._is_help(name) for name in found)

    def _to_help(self, exchange: Exchange) -> bool:
        return self.helps(name for name in (exchange.connect, exchange.sni, *exchange.hosts) if name)

    def _is_help(self, name: str) -> bool:
        while name:
            if name in self._help:
                return True
            name = name.partition(".")[2]
        return False

    def note(self, where: str, error: BaseException) -> None:
        """Count and log what broke: the kind of error and the line of code, never its message (it may hold a URL)."""
        self.broken[where] += 1
        _log.error("`%s` broke with %s and was blocked", where, told(error))


def bare(host: str) -> str:
    """Return a host without its port."""
    return _PORT.sub("", host) if ":" in host else host


def _checked[T](value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value
