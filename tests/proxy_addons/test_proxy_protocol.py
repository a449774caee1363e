"""What a balancer says of whom it connects for, read strictly."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.proxy_protocol import MAX_V1, MAX_V2, SIGNATURE, BadHeader, Header, announces, crc32c, read


def v2(source: str, more: bytes = b"", command: int = 0x21) -> bytes:
    """A version 2 header for TCP; `more` are its additional fields."""
    end = ip_address(source)
    family = 0x11 if end.version == 4 else 0x21
    block = end.packed + end.packed + struct.pack(">HH", 40000, 8080) + more
    return SIGNATURE + struct.pack(">BBH", command, family, len(block)) + block


def field(kind: int, value: bytes) -> bytes:
    return struct.pack(">BH", kind, len(value)) + value


def summed(source: str, more: bytes = b"") -> bytes:
    """A header with its checksum in it."""
    empty = v2(source, more=field(0x03, bytes(4)) + more)
    return empty.replace(field(0x03, bytes(4)), field(0x03, struct.pack(">I", crc32c(empty))))


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 8080\r\n", "10.0.7.2"),
        (b"PROXY TCP6 fd00::7:2 fd00::1 40000 8080\r\n", "fd00::7:2"),
        (b"PROXY TCP6 ::ffff:10.0.7.2 ::ffff:10.0.0.1 1 2\r\n", "10.0.7.2"),
        (b"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0"),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
        (v2("10.0.7.2"), "10.0.7.2"),
        (v2("fd00::7:2"), "fd00::7:2"),
        (v2("::ffff:10.0.7.2"), "10.0.7.2"),
        (v2("10.0.7.2", more=field(0xEA, b"unknown") + field(0x04, b"")), "10.0.7.2"),
        (summed("10.0.7.2"), "10.0.7.2"),
        (summed("10.0.7.2", field(0x02, b"open.test")), "10.0.7.2"),
        (v2("10.0.7.2", command=0x20), None),
        (SIGNATURE + b"\x20\x00\x00\x00", None),
        (SIGNATURE + b"\x21\x00\x00\x00", None),
    ],
)
def test_it_says_for_whom_and_leaves_the_rest_alone(data: bytes, source: str | None) -> None:
    rest = b"CONNECT open.test:443 HTTP/1.1\r\n\r\n"
    assert read(data + rest) == Header(len(data), source)
    assert announces(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 8080\n\r\n",
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000\r\n",
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 65536\r\n",
        b"PROXY TCP4 10.0.7.2 10.0.0.1 040 8080\r\n",
        b"PROXY TCP4 10.0.7.02 10.0.0.1 40000 8080\r\n",
        b"PROXY TCP4 10.0.7.300 10.0.0.1 40000 8080\r\n",
        b"PROXY TCP4 fd00::1 fd00::2 40000 8080\r\n",
        b"PROXY TCP6 10.0.7.2 10.0.0.1 40000 8080\r\n",
        b"PROXY TCP4  10.0.7.2 10.0.0.1 40000 8080\r\n",
        b"PROXY TCP4 10.0.7.2 10.0.0.1 40000 8080 \r\n",
        b"PROXY UNKNOWNX\r\n",
        b"proxy TCP4 10.0.7.2 10.0.0.1 40000 8080\r\n",
        b"PROXY UNKNOWN " + b"x" * MAX_V1,
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),  # version 1 in the second's clothes
        SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12),  # UDP
        SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216),  # a unix socket
        SIGNATURE + b"\x21\x21\x00\x0c" + bytes(12),  # IPv6 in the room of IPv4
        SIGNATURE + b"\x21\x11\x02\x09",  # one byte too long
        v2("10.0.7.2", more=b"\x04\x00"),
        v2("10.0.7.2", more=b"\x04\x00\x05abc"),
        v2("10.0.7.2", more=field(0x03, b"\x01\x02\x03\x04")),
        v2("10.0.7.2", more=field(0x03, b"\x01\x02")),
        summed("10.0.7.2").replace(b"\x0a\x00\x07\x02", b"\x0a\x00\x07\x03"),
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(BadHeader):
        read(data)


def outcome(data: bytes) -> Header | str | None:
    try:
        return read(data)
    except BadHeader:
        return "bad"


_addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
_fields = st.lists(st.builds(field, st.integers(0, 255), st.binary(max_size=60)), max_size=5).map(b"".join)


@st.composite
def _headers(draw: st.DrawFn) -> bytes:
    source = draw(_addresses)
    version = ip_address(source).version
    if draw(st.booleans()):
        ports = draw(st.tuples(st.integers(0, 70000), st.integers(0, 70000)))
        return f"PROXY TCP{version} {source} {source} {ports[0]} {ports[1]}\r\n".encode()
    return v2(source, draw(_fields), draw(st.sampled_from((0x20, 0x21))))


@st.composite
def _broken(draw: st.DrawFn) -> bytes:
    """A header in which some bytes were changed, or which is followed by others."""
    data = bytearray(draw(_headers()))
    for _ in range(draw(st.integers(0, 3))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data) + draw(st.binary(max_size=40))


_anything = st.one_of(
    st.binary(max_size=700),
    st.binary(max_size=700).map(lambda rest: b"PROXY " + rest),
    st.binary(max_size=700).map(lambda rest: SIGNATURE + rest),
    _broken(),
)


@pytest.mark.property
@given(_anything)
def test_whatever_comes_in_whatever_pieces_the_answer_is_that_of_the_whole(data: bytes) -> None:
    whole = outcome(data)
    answers = [outcome(data[:size]) for size in range(len(data) + 1)]
    first = next((answer for answer in answers if answer is not None), None)
    assert first == whole, "an early answer was taken back"
    if isinstance(whole, Header):
        assert whole.size <= (MAX_V2 if data.startswith(SIGNATURE) else MAX_V1)
        assert answers[: whole.size] == [None] * whole.size, "it was read before it was there"
        assert outcome(data[: whole.size]) == whole, "something behind it was looked at"
    if len(data) >= MAX_V2:
        assert whole is not None, "it waits for more than there may be"
    assert read(bytearray(data)) == whole if whole != "bad" else True


@pytest.mark.property
@given(_addresses, st.integers(0, 1000), st.integers(1, 255))
def test_a_checksum_finds_every_single_byte_that_was_changed(source: str, where: int, by: int) -> None:
    good = bytearray(summed(source))
    assert isinstance(outcome(bytes(good)), Header)
    good[16 + where % (len(good) - 16 - 7)] ^= by  # anywhere in the addresses
    assert outcome(bytes(good)) == "bad"
