"""A guard in a network of its own, with something on its loopback that nobody may reach, and a world that it can.

python -m tests.e2e.apart FOLDER: prints as JSON what was met, and what the loopback heard. Run by `test_back_door`;
needs root. Names are looked up by the system, at a real server that changes its mind between two questions (TTL 0).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import h2.config
import h2.connection
import h2.events

from tests.proxy_addons import firewall
from tests.proxy_addons.hellos import message, name, records
from tests.proxy_addons.origins import SECRET
from tests.proxy_addons.rig import HandGate

GUARD, WORLD = ("10.9.0.1", "fd09::1"), ("10.9.0.2", "fd09::2")
OWN, SITE, AFAR = "45.9.9.9", "93.184.216.34", "198.51.100.7"
TRAP = b"what is inside"
STEADY, CHANGING = "site.world.test", "flip{}-{}.test"

NOTATIONS = (
    "127.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "0177.0.0.1",
    "0x7f.1", "127.0x1", "0", "0.0.0.0", "localhost", "LOCALHOST.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]",
    "[fe80::1%25lo]", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1",
    "169.254.169.254", "10.9.0.1", OWN, "v4.inside.test", "v6.inside.test", "mapped.inside.test", "zero.inside.test",
    "own.inside.test", "lan.inside.test",
)  # fmt: skip
RECORDS = {
    "v4.inside.test.": ("A", ["127.0.0.1"]),
    "v6.inside.test.": ("AAAA", ["::1"]),
    "mapped.inside.test.": ("AAAA", ["::ffff:127.0.0.1"]),
    "zero.inside.test.": ("A", ["0.0.0.0"]),
    "own.inside.test.": ("A", [OWN]),
    "lan.inside.test.": ("A", [GUARD[0]]),
    "site.world.test.": ("A", [SITE]),
    "tunnel-site.world.test.": ("A", [SITE]),
    "both.world.test.": ("A", ["127.0.0.1", SITE, OWN]),
}


class Wide(HandGate):
    """Everything is permitted, and what begins with `tunnel` is not looked into: only `egress` stands in between."""

    def __init__(self) -> None:
        super().__init__()
        self.open = _Every("")
        self.tunnels = _Every("tunnel")

    def decide(self, request):
        from policy.model import Decision, Effect, Reason

        return Decision(Effect.ALLOW, Reason.OPEN)


class _Every:
    def __init__(self, begin: str) -> None:
        self._begin = begin

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and host.startswith(self._begin)

    def __ror__(self, other: object) -> _Every:
        return self


class Names:
    """The name server of the system. `flip<n>-...` is out in the world for n questions, and then on loopback."""

    def __init__(self) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.53", 53))
        self.asked: Counter[str] = Counter()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            data, sender = self._sock.recvfrom(4096)
            query = dns.message.from_wire(data)
            (asked,) = query.question
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            found = self._found(asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype))
            if found is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif found:
                answer.answer.append(dns.rrset.from_text(asked.name, 0, "IN", asked.rdtype, *found))
            self._sock.sendto(answer.to_wire(), sender)

    def _found(self, host: str, kind: str) -> list[str] | None:
        plain = host.removeprefix("tunnel-")
        if plain.startswith("flip"):
            if kind != "A":
                return []
            self.asked[host] += 1
            return [SITE if self.asked[host] <= int(plain[4]) else "127.0.0.1"]
        if host not in RECORDS:
            return None
        known, values = RECORDS[host]
        return values if known == kind else []


class Origin:
    """Something that answers http on one port, with TLS if it is given; `came` counts its connections."""

    def __init__(self, where: tuple[str, int], says: bytes, context: ssl.SSLContext | None = None) -> None:
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        both = family == socket.AF_INET6
        self._server = socket.create_server(where, family=family, backlog=128, dualstack_ipv6=both)
        self._says, self._context, self.came = says, context, 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            near, _ = self._server.accept()
            self.came += 1
            threading.Thread(target=self._one, args=(near,), daemon=True).start()

    def _one(self, near: socket.socket) -> None:
        near.settimeout(20)
        with contextlib.suppress(OSError), near:
            if self._context is not None:
                near = self._context.wrap_socket(near, server_side=True)
            head = b""
            while data := near.recv(65536):
                head += data
                if b"\r\n\r\n" in head:
                    end = b"close" if b"/last" in head else b"keep-alive"
                    said = b"HTTP/1.1 200 OK\r\nconnection: %b\r\ncontent-length: %d\r\n\r\n%b"
                    near.sendall(said % (end, len(self._says), self._says))
                    if end == b"close":
                        return
                    head = b""


def main(folder: Path) -> None:
    """Make the networks, start the guard, and tell what was met."""
    os.unshare(os.CLONE_NEWNET | os.CLONE_NEWNS)
    _system_names(folder)
    ask, told = (socket.socketpair() for _ in range(2))
    world = os.fork()
    if world == 0:
        os.unshare(os.CLONE_NEWNET)
        told[1].sendall(b".")
        _world(json.loads(ask[1].recv(65536)), told[1], ask[1])
        os._exit(0)
    told[0].recv(1)
    _link(world)
    from proxy_addons import egress
    from tests.proxy_addons.rig import Rig

    names = Names()
    rig = Rig(folder, Wide(), transparent=((GUARD[0], 0),))
    sites = [CHANGING.format(n, way.replace(" ", "-")) for n in range(4) for way in WAYS]
    rig.world.context(STEADY, "both.world.test", "tunnel-" + STEADY, *sites, *(f"tunnel-{one}" for one in sites))
    trap = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trap.load_cert_chain(rig.world.folder / f"{STEADY}-30.pem")
    traps = [Origin(("::", 80), TRAP), Origin(("::", 443), TRAP, trap)]
    with rig:
        firewall.redirect(socket.AF_INET, (80, 443), rig.ports[1])
        ask[0].sendall(json.dumps({"pem": str(rig.world.folder / f"{STEADY}-30.pem"), "ca": str(rig.ca.crt)}).encode())
        with told[0].makefile() as lines:
            lines.readline()  # it listens
            met = _met(rig)
            egress._TTL = 0.0  # every connection asks the name server anew
            met["changing"] = _changing(rig, names)
            ask[0].sendall(b"go\n")
            met["led"] = json.loads(lines.readline())
        met["reached"] = [one.came for one in traps]
        with socket.create_connection(("127.0.0.1", 80), timeout=5) as sock:
            met["there"] = _answer(sock, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        met["broken"] = rig.look(lambda _connections, doorway: dict(doorway.failsafe.broken))
        os.waitpid(world, 0)
    sys.stdout.write(json.dumps(met))


def _system_names(folder: Path) -> None:
    subprocess.run(("mount", "--make-rprivate", "/"), check=True)
    for where, text in (
        ("/etc/resolv.conf", "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ):
        if not Path(where).exists():
            continue
        own = folder / Path(where).name
        own.write_text(text)
        subprocess.run(("mount", "--bind", str(own), where), check=True)


def _link(world: int) -> None:
    def ip(*words: str, inside: bool = False) -> None:
        enter = ("nsenter", "-t", str(world), "-n") if inside else ()
        subprocess.run((*enter, "ip", *words), check=True)

    ip("link", "add", "k0", "type", "veth", "peer", "name", "k1", "netns", str(world))
    for device, addresses, inside in (("k0", GUARD, False), ("k1", WORLD, True)):
        ip("link", "set", "lo", "up", inside=inside)
        ip("addr", "add", f"{addresses[0]}/24", "dev", device, inside=inside)
        ip("addr", "add", f"{addresses[1]}/64", "dev", device, "nodad", inside=inside)
        ip("link", "set", device, "up", inside=inside)
    ip("addr", "add", f"{OWN}/32", "dev", "k0")
    ip("addr", "add", f"{SITE}/32", "dev", "lo", inside=True)
    ip("route", "add", "default", "via", WORLD[0])
    ip("-6", "route", "add", "default", "via", WORLD[1])
    ip("route", "add", "default", "via", GUARD[0], inside=True)


# --- ways to ask ------------------------------------------------------------------------------------------------------

_UPGRADE = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}=="


def _get(host: str, path: str = "/", more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def _plain(rig, host: str) -> str:
    with rig.raw(_get(host, f"http://{host}/")) as sock:
        return _answer(sock)


def _plain_websocket(rig, host: str) -> str:
    with rig.raw(_get(host, f"http://{host}/", _UPGRADE + "\r\n")) as sock:
        return _answer(sock)


def _whole_address(rig, host: str) -> str:
    with rig.raw(_get(host, f"https://{host}/")) as sock:
        return _answer(sock)


def _connected(rig, host: str, port: int) -> socket.socket | str:
    sock = rig.raw(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    sock.settimeout(8)
    head = sock.recv(4096)
    if head.startswith(b"HTTP/1.1 200"):
        return sock
    sock.close()
    return head[9:12].decode() or "closed"


def _connect_plain(rig, host: str) -> str:
    sock = _connected(rig, host, 80)
    if isinstance(sock, str):
        return sock
    with sock:
        return _answer(sock, _get(host))


def _tls(rig, host: str, *alpn: str) -> ssl.SSLSocket | str:
    sock = _connected(rig, host, 443)
    if isinstance(sock, str):
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn) or ["http/1.1"])
    return context.wrap_socket(sock, server_hostname=host if host[:1].isalpha() else None)


def _inside(rig, host: str, more: str = "") -> str:
    tls = _tls(rig, host)
    if isinstance(tls, str):
        return tls
    with tls:
        return _answer(tls, _get(host, more=more))


def _websocket(rig, host: str) -> str:
    return _inside(rig, host, _UPGRADE + "\r\n")


def _http2(rig, host: str, authority: str | None = None) -> str:
    tls = _tls(rig, host, "h2")
    if isinstance(tls, str):
        return tls
    with tls:
        if tls.selected_alpn_protocol() != "h2":
            return _answer(tls, _get(host))
        asks = h2.connection.H2Connection(h2.config.H2Configuration(validate_outbound_headers=False))
        asks.initiate_connection()
        head = [(":method", "GET"), (":scheme", "https"), (":authority", authority or host), (":path", "/")]
        asks.send_headers(1, [(one, value.encode()) for one, value in head], end_stream=True)
        tls.sendall(asks.data_to_send())
        status, body = "", b""
        while data := tls.recv(65536):
            for event in asks.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[b":status"].decode()
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset | h2.events.ConnectionTerminated):
                    return _told(status, body)
        return _told(status, body)


def _authority(rig, host: str) -> str:
    return _http2(rig, STEADY, host)


def _tunnel(rig, host: str) -> str:
    return _inside(rig, f"tunnel-{host}") if host.startswith(("flip", "site")) else "not tried"


WAYS: dict[str, Callable[..., str]] = {
    "plain": _plain,
    "plain websocket": _plain_websocket,
    "https without tls": _whole_address,
    "connect": _connect_plain,
    "tls": _inside,
    "websocket": _websocket,
    "h2": _http2,
    "authority": _authority,
    "tunnel": _tunnel,
}


def _met(rig) -> dict[str, object]:
    """Every way with every notation, and to a site out in the world."""
    met = {way: {host: _tried(ask, rig, host) for host in NOTATIONS} for way, ask in WAYS.items()}
    world = {way: _tried(ask, rig, STEADY) for way, ask in WAYS.items()}
    return {"met": met, "world": world, "both": _tried(_plain, rig, "both.world.test")}


def _changing(rig, names: Names) -> dict[str, dict[str, str]]:
    """Names that are out in the world for none to three questions; and a second request on a kept connection."""
    met: dict[str, dict[str, str]] = {}
    for questions in range(4):
        for way, ask in WAYS.items():
            host = CHANGING.format(questions, way.replace(" ", "-"))
            if way != "authority":
                met.setdefault(way, {})[str(questions)] = _tried(ask, rig, host)
    for path in ("/kept", "/last"):
        host = CHANGING.format(2, f"again{path[1:]}")
        with rig.raw(_get(host, f"http://{host}{path}")) as sock:
            first = _answer(sock, keep=True)
            while names.asked[f"{host}."] < 3:  # it changes its mind
                socket.getaddrinfo(host, 80, family=socket.AF_INET)
            met.setdefault("again", {})[path] = f"{first}, {_answer(sock, _get(host, f'http://{host}{path}'))}"
    return met


def _tried(ask: Callable[..., str], rig, host: str) -> str:
    start = time.monotonic()
    try:
        found = ask(rig, host)
    except (OSError, UnicodeError, AssertionError) as error:
        found = "hangs" if isinstance(error, TimeoutError) else "closed"
    return found if time.monotonic() - start < 8 else f"{found}, late"


def _answer(sock: socket.socket, data: bytes = b"", *, keep: bool = False) -> str:
    """Status and what the body says."""
    sock.settimeout(8)
    if data:
        sock.sendall(data)
    said = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while more := sock.recv(65536):
            said += more
            head, found, body = said.partition(b"\r\n\r\n")
            if found and (length := _length(head)) is not None and len(body) >= length:
                break
    return _told(said[9:12].decode(), said)


def _length(head: bytes) -> int | None:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return None


def _told(status: str, body: bytes) -> str:
    if TRAP in body:
        return f"{status} inside"
    if SECRET in body:
        return f"{status} world"
    return f"{status} page" if b"<!doctype" in body else status or "closed"


# --- out in the world -------------------------------------------------------------------------------------------------


def _world(given: dict[str, str], told: socket.socket, go: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given["pem"])
    Origin((SITE, 80), SECRET)
    Origin((SITE, 443), SECRET, context)
    told.sendall(b"there\n")
    go.recv(16)
    met: dict[str, dict[str, str]] = {"plain": {}, "sni": {}}
    for host in (*NOTATIONS, STEADY):
        met["plain"][host] = _led(host, 80, _get(host))
        try:
            met["sni"][host] = _led(host, 443, records(message(name(host.strip("[]").encode()))))
        except ValueError:
            continue
    met["stranger"] = {source: _led(STEADY, 80, _get(STEADY), source) for source in (SITE, WORLD[0])}
    told.sendall(json.dumps(met).encode() + b"\n")


def _led(host: str, port: int, data: bytes, source: str = WORLD[0]) -> str:
    """What a device meets that thinks it is on its way to somewhere else."""
    try:
        with socket.create_connection((AFAR, port), timeout=8, source_address=(source, 0)) as sock:
            found = _answer(sock, data)
            return found if port == 80 else "tls"
    except OSError as error:
        return "hangs" if isinstance(error, TimeoutError) else "closed"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
