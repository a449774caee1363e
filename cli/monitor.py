"""A small door for machines that watch over machines: `/healthz`, `/readyz` and `/metrics`, by plain http.

It says nothing of anybody, takes nothing in and changes nothing. It is for loopback, or for a network of the
balancer's; who opens it to pupils tells them only that the guard runs.

healthz: the supervisor looks after its processes. readyz: a worker listens (`workers`), it has rules (`policy`), and
they are those of the database (`store`). `/readyz?exclude=store` leaves one of them out: a node that was cut off goes
on with its last rules, and a balancer that took every such node away would leave nobody.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from cli.home import Home, Trouble
from cli.metrics import Watched, page
from cli.ports import bracketed
from cli.supervisor import Supervisor
from cli.vitals import VitalsFile

_STALLED = 10.0  # seconds without a look of the supervisor
_PATIENCE = 5.0  # seconds for a question
_MOST = 32  # questions at a time
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answers are made of."""

    supervisor: Supervisor
    watched: Watched


def place_of(text: str) -> tuple[str, int]:
    """`ADDRESS:PORT` as two things; port 0 is any free one.

    Raises:
        Trouble: it is none.
    """
    address, _, port = text.rpartition(":")
    try:
        return str(ip_address(address.strip("[]"))), int(port)
    except ValueError as error:
        raise Trouble(f"`{text}` is no address with a port", "write for instance --monitor 127.0.0.1:9464") from error


def healthy(asked: Asked) -> bool:
    """Whether the supervisor looks after its processes."""
    return time.monotonic() - asked.supervisor.looked < _STALLED


def ready(asked: Asked) -> dict[str, bool]:
    """What must be there for pupils, and whether it is."""
    workers = [child.now for child in asked.supervisor.children if child.task.place is not None and child.ready]
    told = [life.numbers for life in workers if life is not None]
    return {
        "workers": bool(told),
        "policy": any(one.get("now.rules") for one in told),
        "store": any(one.get("now.store") for one in told),
    }


@contextmanager
def monitored(home: Home, supervisor: Supervisor, place: str | None) -> Iterator[None]:
    """Answer at `place` (`ADDRESS:PORT`; None: nowhere) for as long as this lasts, and print where.

    Raises:
        Trouble: it cannot be had.
    """
    if place is None:
        yield
        return
    watched = Watched(lambda: supervisor.children, supervisor.sums, VitalsFile(home.path).told)
    door = Monitor(place_of(place), Asked(supervisor, watched))
    address, port = door.server_address[:2]
    print(f"http://{bracketed(str(address))}:{port}/readyz", flush=True)
    try:
        yield
    finally:
        door.end()


class Monitor(ThreadingHTTPServer):
    """Answers until it is closed; each question on a thread of its own, a few at a time."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], asked: Asked) -> None:
        self.asked = asked
        self._free = threading.BoundedSemaphore(_MOST)
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        try:
            super().__init__(place, _Answer)
        except OSError as error:
            shown = f"`{place[0]}:{place[1]}`"
            raise Trouble(f"{shown} cannot be had for --monitor ({error.strerror})", "name another port") from error
        threading.Thread(target=self.serve_forever, name="monitor", daemon=True).start()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Answer on a thread, where there is room for one."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """On that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who went away in the middle of a question is no news."""

    def end(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Monitor
    timeout = _PATIENCE
    server_version, sys_version = "klaswacht", ""

    def do_GET(self) -> None:
        asked, address = self.server.asked, urlsplit(self.path)
        if address.path == "/healthz":
            good = healthy(asked)
            self._json({"healthy": good}, good=good)
        elif address.path == "/readyz":
            parts, left_out = ready(asked), parse_qs(address.query).get("exclude", [])
            good = all(there for name, there in parts.items() if name not in left_out)
            self._json({"ready": good, "parts": parts}, good=good)
        elif address.path == "/metrics":
            self._send(HTTPStatus.OK, _TEXT, page(asked.watched))
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"")

    do_HEAD = do_GET

    def _json(self, told: object, *, good: bool) -> None:
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        self._send(status, "application/json", json.dumps(told).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged of questions."""
