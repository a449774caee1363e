"""Counting pages: never fewer than come out, and what cannot be counted is not made up."""

from __future__ import annotations

import struct
import zlib

import pytest

from agent.pages import Sure, count

PDF = b"%PDF-1.4\n1 0 obj <</Type /Pages /Count 3>> endobj\n"
PAGE = b"2 0 obj <</Type /Page /Parent 1 0 R>> endobj\n"


def packed(pages: int) -> bytes:
    inside = zlib.compress(b"<</Type/Page/Parent 1 0 R>> " * pages)
    return PDF + b"9 0 obj <</Type /ObjStm /Filter /FlateDecode>> stream\n" + inside + b"\nendstream endobj\n"


@pytest.mark.parametrize(
    ("document", "pages", "sure"),
    [
        (PDF + PAGE * 3, 3, Sure.COUNTED),
        (packed(5), 5, Sure.COUNTED),
        (packed(5) + PAGE, 6, Sure.COUNTED),
        (b"hallo\n", 1, Sure.COUNTED),
        (b"regel\n" * 61, 2, Sure.COUNTED),
        (b"een\ftwee\fdrie", 3, Sure.COUNTED),
        (b"\x89PNG\r\n\x1a\n", 1, Sure.COUNTED),
        (b"%!PS-Adobe\n%%Page: 1 1\nshowpage\n%%Page: 2 2\n", 2, Sure.CLAIMED),
        (b"UNIRAST\0" + struct.pack(">I", 4) + b"\0" * 32, 4, Sure.CLAIMED),
        (b"%PDF-1.4 nothing that can be read", None, Sure.UNKNOWN),
        (PDF + b"9 0 obj <</Type /ObjStm>> stream\nlocked", None, Sure.UNKNOWN),
        (b"RaS2\0\0\0", None, Sure.UNKNOWN),
        (b"", None, Sure.UNKNOWN),
    ],
)
def test_the_pages_of_a_document_are_counted_or_not_known(document, pages, sure):
    assert count(document) == (pages, sure)


def test_copies_are_pages_too():
    assert count(PDF + PAGE * 3, copies=30) == (90, Sure.COUNTED)


def test_a_sender_cannot_say_fewer_pages_than_there_are():
    assert count(PDF + PAGE * 3, claimed=1) == (3, Sure.COUNTED)
    assert count(PDF + PAGE * 3, claimed=7) == (7, Sure.COUNTED)


def test_pages_that_only_the_sender_knows_are_a_claim():
    assert count(b"RaS2\0\0\0", claimed=2) == (2, Sure.CLAIMED)


@pytest.mark.evasion("S10")
def test_a_small_document_that_unpacks_to_very_much_does_not_fill_the_memory():
    bomb = zlib.compress(b"\0" * 200_000_000)
    document = PDF + PAGE + b"9 0 obj <</Type /ObjStm>> stream\n" + bomb + b"\nendstream"
    assert count(document) == (1, Sure.COUNTED)
