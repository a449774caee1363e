"""Pretend sites that remember all they get: http, https (HTTP/1.1 and HTTP/2) and WebSockets, on two ports for all.

An origin here is as obliging as any out in the world: whatever it is asked for it serves, under whatever name. Of every
connection it keeps the bytes as they came (inside TLS: as they were after it), so that a test can read them otherwise
than the guard did.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions

_PAGES = Path(__file__).parents[2] / "bench" / "pages"  # served below `/pagina/`
SECRET = "what only the origin says"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_WEBSOCKET_TEXT = b"\x81\x06origin"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that an origin got. `host` is its Host or :authority, `sni` the name in the ClientHello (or None)."""

    sni: str | None
    method: str
    host: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: str

    def header(self, name: str) -> str | None:
        """The last value of a header; None when there is none."""
        return next((value for known, value in reversed(self.headers) if known == name), None)


@dataclass(slots=True)
class Came:
    """A connection to an origin: which names its ClientHello said, and every byte that it brought."""

    secure: bool
    sni: str | None = None
    data: bytearray = field(default_factory=bytearray)


class Sites:
    """All origins, in a thread with a loop of its own; `http` and `https` are their ports on 127.0.0.1."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._names: dict[ssl.SSLObject, str | None] = {}
        self.http = self.https = 0
        self.pages: dict[str, tuple[str, bytes]] = {}  # what is at a path: media type and body
        self.requests: list[Request] = []
        self.connections: list[Came] = []

    def __enter__(self) -> Sites:
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._context.sni_callback = self._said
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def forget(self) -> None:
        """As if nobody had come yet."""
        self.requests, self.connections = [], []

    def of(self, *names: str) -> list[Request]:
        """What was asked of these sites, or below them, by any name that the request went by."""
        return [one for one in self.requests if any(_below(said, names) for said in (one.host, one.sni or ""))]

    def opened(self, *names: str) -> list[Came]:
        """The TLS connections in which one of these names was said."""
        return [one for one in self.connections if one.sni is not None and _below(one.sni, names)]

    @property
    def bytes(self) -> int:
        """How many bytes came in all."""
        return sum(len(one.data) for one in self.connections)

    # --- listening -------------------------------------------------------------------------------------------------

    def _said(self, conn: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._names[conn] = name

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _start(self) -> None:
        self.http = await self._listen(None)
        self.https = await self._listen(self._context)
        self._ready.set()

    async def _listen(self, context: ssl.SSLContext | None) -> int:
        server = await asyncio.start_server(self._taken, "127.0.0.1", 0, ssl=context, limit=2**20)
        return int(server.sockets[0].getsockname()[1])

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside = writer.get_extra_info("ssl_object")
        came = Came(inside is not None, self._names.pop(inside, None) if inside is not None else None)
        self.connections.append(came)
        spoken = inside.selected_alpn_protocol() if inside is not None else None
        try:
            await (self._http2 if spoken == "h2" else self._http1)(came, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, ValueError, h2.exceptions.ProtocolError):
            pass
        finally:
            writer.close()

    def _at(self, one: Request) -> tuple[str, bytes]:
        """What is at the path of a request."""
        return self.pages.get(one.path.partition("?")[0]) or ("text/html", _page(one))

    # --- HTTP/1 ----------------------------------------------------------------------------------------------------

    async def _http1(self, came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reading = _Kept(came, reader)
        while True:
            line = await reading.line()
            if not line:
                return
            if line in (b"\r\n", b"\n"):
                continue
            method, path, *version = line.decode("latin-1").split(None, 2)
            headers = []
            while (head := await reading.line()).strip():
                name, _, value = head.decode("latin-1").partition(":")
                headers.append((name.strip().lower(), value.strip()))
            body = await self._body(reading, dict(headers))
            host = dict(headers).get("host", "")
            one = Request(came.sni, method, host, path, tuple(headers), body, (version or ["HTTP/0.9"])[0].strip())
            self.requests.append(one)
            if (one.header("upgrade") or "").lower() == "websocket":
                await self._talk(one, reading, writer)
                return
            writer.write(_answer(one, *self._at(one)))
            await writer.drain()

    async def _body(self, reading: _Kept, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            found = b""
            while size := int((await reading.line()).split(b";")[0], 16):
                found += await reading.exactly(size)
                await reading.line()
            while (await reading.line()).strip():
                pass
            return found
        return await reading.exactly(int(headers.get("content-length") or 0))

    async def _talk(self, one: Request, reading: _Kept, writer: asyncio.StreamWriter) -> None:
        key = (one.header("sec-websocket-key") or "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-accept: " + accept.encode() + b"\r\nx-origin: reached\r\n\r\n" + _WEBSOCKET_TEXT
        )
        await writer.drain()
        while await reading.some():
            pass

    # --- HTTP/2 ----------------------------------------------------------------------------------------------------

    async def _http2(self, came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        conn.initiate_connection()
        writer.write(conn.data_to_send())
        waiting: dict[int, tuple[list[tuple[str, str]], bytearray]] = {}
        while data := await reader.read(65_535):
            came.data += data
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    waiting[event.stream_id] = ([(str(k), str(v)) for k, v in event.headers], bytearray())
                elif isinstance(event, h2.events.DataReceived):
                    waiting[event.stream_id][1].extend(event.data)
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    headers, body = waiting.pop(event.stream_id)
                    self._answer2(came, conn, event.stream_id, headers, bytes(body))
            writer.write(conn.data_to_send())
            await writer.drain()

    def _answer2(self, came: Came, conn: Any, stream: int, headers: list[tuple[str, str]], body: bytes) -> None:
        said = dict(headers)
        host = said.get(":authority") or said.get("host", "")
        one = Request(came.sni, said[":method"], host, said[":path"], tuple(headers), body, "HTTP/2")
        self.requests.append(one)
        kind, text = self._at(one)
        conn.send_headers(
            stream,
            [
                (":status", "200"),
                ("x-origin", "reached"),
                ("content-type", kind),
                ("cache-control", "max-age=3600"),
                ("content-length", str(len(text))),
            ],
        )
        conn.send_data(stream, b"" if one.method == "HEAD" else text, end_stream=True)


class _Kept:
    """A reader that keeps what it reads."""

    def __init__(self, came: Came, reader: asyncio.StreamReader) -> None:
        self._came, self._reader = came, reader

    async def line(self) -> bytes:
        return self._keep(await self._reader.readline())

    async def exactly(self, count: int) -> bytes:
        try:
            return self._keep(await self._reader.readexactly(count)) if count else b""
        except asyncio.IncompleteReadError as error:
            self._keep(error.partial)
            raise

    async def some(self) -> bytes:
        return self._keep(await self._reader.read(65_536))

    def _keep(self, data: bytes) -> bytes:
        self._came.data += data
        return data


def _page(one: Request) -> bytes:
    if one.path.startswith("/pagina/"):
        return (_PAGES / one.path.rpartition("/")[2]).read_bytes()
    return f"<!doctype html><title>origin</title><p>{SECRET}: {one.host}".encode()


def _answer(one: Request, kind: str, text: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nx-origin: reached\r\ncontent-type: {kind}\r\ncontent-length: {len(text)}\r\n"
    head += "cache-control: max-age=3600\r\n\r\n"
    return head.encode("latin-1") + (b"" if one.method == "HEAD" else text)


def _below(said: str, names: tuple[str, ...]) -> bool:
    host = said.lower().rpartition("@")[2].partition(":")[0].rstrip(".")
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    return any(host == name or host.endswith(f".{name}") for name in names)
