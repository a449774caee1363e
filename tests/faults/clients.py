"""What somebody does in a browser and with other programs, each once: through every engine and edge of the guard."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import dns.message
import httpx
import websockets.exceptions
import websockets.sync.client

from tests.faults.school import BALANCER, CLOSED, HELP, LED, LED_TLS, OPEN, SEARCH, TUNNEL, UNLISTED, School

WITHIN = 5.0  # seconds in which everybody must have an answer, or have been hung up on
_NAVIGATES = {"accept": "text/html,*/*;q=0.8", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
HUNG, HUNG_UP = b"<hung>", b"<hung up>"


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that somebody does. `to` is where; `says` what comes back of a guard that is well."""

    name: str
    to: str
    run: Callable[[School], bytes]


def _through(school: School, url: str, *, http2: bool = False, method: str = "GET", **more) -> bytes:
    try:
        with httpx.Client(
            proxy=f"http://127.0.0.1:{school.proxy}",
            verify=school.trust(),
            http2=http2,
            trust_env=False,
            timeout=WITHIN,
        ) as client:
            answer = client.request(method, url, headers={**_NAVIGATES, **more.pop("headers", {})}, **more)
            return f"{answer.status_code} ".encode() + answer.content
    except httpx.TimeoutException:
        return HUNG
    except httpx.TransportError:
        return HUNG_UP


def _raw(school: School, port: int, data: bytes, source: str, tls: str | None = None) -> bytes:
    """Says `data` and reads until the other side hangs up."""
    until = time.monotonic() + WITHIN
    said = b""
    try:
        with socket.create_connection(("127.0.0.1", port), WITHIN, source_address=(source, 0)) as sock:
            if tls is not None:
                context = school.trust(world=tls in (HELP, TUNNEL))
                sock = context.wrap_socket(sock, server_hostname=tls)
            sock.sendall(data)
            while not _whole(said) and (chunk := sock.recv(65536)):
                said += chunk
                if time.monotonic() > until:
                    return HUNG
    except TimeoutError:
        return said + HUNG
    except OSError:
        pass
    return said or HUNG_UP


def _whole(said: bytes) -> bool:
    head, end, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


def _get(host: str, path: str = "/", absolute: bool = False) -> bytes:
    target = f"http://{host}{path}" if absolute else path
    more = "".join(f"{name}: {value}\r\n" for name, value in _NAVIGATES.items())
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n".encode()


def _plain_raw(host: str, school: School) -> bytes:
    return _raw(school, school.proxy, _get(host, absolute=True), "127.0.0.1")


def _balanced(host: str, school: School) -> bytes:
    head = b"PROXY TCP4 127.0.0.77 127.0.0.1 5000 8080\r\n"
    return _raw(school, school.proxy, head + _get(host, absolute=True), BALANCER)


def _led(host: str, school: School) -> bytes:
    return _raw(school, school.through, _get(host), LED)


def _led_tls(host: str, school: School) -> bytes:
    return _raw(school, school.through, _get(host), LED_TLS, tls=host)


def _chat(host: str, school: School) -> bytes:
    try:
        with websockets.sync.client.connect(
            f"wss://{host}/chat",
            ssl=school.trust_of_threads(),
            proxy=f"http://127.0.0.1:{school.proxy}",
            open_timeout=WITHIN,
            close_timeout=1,
        ) as ws:
            ws.send("hallo daar")
            return str(ws.recv(WITHIN)).encode()
    except TimeoutError:
        return HUNG
    except websockets.exceptions.InvalidStatus as error:
        return f"{error.response.status_code} ".encode() + error.response.body
    except (websockets.exceptions.WebSocketException, OSError, EOFError):
        return HUNG_UP


def _tunnelled(host: str, school: School) -> bytes:
    """Sees the site's own certificate, where it is a tunnel."""
    try:
        with httpx.Client(
            proxy=f"http://127.0.0.1:{school.proxy}", verify=school.trust(world=True), trust_env=False, timeout=WITHIN
        ) as client:
            answer = client.get(f"https://{host}/")
            return f"{answer.status_code} ".encode() + answer.content
    except httpx.TimeoutException:
        return HUNG
    except httpx.TransportError as error:
        return b"<looked into>" if "CERTIFICATE_VERIFY" in str(error) else HUNG_UP


def _name(host: str, school: School) -> bytes:
    query = dns.message.make_query(host, "A").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2.0)  # a device asks again, or another server
        sock.sendto(query, ("127.0.0.1", school.dns))
        try:
            return _said(sock.recv(4096))
        except OSError:
            return HUNG_UP


def _name_tcp(host: str, school: School) -> bytes:
    query = dns.message.make_query(host, "A").to_wire()
    try:
        with socket.create_connection(("127.0.0.1", school.dns), WITHIN) as sock:
            sock.settimeout(WITHIN)
            sock.sendall(struct.pack("!H", len(query)) + query)
            data = b""
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
                chunk = sock.recv(4096)
                if not chunk:
                    return HUNG_UP
                data += chunk
            return _said(data[2:])
    except TimeoutError:
        return HUNG
    except OSError:
        return HUNG_UP


def _said(wire: bytes) -> bytes:
    message = dns.message.from_wire(wire)
    found = [one.to_text() for rrset in message.answer for one in rrset]
    return " ".join([dns.rcode.to_text(message.rcode()), *found]).encode()


def _page(host: str, school: School) -> bytes:
    return _raw(school, school.page, _get(host), "127.0.0.1")


def _search(words: str, school: School) -> bytes:
    return _through(school, f"https://{SEARCH}/s?q={words}")


def _wait(school: School) -> bytes:
    """The block page's own script looks whether it may."""
    headers = {"x-klaswacht": "1", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin", "x-klaswacht-said": "x"}
    return _through(school, f"https://{CLOSED}/_klaswacht/report", headers=headers)


_FORM = {"naam": "bericht", "tekst": "de paarden in de wei zijn mooi"}


def errands() -> tuple[Errand, ...]:
    """Everything, for a host that is open, one that is closed, and one where there is help."""
    found = []
    for host in (OPEN, CLOSED, HELP):
        found += [
            Errand("plain", host, partial(_plain_raw, host)),
            Errand("balanced", host, partial(_balanced, host)),
            Errand("led", host, partial(_led, host)),
            Errand("led-tls", host, partial(_led_tls, host)),
            Errand("name", host, partial(_name, host)),
            Errand("name-tcp", host, partial(_name_tcp, host)),
        ]
    for host in (OPEN, CLOSED):
        found += [
            Errand("https", host, lambda school, host=host: _through(school, f"https://{host}/")),
            Errand("http2", host, lambda school, host=host: _through(school, f"https://{host}/", http2=True)),
            Errand("form", host, lambda s, host=host: _through(s, f"https://{host}/f", method="POST", data=_FORM)),
            Errand(
                "form2",
                host,
                lambda s, host=host: _through(s, f"https://{host}/f", method="POST", data=_FORM, http2=True),
            ),
            Errand(
                "upload",
                host,
                lambda s, host=host: _through(s, f"https://{host}/up", method="POST", content=b"x" * 200_000),
            ),
            Errand("page", host, partial(_page, host)),
        ]
    found += [
        Errand("chat", OPEN, partial(_chat, "ws.leren.nl")),
        Errand("chat", CLOSED, partial(_chat, CLOSED)),
        Errand("tunnel", OPEN, partial(_tunnelled, TUNNEL)),
        Errand("tunnel", CLOSED, partial(_tunnelled, CLOSED)),
        Errand("tunnel", HELP, partial(_tunnelled, HELP)),
        Errand("stream", OPEN, lambda school: _through(school, f"https://{OPEN}/big")),
        Errand("page-looked-at", OPEN, lambda school: _through(school, f"https://{UNLISTED}/page")),
        Errand("search", OPEN, partial(_search, "paarden")),
        Errand("search", CLOSED, partial(_search, "kut")),
        Errand("search", HELP, partial(_search, "ik+wil+dood")),
        Errand("own", CLOSED, _wait),
    ]
    return tuple(found)


def done(school: School, pool: ThreadPoolExecutor, what: tuple[Errand, ...]) -> dict[str, bytes]:
    """What came of each errand, all at the same time."""
    running = {f"{one.name} {one.to}": pool.submit(one.run, school) for one in what}
    return {name: work.result() for name, work in running.items()}


__all__ = ["HUNG", "HUNG_UP", "WITHIN", "Errand", "done", "errands"]
