"""How a text is read before anything is looked for in it: signs made plain, spelled numbers in digits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_plus

MOST = 64 * 1024
"""Characters of a text that are read."""

_HIDDEN = ((0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0x300, 0x370), (0x1D173, 0x1D17B))
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x61C, 0x180E, 0xFE0E, 0xFE0F, 0x20E3, 0xFEFF]
    + [sign for first, end in _HIDDEN for sign in range(first, end)]
)
_PLAIN = {ord(sign): "-" for sign in "‐‑‒–—―−"} | {ord(sign): "'" for sign in "‘’‛`´"} | {ord(s): '"' for s in "“”„"}
_FOREIGN_DIGIT = re.compile(r"[^\x00-\x7f]")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|^[\w.\-\[\]]{1,64}=[^&]*(?:&[\w.\-\[\]]{1,64}=|$)")
"""Text as a form or an address carries it."""

_UNITS = ["nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"]
_TEENS = ["tien", "elf", "twaalf", "dertien", "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien"]
_TENS = ["twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig"]
_ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def _number_words() -> dict[str, str]:
    found = {word: str(value) for value, word in enumerate(_UNITS)}
    found |= {word: str(value + 10) for value, word in enumerate(_TEENS)}
    found |= {word: str(value) for value, word in enumerate(_ENGLISH)}
    found |= {"één": "1", "eén": "1", "oh": "0", "noel": "0", "nulzes": "06", "nul zes": "06"}
    for value, ten in enumerate(_TENS, 2):
        found[ten] = f"{value}0"
        for unit, name in enumerate(_UNITS[1:], 1):
            joint = "ën" if name.endswith("e") else "en"
            found[f"{name}{joint}{ten}"] = found[f"{name}en{ten}"] = f"{value}{unit}"
    return found


_NUMBER_WORDS = _number_words()
_SPELLED = re.compile(r"nul|zero|noel|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|twaalf|two|three|four|seven|eight")
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"(?<=\d)\s{0,3}(?:(?:,\s?)?(?:en )?\bdan\b|,|\ben\b|\bstreepje\b|\bpunt\b|\bmin\b)\s{0,3}(?=\d)")
_ROUND = re.compile(r"\b[0-9oOlI]{2,12}\b")
_ROUND_START = re.compile(r"\b[oO][ .-]?6|\b0[ .-]?6[ .-]?\d{0,8}[oOlI]")
_ROUND_DIGITS = str.maketrans("oOlI", "0011")


def words(text: str) -> frozenset[str]:
    """The words of a text as a set: how lists of them are written here."""
    return frozenset(text.split())


def mentions(low: str, signs: tuple[str, ...]) -> bool:
    """Whether any of these is in the text: far cheaper than a pattern, and most texts have none."""
    return any(sign in low for sign in signs)


@dataclass(frozen=True)
class Reading:
    """A text made plain, and the same in small letters (of the same length). Not slotted: looks are kept."""

    text: str
    low: str

    @cached_property
    def has_digits(self) -> bool:
        """Whether there is any number in it."""
        return _DIGIT.search(self.text) is not None

    @cached_property
    def spelled(self) -> str | None:
        """The text with numbers in words and letters that stand for digits as digits; None when there are none."""
        text = self.low
        if _ROUND_START.search(self.text):
            text = _ROUND.sub(_round, self.text).lower()
        numbers = _SPELLED.search(text) is not None and ("06" in text or "nul" in text or bool(_ZERO.search(text)))
        if numbers:
            text = _BETWEEN.sub(" ", _WORD.sub(lambda m: _NUMBER_WORDS.get(m.group(), m.group()), text))
        return text if text != self.low else None


_DIGIT = re.compile(r"\d")
_ZERO = re.compile(r"\b(?:zero|oh|noel|0)\b")


def _round(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(_ROUND_DIGITS) if any(sign.isdigit() for sign in word) else word


def read(text: str) -> Reading:
    """The text made plain: the start of it, unescaped if it is a form, NFKC, ASCII digits, no hidden signs."""
    text = text[:MOST]
    if " " not in text and _ESCAPED.search(text):
        text = unquote_plus(text, errors="replace")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:MOST].translate(_INVISIBLE).translate(_PLAIN)
        text = _FOREIGN_DIGIT.sub(_ascii_digit, text)
    low = text.lower()
    return Reading(text, low) if len(low) == len(text) else Reading(low, low)


def _ascii_digit(match: re.Match[str]) -> str:
    sign = match.group()
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)
