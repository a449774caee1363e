"""A worker that stops: what is idle is let go of at once and politely, what runs gets its time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from proxy_addons.draining import Stop
from tests.proxy_addons.rig import Rig, until_closed


class Draining(Rig):
    """A rig that is told how long what runs may go on."""

    async def _serve(self) -> None:
        self._stop = Stop()
        from proxy_addons import runner

        await runner.serve(self.config, self.gate, self.gate, self._stop, self._listening)

    def drain(self, seconds: float) -> None:
        self._loop.call_soon_threadsafe(self._stop.within, seconds)

    def __exit__(self, *what: object) -> None:
        self.drain(0)
        super().__exit__(*what)


@pytest.fixture
def rig(tmp_path) -> Iterator[Draining]:
    with Draining(tmp_path) as rig:
        yield rig


def read_to_end(line: socket.socket) -> bytes:
    line.settimeout(20)
    found = b""
    while piece := line.recv(65536):
        found += piece
    return found


def test_an_idle_connection_is_closed_at_once_and_without_a_reset(rig):
    line = rig.tls("open.test")
    line.sendall(b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 200")
    start = time.monotonic()
    rig.drain(30)
    read_to_end(line)  # an end, not an error
    assert time.monotonic() - start < 10


def test_who_was_about_to_ask_gets_an_answer_and_hears_that_it_is_the_last(rig):
    line = rig.tls("open.test")
    raw = rig.raw()
    rig.drain(30)
    time.sleep(0.2)
    line.sendall(b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n")
    answer = read_to_end(line)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    raw.sendall(b"GET http://blocked.test/ HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    answer = read_to_end(raw)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in answer.lower()


def test_what_runs_goes_on_until_its_time_is_over(rig):
    stream = rig.tls("open.test")
    stream.sendall(b"GET /sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
    assert stream.recv(100)
    start = time.monotonic()
    rig.drain(2)
    until_closed(stream, 20)
    assert time.monotonic() - start > 1.5


def test_a_second_word_makes_it_sooner_and_never_later(rig):
    stream = rig.tls("open.test")
    stream.sendall(b"GET /sse HTTP/1.1\r\nHost: open.test\r\n\r\n")
    assert stream.recv(100)
    rig.drain(60)
    rig.drain(0.2)
    rig.drain(60)
    assert until_closed(stream, 20) < 15
