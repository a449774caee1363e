"""A pupil's connection through a proxy, as light as Python can make it: the loader shares a core with the sites.

Plain sockets on the loop's own readiness, with OpenSSL on the socket itself; what is said on them is in `answers`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass

from bench.proxy.answers import H1, H2, Broken, Request

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """How to get to a host: the proxy's port, whether with CONNECT, from which address, and who says to be asking."""

    port: int
    connect: bool
    address: str
    says: str


def _context(*alpn: str) -> ssl.SSLContext:
    """TLS that checks nothing: whose certificate it is, is compared after; the loader's time is not what we measure."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(list(alpn))
    return made


_TLS = {True: _context("h2", "http/1.1"), False: _context("http/1.1")}
_scratch = memoryview(bytearray(_CHUNK))


class Line:
    """One connection, opened by `dial`. `h2` is what was agreed on, `leaf` the certificate that was shown (DER)."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self._tls = tls
        self.h2 = tls.selected_alpn_protocol() == "h2"
        self.leaf = tls.getpeercert(binary_form=True) or b""
        self.open = True
        self.busy = 0
        self._loop = asyncio.get_running_loop()
        self._speaker: H1 | H2 = H2() if self.h2 else H1()
        self._out = bytearray()
        self._loop.add_reader(tls, self._readable)
        self._flush(self._speaker.greeting())

    async def get(self, wanted: Request) -> tuple[int, int]:
        """Send a request; status and length of the answer's body. Raises `Broken`."""
        if not self.open:
            raise Broken("closed before the request")
        answer: asyncio.Future[tuple[int, int]] = self._loop.create_future()
        self.busy += 1
        try:
            self._flush(self._speaker.asked(wanted, answer))
            async with asyncio.timeout(60):
                return await answer
        except TimeoutError:
            self.close()
            raise Broken("no answer") from None
        finally:
            self.busy -= 1

    def close(self, why: str = "closed") -> None:
        """End it; whoever waits hears so."""
        if self.open:
            self.open = False
            self._loop.remove_reader(self._tls)
            self._loop.remove_writer(self._tls)
            self._tls.close()
            self._speaker.lost(why)

    def _readable(self) -> None:
        try:
            # At most a few records in a row, so that one download does not keep the others waiting.
            for _ in range(16):
                size = self._tls.recv_into(_scratch)
                if not size:
                    self._speaker.ended()
                    self.close("the other side closed")
                    return
                reply, last = self._speaker.heard(_scratch[:size])
                if reply:
                    self._flush(reply)
                if last:
                    self.close("the proxy said close")
                    return
            if self._tls.pending():
                self._loop.call_soon(self._again)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except (OSError, ValueError, IndexError) as error:
            self.close(f"{type(error).__name__}")

    def _again(self) -> None:
        if self.open:
            self._readable()

    def _flush(self, data: bytes = b"") -> None:
        if not self.open:
            return
        self._out += data
        try:
            while self._out:
                del self._out[: self._tls.send(self._out)]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._loop.add_writer(self._tls, self._flush)
            return
        except OSError as error:
            self.close(type(error).__name__)
            return
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(self._tls)


async def dial(route: Route, host: str, *, h2: bool) -> Line:
    """Open a connection to a host. Raises `Broken`."""
    return Line(await secured(route, host, h2=h2))


async def secured(route: Route, host: str, *, h2: bool = False, buffer: int = 0) -> ssl.SSLSocket:
    """TLS to a host, on a socket that does not block; `buffer` is that of the socket (0: as usual). Raises `Broken`."""
    loop = asyncio.get_running_loop()
    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(30):
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if buffer:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            plain.bind((route.address, 0))
            await loop.sock_connect(plain, ("127.0.0.1", route.port))
            if route.connect:
                await _connect(loop, plain, route, host)
            tls = _TLS[h2].wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            plain = tls
            await _handshake(loop, tls)
    except TimeoutError:
        plain.close()
        raise Broken("no connection in time") from None
    except OSError as error:
        plain.close()
        raise Broken(f"no connection: {type(error).__name__}") from None
    except (Broken, asyncio.CancelledError):
        plain.close()
        raise
    return tls


async def _connect(loop: asyncio.AbstractEventLoop, plain: socket.socket, route: Route, host: str) -> None:
    head = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nProxy-Authorization: {route.says}\r\n\r\n"
    await loop.sock_sendall(plain, head.encode())
    told = b""
    while b"\r\n\r\n" not in told:
        more = await loop.sock_recv(plain, 4096)
        if not more:
            raise Broken("closed at CONNECT")
        told += more
    if told[9:12] != b"200":
        raise Broken(f"CONNECT got {told[9:12].decode('latin-1')}")


async def _handshake(loop: asyncio.AbstractEventLoop, tls: ssl.SSLSocket) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(tls, _set, ready)
            try:
                await ready
            finally:
                loop.remove_reader(tls)
        else:
            return


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
