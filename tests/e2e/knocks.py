"""What a device that knows its way tries, from the network that it is in: sockets of every kind, and what came back.

python -m tests.e2e.knocks JSON: a list of knocks (`Knock` as a dict), printed as a list of words. With `hold` in the
list's place: connects, says so, waits for a line on its input, says more over the same connection.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

PATIENCE = 12.0  # seconds: the kernel sends an address one refusal a second, after the first six
SILENT = 3.0  # seconds to wait for what should not come
WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EHOSTUNREACH: "forbidden",
    errno.EACCES: "forbidden",
    errno.ENETUNREACH: "no way",
    errno.ETIMEDOUT: "silence",
}


@dataclass(frozen=True, slots=True)
class Knock:
    """`how` is tcp, udp, ping or the number of another protocol. `said` is sent, `source` is where it says it is."""

    how: str
    to: str
    port: int = 0
    said: str = "hello, hello"  # eight bytes at least: less comes back in no refusal
    source: str = ""
    quiet: bool = False  # nothing is expected: do not wait long


def knock(one: Knock) -> str:
    """`open` (with what came back, in TCP), or how it was refused."""
    family = socket.AF_INET6 if ":" in one.to else socket.AF_INET
    try:
        if one.how == "tcp":
            return _tcp(one, family)
        return _datagrams(one, family)
    except OSError as error:
        return "silence" if isinstance(error, TimeoutError) else WORDS.get(error.errno or 0, str(error))


def _tcp(one: Knock, family: int) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(SILENT if one.quiet else PATIENCE)
        if one.source:
            sock.bind((one.source, 0))
        sock.connect((one.to, one.port))
        sock.sendall(one.said.encode())
        sock.settimeout(SILENT)
        with contextlib.suppress(TimeoutError):
            return f"open {sock.recv(200).decode('utf-8', 'replace')[:60]}".strip()
        return "open"


def _datagrams(one: Knock, family: int) -> str:
    kind, protocol = (socket.SOCK_DGRAM, 0) if one.how == "udp" else (socket.SOCK_RAW, _number(one, family))
    said = one.said.encode()
    if one.how == "ping":
        # Type and code of an echo request; the kernel of IPv6 fills in the sum, and IPv4 has it here for these bytes.
        said = bytes([8, 0, 0xF7, 0xFE, 0, 0, 0, 1]) if family == socket.AF_INET else bytes([128, 0, 0, 0, 0, 0, 0, 1])
    with socket.socket(family, kind, protocol) as sock:
        if one.source:
            sock.bind((one.source, 0))
        sock.connect((one.to, one.port if one.how == "udp" else 0))
        sock.settimeout(0.6)
        deadline = time.monotonic() + (SILENT if one.quiet else PATIENCE)
        while time.monotonic() < deadline:
            sock.send(said)
            with contextlib.suppress(TimeoutError):
                sock.recv(2000)
                return "open"
    return "silence"


def _number(one: Knock, family: int) -> int:
    if one.how == "ping":
        return socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    return int(one.how)


def hold(how: str, to: str, port: int) -> None:
    """Connect, say so, and on the next line of input try to say more."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    kind = socket.SOCK_STREAM if how == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as sock:
        sock.settimeout(PATIENCE)
        sock.connect((to, port))
        sock.sendall(b"first")
        sock.recv(100)
        print("open", flush=True)
        sys.stdin.readline()
        sock.settimeout(SILENT)
        try:
            for _ in range(3):
                sock.sendall(b"still here")
                with contextlib.suppress(TimeoutError):
                    print("open" if sock.recv(100) else "closed", flush=True)
                    return
            print("silence", flush=True)
        except OSError as error:
            print(WORDS.get(error.errno or 0, str(error)), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        knocks = [Knock(**one) for one in json.loads(sys.argv[1])]
        with ThreadPoolExecutor(20) as pool:  # the quiet ones wait together; refusals are rationed, so those do not
            waiting = [pool.submit(knock, one) if one.quiet else None for one in knocks]
            met = [done.result() if done else knock(one) for one, done in zip(knocks, waiting, strict=True)]
        print(json.dumps(met))
