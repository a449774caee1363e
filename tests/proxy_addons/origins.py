"""Local origins for the proxy tests: plain, TLS (HTTP/1.1 and HTTP/2), WebSocket; they remember who came."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import websockets.asyncio.server
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SECRET = b"what only the origin says"


class Ca:
    """A certificate authority in a folder: `pem` is key and certificate, `crt` the certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.key, self.name = folder, ec.generate_private_key(ec.SECP256R1()), _name(name)
        self.cert = self._build(self.name, self.key.public_key(), ca=True).sign(self.key, hashes.SHA256())
        self.pem, self.crt = folder / "mitmproxy-ca.pem", folder / "klaswacht-ca.crt"
        self.pem.write_bytes(_key(self.key) + self.cert.public_bytes(Encoding.PEM))
        self.crt.write_bytes(self.cert.public_bytes(Encoding.PEM))

    def _build(self, subject, key, *, ca: bool, days: int = 30) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ) | {
            "digital_signature": True,
            "key_cert_sign": ca,
            "crl_sign": ca,
            "encipher_only": False,
            "decipher_only": False,
        }
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )

    def context(self, *names: str, alpn: tuple[str, ...] = (), days: int = 30) -> ssl.SSLContext:
        """A server context with a certificate for `names`."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = (
            self._build(_name(names[0]), key.public_key(), ca=False, days=days)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{names[0]}-{days}.pem"
        path.write_bytes(_key(key) + cert.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@dataclass
class Seen:
    """What reached an origin."""

    connections: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]


class Origins:
    """All origins, in a thread with a loop of its own."""

    def __init__(self, ca: Ca, *names: str) -> None:
        self.ca, self.names, self.seen = ca, names, Seen()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Origins:
        self._thread.start()
        assert self._ready.wait(10)
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
        stale = self.ca.context("stale.test", days=-1)
        self.plain = await self._listen(self._http1, None)
        self.tls = await self._listen(self._either, both)
        self.stale = await self._listen(self._either, stale)
        chat = await websockets.asyncio.server.serve(
            self._echo, "127.0.0.1", 0, ssl=self.ca.context("ws.test", *self.names), max_size=None
        )
        self.ws = chat.sockets[0].getsockname()[1]
        self._ready.set()

    async def _listen(self, handler, context) -> int:
        server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
        return server.sockets[0].getsockname()[1]

    async def _either(self, reader, writer) -> None:
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await (self._http2 if protocol == "h2" else self._http1)(reader, writer)

    async def _http1(self, reader, writer) -> None:
        self.seen.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
                self.seen.requests.append((method, path, headers))
                size = 0
                if "chunked" in headers.get("transfer-encoding", ""):
                    while length := int(await reader.readline(), 16):
                        await reader.readexactly(length + 2)
                        size += length
                    await reader.readline()
                else:
                    body = await reader.readexactly(int(headers.get("content-length", 0)))
                    size = len(body)
                    self.seen.sent.append(body[:4096])
                self.seen.bodies.append(size)
                await self._answer1(path, writer)
        writer.close()

    async def _answer1(self, path: str, writer) -> None:
        if path.startswith("/sse"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            while True:
                writer.write(b"data: " + SECRET + b"\n\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        if path.startswith("/download"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
            while True:
                writer.write(b"x" * 20_000)
                await writer.drain()
                await asyncio.sleep(0.02)
        if path.startswith("/upgrade"):
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n" + SECRET)
            return
        if path.startswith("/407"):
            writer.write(b'HTTP/1.1 407 Proxy Auth\r\nproxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\n\r\n')
            return
        body = SECRET * (20_000 if path.startswith("/big") else 1)
        writer.write(
            b'HTTP/1.1 200 OK\r\nalt-svc: h3=":443"\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n%s'
            % (len(body), body)
        )
        await writer.drain()

    async def _http2(self, reader, writer) -> None:
        self.seen.connections += 1
        conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        conn.initiate_connection()
        writer.write(conn.data_to_send())
        while data := await reader.read(65535):
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    headers = dict(event.headers)
                    self.seen.requests.append((headers[":method"], headers[":path"], headers))
                    endless = headers[":path"].startswith("/sse")
                    length = [] if endless else [("content-length", str(len(SECRET)))]
                    conn.send_headers(event.stream_id, [(":status", "200"), ("alt-svc", "h3"), *length])
                    if not endless:
                        conn.send_data(event.stream_id, SECRET, end_stream=True)
                    else:
                        task = asyncio.ensure_future(self._stream2(conn, event.stream_id, writer))
                        self._tasks.add(task)
                elif isinstance(event, h2.events.DataReceived):
                    self.seen.sent.append(event.data[:4096])
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            writer.write(conn.data_to_send())
            await writer.drain()

    async def _stream2(self, conn, stream_id, writer) -> None:
        with contextlib.suppress(Exception):
            while True:
                conn.send_data(stream_id, b"data: " + SECRET + b"\n\n")
                writer.write(conn.data_to_send())
                await writer.drain()
                await asyncio.sleep(0.02)

    async def _echo(self, connection) -> None:
        self.seen.connections += 1
        self.seen.requests.append(("GET", connection.request.path, dict(connection.request.headers)))
        async for message in connection:
            await connection.send(message)
