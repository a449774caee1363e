"""What a device says when no browser would: raw bytes, and HTTP/2 with any header, through the guard."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.e2e.clients import Device, Refused

QUIET = 0.4  # seconds without a byte after which nothing more is waited for
PATIENCE = 20.0  # seconds: a ceiling on a busy machine

type Fields = Sequence[tuple[str | bytes, str | bytes]]


def spoken(line: socket.socket, data: bytes, *, quiet: float = QUIET) -> bytes:
    """Everything that is said back to `data`, until the other end hangs up or is quiet.

    Who waits for more than was sent is told that no more comes.
    """
    heard = b""
    with contextlib.suppress(OSError):
        line.sendall(data)
        line.settimeout(2 * quiet)
        try:
            heard = line.recv(65_536)
        except TimeoutError:
            socket.socket.shutdown(line, socket.SHUT_WR)  # of the connection: an `SSLSocket` would forget its TLS
            line.settimeout(PATIENCE)
            heard = line.recv(65_536)
        line.settimeout(quiet)
        while heard and (more := line.recv(65_536)):
            heard += more
    return heard


def said_raw(device: Device, data: bytes, tunnel: str | None = None, *, sni: str | None = "") -> bytes:
    """The answer to raw bytes: to the proxy itself, or with `tunnel` inside TLS to that host."""
    try:
        line = device.dial() if tunnel is None else device.tunnel(tunnel, sni=sni)
    except (Refused, OSError):
        return b""
    with contextlib.closing(line):
        return spoken(line, data)


def statuses(answer: bytes) -> list[int]:
    """The status of every answer in raw HTTP/1 bytes."""
    found = []
    for piece in answer.split(b"HTTP/1.1 ")[1:]:
        with contextlib.suppress(ValueError):
            found.append(int(piece[:3]))
    return found


@dataclass(slots=True)
class Stream:
    """What came back on one stream; `status` is 0 when it was reset or never answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    over: bool = False

    @property
    def reached(self) -> bool:
        """Whether an origin answered."""
        return "x-origin" in self.headers


class Http2:
    """An HTTP/2 connection that says whatever it is told to, without checking any of it."""

    def __init__(self, line: ssl.SSLSocket) -> None:
        self._line = line
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self._conn = h2.connection.H2Connection(config)
        self._conn.initiate_connection()
        self._streams: dict[int, Stream] = {}
        self.gone = False
        self._flush()

    def ask(self, headers: Fields, body: bytes | None = None) -> Stream:
        """A request with exactly these fields (pseudo-headers too), and its answer."""
        number = self.send(headers, body)
        return self.wait(number)

    def send(self, headers: Fields, body: bytes | None = None) -> int:
        number = self._conn.get_next_available_stream_id()
        self._streams[number] = Stream()
        self._conn.send_headers(number, list(headers), end_stream=body is None)
        if body is not None:
            self._conn.send_data(number, body, end_stream=True)
        self._flush()
        return number

    def wait(self, number: int) -> Stream:
        one = self._streams[number]
        self._line.settimeout(PATIENCE)
        while not one.over and not self.gone:
            try:
                data = self._line.recv(65_536)
            except TimeoutError:
                raise AssertionError("the guard neither answered nor hung up") from None
            except OSError:
                data = b""
            self._take(data)
        return one

    def close(self) -> None:
        self._line.close()

    def _take(self, data: bytes) -> None:
        if not data:
            self.gone = True
            return
        try:
            events = self._conn.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.gone = True
            return
        for event in events:
            self._note(event)
        self._flush()

    def _note(self, event: h2.events.Event) -> None:
        one = self._streams.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, h2.events.ConnectionTerminated):
            self.gone = True
        elif one is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            fields = {str(name): str(value) for name, value in event.headers or ()}
            one.status, one.headers = int(fields.pop(":status")), fields
        elif isinstance(event, h2.events.DataReceived):
            one.body += event.data or b""
            self._conn.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            one.over = True

    def _flush(self) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(self._conn.data_to_send())


@contextlib.contextmanager
def http2(device: Device, host: str, *, connect: str | None = None) -> Iterator[Http2]:
    """HTTP/2 in TLS to `host`, through a tunnel for `connect` (the same, unless told). Raises `Refused`, `OSError`."""
    context = device.tls()
    context.set_alpn_protocols(["h2"])
    raw = device.dial((connect or host, 443))
    try:
        line = context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise
    with contextlib.closing(Http2(line)) as one:
        assert line.selected_alpn_protocol() == "h2", "the guard speaks no HTTP/2 here"
        yield one


def page(authority: str | None, path: str = "/", method: str = "GET", more: Iterable[tuple[str, str]] = ()) -> Fields:
    """The fields of a page that a browser opens; without `authority` there is none."""
    named = [] if authority is None else [(":authority", authority)]
    return [
        (":method", method),
        (":scheme", "https"),
        *named,
        (":path", path),
        ("accept", "text/html,*/*"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
        *more,
    ]
