"""Origins that speak exactly the bytes of a script, over HTTP/1.1 and HTTP/2, and keep exactly what arrived."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.proxy_addons.origins import SECRET, Ca

type Fields = list[tuple[bytes, bytes]]
type Script1 = Callable[["Talk", "Request"], Awaitable[bool | None]]
type Script2 = Callable[["Stream"], Awaitable[None]]

GONE = (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError)


@dataclass
class Request:
    """A request as it arrived; `body` and `trailers` once the script has read them."""

    method: bytes
    target: bytes
    version: bytes
    fields: Fields
    body: bytes = b""
    trailers: Fields = field(default_factory=list)

    def get(self, name: bytes) -> bytes | None:
        return next((value for known, value in self.fields if known.lower() == name), None)


@dataclass
class Talk:
    """One HTTP/1 connection to the origin."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    before: int = 0  # requests that were answered on it

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> Request:
        lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        method, target, version = lines[0].split(b" ", 2)
        fields = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines[1:])]
        return Request(method, target, version, fields)

    async def body(self, request: Request) -> bytes:
        """Read all of a body, and its trailers."""
        if (request.get(b"transfer-encoding") or b"").lower() == b"chunked":
            pieces = []
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                pieces.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            request.body = b"".join(pieces)
            while line := (await self.reader.readline()).strip():
                name, _, value = line.partition(b":")
                request.trailers.append((name, value.strip()))
        else:
            request.body = await self.reader.readexactly(int(request.get(b"content-length") or 0))
        return request.body

    def reset(self) -> None:
        """Break it off, so that the other side hears of a fault and not of an end."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Stream:
    """One stream of an HTTP/2 connection to the origin."""

    line: Line2
    id: int
    fields: Fields
    events: asyncio.Queue[h2.events.Event]
    body: bytearray = field(default_factory=bytearray)
    trailers: Fields = field(default_factory=list)
    reset: int | None = None
    done: bool = False

    @property
    def conn(self) -> h2.connection.H2Connection:
        return self.line.conn

    @property
    def path(self) -> bytes:
        return dict(self.fields)[b":path"]

    async def read(self) -> bytearray:
        """Read to the end of what the client sends, or its reset."""
        while not self.done and self.reset is None:
            self.take(await self.events.get())
        return self.body

    def take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived):
            self.body += event.data
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            self.done = True
        elif isinstance(event, h2.events.StreamReset):
            self.reset = int(event.error_code)

    async def head(self, status: int, *fields: tuple[bytes, bytes], end: bool = False) -> None:
        self.conn.send_headers(self.id, [(b":status", b"%d" % status), *fields], end_stream=end)
        await self.line.flush()

    async def send(self, data: bytes, *, end: bool = False) -> None:
        """Send as much as the client wants, when it wants it."""
        while data:
            room = min(self.conn.local_flow_control_window(self.id), self.conn.max_outbound_frame_size)
            if room <= 0:
                self.line.opened.clear()
                await self.line.opened.wait()
                continue
            self.conn.send_data(self.id, data[:room])
            data = data[room:]
            await self.line.flush()
        if end:
            self.conn.end_stream(self.id)
            await self.line.flush()


@dataclass
class Line2:
    """One HTTP/2 connection to the origin."""

    conn: h2.connection.H2Connection
    writer: asyncio.StreamWriter
    number: int
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    streams: dict[int, Stream] = field(default_factory=dict)
    settings: dict[int, int] = field(default_factory=dict)
    pings: int = 0

    async def flush(self) -> None:
        self.writer.write(self.conn.data_to_send())
        await self.writer.drain()


class Site:
    """An origin on loopback. `script1` and `script2` say what it does; `requests`, `streams` what reached it."""

    def __init__(self, ca: Ca, *names: str) -> None:
        self.ca, self.names = ca, names
        self.forget()
        self.script1: Script1 = self._plainly
        self.script2: Script2 = self._plainly2
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def forget(self) -> None:
        """What has reached it so far is forgotten, and it says what it says to anybody."""
        self.requests: list[Request] = []
        self.streams: list[Stream] = []
        self.lines: list[Line2] = []
        self.connections = 0
        self.hold: bytes | None = None  # a path whose request is not read
        self.goes = threading.Semaphore(0)  # what the client has seen, for a script that waits for it
        self.script1, self.script2 = self._plainly, self._plainly2

    async def told(self, within: float = 12.0) -> bool:
        """Wait until the client has seen what was sent last; False when it never does."""
        deadline, goes = self._loop.time() + within, self.goes  # what a later row is told is not for this one
        while not goes.acquire(blocking=False):
            if self._loop.time() > deadline:
                return False
            await asyncio.sleep(0.005)
        return True

    def __enter__(self) -> Site:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _start(self) -> None:
        both = self.ca.context(*self.names, alpn=("h2", "http/1.1"))
        self.plain = await self._listen("127.0.0.1", None)
        self.tls = await self._listen("127.0.0.1", both)
        self.tls6 = await self._listen("::1", both)
        self._ready.set()

    async def _listen(self, address: str, context: ssl.SSLContext | None) -> int:
        server = await asyncio.start_server(self._take, address, 0, ssl=context, limit=2**21)
        return int(server.sockets[0].getsockname()[1])

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        shown = writer.get_extra_info("ssl_object")
        second = shown is not None and shown.selected_alpn_protocol() == "h2"
        with contextlib.suppress(*GONE):
            await (self._take2 if second else self._take1)(reader, writer, self.connections)
        with contextlib.suppress(*GONE):
            writer.close()

    async def _take1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        talk = Talk(reader, writer, number)
        going: bool | None = True
        while going:
            request = await talk.head()
            if request.target.endswith(b"/ready"):
                await talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(SECRET), SECRET))
                continue
            self.requests.append(request)
            going = await self.script1(talk, request)
            talk.before += 1

    async def _plainly(self, talk: Talk, request: Request) -> bool:
        await talk.body(request)
        body = b"" if request.method == b"HEAD" else SECRET
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(SECRET), body))
        return True

    async def _take2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        settings = h2.config.H2Configuration(client_side=False, header_encoding=None)
        line = Line2(h2.connection.H2Connection(settings), writer, number)
        self.lines.append(line)
        line.conn.local_settings.initial_window_size = 2**20
        line.conn.local_settings.acknowledge()
        line.conn.initiate_connection()
        line.conn.increment_flow_control_window(2**30)
        await line.flush()
        tasks = []
        try:
            while data := await reader.read(2**17):
                for event in line.conn.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        stream = Stream(line, event.stream_id, list(event.headers), asyncio.Queue())
                        line.streams[event.stream_id] = stream
                        self.streams.append(stream)
                        tasks.append(asyncio.create_task(self._run2(stream)))
                    elif isinstance(event, h2.events.WindowUpdated):
                        line.opened.set()
                    elif isinstance(event, h2.events.RemoteSettingsChanged):
                        line.settings |= {int(k): v.new_value for k, v in event.changed_settings.items()}
                        line.opened.set()
                    elif isinstance(event, h2.events.PingReceived):
                        line.pings += 1
                    elif (number := getattr(event, "stream_id", None)) in line.streams:
                        taken = line.streams[number].path != self.hold
                        if taken and isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                            line.conn.acknowledge_received_data(event.flow_controlled_length, number)
                        line.streams[number].events.put_nowait(event)
                        line.opened.set()
                await line.flush()
        finally:
            for task in tasks:
                task.cancel()

    async def _run2(self, stream: Stream) -> None:
        with contextlib.suppress(*GONE, h2.exceptions.ProtocolError):
            await self.script2(stream)

    async def _plainly2(self, stream: Stream) -> None:
        await stream.read()
        end = dict(stream.fields)[b":method"] == b"HEAD"
        await stream.head(200, (b"content-length", b"%d" % len(SECRET)), end=end)
        if not end:
            await stream.send(SECRET, end=True)
