"""A look-up over https is known by its shape, whoever it is sent to; nothing else is taken for one."""

from __future__ import annotations

import base64

import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.address import canonical
from policy.lookups import is_lookup, looks_up

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
NAMES = st.lists(LABEL, min_size=0, max_size=3).map(lambda labels: ".".join(labels) + ".")
KINDS = st.sampled_from(["A", "AAAA", "HTTPS", "TXT", "MX", "ANY", "SVCB", "PTR"])


def question(name: str, kind: str, *, edns: bool = False, number: int = 0) -> bytes:
    asked = dns.message.make_query(dns.name.from_text(name), kind, use_edns=edns, id=number)
    return asked.to_wire()


def address(url: str) -> bool:
    found = canonical(url)
    assert found is not None
    return looks_up(found)


@pytest.mark.evasion("E05")
@given(NAMES, KINDS, st.booleans(), st.integers(0, 65535))
def test_every_question_is_one(name: str, kind: str, edns: bool, number: int) -> None:
    assert is_lookup(question(name, kind, edns=edns, number=number))


@pytest.mark.evasion("E05")
@given(NAMES, KINDS, st.booleans(), st.sampled_from(["?dns=", "?q=1&x=", "?DNS=", "/", "/a/b/"]), st.booleans())
def test_it_is_one_in_any_field_or_path_of_an_address(name, kind, edns, place, padded) -> None:
    coded = base64.urlsafe_b64encode(question(name, kind, edns=edns)).decode()
    assert address(f"https://niets.example{place}{coded if padded else coded.rstrip('=')}")


@given(st.binary(max_size=200))
def test_no_other_bytes_are_one(data: bytes) -> None:
    if is_lookup(data):  # by chance then, and whole
        asked = dns.message.from_wire(data)
        assert asked.question and not asked.answer


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_half_a_question_and_one_with_more_behind_it_are_none(cut: int) -> None:
    whole = question("example.com.", "A")
    assert not is_lookup(whole[:-cut])
    assert not is_lookup(whole + b"x" * cut)


def test_an_answer_is_no_question() -> None:
    asked = dns.message.make_query("example.com.", "A")
    assert not is_lookup(dns.message.make_response(asked).to_wire())


@pytest.mark.evasion("E05")
@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/dns-query?name=discord.com",
        "https://x.example/resolve?name=discord.com&type=A",
        "https://x.example/resolve?type=28&name=discord.com",
        "https://x.example/a/dns-query?name=discord.com&type=AAAA&do=1",
    ],
)
def test_a_question_in_words_is_one(url: str) -> None:
    assert address(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/",
        "https://x.example/dns-query",  # the page that tells about it
        "https://x.example/resolve?name=jan",
        "https://x.example/resolve?name=foto.png",
        "https://x.example/resolve?name=a.b&type=picture",
        "https://x.example/?dns=uitleg",
        "https://x.example/zoek?q=wat+is+dns&type=a",
        "https://x.example/" + base64.urlsafe_b64encode(bytes(range(90))).decode(),
        "https://x.example/?v=" + "A" * 43,
        "https://x.example/?v=" + "A" * 400,
    ],
)
def test_what_only_looks_a_little_like_it_is_none(url: str) -> None:
    assert not address(url)
