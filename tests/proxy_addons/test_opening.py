"""What a connection begins with is read plainly or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.proxy.layers.tls import parse_client_hello

from proxy_addons.opening import MAX_HELLO, Greeting, read_greeting, read_head
from tests.proxy_addons.hellos import ECH, extension, message, name, protocols, real, records


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (real("open.test", "h2", "http/1.1"), Greeting(True, "open.test", ("h2", "http/1.1"))),
        (real(None), Greeting(True)),
        (records(message(name(b"open.test"), ECH)), Greeting(True, "open.test", (), ech=True)),
        (records(message(name(b"open.test"), protocols(b"acme-tls/1"))), Greeting(True, "open.test", ("acme-tls/1",))),
        (records(message(name(b"open.test")), size=20), Greeting(True, "open.test")),
        (records(message(name(b"open.test"))) + b"\x17\x03\x03early", Greeting(True, "open.test")),
    ],
)
def test_a_plain_hello_tells_its_name_and_its_protocols(data: bytes, told: Greeting) -> None:
    assert read_greeting(data) == told


@pytest.mark.parametrize(
    "data",
    [
        message(name(b"open.test"), name(b"social.com")),
        message(name(b"open.test", b"social.com")),
        message(name(b"open.test", kind=1)),
        message(name(b"open test")),
        message(name(b"")),
        message(extension(0, b"\x00\x0c\x00\x00\x09open.test!")),
        message(extension(0, b"\x00\x20\x00\x00\x09open.test")),
        message(protocols(b"h2"), protocols(b"dot")),
        message(protocols()),
        message(protocols(b"h2", b"")),
        message(extension(16, b"\x00\x03\x02h2!")),
        message(name(b"open.test"), tail=b"\x00"),
        message(name(b"open.test"), b"\x00\x10\x00\xff"),
        message(name(b"open.test")) + b"\x01\x00\x00\x01\x00",
    ],
)
def test_a_hello_that_can_be_read_in_two_ways_says_nothing(data: bytes) -> None:
    assert read_greeting(records(data)) == Greeting(plain=False)


@pytest.mark.parametrize(
    "data",
    [
        b"\x17\x03\x03\x00\x05hello",
        b"\x16\x02\x01\x00\x05hello",
        b"\x16\x03\x01\x00\x00\x16",
        records(b"\x02\x00\x00\x04abcd"),
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        records(b"\x01\x00\x03\xe8" + bytes(1000), size=4)[: 5 * 40 + 160],
    ],
)
def test_what_is_no_hello_is_closed(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"record|Hello|long|pieces"):
        read_greeting(data)


def test_it_waits_for_no_more_than_there_may_be() -> None:
    whole = records(message(name(b"open.test"), extension(21, bytes(9000))), size=4000)
    size = 0
    while isinstance(wanted := read_greeting(whole[:size]), int):
        assert size < wanted <= MAX_HELLO
        size = wanted
    assert wanted == Greeting(True, "open.test") and size == len(whole)


_extensions = st.lists(
    st.one_of(
        st.lists(st.sampled_from([b"open.test", b"a.nl", b"x", b"", b"bad name"]), max_size=2).map(lambda n: name(*n)),
        st.lists(st.binary(min_size=0, max_size=6), max_size=3).map(lambda n: protocols(*n)),
        st.builds(extension, st.sampled_from([0, 10, 16, 43, 0xFE0D]), st.binary(max_size=20)),
    ),
    max_size=5,
)


@pytest.mark.property
@given(_extensions, st.integers(10, 200), st.binary(max_size=3))
def test_what_is_told_of_a_hello_is_what_the_inspecting_engine_reads_in_it(
    parts: list[bytes], size: int, tail: bytes
) -> None:
    data = records(message(*parts, tail=tail), size)
    try:
        found = read_greeting(data)
    except ValueError:
        return
    assert isinstance(found, Greeting)
    if found.plain:
        theirs = parse_client_hello(data)
        assert theirs is not None
        assert (found.sni, found.alpn) == (theirs.sni, tuple(one.decode("latin-1") for one in theirs.alpn_protocols))
        assert found.ech == any(kind == 0xFE0D for kind, _ in theirs.extensions)


@pytest.mark.property
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda rest: b"\x16\x03\x01\x00\x40" + rest)))
def test_whatever_comes_the_answer_of_a_part_is_never_taken_back(data: bytes) -> None:
    def outcome(part: bytes) -> Greeting | int | str:
        try:
            return read_greeting(part)
        except ValueError:
            return "no hello"

    answers = [outcome(data[:size]) for size in range(len(data) + 1)]
    settled = [answer for answer in answers if not isinstance(answer, int)]
    assert len(set(map(str, settled))) <= 1
    assert all(answer > size for size, answer in enumerate(answers) if isinstance(answer, int))


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        (b"CONNECT open.test:443 HTTP/1.1", "open.test", 443),
        (b"CONNECT [::1]:443 HTTP/1.0", "::1", 443),
        (b"GET http://open.test/x HTTP/1.1", "open.test", 80),
        (b"GET http://open.test:8080 HTTP/1.1", "open.test", 8080),
    ],
)
def test_a_request_tells_where_it_goes(line: bytes, host: str, port: int) -> None:
    head = read_head(line + b"\r\nHost: other.test\r\n")
    assert head is not None and (head.host, head.port) == (host, port)


@pytest.mark.parametrize(
    "head",
    [b"CONNECT open.test:99999 HTTP/1.1\r\n", b"CONNECT open.test:443 HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n"],
)
def test_a_head_that_is_not_plain_tells_nothing(head: bytes) -> None:
    assert read_head(head) is None
