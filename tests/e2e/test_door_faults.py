"""A guard as a school runs it, and everything that comes to its door in the wrong way: closed, counted, forgotten."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy_addons.facts import Away
from tests.e2e.playground import Playground
from tests.proxy_addons.hellos import ECH, message, name, real, records
from tests.proxy_addons.test_proxy_protocol import v2

WITHIN = 30.0  # seconds: a ceiling on a busy machine
TUNNELLED = "www.kindertelefoon.nl"  # help is never looked into
TIMES = 20  # of each, so that a leak would show


def descriptors(play: Playground) -> int:
    """Open sockets of all of the guard's processes."""
    children = [play.process.pid]
    for pid in children:
        with contextlib.suppress(OSError):
            children.extend(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    found = 0
    for pid in children:
        with contextlib.suppress(OSError):
            found += sum(1 for one in Path(f"/proc/{pid}/fd").iterdir() if "socket:" in str(one.readlink()))
    return found


def hung_up(sock: socket.socket) -> bytes:
    """What is said before the guard closes."""
    said = b""
    sock.settimeout(WITHIN)
    with contextlib.suppress(ConnectionError), sock:
        while data := sock.recv(65536):
            said += data
    return said


def counted(play: Playground) -> Counter[str]:
    """What the door turned away, as it is in the school's database."""
    rows = play.store.events.counts("school", datetime.now(UTC) - timedelta(days=1))
    return Counter({row.category or "": row.n for row in rows if row.name == "door"})


@pytest.mark.full
def test_what_comes_in_the_wrong_way_is_closed_counted_and_forgotten(play: Playground) -> None:
    device = play.device()

    def said(data: bytes) -> Callable[[], bytes]:
        def attempt() -> bytes:
            sock = device.dial()
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
            return hung_up(sock)

        return attempt

    def greeted(hello: bytes) -> Callable[[], bytes]:
        def attempt() -> bytes:
            sock = device.dial((TUNNELLED, 443))
            sock.sendall(hello)
            return hung_up(sock)

        return attempt

    get = b"GET http://www.kindertelefoon.nl/ HTTP/1.1\r\nHost: www.kindertelefoon.nl\r\n\r\n"
    faults: dict[Away, tuple[Callable[[], bytes], bytes]] = {
        Away.HUGE_HEAD: (said(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 300_000), b"HTTP/1.1 431"),
        Away.BAD_HEAD: (said(b"CONNECT a.nl:443 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), b"HTTP/1.1 400"),
        Away.PORT: (said(b"CONNECT a.nl:22 HTTP/1.1\r\n\r\n"), b"HTTP/1.1 403"),
        Away.GARBAGE: (said(b"\x00\x01\x02"), b""),
        Away.TLS: (said(real("a.nl")), b""),
        Away.STRANGER_PROXY_HEADER: (said(v2("10.0.7.2") + get), b""),
        Away.NO_SNI: (greeted(real(None)), b""),
        Away.OTHER_NAME: (greeted(real("www.discord.com")), b""),
        Away.BAD_HELLO: (greeted(b"\x16\x03\x01\x00\x00\x16\x03"), b""),
    }
    before = descriptors(play)
    for attempt, answer in faults.values():
        for _ in range(TIMES):
            found = attempt()
            assert found == b"" or found.startswith(answer or b"\x15")
    greeted(records(message(name(TUNNELLED.encode()), ECH)))()
    slow = device.dial()
    slow.sendall(b"GET http://a.nl/ HTTP")
    half = device.dial((TUNNELLED, 443))
    half.sendall(real(TUNNELLED)[:50])
    assert hung_up(slow) == hung_up(half) == b""  # both at the same time: a quarter of a minute
    expected = Counter({**dict.fromkeys(faults, TIMES), Away.ECH: 1, Away.SLOW_HEAD: 1, Away.HALF_HELLO: 1})
    deadline = time.monotonic() + WITHIN
    while (counted(play) != expected or descriptors(play) > before) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert counted(play) == expected
    assert descriptors(play) <= before, "something was left open"
    assert not any(event.event.host == "a.nl" for event in play.store.events.since("school", 0))
    with contextlib.suppress(ssl.SSLError):
        device.tunnel(TUNNELLED).close()  # and whoever comes in the right way still comes in
