"""A pupil's HTTP/2 through the guard: many answers at once on one connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError

from bench.soak.lines import BROWSES, PATIENCE, Door, Gone, Reply


@dataclass(slots=True)
class _Stream:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    whole: bool = False


class Many:
    """HTTP/2 on one connection, to one host."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self._reader = reader
        self._writer = writer
        self._connection = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._streams: dict[int, _Stream] = {}
        self._room = asyncio.Condition()
        self.ended = False
        self._connection.initiate_connection()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def to(cls, door: Door, host: str) -> Many:
        """Over https; raises `Gone` when the other end speaks no HTTP/2."""
        reader, writer = await door.tunnel(host, "h2", "http/1.1")
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            writer.transport.abort()
            raise Gone("no h2")
        return cls(host, reader, writer)

    async def begin(self, path: str, method: str = "GET", body: bytes | None = None, **more: str) -> int:
        """Send a request; the number of its stream."""
        if self.ended:
            raise Gone("closed")
        number = self._connection.get_next_available_stream_id()
        self._streams[number] = _Stream()
        said = BROWSES | {name.replace("_", "-"): value for name, value in more.items()}
        if body is not None:
            said["content-length"] = str(len(body))
        head = [(":method", method), (":scheme", "https"), (":authority", self.host), (":path", path), *said.items()]
        self._connection.send_headers(number, head, end_stream=not body)
        view = memoryview(body or b"")
        while view:
            async with self._room:
                while not (room := self._connection.local_flow_control_window(number)):
                    await self._room.wait()
                    if self.ended or self._streams[number].status:
                        return number  # answered already: nobody waits for the rest
            size = min(room, self._connection.max_outbound_frame_size, len(view))
            self._connection.send_data(number, bytes(view[:size]), end_stream=size == len(view))
            view = view[size:]
            await self._flush()
        await self._flush()
        return number

    async def pieces(self, number: int) -> AsyncIterator[bytes]:
        """The body of an answer as it comes, at first an empty piece for its head; raises `Gone` when it is cut off."""
        stream = self._streams[number]
        while (piece := await stream.pieces.get()) is not None:
            yield piece
        if not stream.whole:
            raise Gone("cut off")

    def reply(self, number: int) -> Reply:
        """The head that came."""
        stream = self._streams[number]
        return Reply(stream.status, stream.headers)

    async def ask(self, path: str, method: str = "GET", body: bytes | None = None, **more: str) -> Reply:
        """A request and its whole answer."""
        number = 0
        try:
            async with asyncio.timeout(PATIENCE):
                number = await self.begin(path, method, body, **more)
                content = b"".join([piece async for piece in self.pieces(number)])
                reply = self.reply(number)
            return Reply(reply.status, reply.headers, content)
        except ProtocolError as error:
            raise Gone(type(error).__name__) from None
        finally:
            self._streams.pop(number, None)

    def close(self) -> None:
        """Hang up at once."""
        self.ended = True
        self._reading.cancel()
        self._writer.transport.abort()

    async def _read(self) -> None:
        try:
            await self._flush()
            while data := await self._reader.read(65_536):
                for event in self._connection.receive_data(data):
                    self._take(event)
                await self._flush()
                async with self._room:
                    self._room.notify_all()
        except (OSError, ProtocolError):
            pass
        finally:
            self.ended = True
            for stream in self._streams.values():
                stream.pieces.put_nowait(None)
            self._writer.transport.abort()
            with contextlib.suppress(asyncio.CancelledError):
                async with self._room:
                    self._room.notify_all()

    def _take(self, event: object) -> None:
        match event:
            case ResponseReceived(stream_id=number, headers=fields) if number in self._streams:
                stream = self._streams[number]
                stream.headers = {str(name): str(value) for name, value in fields}
                stream.status = int(stream.headers[":status"])
                stream.pieces.put_nowait(b"")
            case DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                with contextlib.suppress(ProtocolError):  # it may have ended meanwhile
                    self._connection.acknowledge_received_data(length, number)
                if number in self._streams:
                    self._streams[number].pieces.put_nowait(bytes(data))
            case StreamEnded(stream_id=number) if number in self._streams:
                self._streams[number].whole = True
                self._streams[number].pieces.put_nowait(None)
            case StreamReset(stream_id=number) if number in self._streams:
                self._streams[number].pieces.put_nowait(None)
            case ConnectionTerminated():
                self.ended = True
            case WindowUpdated():
                pass  # whoever waits for room is woken after each read

    async def _flush(self) -> None:
        if data := self._connection.data_to_send():
            self._writer.write(data)
        await self._writer.drain()
