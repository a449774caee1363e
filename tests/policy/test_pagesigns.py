"""Any page can be read: what it shows comes out folded, and what is broken or hostile neither raises nor takes long."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import load
from policy.pagesigns import MOST_HTML, Page, decoded, looks_like_html, read_page

SHAPE = load.knowledge().pageshape
assert SHAPE is not None


def test_labels_are_of_what_can_be_pressed_within_the_site() -> None:
    page = read_page(
        "<a href='/x'>Vind ik leuk <b>12</b></a><a href='//y.example/z'>Volgen</a><a href='https://m.x.example/p'>Chat</a>"
        "<button aria-label='Réagir'>💬 1.204</button><input type=submit value=Versturen><a name=top>Anker</a>",
        "www.x.example",
    )
    assert page.labels == ("vind ik leuk", "chat", "reagir", "versturen")
    assert page.paths == ("/x", "/p")


def test_fields_say_what_they_ask_for() -> None:
    page = read_page(
        "<input type=password><input name=geb placeholder=Geboortedatum><input type=hidden name=x><textarea>"
    )
    assert page.fields == ("type=password", "type=text geb geboortedatum", "type=textarea")


def test_marks_for_machines_are_read() -> None:
    page = read_page(
        '<meta property="og:type" content="Profile"><meta name=generator content="Discourse 3.1">'
        '<link rel=alternate type="application/activity+json" href=/x><div itemscope itemtype="https://schema.org/Person">'
        '<script type="application/ld+json">[{"@type":["Person","ProfilePage"],"x":[{"interactionType":'
        '"https://schema.org/FollowAction"}]}]</script><canvas></canvas><a href="magnet:?xt=1">x</a>'
    )
    assert {
        "og:type=profile",
        "generator=discourse 3.1",
        "rel=alternate",
        "type=application/activity+json",
        "schema=person",
        "schema=profilepage",
        "schema=followaction",
        "tag=canvas",
        "scheme=magnet",
    } <= page.marks


def test_scripts_are_code_and_no_text() -> None:
    page = read_page("<title>Hoi</title><body><p>Kijk</p><script>new WebSocket('wss://x')</script><style>p{}</style>")
    assert page.text == "kijk" and page.title == "hoi"
    assert "new websocket('wss://x')" in page.code


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("café".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("<meta charset=windows-1252>café".encode("cp1252"), "text/html"),
        ("café".encode(), "text/html; charset=nonsense"),
        ("café".encode(), ""),
    ],
)
def test_a_page_is_read_in_its_own_letters(body: bytes, kind: str) -> None:
    assert decoded(body, kind).endswith("café")


def test_a_letter_cut_in_two_does_no_harm() -> None:
    assert len(decoded(b"x" * (MOST_HTML - 1) + "é".encode())) <= MOST_HTML
    assert decoded(b"\xff\xfe\x00<p>", "text/html; charset=undefined")


def test_what_is_no_page_is_told_apart() -> None:
    assert looks_like_html("<!DOCTYPE HTML><p>x")
    assert not looks_like_html("# Kop\n\nEen verhaal over a < b en c > d")


HOSTILE = {
    "open brackets": "<" * MOST_HTML,
    "nested elements": "<div>" * 13_000,
    "nested, with false ends": "<div><p></x>" * 6_000,
    "nested, self-closed": "<div/>" * 11_000,
    "nested drawings": "<svg><g>" * 8_000,
    "drawings without end": "<svg>" * 13_000,
    "comments without end": "<!--" * 16_000,
    "ends inside comments": "<div><!--</div>-->" * 3_500,
    "formatting": "<a><b><font>" * 5_000,
    "tables": "<table><td><b>" * 4_500,
    "one huge attribute": f"<a href='{'b' * 65_000}'>",
    "many attributes": "<p " + " ".join(f"a{n}=1" for n in range(8_000)) + ">",
    "many attributes on lines": "<p " + "\n".join(f"a{n}" for n in range(9_000)) + ">",
    "many attributes with slashes": "<p " + "/".join(f"a{n}" for n in range(9_000)) + ">",
    "many links": "<a href=/x>y</a>" * 4_000,
    "many fields": "<input name=a>" * 4_500,
    "many marks": "<meta name=a content=b>" * 2_800,
    "deep structured data": f"<script type=application/ld+json>{'[' * 60_000}</script>",
    "accents on accents": "a" + "\u0301" * 65_000,
    "spaces": " " * MOST_HTML,
    "words that are signs": "volgen likes follow chat " * 2_700,
    "templates": "<template>" * 6_500,
    "frames": "<frameset>" * 6_500,
    "forms and choices": "<select><option>" * 4_000,
    "nulls": "\0<p>\0" * 10_000,
}


@pytest.mark.evasion("S09")
@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_page_is_slow(html: str) -> None:
    start = process_time()
    SHAPE.judge(read_page(html, "x.example"))
    assert process_time() - start < 0.5, "measured is below 0.06"


@given(
    st.binary(max_size=4_000),
    st.sampled_from(["", "text/html; charset=utf-16", "text/html; charset=utf-7", "text/html"]),
)
def test_any_bytes_are_a_page(body: bytes, kind: str) -> None:
    page = read_page(decoded(body, kind), "x.example")
    assert isinstance(page, Page)
    SHAPE.weigh(page)


SNIPPETS = """<a href= <a|href='/@x'> </a> <div> </div> <script> </script> <script|type=application/ld+json> {"@type":
<svg>
</svg> <!-- --> <meta|name=generator|content= phpbb <input type= password > ' " = / & &#0; &amp; <template> </template>
<noscript> <textarea> <title> <table> <td> <iframe|src=// [ ] { } https://[ volgen é"""
PIECES = st.lists(
    st.sampled_from([*(one.replace("|", " ") for one in SNIPPETS.split()), "\ud800", "\0", "\u202e"]), max_size=120
)


@given(PIECES, st.sampled_from(["", "x.example", "1.2.3.4", "co.uk"]))
def test_any_pieces_are_a_page(pieces: list[str], host: str) -> None:
    page = read_page(" ".join(pieces), host)
    SHAPE.judge(page)
    assert all(isinstance(one, str) for one in (*page.labels, *page.paths, *page.marks))
