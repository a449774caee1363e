"""A firewall rule that leads connections to a port of this machine, given to the kernel itself (nftables, no tool)."""

from __future__ import annotations

import itertools
import socket
import struct

_NETFILTER, _SUBSYSTEM = 12, 10
_BEGIN, _END, _TABLE, _CHAIN, _RULE = 0x10, 0x11, 0x0A00, 0x0A03, 0x0A06
_REQUEST, _ACK, _CREATE, _APPEND = 0x1, 0x4, 0x400, 0x800
_REGISTER = struct.pack(">I", 1)
_numbers = itertools.count(1)


def redirect(family: int, ports: tuple[int, ...], to: int) -> None:
    """Lead what comes in for one of `ports` to port `to`, in the network namespace of this process. Needs root."""
    name = _attribute(1, b"klaswacht\0")
    hook = _attribute(1, struct.pack(">I", 0)) + _attribute(2, struct.pack(">i", -100))
    chain = name + _attribute(3, b"in\0") + _attribute(4, hook, nested=True) + _attribute(7, b"nat\0")
    rules = [_message(_RULE, family, _rule(name, port, to), _CREATE | _APPEND) for port in ports]
    begin, end = (_message(kind, 0, b"", 0, _SUBSYSTEM) for kind in (_BEGIN, _END))
    batch = [begin, _message(_TABLE, family, name, _CREATE), _message(_CHAIN, family, chain, _CREATE), *rules, end]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as kernel:
        kernel.settimeout(5)
        kernel.bind((0, 0))
        kernel.send(b"".join(batch))
        for _ in batch[1:-1]:
            code = struct.unpack_from("=i", kernel.recv(65536), 16)[0]
            if code:
                raise OSError(-code, "the kernel takes no such rule")


def _rule(table: bytes, port: int, to: int) -> bytes:
    protocol = _expression(b"meta", _attribute(1, _REGISTER) + _attribute(2, struct.pack(">I", 16)))
    where = b"".join(_attribute(kind, struct.pack(">I", value)) for kind, value in ((2, 2), (3, 2), (4, 2)))
    port_of = _expression(b"payload", _attribute(1, _REGISTER) + where)
    target = _attribute(1, _REGISTER) + _attribute(2, _value(struct.pack(">H", to)), nested=True)
    expressions = protocol + _equal(b"\x06") + port_of + _equal(struct.pack(">H", port))
    expressions += _expression(b"immediate", target) + _expression(b"redir", _attribute(1, _REGISTER))
    return table + _attribute(2, b"in\0") + _attribute(4, expressions, nested=True)


def _equal(value: bytes) -> bytes:
    same = _attribute(1, _REGISTER) + _attribute(2, struct.pack(">I", 0))
    return _expression(b"cmp", same + _attribute(3, _value(value), nested=True))


def _value(value: bytes) -> bytes:
    return _attribute(1, value)


def _expression(name: bytes, data: bytes) -> bytes:
    return _attribute(1, _attribute(1, name + b"\0") + _attribute(2, data, nested=True), nested=True)


def _attribute(kind: int, value: bytes, *, nested: bool = False) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind | (0x8000 if nested else 0)) + value + bytes(-len(value) % 4)


def _message(kind: int, family: int, body: bytes, flags: int, resource: int = 0) -> bytes:
    flags |= _REQUEST | (_ACK if kind not in (_BEGIN, _END) else 0)
    body = struct.pack(">BBH", family, 0, resource) + body
    return struct.pack("=IHHII", 16 + len(body), kind, flags, next(_numbers), 0) + body
