"""Names that are looked up over https (DoH), known by the shape of the message and not by whom it goes to.

Messages: RFC 1035 4.1; how they travel: RFC 8484 (`application/dns-message`, `?dns=`), RFC 9230 (sealed for another
server), and the JSON that public resolvers answer.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from policy.model import Address

MEDIA = frozenset(
    {
        "application/dns-message",
        "application/dns-udpwireformat",  # as drafts had it, and old programs still do
        "application/oblivious-dns-message",
        "application/dns-json",
    }
)
"""Media types that nothing but a look-up has."""

_HEADER = 12  # bytes
_LONGEST = 1500  # bytes: no question is longer, padded (RFC 8467) or not
_TYPES = frozenset({"a", "aaaa", "any", "caa", "cname", "https", "mx", "ns", "ptr", "soa", "srv", "svcb", "txt"})
_CLASSES = frozenset({1, 3, 255})  # internet, chaos, any
_PLACES = frozenset({"dns-query", "resolve"})
_CODED = re.compile(r"[A-Za-z0-9_+/-]{23,2000}={0,2}")  # base64 of a header and the shortest question


def is_lookup(data: bytes) -> bool:
    """Whether bytes are one DNS question as a client sends it: nothing less, and nothing behind it."""
    if not _HEADER + 5 <= len(data) <= _LONGEST:
        return False
    flags, questions, answers, authorities, additional = (
        int.from_bytes(data[at : at + 2]) for at in range(2, _HEADER, 2)
    )
    # A question, of the ordinary kind, with at most what says how long an answer may be (EDNS) or who signs it.
    if flags & 0xF840 or questions != 1 or answers or authorities or additional > 2:
        return False
    at = _past_name(data, _HEADER)
    if at is None or len(data) < at + 4 or int.from_bytes(data[at + 2 : at + 4]) & 0x7FFF not in _CLASSES:
        return False
    at += 4
    for _ in range(additional):
        after = _past_name(data, at)
        if after is None or len(data) < after + 10:
            return False
        at = after + 10 + int.from_bytes(data[after + 8 : after + 10])
    return at == len(data)


def looks_up(address: Address) -> bool:
    """Whether an address is a look-up: a message in its query or path, or the question in words."""
    asked: dict[str, str] = {}
    for piece in address.query.split("&"):
        name, _, value = piece.partition("=")
        asked[unquote(name).lower()] = unquote(value)
    segments = [unquote(one) for one in address.path.split("/") if one]
    if any(_is_coded(one) for one in (*asked.values(), *segments)):
        return True
    place, kind = segments[-1].lower() if segments else "", asked.get("type", "").lower()
    if place not in _PLACES or "." not in asked.get("name", ""):
        return False
    return kind in _TYPES or kind.isdecimal() or (place == "dns-query" and not kind)


def _is_coded(text: str) -> bool:
    if not _CODED.fullmatch(text):
        return False
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return is_lookup(base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)))
    except (ValueError, binascii.Error):
        return False


def _past_name(data: bytes, at: int) -> int | None:
    """Where the name that begins at `at` is over; None when it is none."""
    size = 0
    while at < len(data):
        length = data[at]
        at += 1
        size += length + 1
        if length == 0:
            return at
        if length > 63 or size > 255:
            return None
        at += length
    return None
