"""Folding: every way in which a text can be read, as lower-case words with single spaces.

A child who wants past a word list uses accents, letters of another alphabet, signs that nobody sees, points, spaces,
digits or stretched letters. Folding undoes that before anything is looked up. How many readings there are depends on
what the text holds and is bounded; a text in plain letters has one.
"""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from anyascii import anyascii

from policy.lookalike import READ_AS

APOSTROPHES = "'’‘`´ʼ＇"
_TABLE_SIZE = 20_000  # characters remembered; there are a million that an attacker could send
_SKIN_TONES = range(0x1F3FB, 0x1F400)
# Letters of other scripts that look like ours, beside those in names: capitals, and what only a phone keyboard has.
_MORE_LOOKALIKES = {
    "b": "βБв",
    "c": "ςↄ",
    "e": "Σε∈",
    "f": "ғ",
    "h": "ћ",
    "k": "қԟꓗᏦ",
    "l": "ӏ",
    "n": "иñηπ",
    "r": "я",
    "s": "ѕց",
    "t": "†тԏ",
    "u": "υսцμ∪",
    "v": "∨",
    "x": "×",
    "y": "λ",
}
_LOOKALIKES = {char: letter for letter, chars in _MORE_LOOKALIKES.items() for char in chars.casefold()}
_LOOKALIKES |= {char: letter for letter, chars in READ_AS.items() for char in chars if not char.isascii()}
# Those that look so much like ours that a word may be made of nothing else; `и` and `п` only help a mixed word.
_TIGHT = frozenset("аеорсухіјѕԁһкмтвнοαεκιυντρχβηԛԝӏυցոսհզտ")
# What the eye reads as two letters at will: `у` is both our y and, in Dutch mouths, the u of кут.
_ALSO = {"у": "u", "ү": "u", "υ": "u", "в": "v", "н": "n", "р": "r", "с": "s", "х": "h", "η": "h", "ν": "n", "ω": "o"}
_ALSO |= {"ӏ": "l", "ѕ": "s"}


# Signs of a keyboard that stand for a letter.
SIGNS = {"@": "a", "$": "s", "€": "e", "£": "l", "¥": "y", "(": "c", "<": "c", "{": "c", "+": "t", "¢": "c", "§": "s"}


class How(StrEnum):
    """By which reading a term was found; for the test box only."""

    PLAIN = "plain"
    ACCENT = "accent"
    SOUND = "sound"
    LEET = "leet"
    STRETCHED = "stretched"
    SPACED = "spaced"
    MASKED = "masked"
    SLIP = "slip"
    SPELLING = "spelling"
    COMPOUND = "compound"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text: words with single spaces, one space at both ends.

    `least` is how many letters a term has to have to count here: a text that is truly in another alphabet may sound
    like one of our short words by chance. With `whole` only whole words count.
    """

    how: How
    text: str
    least: int = 0
    whole: bool = False


class _Table(dict[int, str | None]):
    """A translation table that fills itself. It remembers characters, never words.

    What is read as nothing is None: with an empty text Python takes the slow way for all that follows.
    """

    def __missing__(self, code: int) -> str | None:
        read = self._read(chr(code)) or None
        if len(self) < _TABLE_SIZE:
            self[code] = read
        return read

    def _read(self, char: str) -> str:
        return "".join(self._letter(part) for part in _bare(char))

    @abstractmethod
    def _letter(self, part: str) -> str:
        """How one letter or sign is read."""


def _bare(char: str) -> str:
    """Compatibility form in small letters, without marks and signs that cannot be seen."""
    read = char
    for _ in range(4):  # taking off a mark can bring another form to light
        again = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", read).casefold())
        again = "".join(c for c in again if unicodedata.category(c) not in {"Mn", "Me", "Cf", "Cc", "Cn", "Co", "Cs"})
        if again == read:
            break
        read = again
    return " " if char.isspace() else read


def latin(letter: str) -> bool:
    """Whether this is a letter of our alphabet, whatever is on it."""
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def _signs(part: str) -> str:
    """What stands for an emoji: itself, as a word of its own. Other signs part words."""
    if part in APOSTROPHES or ord(part) in _SKIN_TONES:
        return ""
    return f" {part} " if unicodedata.category(part) == "So" else " "


def _letters(part: str) -> str:
    """A letter of ours for one letter or sign, or nothing: `ø` is o, a squared B is b."""
    plain = anyascii(part).lower()
    return plain if plain.isalnum() and len(plain) <= 4 else ""


class _Seen(_Table):
    """As the eye reads it: a letter of another alphabet that looks like one of ours is that one."""

    def _letter(self, part: str) -> str:
        if part.isascii():
            return part if part.isalnum() else _signs(part)
        look = _LOOKALIKES.get(part)
        if look:
            return look
        return _letters(part) or (_signs(part) if not part.isalnum() else "")


class _Heard(_Table):
    """As the letters sound in their own alphabet."""

    def _letter(self, part: str) -> str:
        if part.isascii():
            return part if part.isalnum() else _signs(part)
        return _ALSO.get(part) or _letters(part) or (_signs(part) if not part.isalnum() else "")


class _Own(_Table):
    """Letters of another alphabet stay as they are: a school may have terms in it."""

    def _letter(self, part: str) -> str:
        if part.isascii():
            return part if part.isalnum() else _signs(part)
        if part.isalpha() and not latin(part):
            return part
        return _letters(part) or (_signs(part) if not part.isalnum() else part)


class _Signed(_Seen):
    """As the eye reads it, with the signs of a keyboard where they stand."""

    def _letter(self, part: str) -> str:
        return part if part.isascii() or part in SIGNS else super()._letter(part)


class _Script(_Table):
    """`o` for a letter of another alphabet, `s` for one that looks like ours; nothing for all else."""

    def _letter(self, part: str) -> str:
        if not part.isalpha() or latin(part):
            return ""
        return "s" if part in _TIGHT else "o"


SEEN, HEARD, OWN, SIGNED, SCRIPT = _Seen(), _Heard(), _Own(), _Signed(), _Script()


def fold(text: str) -> str:
    """Text as the eye reads it: small letters, no marks or invisible signs, single spaces between words."""
    return " ".join(text.translate(SEEN).split())
