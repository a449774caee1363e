"""A line to PostgreSQL over TCP that can be cut, or fall silent as a cable that is pulled out."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

_PIECE = 65_536


class Line:
    """What one machine reaches the database by: a port on its own address, passed on to the socket of the server."""

    def __init__(self, to: Path, address: str = "127.0.0.1") -> None:
        self.address, self._to = address, to
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        self._taken = socket.create_server((address, 0))
        self.port = int(self._taken.getsockname()[1])
        threading.Thread(target=self._accept, args=(self._taken,), daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks, and a new one is refused."""
        _end(self._taken)
        for one in self._ends:
            _end(one)
        self._ends.clear()

    def silence(self) -> None:
        """Nothing comes through any more and nothing breaks, as with a cable that is pulled out."""
        self._flowing.clear()

    def mend(self) -> None:
        """It works again; what waited in a silent line comes through."""
        self._flowing.set()
        if self._taken.fileno() == -1:
            deadline = time.monotonic() + 20
            while True:
                try:
                    self._taken = socket.create_server((self.address, self.port))
                    break
                except OSError:
                    assert time.monotonic() < deadline, "the port of the line is gone"
                    time.sleep(0.1)
            threading.Thread(target=self._accept, args=(self._taken,), daemon=True).start()

    def close(self) -> None:
        self._flowing.set()
        self.cut()

    def _accept(self, taken: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = taken.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(str(self._to))
                except OSError:
                    _end(near)
                    far.close()
                    continue
                self._ends += [near, far]
                for here, there in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(here, there), daemon=True).start()

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(_PIECE):
                self._flowing.wait()
                there.sendall(data)
        _end(here)
        _end(there)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
