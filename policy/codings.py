"""Ways in which an address is written so that nobody sees it: what web proxies put in path and query.

Every function is linear in its text and never raises; what cannot be undone gives nothing.
"""

from __future__ import annotations

import binascii
import codecs
import re
from base64 import b32decode, b64decode
from collections.abc import Iterator
from urllib.parse import unquote

MOST_QUOTES = 12
"""How many layers of percent-encoding are undone."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}[=.]{0,3}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){4,}")
_RUN = re.compile(r"[A-Za-z0-9+/_-]+")
_HTTP_HEX = b"http".hex()
_NO_TEXT = re.compile(r"[^\x20-\x7e]")
_GAPS = re.compile(r"[\s/]+")
_LOW = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef")
"""How a group of four begins whose first letter is ASCII: most words are no base64 by that alone."""
_HTTP = "aHR0c"  # how `http` begins in base64
_BASE32 = re.compile(r"nb2hi4[a-z2-7]{4,}=*", re.IGNORECASE)  # the same in base32
_ROTATED = re.compile(r"[a-z]\.(?:pbz|bet|arg|ay|gi|tt|vb|zr|ncc|qri)(?![a-z])", re.IGNORECASE)  # no ending of a file
_SCHEME = re.compile(r"(?<![A-Za-z])([A-Za-z])([A-Za-z])\2([A-Za-z])([A-Za-z]?)(?=:[/\\])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def levels(text: str) -> Iterator[str]:
    """A text, and what it is with percent-encoding undone once, twice, up to `MOST_QUOTES` times.

    Each by itself: undone once too often, what was written backwards in it cannot be read any more.
    """
    yield text
    for _ in range(MOST_QUOTES):
        if "%" not in text:
            return
        plain = unquote(text, errors="replace")
        if plain == text:
            return
        text = plain
        yield text


def unquoted_once(text: str) -> str:
    """Percent-encoding undone, or the text as it is when what comes out would be no text."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def every_second(text: str) -> str:
    """Every second character under XOR 2, as service-worker proxies write addresses."""
    mixed = list(text)
    mixed[1::2] = (chr(ord(char) ^ 2) for char in text[1::2])
    return "".join(mixed)


def one_byte(text: str) -> str | None:
    """What a text is under XOR with one byte, if that begins with `http`: told by how its letters differ."""
    if len(text) < 8 or text[1] != text[2]:
        return None
    first, second, _, fourth = (ord(char) for char in text[:4])
    key = first ^ ord("h")
    if not key or second ^ key != ord("t") or fourth ^ key != ord("p"):
        return None
    return "".join(chr(ord(char) ^ key) for char in text)


def rotated(text: str) -> str | None:
    """A text with letters turned by thirteen, if `http` stands in what comes out, or a name with a usual ending."""
    return codecs.encode(text, "rot13") if "uggc" in text.lower() or _ROTATED.search(text) else None


def turned(text: str) -> Iterator[str]:
    """A text with all its letters turned by so many places that a scheme in it reads `http`; each number once."""
    seen = {0}
    for match in _SCHEME.finditer(text):
        first, second, fourth, fifth = (_LETTERS.find(one.lower()) for one in match.groups(""))
        by = (first - _LETTERS.index("h")) % 26
        there = [(place - by) % 26 for place in (second, fourth, *([fifth] if match[4] else []))]
        if by not in seen and there == [_LETTERS.index(one) for one in ("tps" if match[4] else "tp")]:
            seen.add(by)
            places = _LETTERS[by:] + _LETTERS[:by]
            yield text.translate(str.maketrans(places + places.upper(), _LETTERS + _LETTERS.upper()))


def from_base32(piece: str) -> str | None:
    """What a piece is as base32, if that begins with `http`."""
    if not _BASE32.fullmatch(piece):
        return None
    bare = piece.rstrip("=").upper()
    try:
        return b32decode(bare + "=" * (-len(bare) % 8)).decode("latin-1")
    except binascii.Error:
        return None


def from_base64(piece: str) -> str | None:
    """What a whole piece is as base64 or base64url, with or without padding; None when it can be no ASCII text."""
    if len(piece) < 6 or piece[0] not in _LOW or piece[4] not in _LOW or not _BASE64.fullmatch(piece):
        return None
    bare = piece.rstrip("=.")
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        raw = b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) > 8 and not any(raw[1:8:2]):
        raw = raw[::2]  # two bytes a letter
    return raw.decode("latin-1")


def hidden_base64(text: str) -> Iterator[str]:
    """Addresses in base64 anywhere in a text, with something before it, or broken by white space or slashes."""
    if "R0" not in text and "0R" not in text:
        return
    squeezed = _GAPS.sub("", text)
    for reading in (squeezed, squeezed[::-1]):
        at = reading.find(_HTTP)
        if at < 0:
            continue
        run = _RUN.match(reading, at)
        found = from_base64(run[0]) if run else None
        if found:
            # What follows may be no part of it any more: only what can be an address is kept.
            yield _NO_TEXT.split(found, maxsplit=1)[0]


def hidden_hex(text: str) -> Iterator[str]:
    """An address in hexadecimal anywhere in a text."""
    at = text.find(_HTTP_HEX)
    run = _HEX.match(text, at) if at >= 0 else None
    if run:
        yield _NO_TEXT.split(bytes.fromhex(run[0]).decode("latin-1"), maxsplit=1)[0]


def from_hex(piece: str) -> str | None:
    """What a piece is as hexadecimal."""
    if len(piece) < 8 or piece[0] not in "234567" or len(piece) % 2 or not _HEX.fullmatch(piece):
        return None
    return bytes.fromhex(piece).decode("latin-1")


def is_text(text: str) -> bool:
    """Whether what was decoded can be an address: ASCII without control signs but white space."""
    return len(text) >= 4 and text.isascii() and "".join(text.split()).isprintable()
