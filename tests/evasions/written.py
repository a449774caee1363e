"""Ways of writing an address so that nobody sees it: what some web proxy really does, or what a child thinks of."""

from __future__ import annotations

from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

type Way = Callable[[str], str]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def percent(text: str) -> str:
    return quote(text, safe="")


def all_percent(text: str) -> str:
    return "".join(f"%{ord(char):02x}" for char in text)


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def every_second(text: str) -> str:
    """As Ultraviolet writes it."""
    return "".join(chr(ord(char) ^ 2) if place % 2 else char for place, char in enumerate(text))


def turned(places: int) -> Way:
    there = _LETTERS[places:] + _LETTERS[:places]
    table = str.maketrans(_LETTERS + _LETTERS.upper(), there + there.upper())
    return lambda text: text.translate(table)


WAYS: dict[str, Way] = {
    "plain": str,
    "percent": percent,
    "percent twice": lambda text: percent(percent(text)),
    "every letter in percents": all_percent,
    "base64": base64,
    "base64url": base64url,
    "base64 twice": lambda text: base64(base64(text)),
    "base64 backwards": lambda text: base64(text)[::-1],
    "base32": lambda text: b32encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "backwards": lambda text: text[::-1],
    "ROT13": turned(13),
    "Caesar": turned(3),
    "XOR 2": every_second,
    "XOR with one byte": lambda text: "".join(chr(ord(char) ^ 21) for char in text),
}
"""Each as it stands in a body; in an address it is quoted once more."""


def quoted(way: Way) -> Way:
    """The same as a piece of an address."""
    return way if way in (percent, all_percent) else lambda text: percent(way(text))
