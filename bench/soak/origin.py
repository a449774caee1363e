"""The pretend sites of the soak: HTTP/1.1, HTTP/2 and WebSockets for all names, in one light process.

    python -m bench.soak.origin FOLDER-WITH-PAPERS

Prints its ports (TLS, plain, control) as JSON and runs until it is told to stop. Every answer carries `x-soak`, so
that a client knows who spoke. Of what arrives only this is kept: how much came that should never have come here, and
when something of each permission (the header `x-ticket`) was here last. The control port tells it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from bench.soak.names import NEVER, REFUSED_PATH, WORDS
from cli.demo.certs import Papers
from cli.supervisor import die_with_parent

PIECE = 32 * 1024  # bytes of a download at a time
PAUSE = 0.05  # seconds between two pieces, and
TICK = 0.2  # between two events or two messages of the site's own
PAGES = 48
_OURS = {"x-soak": "1", "cache-control": "no-store"}


@dataclass(slots=True)
class Seen:
    """What came by: requests in all, those that never should have, and the last moment (epoch) of each ticket."""

    requests: int = 0
    never: Counter[str] = field(default_factory=Counter)
    tickets: dict[str, float] = field(default_factory=dict)

    def note(self, host: str, path: str, headers: Mapping[str, str]) -> None:
        """A whole request came in, its body too."""
        self.requests += 1
        if host in NEVER or path.startswith(REFUSED_PATH):
            self.never[host] += 1
        if ticket := headers.get("x-ticket"):
            self.tickets[ticket] = time.time()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` at once, or as `pieces` of `size` bytes together (None: without an end)."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    pieces: AsyncIterator[bytes] | None = None
    size: int | None = None


def _made() -> tuple[bytes, ...]:
    """Pages of 2 to 40 kB, the same in every run."""
    chance = random.Random(20261121)
    made = []
    for number in range(PAGES):
        lines = (" ".join(chance.choices(WORDS, k=12)) for _ in range(20 + number * 10))
        text = "".join(f"<p>{line}.</p>\n" for line in lines)
        made.append(f"<!doctype html><title>Les {number}</title><h1>Les {number}</h1>\n{text}".encode())
    return tuple(made)


_PAGES = _made()
_PACKED = tuple(gzip.compress(page, 6) for page in _PAGES)


async def _download(size: int) -> AsyncIterator[bytes]:
    left = size
    while left > 0:
        yield bytes(min(PIECE, left))
        left -= PIECE
        await asyncio.sleep(PAUSE)


async def _events() -> AsyncIterator[bytes]:
    number = 0
    while True:
        number += 1
        yield f"id: {number}\ndata: tel {number}\n\n".encode()
        await asyncio.sleep(TICK)


def answer(path: str, headers: Mapping[str, str], sent: int) -> Reply:
    """What the sites say to a request with `sent` bytes of body."""
    _, kind, *rest = path.partition("?")[0].split("/")
    if kind == "lang":
        size = int(rest[0]) * 1024
        return Reply(200, _OURS | {"content-type": "application/octet-stream"}, pieces=_download(size), size=size)
    if kind == "live":
        return Reply(200, _OURS | {"content-type": "text/event-stream"}, pieces=_events())
    html = _OURS | {"content-type": "text/html; charset=utf-8"}
    if sent:
        return Reply(200, html, f"<!doctype html><title>Dank</title>{sent} bytes".encode())
    number = int(rest[0]) % PAGES if rest and rest[0].isdecimal() else 0
    if number % 2 and "gzip" in headers.get("accept-encoding", ""):
        return Reply(200, html | {"content-encoding": "gzip"}, _PACKED[number])
    return Reply(200, html, _PAGES[number])


class Sites:
    """Listens, and talks to whoever comes."""

    def __init__(self) -> None:
        self.seen = Seen()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until its end; people hang up in the middle of things."""
        tls = writer.get_extra_info("ssl_object")
        try:
            if tls is not None and tls.selected_alpn_protocol() == "h2":
                await Multiplexed(self.seen, reader, writer).serve()
            else:
                await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, ProtocolError, ValueError):
            pass
        finally:
            writer.transport.abort()

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The control port: what was seen, as one line of JSON, for every line that comes."""
        with contextlib.suppress(OSError):
            while await reader.readline():
                seen = self.seen
                told = {"requests": seen.requests, "never": sum(seen.never.values()), "tickets": seen.tickets}
                writer.write(json.dumps(told).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")[:-2]
            path = first.split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            host = headers.get("host", "").partition(":")[0]
            if headers.get("upgrade", "").lower() == "websocket":
                self.seen.note(host, path, headers)
                await _chat(head, reader, writer)
                return
            sent = await _swallow(reader, headers)
            self.seen.note(host, path, headers)
            await _say(writer, answer(path, headers, sent))


async def _swallow(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> int:
    """Read a body and forget it; how long it was."""
    if headers.get("transfer-encoding"):
        sent = 0
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(size + 2)
            sent += size
        await reader.readuntil(b"\r\n")
        return sent
    sent = left = int(headers.get("content-length", "0"))
    while left:
        left -= len(await reader.readexactly(min(left, 65_536)))
    return sent


async def _say(writer: asyncio.StreamWriter, reply: Reply) -> None:
    size = reply.size if reply.pieces is not None else len(reply.body)
    framing = {"transfer-encoding": "chunked"} if size is None else {"content-length": str(size)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (reply.headers | framing).items())
    writer.write(f"HTTP/1.1 {reply.status} Ja\r\n{lines}\r\n".encode() + reply.body)
    await writer.drain()
    if reply.pieces is None:
        return
    async for piece in reply.pieces:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if size is None else piece)
        await writer.drain()


async def _chat(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A WebSocket that says back what it hears, and something of its own all the time."""
    protocol = ServerProtocol()
    protocol.receive_data(head)
    for event in protocol.events_received():
        if isinstance(event, Handshake):
            protocol.send_response(protocol.accept(event))

    async def talk() -> None:
        with contextlib.suppress(OSError):
            while protocol.state is State.OPEN:
                protocol.send_text(b"tik")
                await _flush(protocol, writer)
                await asyncio.sleep(TICK)

    talking = asyncio.create_task(talk())
    try:
        while data := await reader.read(65_536):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.TEXT and protocol.state is State.OPEN:
                    protocol.send_text(event.data)
            await _flush(protocol, writer)
    finally:
        talking.cancel()


async def _flush(protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
    for data in protocol.data_to_send():
        if data:
            writer.write(data)
    await writer.drain()


class Multiplexed:
    """One HTTP/2 connection."""

    def __init__(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._seen = seen
        self._reader = reader
        self._writer = writer
        self._connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._asked: dict[int, tuple[dict[str, str], int]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Condition()

    async def serve(self) -> None:
        """Until the other end is gone."""
        self._connection.initiate_connection()
        try:
            await self._flush()
            while data := await self._reader.read(65_536):
                for event in self._connection.receive_data(data):
                    self._take(event)
                await self._flush()
                async with self._room:
                    self._room.notify_all()
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _take(self, event: object) -> None:
        match event:
            case RequestReceived(stream_id=number, headers=fields):
                self._asked[number] = ({str(name): str(value) for name, value in fields}, 0)
            case DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                headers, sent = self._asked.get(number, ({}, 0))
                self._asked[number] = (headers, sent + len(data))
                self._connection.acknowledge_received_data(length, number)
            case StreamEnded(stream_id=number) if number in self._asked:
                headers, sent = self._asked.pop(number)
                self._seen.note(headers[":authority"].partition(":")[0], headers[":path"], headers)
                task = asyncio.create_task(self._answer(number, answer(headers[":path"], headers, sent)))
                self._tasks[number] = task
                task.add_done_callback(lambda _: self._tasks.pop(number, None))
            case StreamReset(stream_id=number):
                self._asked.pop(number, None)
                if number in self._tasks:
                    self._tasks[number].cancel()
            case WindowUpdated():
                pass  # whoever waits for room is woken after each read

    async def _answer(self, number: int, reply: Reply) -> None:
        with contextlib.suppress(OSError, ProtocolError):
            head = [(":status", str(reply.status)), *reply.headers.items()]
            self._connection.send_headers(number, head)
            if reply.pieces is None:
                await self._send(number, reply.body)
            else:
                async for piece in reply.pieces:
                    await self._send(number, piece)
            self._connection.end_stream(number)
            await self._flush()

    async def _send(self, number: int, data: bytes) -> None:
        """Send as the other end has room for it."""
        view = memoryview(data)
        while view:
            async with self._room:
                while not (room := self._connection.local_flow_control_window(number)):
                    await self._room.wait()
            size = min(room, self._connection.max_outbound_frame_size, len(view))
            self._connection.send_data(number, bytes(view[:size]))
            view = view[size:]
            await self._flush()

    async def _flush(self) -> None:
        if data := self._connection.data_to_send():
            self._writer.write(data)
        await self._writer.drain()


async def serve(papers: Papers) -> None:
    """Listen on three ports of 127.0.0.1, print them, and go on until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sites = Sites()
    context = papers.server_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    servers = [
        await asyncio.start_server(sites.meet, "127.0.0.1", 0, ssl=context, limit=512 * 1024, backlog=512),
        await asyncio.start_server(sites.meet, "127.0.0.1", 0, limit=512 * 1024, backlog=512),
        await asyncio.start_server(sites.told, "127.0.0.1", 0),
    ]
    print(json.dumps([one.sockets[0].getsockname()[1] for one in servers]), flush=True)
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    die_with_parent()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # people hang up in the middle of things
    asyncio.run(serve(Papers.within(Path(sys.argv[1]))))
