"""A guard and a device in two networks of their own, with a firewall that leads what the device says to the guard.

python -m tests.proxy_addons.led FOLDER: prints what the device met, as JSON. Run by `test_original`; needs root.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.proxy_addons import firewall
from tests.proxy_addons.hellos import real
from tests.proxy_addons.origins import SECRET

GUARD, DEVICE = ("10.9.0.1", "fd09::1"), ("10.9.0.2", "fd09::2")
AFAR, AFAR_V6 = "198.51.100.7", "2001:db8::7"  # where the device thinks it goes; there is nobody


def main(folder: Path) -> None:
    """Make both networks, start the guard, and tell what the device met."""
    os.unshare(os.CLONE_NEWNET)
    ask, told = (socket.socketpair() for _ in range(2))
    device = os.fork()
    if device == 0:
        os.unshare(os.CLONE_NEWNET)
        told[1].sendall(b".")
        tasks = json.loads(ask[1].recv(65536))
        told[1].sendall(json.dumps(_device(**tasks)).encode() + b"\n")
        os._exit(0)
    told[0].recv(1)
    _link(device)
    from tests.proxy_addons.rig import Rig

    with Rig(folder, transparent=((GUARD[0], 0), (GUARD[1], 0))) as rig:
        ports = rig.ports[1:]
        for family, port in zip((socket.AF_INET, socket.AF_INET6), ports, strict=True):
            firewall.redirect(family, (80, 443, 22), port)
        cas = {"ours": str(rig.ca.crt), "world": str(rig.world.crt)}
        ask[0].sendall(json.dumps({"cas": cas, "port": ports[0]}).encode())
        with told[0].makefile() as lines:
            met = json.loads(lines.readline())
        os.waitpid(device, 0)
        met["away"] = dict(rig.gate.away)
        met["addresses"] = sorted({peer.address for peer in rig.gate.peers})
        met["ports"] = sorted({peer.port for peer in rig.gate.peers}) == sorted(ports)
        rig.look(lambda connections, doorway: [line.end() for line in connections])
        met["left"] = rig.look(lambda connections, doorway: doorway.crowd.counts)
    sys.stdout.write(json.dumps(met))


def _link(device: int) -> None:
    def ip(*words: str, inside: bool = False) -> None:
        enter = ("nsenter", "-t", str(device), "-n") if inside else ()
        subprocess.run((*enter, "ip", *words), check=True)

    ip("link", "add", "k0", "type", "veth", "peer", "name", "k1", "netns", str(device))
    for name, addresses, inside in (("k0", GUARD, False), ("k1", DEVICE, True)):
        ip("link", "set", "lo", "up", inside=inside)
        ip("addr", "add", f"{addresses[0]}/24", "dev", name, inside=inside)
        ip("addr", "add", f"{addresses[1]}/64", "dev", name, "nodad", inside=inside)
        ip("link", "set", name, "up", inside=inside)
    ip("route", "add", "default", "via", GUARD[0], inside=True)
    ip("-6", "route", "add", "default", "via", GUARD[1], inside=True)


def _device(cas: dict[str, str], port: int) -> dict[str, object]:
    """Everything that the device tries, and what it met."""

    def https(name: str, ca: str, address: str = AFAR) -> str:
        with _socket(address, 443) as sock:
            tls = ssl.create_default_context(cafile=cas[ca]).wrap_socket(sock, server_hostname=name)
            return _answer(tls, f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())

    def nameless() -> str:
        context = ssl.create_default_context(cafile=cas["ours"])
        context.check_hostname = False
        with _socket(AFAR, 443) as sock:
            return _answer(context.wrap_socket(sock), b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n")

    def said(data: bytes, to: str = AFAR, at: int = 80) -> str:
        with _socket(to, at) as sock:
            return _answer(sock, data)

    tries: dict[str, Callable[[], str]] = {
        "tunnel": lambda: https("tunnel.test", "world"),
        "tunnel over IPv6": lambda: https("tunnel.test", "world", AFAR_V6),
        "inspected": lambda: https("open.test", "ours"),
        "blocked": lambda: https("blocked.test", "ours"),
        "no name": nameless,
        "plain": lambda: said(b"GET / HTTP/1.1\r\nHost: open.test\r\n\r\n"),
        "plain blocked": lambda: said(b"GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n"),
        "plain without a name": lambda: said(b"GET / HTTP/1.1\r\n\r\n"),
        "connect": lambda: said(b"CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\n\r\n"),
        "garbage": lambda: said(b"\x00\x01\x02\x03"),
        "another port": lambda: said(real("open.test"), at=22),
        "nobody led it": lambda: said(real("open.test"), GUARD[0], port),
    }
    met: dict[str, object] = {}
    for name, attempt in tries.items():
        try:
            met[name] = attempt()
        except OSError as error:
            met[name] = type(error).__name__
    return met


def _socket(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), timeout=5)


def _answer(sock: socket.socket, data: bytes) -> str:
    """The head line, and whether the page behind it came."""
    sock.sendall(data)
    sock.settimeout(3)
    said = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while SECRET not in said and (more := sock.recv(65536)):
            said += more
            if b"403" in said[:20] or b"400" in said[:20]:
                break
    return f"{said[9:12].decode()}{' secret' if SECRET in said else ''}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
