"""Clients that send exactly what they are told, and keep exactly what comes back."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass, field
from itertools import count

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.passing.site import Fields

PATIENCE = 30.0  # seconds: a ceiling


@dataclass
class Answer:
    """What came back. `end` is `complete`, `broken` (it ended too early) or `silent` (nothing more comes)."""

    status: int = 0
    version: bytes = b""
    fields: Fields = field(default_factory=list)
    interim: list[tuple[int, Fields]] = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    end: str = "complete"

    def get(self, name: bytes) -> bytes | None:
        return next((value for known, value in self.fields if known.lower() == name), None)


class Gone(Exception):
    """The other side is gone: `broken` when by a fault, `closed` when orderly, `silent` when it only says nothing."""


class Client1:
    """One HTTP/1 connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self._had = b""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def more(self, within: float | None = None) -> bytes:
        """Whatever comes next. Raises `Gone`."""
        self.sock.settimeout(within or PATIENCE)
        try:
            data = self.sock.recv(2**18)
        except (TimeoutError, ssl.SSLWantReadError) as error:
            raise Gone("silent") from error
        except (ConnectionError, ssl.SSLError) as error:
            raise Gone("broken") from error
        if not data:
            raise Gone("closed")
        return data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._had:
            self._had += self.more()
        found, _, self._had = self._had.partition(mark)
        return found

    def _exactly(self, size: int, into: bytearray) -> None:
        while len(self._had) < size:
            size -= len(self._had)
            into += self._had
            self._had = b""
            self._had = self.more()
        into += self._had[:size]
        self._had = self._had[size:]

    def head(self, answer: Answer | None = None) -> Answer:
        """The next head, with what came before it (1xx) noted. Raises `Gone`."""
        answer = answer or Answer()
        while True:
            lines = self._until(b"\r\n\r\n").split(b"\r\n")
            answer.version, status, *_ = lines[0].split(b" ", 2)
            fields = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines[1:])]
            if 100 <= int(status) < 200 and int(status) != 101:
                answer.interim.append((int(status), fields))
                continue
            answer.status, answer.fields = int(status), fields
            return answer

    def interim(self, within: float = 5.0) -> int:
        """Wait for a 1xx head; 0 when none comes."""
        try:
            while b"\r\n\r\n" not in self._had:
                self._had += self.more(within)
        except Gone:
            return 0
        return int(self._had.split(b" ", 2)[1])

    def answer(self, method: bytes = b"GET") -> Answer:
        """The next answer with all of its body."""
        answer = Answer()
        try:
            self.head(answer)
        except Gone as gone:
            answer.end = str(gone)
            return answer
        return self.rest(answer, method)

    def rest(self, answer: Answer, method: bytes = b"GET") -> Answer:
        """The body of an answer whose head was read."""
        body = bytearray()
        try:
            self._body(answer, method, body)
        except Gone as gone:
            answer.end = "broken" if str(gone) == "closed" else str(gone)
        answer.body = bytes(body)
        return answer

    def _body(self, answer: Answer, method: bytes, body: bytearray) -> None:
        if method == b"HEAD" or answer.status in (101, 204, 304):
            return
        if (answer.get(b"transfer-encoding") or b"").lower() == b"chunked":
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                self._exactly(size, body)
                self._exactly(2, bytearray())
            while line := self._until(b"\r\n"):
                name, _, value = line.partition(b":")
                answer.trailers.append((name, value.strip()))
        elif (length := answer.get(b"content-length")) is not None:
            self._exactly(int(length), body)
        else:
            body += self._had
            self._had = b""
            try:
                while True:
                    body += self.more()
            except Gone as gone:
                if str(gone) != "closed":
                    raise

    def over(self, within: float = 2.0) -> bool:
        """Whether the other side ends the connection now, with nothing more in it."""
        try:
            return not self._had and not self.more(within)
        except Gone as gone:
            return str(gone) != "silent"


@dataclass
class Heard(Answer):
    """What came back on one stream; `reset` is the code it was reset with."""

    body: bytearray = field(default_factory=bytearray)
    reset: int | None = None
    done: bool = False


class Client2:
    """One HTTP/2 connection."""

    def __init__(self, sock: ssl.SSLSocket, *, window: int | None = None) -> None:
        self.sock = sock
        assert sock.selected_alpn_protocol() == "h2", sock.selected_alpn_protocol()
        settings = h2.config.H2Configuration(client_side=True, header_encoding=None, validate_outbound_headers=False)
        self.conn = h2.connection.H2Connection(settings)
        if window is not None:
            self.conn.local_settings.initial_window_size = window
            self.conn.local_settings.acknowledge()  # the library would count by the old one until it is acknowledged
        self.conn.initiate_connection()
        self.conn.increment_flow_control_window(2**30)
        self.streams: dict[int, Heard] = {}
        self.goaway: int | None = None
        self.closed = ""
        self.pings = 0
        self.taking = True
        self._ids = count(1, 2)
        self.flush()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()

    def flush(self) -> None:
        self.sock.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self.sock.sendall(self.conn.data_to_send())

    def ask(self, fields: Fields, *, end: bool = True) -> int:
        """Begin a stream; its number."""
        number = next(self._ids)
        self.streams[number] = Heard(end="silent")
        self.conn.send_headers(number, fields, end_stream=end)
        self.flush()
        return number

    def send(self, number: int, data: bytes, *, end: bool = False) -> None:
        """Send all of it, as the other side takes it."""
        while data and self.streams[number].reset is None and not self.closed:
            room = min(self.conn.local_flow_control_window(number), self.conn.max_outbound_frame_size)
            if room <= 0:
                self.step()
                continue
            self.conn.send_data(number, data[:room])
            data = data[room:]
            self.flush()
        if end and self.streams[number].reset is None and not self.closed:
            self.conn.end_stream(number)
            self.flush()

    def step(self, within: float = PATIENCE) -> bool:
        """Take in what comes next; False when nothing does."""
        self.sock.settimeout(within)
        try:
            data = self.sock.recv(2**18)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except (ConnectionError, ssl.SSLError):
            self._ended("broken")
            return False
        if not data:
            self._ended("closed")
            return False
        try:
            for event in self.conn.receive_data(data):
                self._take(event)
        except h2.exceptions.ProtocolError as error:
            self._ended(f"not HTTP/2: {error}")
            return False
        self.flush()
        return True

    def _ended(self, how: str) -> None:
        self.closed = how
        for one in self.streams.values():
            if not one.done and one.reset is None:
                one.end = "broken"

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
            return
        if isinstance(event, h2.events.PingAckReceived):
            self.pings += 1
        one = self.streams.get(getattr(event, "stream_id", 0) or 0)
        if one is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            fields = list(event.headers)
            one.interim.append((int(dict(fields)[b":status"]), fields[1:]))
        elif isinstance(event, h2.events.ResponseReceived):
            fields = list(event.headers)
            one.status, one.fields = int(dict(fields)[b":status"]), fields[1:]
        elif isinstance(event, h2.events.DataReceived):
            one.body += event.data
            if self.taking and event.flow_controlled_length:
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            one.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            one.done, one.end = True, "complete"
        elif isinstance(event, h2.events.StreamReset):
            one.reset = int(event.error_code)
            if not one.done:
                one.end = "broken"

    def wait(self, number: int, within: float = PATIENCE) -> Heard:
        """Until a stream is over."""
        deadline = time.monotonic() + within
        one = self.streams[number]
        while not one.done and one.reset is None and not self.closed and time.monotonic() < deadline:
            self.step(max(deadline - time.monotonic(), 0.01))
        return one

    def until(self, what, within: float = PATIENCE) -> bool:
        """Until something holds."""
        deadline = time.monotonic() + within
        while not what() and not self.closed and time.monotonic() < deadline:
            self.step(max(min(deadline - time.monotonic(), 0.2), 0.01))
        return bool(what())
