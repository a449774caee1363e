"""What a body shows: files whatever they are called, and texts however they are written and packed."""

from __future__ import annotations

import base64
import gzip
import json
import random
import time
import zlib
from dataclasses import replace

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from config.load import knowledge
from policy.model import Action, DeviceClass, Principal, Role
from proxy_addons import translate
from proxy_addons.content import Content, of_exchange, of_query
from proxy_addons.facts import Exchange
from tests.cast import KNOWLEDGE, SNAPSHOT, pupil
from tests.proxy_addons.asking import exchange

FORM = "application/x-www-form-urlencoded"
FACTORY = replace(SNAPSHOT, knowledge=replace(KNOWLEDGE, lexicon=knowledge().lexicon))
PHONE = "bel me op 06-12345678"
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8).decode()
TEACHER = Principal(Role.TEACHER, "anja", ("7",), device_class=DeviceClass.STAFF)


def posted(kind: str, body: bytes | None, url: str = "https://social.com/send", **headers: str) -> Exchange:
    page = exchange(url, method="POST", body=body)
    return replace(page, headers={**page.headers, "content-type": kind, **headers})


def content(kind: str, body: bytes | None, **headers: str) -> Content:
    return of_exchange(posted(kind, body, **headers))


def fields(kind: str, body: bytes, **headers: str) -> list[tuple[str, str]]:
    return [(field.name, field.text) for field in content(kind, body, **headers).fields]


def personal(what: Exchange, who: Principal | None = None) -> frozenset[str]:
    return translate.of_exchange(what, who or pupil(), KNOWLEDGE.engines, SNAPSHOT).personal


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--sep\r\n" + part + b"\r\n" for part in parts) + b"--sep--\r\n"


def test_the_fields_of_a_form_are_read() -> None:
    assert fields(FORM, b"naam=Sem+B&tel=06%2D12&leeg=&los") == [("naam", "Sem B"), ("tel", "06-12"), ("", "los")]
    assert fields(FORM, b'f=%7B%22a%22%3A%22b%22%7D&x={"y":["z"]}') == [("a", "b"), ("y", "z")]


def test_every_text_in_json_is_read_under_its_own_key() -> None:
    value = {"a": {"b": ["c", 12, True, None, 1.5]}, "d": '{"e": "f"}', "g": "[1"}
    assert fields("application/json", json.dumps(value).encode()) == [("b", "c"), ("b", "12"), ("e", "f"), ("g", "[1")]
    assert fields("application/x-ndjson", b'{"a":"b"}\n{"c":"d"}\n') == [("a", "b"), ("c", "d")]
    assert fields("application/graphql+json", b'{"query":"mutation","variables":{"t":"hoi"}}')[1] == ("t", "hoi")
    assert fields("text/plain", b'{"a":"b"}') == [("a", "b")]


def test_broken_json_is_text() -> None:
    assert fields("application/json", b'{"a": "bel 0612345678"') == [("", '{"a": "bel 0612345678"')]


def test_deep_json_is_read_as_far_as_anybody_writes_it() -> None:
    deep = b'{"a":' * 5_000 + b'"x"' + b"}" * 5_000
    assert content("application/json", deep).complete
    assert content("application/json", b"[" * 60_000).complete


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_that_pages_use_is_read(encoding: str) -> None:
    body = '{"naam":"Zoë"}'.encode(encoding)
    assert fields("application/json", body) == [("naam", "Zoë")]
    assert fields(f"application/json; charset={encoding.removesuffix('-sig')}", body) == [("naam", "Zoë")]
    assert fields(f"{FORM}; charset=windows-1252", b"naam=Zo%EB") == [("naam", "Zoë")]


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": deflated,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_a_packed_body_is_read_too(name: str) -> None:
    read = content("application/json", PACKERS[name](b'{"a":"b"}'), **{"content-encoding": name})
    assert read.complete and [field.text for field in read.fields] == ["b"]
    both = content("text/plain", gzip.compress(PACKERS[name](b"hoi")), **{"content-encoding": f"{name}, gzip"})
    assert [field.text for field in both.fields] == ["hoi"]


def test_a_second_frame_hides_nothing() -> None:
    pack = zstandard.ZstdCompressor().compress
    read = content("text/plain", pack(b"hoi ") + pack(b"daar"), **{"content-encoding": "zstd"})
    assert read.complete and [field.text for field in read.fields] == ["hoi daar"]


@pytest.mark.evasion("S10")
@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_cut_off(name: str) -> None:
    bomb = PACKERS[name](b"a" * 50_000_000)
    start = time.thread_time()
    read = content("text/plain", bomb, **{"content-encoding": name})
    assert not read.complete and time.thread_time() - start < 2.0


@pytest.mark.parametrize("name", [*PACKERS, "lzma", "gzip, gzip, gzip, gzip"])
def test_what_cannot_be_unpacked_is_not_complete(name: str) -> None:
    assert content("application/json", b'{"a":"b"}', **{"content-encoding": name}) == Content(complete=False)


def test_the_texts_of_a_form_with_parts_are_read_and_its_files_are_not() -> None:
    name = b'Content-Disposition: form-data; name="naam"\r\n\r\nSem'
    more = b"content-disposition: form-data; name=meer\r\nContent-Type: application/json\r\n\r\n" + b'{"a":"b"}'
    file = b'Content-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n06-12345678'
    read = content("multipart/form-data; boundary=sep", multipart(name, more, file))
    assert [(field.name, field.text) for field in read.fields] == [("naam", "Sem"), ("a", "b")]
    assert read.media == {"file"}


def test_a_text_that_is_sent_as_a_file_is_read() -> None:
    blob = b'Content-Disposition: form-data; filename="blob"\r\nContent-Type: application/json\r\n\r\n{"t":"hoi"}'
    note = b'Content-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhallo daar'
    sheet = (
        b'Content-Disposition: form-data; name="g"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF hoi'
    )
    read = content("multipart/form-data; boundary=sep", multipart(blob, note, sheet))
    assert [(field.name, field.text) for field in read.fields] == [("t", "hoi"), ("", "hallo daar")]
    assert read.media == {"file"}


@pytest.mark.parametrize("start", ["ID3 ", "GIF8 lol ", "8BPS ", "OggS, ", "caff ", "abc ftyp "])
def test_a_message_that_begins_as_a_file_does_is_a_message(start: str) -> None:
    text = f"{start}{PHONE}"
    part = b'Content-Disposition: form-data; name="msg"\r\n\r\n' + text.encode()
    read = content("multipart/form-data; boundary=sep", multipart(part))
    assert (read.media, [field.text for field in read.fields]) == (frozenset(), [text])
    assert content("", text.encode()).media == frozenset()
    assert personal(posted("", text.encode())) == {"phone"}


def test_the_end_of_a_long_body_is_read_too() -> None:
    long = "a=1&" * 60_000 + "msg=bel+me+op+06-12345678"
    assert ("msg", PHONE) in fields(FORM, long.encode())
    many = {"a": list(range(20_000)), "b": {str(n): n for n in range(10_000)}, "msg": PHONE}
    assert ("msg", PHONE) in fields("application/json", json.dumps(many).encode())
    assert ("", PHONE) in fields("application/grpc", b"\0abcd\1" * 20_000 + PHONE.encode())
    padded = "x" * 400_000 + " " + PHONE
    assert personal(posted("text/plain", padded.encode())) == {"phone"}


def test_xml_and_protobuf_are_read_for_their_texts() -> None:
    xml = b'<?xml version="1.0"?><s:Body><a:msg to="noor">hoi &amp; dag</a:msg><![CDATA[los]]></s:Body>'
    assert {("msg", "hoi & dag"), ("to", "noor")} <= set(fields("text/xml", xml))
    assert ("", "bel me op 06-12345678") in fields(
        "application/grpc-web+proto", b"\0\0\0\0\x17\x0a\x15" + PHONE.encode()
    )


def test_no_words_are_read_in_what_is_no_text() -> None:
    chance = random.Random("binary")
    for kind in ("application/grpc-web+proto", "text/plain", "", "application/x-protobuf"):
        for body in [b"\0" + chance.randbytes(8_000) for _ in range(25)]:
            asked = translate.of_exchange(posted(kind, body), pupil(), KNOWLEDGE.engines, FACTORY)
            assert (asked.said, asked.personal) == ((), frozenset())


@pytest.mark.evasion("E29")
@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x00\x00\x00\x1cftypavif", "picture"),
        (b"\x00\x00\x00\x18ftypheix", "picture"),
        (b"\xff\x0a\xfa\x1f", "picture"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "picture"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36", "picture"),
        (b"\xff\xf3\x40\xc0", "sound"),
        (b"\xff\xf1\x50\x80", "sound"),
        (b"#!AMR\n", "sound"),
        (b"FORM\x00\x00\x00\x00AIFF", "sound"),
        (b"\x00\x00\x00\x14ftyp3gp5", "video"),
        (b"\x00\x00\x00\x14ftypqt  ", "video"),
        (b"\x1a\x45\xdf\xa3\x01", "video"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
        (b"FLV\x01\x05", "video"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', "picture"),
    ],
)
def test_a_file_is_known_by_how_it_begins(start: bytes, kind: str) -> None:
    part = b'Content-Disposition: form-data; name="f"; filename="werkstuk.docx"\r\n\r\n' + start + b"xxxx"
    assert content("multipart/form-data; boundary=sep", multipart(part)).media == {kind}
    assert content("application/octet-stream", start + b"xxxx").media == {kind}


@pytest.mark.evasion("E29")
def test_a_photo_written_as_text_is_a_photo() -> None:
    assert content("application/json", json.dumps({"img": f"data:image/jpeg;base64,{JPEG}"}).encode()).media == {
        "picture"
    }
    assert content("application/json", json.dumps({"img": JPEG}).encode()).media == {"picture"}
    assert content(FORM, b"a=b&img=" + JPEG.replace("+", "%2B").encode()).media == {"picture"}
    request = translate.of_exchange(posted("text/plain", JPEG.encode()), pupil(), KNOWLEDGE.engines, SNAPSHOT)
    assert (request.action, request.media) == (Action.UPLOAD, frozenset({"picture"}))
    dot = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    assert content("application/json", json.dumps({"img": dot}).encode()).media == frozenset()


@pytest.mark.parametrize(
    "what",
    [
        posted(FORM, b"bericht=bel+me+op+06-12345678"),
        posted("application/json", json.dumps({"text": PHONE}).encode()),
        posted("application/json", gzip.compress(json.dumps({"text": PHONE}).encode()), **{"content-encoding": "gzip"}),
        posted("text/plain", PHONE.encode("utf-16")),
        posted("", json.dumps({"text": PHONE}).encode()),
        posted(
            "multipart/form-data; boundary=sep",
            multipart(b'Content-Disposition: form-data; name="t"\r\n\r\n' + PHONE.encode()),
        ),
        exchange("https://social.com/send?msg=bel+me+op+06-12345678"),
    ],
)
def test_a_telephone_number_is_found_however_it_is_sent(what: Exchange) -> None:
    assert personal(what) == {"phone"}


def test_only_pupils_are_read() -> None:
    what = posted(FORM, b"bericht=kut+bel+me+op+06-12345678")
    assert personal(what, TEACHER) == frozenset()
    assert translate.of_exchange(what, TEACHER, KNOWLEDGE.engines, SNAPSHOT).said == ()
    assert personal(what, replace(TEACHER, device_class=DeviceClass.PUPIL)) == {"phone"}, "it is a pupil's device"
    assert translate.of_exchange(what, pupil(), KNOWLEDGE.engines).personal == frozenset(), "nobody to judge by"


def test_the_words_of_a_search_are_judged_as_words() -> None:
    request = translate.of_exchange(exchange("https://zoek.nl/s?q=0612345678"), pupil(), KNOWLEDGE.engines, SNAPSHOT)
    assert request.personal == frozenset() and request.search is not None


def test_terms_are_told_and_texts_are_not() -> None:
    request = translate.of_exchange(posted(FORM, b"bericht=wat+een+kut+spel"), pupil(), KNOWLEDGE.engines, SNAPSHOT)
    assert [hit.term_id for hit in request.said] == ["kut"]
    assert "spel" not in repr(request)


def test_a_body_that_was_too_long_shows_nothing() -> None:
    page = posted("application/json", None, **{"content-length": "900000"})
    assert of_exchange(page) == Content(complete=False)
    assert translate.of_exchange(page, pupil(), KNOWLEDGE.engines, SNAPSHOT).action is Action.SUBMIT


TYPES = [
    FORM,
    "application/json",
    "text/plain",
    "text/xml",
    "application/grpc",
    "multipart/form-data; boundary=sep",
    "",
]


@given(st.sampled_from(TYPES), st.binary(max_size=600), st.sampled_from(["", "gzip", "br", "zstd", "deflate"]))
def test_any_body_can_be_read(kind: str, body: bytes, packed: str) -> None:
    of_exchange(posted(kind, body, **{"content-encoding": packed}))
    of_query(body.decode("latin-1"))


@given(st.sampled_from(TYPES), st.text(alphabet='{}[]",:\\=&%<>a0 -\r\n', max_size=300))
def test_any_text_can_be_a_body(kind: str, text: str) -> None:
    of_exchange(posted(kind, text.encode()))


@pytest.mark.evasion("S09")
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "piece",
    [
        b"a=b&",
        b'{"a":',
        b'{"a":"b"}\n',
        b"[",
        b"<a",
        b"<a>",
        b'a="',
        b"--sep\r\n",
        b"%41",
        b"a",
        b"\\",
        b"\xff",
        b"data:",
    ],
)
def test_no_body_is_slow_to_read(kind: str, piece: bytes) -> None:
    what = posted(kind, piece * (100_000 // len(piece)))
    start = time.thread_time()
    translate.of_exchange(what, pupil(), KNOWLEDGE.engines, SNAPSHOT)
    assert time.thread_time() - start < 1.5, "a generous ceiling for a busy machine"
