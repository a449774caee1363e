"""A second proxy on loopback that leads back to the guard, as a badly set-up cache or proxy of a school does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable


class Back:
    """Takes connections at `port` and brings what they say to the guard at `guard`; `came` counts
    them, `asked` the requests.

    Of `kind` `http` it is a reverse proxy, `https` one with a certificate of its own (`ours`, and `theirs` is whom it
    trusts), `relay` passes bytes on inside a CONNECT and reads nothing. `via` is what it adds to a request itself.
    """

    def __init__(
        self,
        kind: str,
        host: str,
        ours: ssl.SSLContext | None = None,
        theirs: Callable[[], ssl.SSLContext] | None = None,
        via: str = "1.1 cache.school",
    ) -> None:
        self.kind, self.host, self.via = kind, host, via
        self.guard = self.came = self.asked = 0
        self._ours, self._theirs = ours, theirs
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                self.came += 1
                self._open.append(near)
                threading.Thread(target=self._one, args=(near,), daemon=True).start()

    def _one(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._ours is not None:
                near = self._ours.wrap_socket(near, server_side=True)
            first = b""
            if self.kind != "relay":
                while b"\r\n\r\n" not in first:
                    more = near.recv(65536)
                    if not more:
                        return
                    first += more
                self.asked += 1
            far = socket.create_connection(("127.0.0.1", self.guard), timeout=20)
            self._open.append(far)
            if self.kind != "http":
                far.sendall(f"CONNECT {self.host}:443 HTTP/1.1\r\nHost: {self.host}:443\r\n\r\n".encode())
                if not far.recv(4096).startswith(b"HTTP/1.1 200"):
                    near.close()
                    return
            if self._theirs is not None:
                far = self._theirs().wrap_socket(far, server_hostname=self.host)
            far.sendall(self._passed_on(first))
            threading.Thread(target=_pour, args=(near, far), daemon=True).start()
            _pour(far, near)

    def _passed_on(self, head: bytes) -> bytes:
        if not head:
            return b""
        line, _, rest = head.partition(b"\r\n")
        if self.kind == "http":
            method, path, version = line.split(b" ", 2)
            line = b" ".join((method, b"http://" + self.host.encode() + path, version))
        return line + b"\r\nVia: " + self.via.encode() + b"\r\n" + rest


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := source.recv(65536):
            into.sendall(data)
    for one in (source, into):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
