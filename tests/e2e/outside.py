"""Everything out in the world, in a network of its own: names, sites, and servers for whoever gets past a firewall.

python -m tests.e2e.outside JSON: serves as `Outside` says, prints `ready`, and answers each line of its input with what
arrived on the wire and who was asked for what, as JSON; `clear` forgets it first.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from cli.demo.certs import Papers
from tests.proxy_addons.nameserver import NameServer

HELLO = b"from outside: "
_INCOMING = 0  # PACKET_HOST
_EVERYTHING = 3  # ETH_P_ALL
_WITH_PORTS = {6: "tcp", 17: "udp"}
_OTHERS = {1: "icmp", 58: "icmp6"}


@dataclass(frozen=True, slots=True)
class Outside:
    """What to serve: TCP and UDP echoes on `ports` of `addresses`, names, and sites with the papers in a folder."""

    addresses: tuple[str, ...]
    ports: tuple[int, ...]
    wire: str = ""
    names_at: tuple[str, ...] = ()
    names: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    papers: str = ""


class Site(BaseHTTPRequestHandler):
    """Whatever site is asked for: says which one, and keeps the count."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        host = self.headers.get("Host") or ""
        self.asked[host] += 1
        body = HELLO + host.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_CONNECT = do_GET

    def log_message(self, *_: object) -> None:
        return


class Sites(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who hangs up is no news."""


class Wire(threading.Thread):
    """Every packet that comes in on a link, counted by (source, destination, protocol, port)."""

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.arrived: Counter[tuple[str, str, str, int]] = Counter()
        self._link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERYTHING))
        self._link.bind((name, _EVERYTHING))

    def run(self) -> None:
        while True:
            data, about = self._link.recvfrom(65_535)
            if about[2] == _INCOMING and (found := _seen(data)):
                self.arrived[found] += 1


def _seen(data: bytes) -> tuple[str, str, str, int] | None:
    version = data[0] >> 4
    if version == 4:
        kind, after, family = data[9], (data[0] & 15) * 4, socket.AF_INET
        source, to = data[12:16], data[16:20]
    elif version == 6:
        kind, after, family = data[6], 40, socket.AF_INET6
        source, to = data[8:24], data[24:40]
    else:
        return None
    port = struct.unpack_from("!H", data, after + 2)[0] if kind in _WITH_PORTS else 0
    name = _WITH_PORTS.get(kind) or _OTHERS.get(kind) or str(kind)
    return socket.inet_ntop(family, source), socket.inet_ntop(family, to), name, port


def _tcp_echo(address: str, port: int) -> None:
    listener = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def talk(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            while data := line.recv(2000):
                line.sendall(HELLO + data)

    def take() -> None:
        while True:
            line, _ = listener.accept()
            threading.Thread(target=talk, args=(line,), daemon=True).start()

    threading.Thread(target=take, daemon=True).start()


def _udp_echo(address: str, port: int) -> None:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))

    def answer() -> None:
        while True:
            with contextlib.suppress(OSError):
                data, sender = sock.recvfrom(2000)
                sock.sendto(HELLO + data, sender)

    threading.Thread(target=answer, daemon=True).start()


def _sites(papers: Papers) -> None:
    for port in (80, 443):
        server = Sites(("::", port), Site)
        if port == 443:
            server.socket = papers.server_context().wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, daemon=True).start()


def main(what: Outside) -> None:
    """Serve until the input ends."""
    wire = Wire(what.wire) if what.wire else None
    if wire is not None:
        wire.start()
    for address in what.addresses:
        for port in what.ports:
            _tcp_echo(address, port)
            _udp_echo(address, port)
    if what.papers:
        for address in what.addresses:
            _udp_echo(address, 443)
        _sites(Papers.within(Path(what.papers)))
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(NameServer(what.names, at=(one, 53))) for one in what.names_at]
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "clear":
                Site.asked.clear()
                for server in servers:
                    server.asked.clear()
                if wire is not None:
                    wire.arrived.clear()
            arrived = [] if wire is None else [[*key, count] for key, count in list(wire.arrived.items())]
            names = sorted({name for server in servers for name in server.names()})
            print(json.dumps({"arrived": arrived, "sites": dict(Site.asked), "names": names}), flush=True)


if __name__ == "__main__":
    main(Outside(**json.loads(sys.argv[1])))
