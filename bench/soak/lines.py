"""A pupil's side of the soak: small asyncio clients through the guard, so that one core makes the load for two."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATIENCE = 20.0  # seconds: a ceiling for one step on a busy machine
BROWSES = {
    "user-agent": "soak",
    "accept": "text/html,*/*",
    "accept-language": "nl",
    "accept-encoding": "gzip, br, zstd",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}


class Refused(Exception):
    """The guard opened no tunnel: what it said to the CONNECT (0: it just hung up)."""


class Gone(ConnectionError):
    """The connection or stream ended before its answer did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `ours` says that it came from the pretend sites and not from the guard."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def ours(self) -> bool:
        return "x-soak" in self.headers


@cache
def trusting(authorities: tuple[Path, ...], protocols: tuple[str, ...]) -> ssl.SSLContext:
    """For clients: the school's CA for what is looked into, the sites' own for what is tunnelled."""
    context = ssl.create_default_context()
    for one in authorities:
        context.load_verify_locations(str(one))
    context.set_alpn_protocols(list(protocols))
    return context


@dataclass(frozen=True, slots=True)
class Door:
    """A port of the guard on 127.0.0.1, whom to trust, the device's key, and how many seconds a step may take."""

    port: int
    authorities: tuple[Path, ...]
    key: str | None = None
    patience: float = PATIENCE

    @property
    def says(self) -> str:
        """The header that proves the device; empty where it has no key."""
        if self.key is None:
            return ""
        return f"Proxy-Authorization: Basic {base64.b64encode(self.key.encode()).decode()}\r\n"

    async def raw(self, limit: int = 65_536) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which nothing was said yet."""
        return await asyncio.open_connection("127.0.0.1", self.port, limit=limit)

    async def tunnel(
        self, host: str, *protocols: str, port: int = 443, sni: str | None = None, limit: int = 65_536
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """TLS through the guard to a host (`sni`: under another name). Raises `Refused`."""
        async with asyncio.timeout(self.patience):
            reader, writer = await self.raw(limit)
            try:
                writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{self.says}\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                if status != 200:
                    raise Refused(status)
                context = trusting(self.authorities, protocols or ("http/1.1",))
                await writer.start_tls(context, server_hostname=sni or host)
            except asyncio.IncompleteReadError:
                writer.transport.abort()
                raise Refused(0) from None
            except BaseException:
                writer.transport.abort()
                raise
            return reader, writer


def looked_into(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end of this TLS is the guard; else it is the site itself, in a tunnel."""
    certificate = writer.get_extra_info("peercert") or {}
    names = dict(part[0] for part in certificate.get("issuer", ()))
    return bool(names.get("commonName") != "Klaswacht speeltuin")


class Line:
    """HTTP/1.1 on one connection, to one host. `plain`: the guard is asked for whole addresses, without TLS."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, plain: Door | None = None
    ) -> None:
        self.host = host
        self.reader = reader
        self.writer = writer
        self._plain = plain
        self.patience = PATIENCE

    @classmethod
    async def to(cls, door: Door, host: str, *, limit: int = 65_536) -> Line:
        """Over https."""
        line = cls(host, *await door.tunnel(host, limit=limit))
        line.patience = door.patience
        return line

    @classmethod
    async def plain(cls, door: Door, host: str) -> Line:
        """Over http."""
        return cls(host, *await door.raw(), plain=door)

    async def send(self, path: str, method: str = "GET", body: bytes | None = None, **more: str) -> None:
        """Send a request; an underscore in a header's name stands for a dash."""
        said = BROWSES | {name.replace("_", "-"): value for name, value in more.items()}
        if body is not None:
            said["content-length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        target = path if self._plain is None else f"http://{self.host}{path}"
        proof = "" if self._plain is None else self._plain.says
        self.writer.write(f"{method} {target} HTTP/1.1\r\nHost: {self.host}\r\n{proof}{lines}\r\n".encode())
        if body:
            self.writer.write(body)
        await self.writer.drain()

    async def head(self) -> Reply:
        """The head of an answer; raises `Gone`."""
        try:
            first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        except asyncio.IncompleteReadError:
            raise Gone("no answer") from None
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Reply(int(first.split(" ", 2)[1]), headers)

    async def pieces(self, reply: Reply) -> AsyncIterator[bytes]:
        """The body of an answer as it comes; raises `Gone` when it is cut off."""
        try:
            if reply.headers.get("transfer-encoding"):
                while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                    yield (await self.reader.readexactly(size + 2))[:-2]
                await self.reader.readuntil(b"\r\n")
                return
            left = int(reply.headers.get("content-length", "0"))
            while left:
                data = await self.reader.read(min(left, 65_536))
                if not data:
                    raise Gone("cut off")
                left -= len(data)
                yield data
        except asyncio.IncompleteReadError:
            raise Gone("cut off") from None

    async def ask(self, path: str, method: str = "GET", body: bytes | None = None, **more: str) -> Reply:
        """A request and its whole answer."""
        async with asyncio.timeout(self.patience):
            # A refusal may come while a big body is still going out: then what matters is what was said.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                await self.send(path, method, body, **more)
            reply = await self.head()
            body = b"".join([piece async for piece in self.pieces(reply)])
        return Reply(reply.status, reply.headers, body)

    def close(self) -> None:
        """Hang up at once."""
        self.writer.transport.abort()
