"""A name server out in the world, for tests: a real one on loopback (UDP, TCP) with the records that a test gives."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

HTTPS = '1 . alpn="h3,h2" ipv4hint=203.0.113.7 ech="AAT+DQAA"'


class NameServer:
    """Answers `records` (name to kind to texts); every other name does not exist. `asked` is what came in.

    `long` names are cut short over UDP; while `silent` nothing is answered.
    """

    def __init__(
        self,
        records: dict[str, dict[str, list[str]]] | None = None,
        ttl: int = 300,
        at: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.records = records or {}
        self._at = at
        self.ttl = ttl
        self.asked: list[tuple[str, str, str]] = []
        self.long: set[str] = set()
        self.silent = False
        self.slow = 0.0
        self.broken: bytes | None = None
        self.extra: dict[str, list[str]] = {}

    def __enter__(self) -> NameServer:
        self._udp, self._tcp = _both(*self._at)
        self.port = int(self._udp.getsockname()[1])
        self._tcp.listen(32)
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._datagrams, self._lines)]
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for one in self._threads:
            one.join(5)

    @property
    def server(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]

    def _datagrams(self) -> None:
        while True:
            try:
                data, sender = self._udp.recvfrom(65_535)
            except OSError:
                return
            if not data:  # woken to stop
                return
            threading.Thread(target=self._one, args=(data, sender), daemon=True).start()

    def _one(self, data: bytes, sender: tuple[str, int]) -> None:
        answer = self._answer(data, "udp")
        if answer is not None:
            with contextlib.suppress(OSError):
                self._udp.sendto(answer, sender)

    def _lines(self) -> None:
        while True:
            try:
                line, _ = self._tcp.accept()
            except OSError:
                return
            with line, contextlib.suppress(OSError, struct.error):
                (size,) = struct.unpack("!H", line.recv(2))
                answer = self._answer(line.recv(size), "tcp")
                if answer is not None:
                    line.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, data: bytes, by: str) -> bytes | None:
        query = dns.message.from_wire(data)
        asked = query.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind, by))
        if self.silent:
            return None
        time.sleep(self.slow)
        if self.broken is not None:
            return data[:2] + self.broken
        answer = dns.message.make_response(query)
        if by == "udp" and name in self.long:
            answer.flags |= dns.flags.TC
            return answer.to_wire()
        self._fill(answer, name, kind)
        return answer.to_wire(max_size=65_535)

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(12):
            here = self.records.get(name.lower())
            if here is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
                return
            found = kind if kind in here else "CNAME"
            texts = here.get(found)
            if not texts:
                return
            answer.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", found, *texts))
            if found == kind:
                break
            name = texts[0].rstrip(".")
        for owner, texts in self.extra.items():
            answer.additional.append(dns.rrset.from_text(f"{owner}.", self.ttl, "IN", "A", *texts))


def _both(address: str = "127.0.0.1", port: int = 0) -> tuple[socket.socket, socket.socket]:
    """One port for both; 0 is any. Raises `OSError` when a port that was named cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, port))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.bind(udp.getsockname()[:2])
        except OSError:
            udp.close()
            tcp.close()
            if port:
                raise
            continue
        return udp, tcp


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, for UDP and TCP."""
    held = [_both() for _ in range(count)]
    numbers = [int(udp.getsockname()[1]) for udp, _ in held]
    for pair in held:
        for one in pair:
            one.close()
    return numbers


@contextlib.contextmanager
def nameservers(*records: dict[str, dict[str, list[str]]]) -> Iterator[list[NameServer]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(NameServer(each)) for each in records]
