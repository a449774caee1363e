"""How many pages a document has, and how sure that is. It only counts: nothing of what is in it is kept or told."""

from __future__ import annotations

import re
import struct
import zlib
from enum import StrEnum

_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_STREAM = re.compile(rb"stream\r?\n")
_PACKED = b"/ObjStm"
_LARGEST = 16 * 1024 * 1024  # bytes that one packed part of a document may come to
_LINES = 60  # lines of plain text on a page, as CUPS's own filter has them at the most


class Sure(StrEnum):
    """How sure a number of pages is: seen in the document, only said by who sent it, or not known."""

    COUNTED = "counted"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


def count(document: bytes, copies: int = 1, claimed: int | None = None) -> tuple[int | None, Sure]:
    """Return the pages that come out, copies too, and how sure that is. `claimed` is what the sender said.

    Two pages on one side or a choice of pages make it fewer, never more. The larger of what is seen and said counts.
    """
    seen, sure = _seen(document)
    if seen is None and claimed is None:
        return None, Sure.UNKNOWN
    if seen is None:
        sure = Sure.CLAIMED
    return max(seen or 0, claimed or 0) * max(copies, 1), sure


def _seen(document: bytes) -> tuple[int | None, Sure]:
    if b"%PDF-" in document[:1024]:
        found = _pdf(document)
        return (found, Sure.COUNTED) if found else (None, Sure.UNKNOWN)
    if document.startswith(b"%!"):
        found = len(re.findall(rb"^%%Page:", document, re.MULTILINE))
        return (found, Sure.CLAIMED) if found else (None, Sure.UNKNOWN)
    if document.startswith(b"UNIRAST\0") and len(document) >= 12:
        (found,) = struct.unpack_from(">I", document, 8)
        return (found, Sure.CLAIMED) if found else (None, Sure.UNKNOWN)
    if document.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")):
        return 1, Sure.COUNTED
    if document and not _binary(document):
        sheets = document.split(b"\f")
        return sum(-(-max(sheet.count(b"\n"), 1) // _LINES) for sheet in sheets if sheet), Sure.COUNTED
    return None, Sure.UNKNOWN


def _binary(document: bytes) -> bool:
    return b"\0" in document[:4096] or b"\x1b" in document[:4096]


def _pdf(document: bytes) -> int:
    """Pages in the open, and those in packed objects. A changed page may be there twice: more, never fewer."""
    found = len(_PAGE.findall(document))
    for start in _STREAM.finditer(document):
        head = document[max(0, start.start() - 400) : start.start()]
        if _PACKED in head[head.rfind(b"obj") :]:
            try:
                found += len(_PAGE.findall(zlib.decompressobj().decompress(document[start.end() :], _LARGEST)))
            except zlib.error:
                return 0  # locked, or packed in another way: not known
    return found
