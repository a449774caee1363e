"""The spelling of hosts: numbers in every notation, lookalikes, dots, signs that browsers drop (E08, E14)."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical, canonical_host, is_ip
from tests.e2e.clients import Refused
from tests.evasions.school import CLOSED, OPEN, Running
from tests.evasions.speaking import http2, page, said_raw

FINE, SHUT = OPEN[1], CLOSED[0]


def notations(address: IPv4Address) -> dict[str, str]:
    """One address in every notation that some program reads; IPv6 ones in brackets."""
    a, b, c, d = address.packed
    number = int(address)
    high, low = number >> 16, number & 0xFFFF
    return {
        "dotted": f"{a}.{b}.{c}.{d}",
        "one number": str(number),
        "hexadecimal": hex(number),
        "HEXADECIMAL": f"0X{number:X}",
        "octal": f"0{number:o}",
        "hexadecimal parts": ".".join(hex(one) for one in address.packed),
        "octal parts": ".".join(f"0{one:o}" for one in address.packed),
        "padded octal parts": ".".join(f"{one:#06o}".replace("o", "0") for one in address.packed),
        "three parts": f"{a}.{b}.{c * 256 + d}",
        "two parts": f"{a}.{number & 0xFFFFFF}",
        "mixed": f"{a:#x}.0{b:o}.{c * 256 + d}",
        "a dot at the end": f"{a}.{b}.{c}.{d}.",
        "percents": "".join(f"%{ord(one):02x}" for one in f"{a}.{b}.{c}.{d}"),
        "full width": "".join(chr(ord(one) + 0xFEE0) if one != "." else "。" for one in f"{a}.{b}.{c}.{d}"),
        "circled": f"{a}.{b}.{c}.{d}".translate(
            {ord("0"): "⓪", **{ord("0") + n: chr(0x2460 + n - 1) for n in range(1, 10)}}
        ),
        "mapped": f"[::ffff:{a}.{b}.{c}.{d}]",
        "mapped in hexadecimal": f"[::ffff:{high:x}:{low:x}]",
        "mapped in full": f"[0000:0000:0000:0000:0000:ffff:{high:04x}:{low:04x}]",
        "NAT64": f"[64:ff9b::{a}.{b}.{c}.{d}]",
        "NAT64 in hexadecimal": f"[64:ff9b::{high:x}:{low:x}]",
    }


PUBLIC = IPv4Address("8.8.4.4")
WAYS = notations(PUBLIC)
SIX = [
    "[2001:4860:4860::8844]",
    "[2001:4860:4860:0:0:0:0:8844]",
    "[2001:4860:4860:0000::8844]",
    "[2001:4860:4860::0:8844]",
]


@pytest.mark.evasion("E08")
@pytest.mark.property
@given(st.integers(2**24, 2**32 - 1).map(IPv4Address))
def test_every_notation_of_an_address_is_the_same_address(address: IPv4Address) -> None:
    for name, text in notations(address).items():
        assert canonical_host(text) == str(address), name
        read = canonical(f"http://{text}/")
        assert read is not None and (read.host, read.is_ip) == (str(address), True), name


@pytest.mark.evasion("E08")
@pytest.mark.property
@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_every_notation_of_an_ipv6_address_is_the_same_address(address: IPv6Address) -> None:
    texts = [str(address), address.exploded, address.compressed.upper(), f"[{address}]", f"[{address.exploded}]"]
    (only,) = {canonical_host(text) for text in texts}
    assert only is not None and is_ip(only)


@pytest.mark.evasion("E08")
@pytest.mark.parametrize("text", [*WAYS.values(), *SIX], ids=ascii)
def test_an_address_in_numbers_is_closed_in_every_notation_and_by_every_way(guard: Running, text: str):
    host = text.encode("utf-8").decode("latin-1")
    plain = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    elsewhere = f"GET http://{FINE}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    for data in (plain, elsewhere):
        assert b"x-origin" not in said_raw(guard.pupil, data)
    tunnel = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode("latin-1")
    said_raw(guard.pupil, tunnel)
    inside = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    assert b"x-origin" not in said_raw(guard.pupil, inside, FINE)
    with http2(guard.pupil, FINE) as line:
        assert not line.ask(page(text)).reached
    assert not guard.sites.requests
    for exchange, ruling in guard.asked:
        assert ruling.request is None or ruling.request.unreadable or any(map(is_ip, ruling.request.hosts)), exchange


@pytest.mark.evasion("E08")
def test_an_address_in_numbers_is_closed_in_the_name_of_a_hello_and_behind_a_tunnel(guard: Running):
    for name in (str(PUBLIC), "2001:4860:4860::8844"):
        for connect, sni in ((name, FINE), (FINE, name), (name, name)):
            with contextlib.suppress(Refused, OSError):
                reply = guard.pupil.fetch(f"https://{FINE}/", connect=connect, sni=sni, host=FINE)
                assert "x-origin" not in reply.headers
    assert not guard.sites.requests


SPELLED = {
    "capitals": "DISCORD.COM",
    "mixed capitals": "DiScOrD.cOm",
    "a dot at the end": "discord.com.",
    "ideographic dot": "discord。com",
    "full width dot": "discord．com",
    "half width dot": "discord｡com",
    "full width": "ｄｉｓｃｏｒｄ.ｃｏｍ",
    "mathematical": "𝖉𝖎𝖘𝖈𝖔𝖗𝖉.com",
    "circled": "ⓓⓘⓢⓒⓞⓡⓓ.com",
    "superscript": "ᵈiscord.com",
    "percents": "%64%69%73%63%6f%72%64.com",
    "percent dot": "discord%2ecom",
    "percent full width": "%EF%BD%84iscord.com",
    "zero width": "dis\u200bcord.com",
    "soft hyphen": "dis\u00adcord.com",
    "word joiner": "dis\u2060cord.com",
    "byte order mark": "\ufeffdiscord.com",
    "variation selector": "discord\ufe0f.com",
    "user": "iemand@discord.com",
    "user and password": "leerles.example:443@discord.com",
    "backslash": "discord.com\\@leerles.example",
    "port": "discord.com:80",
    "empty port": "discord.com:",
    "below it": "www.discord.com",
    "deep below it": "a.b.c.d.e.discord.com",
    "long labels": f"{'a' * 63}.{'b' * 63}.discord.com",
    "tab": "dis\tcord.com",
}
UNREAL = {
    "two dots at the end": "discord.com..",
    "a dot before": ".discord.com",
    "two dots": "discord..com",
    "label too long": f"{'a' * 64}.discord.com",
    "name too long": f"{'a.' * 130}discord.com",
    "NUL": "discord.com\x00.leerles.example",
    "space": "discord.com leerles.example",
    "broken punycode": "xn--discord-.com",
    "bracket": "[discord.com]",
    "zero width joiner": "dis\u200dcord.com".encode().decode("latin-1"),
}


@pytest.mark.evasion("E14")
@pytest.mark.parametrize("name", SPELLED)
def test_a_closed_name_is_closed_in_every_spelling(guard: Running, name: str):
    spelled = SPELLED[name]
    read = canonical(f"https://{spelled}/")
    assert read is not None and read.host.endswith("discord.com")
    raw = spelled.encode().decode("latin-1")
    head = f"GET http://{raw}/ HTTP/1.1\r\nHost: {raw}\r\nConnection: close\r\n\r\n".encode("latin-1")
    assert b"x-origin" not in said_raw(guard.pupil, head)
    with contextlib.suppress(Refused, OSError, UnicodeError), guard.pupil.dial((raw, 443)):
        pass
    with http2(guard.pupil, FINE) as line:
        assert not line.ask(page(spelled)).reached
    assert not guard.sites.requests and not guard.sites.opened(SHUT)
    assert all(ruling.answer is not None for _, ruling in guard.asked)


@pytest.mark.evasion("E14")
@pytest.mark.parametrize("name", UNREAL)
def test_what_no_browser_reads_as_a_name_is_refused(guard: Running, name: str):
    raw = UNREAL[name]
    head = f"GET http://{raw}/ HTTP/1.1\r\nHost: {raw}\r\nConnection: close\r\n\r\n".encode("latin-1")
    assert b"x-origin" not in said_raw(guard.pupil, head)
    with http2(guard.pupil, FINE) as line:
        assert not line.ask(page(raw)).reached
    assert not guard.sites.requests


LOOKALIKES = (
    "dîscord.com",
    "disсord.com",
    "discоrd.com",
    "ðiscord.com",
    "instagrаm.com",
    "1nstagram.com",
    "paypaI.com",
)


@pytest.mark.evasion("E14")
@pytest.mark.parametrize("name", LOOKALIKES, ids=ascii)
def test_a_name_that_only_looks_like_another_one_is_closed(guard: Running, name: str):
    reply = guard.pupil.fetch(f"http://{canonical_host(name)}/")
    assert reply.status == 403
    ((_, ruling),) = guard.asked
    assert ruling.decision is not None and ruling.decision.category == "look-alike"
    assert not guard.sites.requests
