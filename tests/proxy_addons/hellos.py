"""ClientHellos: as a real TLS library says them, and put together by hand."""

from __future__ import annotations

import ssl
import struct

ESTABLISHED = b"HTTP/1.1 200"


def real(sni: str | None, *alpn: str) -> bytes:
    """What OpenSSL says to a server of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname=sni)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise AssertionError("a handshake with nobody")


def extension(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value


def name(*names: bytes, kind: int = 0) -> bytes:
    """A `server_name` extension."""
    listed = b"".join(struct.pack(">BH", kind, len(one)) + one for one in names)
    return extension(0, struct.pack(">H", len(listed)) + listed)


def protocols(*alpn: bytes) -> bytes:
    """An ALPN extension."""
    listed = b"".join(bytes([len(one)]) + one for one in alpn)
    return extension(16, struct.pack(">H", len(listed)) + listed)


def message(*extensions: bytes, tail: bytes = b"") -> bytes:
    """A ClientHello as a handshake message."""
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    joined = b"".join(extensions)
    body += struct.pack(">H", len(joined)) + joined + tail
    return b"\x01" + len(body).to_bytes(3) + body


def records(handshake: bytes, size: int = 16384) -> bytes:
    """A handshake message cut into records of at most `size` bytes."""
    pieces = [handshake[at : at + size] for at in range(0, len(handshake), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)


ECH = extension(0xFE0D, b"\x00" + bytes(40))
