"""A device without a browser: plain sockets through the guard, so that every name and byte is ours to choose."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

PATIENCE = 30.0  # seconds: a ceiling on a busy machine, not an expectation


class Refused(Exception):
    """The guard did not open the tunnel: `status` is what it said to the CONNECT (0: it just hung up)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to one request; `headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Device:
    """Where this device finds the guard (a port on 127.0.0.1), whom it trusts, and what it says about itself.

    `source` is its own loopback address; `key` is `device-id:device-key`; `patience` is how many seconds it waits.
    """

    proxy: int
    trust: tuple[Path, ...]
    source: str = "127.0.0.1"
    key: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    patience: float = PATIENCE

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.trust[0]))
        for more in self.trust[1:]:
            context.load_verify_locations(str(more))
        return context

    def dial(self, target: tuple[str, int] | None = None) -> socket.socket:
        """A connection to the guard; with `target` a tunnel that it opened. Raises `Refused`."""
        plain = socket.create_connection(("127.0.0.1", self.proxy), self.patience, source_address=(self.source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target is None:
            return plain
        host, port = target
        named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = [f"CONNECT {named} HTTP/1.1", f"Host: {named}", *self._says()]
        plain.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        status = _status(_head(plain))
        if status != 200:
            plain.close()
            raise Refused(status)
        return plain

    def tunnel(self, host: str, port: int = 443, sni: str | None = "", connect: str | None = None) -> ssl.SSLSocket:
        """TLS inside a tunnel; `sni` None sends none, `connect` is the CONNECT target when it is another."""
        name = host if sni == "" else sni
        context = self.tls()
        context.check_hostname = name is not None
        raw = self.dial((connect or host, port))
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def fetch(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        host: str | None = None,
        sni: str | None = "",
        connect: str | None = None,
    ) -> Reply:
        """One request as a page in a browser would send it; `host`, `sni`, `connect` are other names to say."""
        with contextlib.closing(self.ask(url, method, body, headers, host=host, sni=sni, connect=connect)) as line:
            answer = line.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def ask(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        host: str | None = None,
        sni: str | None = "",
        connect: str | None = None,
    ) -> http.client.HTTPConnection:
        """Send a request and leave the answer to be read: for streams that do not end."""
        parts = urlsplit(url)
        name = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        said = {"Host": host or parts.netloc, **BROWSES, **self.extra, **(headers or {})}
        line = http.client.HTTPConnection("127.0.0.1", self.proxy, timeout=self.patience)
        if secure:
            line.sock = self.tunnel(name, port, sni, connect)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        else:
            line.sock = self.dial()
            target = url
            said |= dict(pair.split(": ", 1) for pair in self._says())
        line.request(method, target, body=body, headers=said)
        return line

    @contextlib.contextmanager
    def websocket(self, url: str) -> Iterator[Line]:
        """A WebSocket through the guard; raises `Refused`, or `InvalidStatus` when the guard or site answers no."""
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        raw = self.tunnel(host, port) if secure else self.dial((host, port))
        with contextlib.closing(Line(raw, url)) as line:
            yield line

    def _says(self) -> list[str]:
        if self.key is None:
            return []
        return [f"Proxy-Authorization: Basic {base64.b64encode(self.key.encode()).decode()}"]


class Line:
    """One end of a WebSocket, in the thread that uses it.

    `websockets`' own blocking client reads in a second thread while the first one writes, and OpenSSL does not allow
    that on one connection: on a busy machine a request is lost now and then. So here its protocol without the threads.
    """

    def __init__(self, raw: socket.socket, url: str) -> None:
        self._raw = raw
        self._raw.settimeout(PATIENCE)
        self._protocol = ClientProtocol(parse_uri(url))
        self._waiting: deque[str] = deque()
        try:
            self._protocol.send_request(self._protocol.connect())
            self._flush()
            while self._protocol.state is State.CONNECTING and self._protocol.handshake_exc is None:
                self._read()
            if self._protocol.handshake_exc is not None:
                raise self._protocol.handshake_exc
        except BaseException:
            raw.close()
            raise

    def send(self, text: str) -> None:
        """Say something; raises `ConnectionError` when the other end is gone."""
        if self._protocol.state is not State.OPEN:
            raise ConnectionAbortedError("the websocket is closed")
        self._protocol.send_text(text.encode())
        self._flush()

    def recv(self, timeout: float | None = PATIENCE) -> str:
        """The next message; raises `ConnectionError` when the other end is gone, `TimeoutError` when it is silent."""
        self._raw.settimeout(timeout)
        while not self._waiting:
            if self._protocol.state is not State.OPEN:
                raise ConnectionAbortedError("the websocket is closed")
            self._read()
        return self._waiting.popleft()

    def close(self) -> None:
        self._raw.close()

    def _read(self) -> None:
        data = self._raw.recv(65_536)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._waiting.append(bytes(event.data).decode())
        with contextlib.suppress(OSError):
            self._flush()
        if not data and self._protocol.state is State.CONNECTING and self._protocol.handshake_exc is None:
            raise ConnectionAbortedError("hung up during the handshake")

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._raw.sendall(data)


BROWSES = {
    "User-Agent": "e2e",
    "Accept": "text/html,*/*",
    "Accept-Language": "nl",
    "Accept-Encoding": "identity",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Connection": "keep-alive",
}
"""What a browser says about a page that a person opens."""


def _head(line: socket.socket) -> bytes:
    """The bytes of a response head; nothing behind it is read."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        more = line.recv(1)
        if not more:
            break
        seen += more
    return seen


def _status(head: bytes) -> int:
    parts = head.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1][:3].isdigit() else 0
