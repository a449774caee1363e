"""A real dnsmasq in a network of its own, and devices that ask it for an address. Run as root: `dhcpd.py FOLDER`.

It reads `lease MAC NAME` and `release MAC` from its input and says which address that was; the lease file is
`FOLDER/dnsmasq.leases`.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path

SERVER = "10.77.0.1"
_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER, _REQUEST, _ACK, _RELEASE = 1, 2, 3, 5, 7


def main(folder: Path) -> None:
    """Serve until the input ends."""
    os.unshare(os.CLONE_NEWNET)
    for words in (
        "link set lo up",
        "link add s0 type veth peer name d0",
        f"addr add {SERVER}/24 dev s0",
        "link set s0 up",
        "link set d0 up",
    ):
        subprocess.run(("ip", *words.split()), check=True)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    wire.bind(("d0", 0))
    wire.settimeout(0.5)
    server = subprocess.Popen(_dnsmasq(folder))
    given: dict[str, str] = {}
    try:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            what, mac, *name = line.split()
            if what == "lease":
                given[mac] = _leased(wire, mac, " ".join(name))
            else:
                _send(wire, mac, _RELEASE, address=given[mac], options=[(54, IPv4Address(SERVER).packed)])
            sys.stdout.write(f"{given[mac]}\n")
            sys.stdout.flush()
    finally:
        server.terminate()
        server.wait()


def _dnsmasq(folder: Path) -> tuple[str, ...]:
    program = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
    set_ = (f"--dhcp-leasefile={folder / 'dnsmasq.leases'}", "--dhcp-range=10.77.0.50,10.77.0.99,255.255.255.0,500w")
    here = ("--port=0", "--interface=s0", "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--user=root")
    return (program, "--keep-in-foreground", "--conf-file=/dev/null", f"--log-facility={folder / 'log'}", *here, *set_)


def _leased(wire: socket.socket, mac: str, name: str) -> str:
    """The address that a device got: DISCOVER, OFFER, REQUEST, ACK (RFC 2131)."""
    called = [(12, name.encode())] if name else []
    offered = _asked(wire, mac, _DISCOVER, _OFFER, called)
    options = [(54, IPv4Address(SERVER).packed), (50, IPv4Address(offered).packed), *called]
    return _asked(wire, mac, _REQUEST, _ACK, options)


def _asked(wire: socket.socket, mac: str, kind: int, answer: int, options: list[tuple[int, bytes]]) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        number = _send(wire, mac, kind, options=options)
        with contextlib.suppress(TimeoutError):
            while True:
                found = _reply(wire.recv(2048), number, answer)
                if found:
                    return found
    raise SystemExit("dnsmasq does not answer")


def _reply(frame: bytes, number: int, kind: int) -> str:
    """The address in an answer to our question; empty when it is something else."""
    dhcp = frame[14 + 20 + 8 :]
    if frame[23:24] != b"\x11" or len(dhcp) < 244 or dhcp[0] != 2 or dhcp[4:8] != struct.pack("!I", number):
        return ""
    options, at = {}, 240
    while at + 1 < len(dhcp) and dhcp[at] != 255:
        options[dhcp[at]] = dhcp[at + 2 : at + 2 + dhcp[at + 1]]
        at += 2 + dhcp[at + 1]
    return str(IPv4Address(dhcp[16:20])) if options.get(53) == bytes([kind]) else ""


def _send(
    wire: socket.socket, mac: str, kind: int, *, options: list[tuple[int, bytes]], address: str = "0.0.0.0"
) -> int:
    hardware, number = bytes.fromhex(mac.replace(":", "")), random.getrandbits(32)
    source = IPv4Address(address).packed
    dhcp = struct.pack("!4BIHH", 1, 1, 6, 0, number, 0, 0x8000) + source + bytes(12) + hardware.ljust(16, b"\0")
    dhcp += bytes(192) + _COOKIE
    for code, value in [(53, bytes([kind])), *options]:
        dhcp += bytes([code, len(value)]) + value
    udp = struct.pack("!4H", 68, 67, 8 + len(dhcp) + 1, 0) + dhcp + b"\xff"
    to = IPv4Address(SERVER).packed if kind == _RELEASE else b"\xff" * 4
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + source + to
    head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
    wire.send(b"\xff" * 6 + hardware + b"\x08\x00" + head + udp)
    return number


def _checksum(head: bytes) -> int:
    total = sum(struct.unpack(f"!{len(head) // 2}H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if __name__ == "__main__":
    main(Path(sys.argv[1]))
