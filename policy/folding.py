"""Folding: every way in which a text can be read, as lower-case words with single spaces.

A child who wants past a word list uses accents, letters of another alphabet, signs that nobody sees, points, spaces,
digits or stretched letters. Folding undoes that before anything is looked up. How many readings there are depends on
what the text holds and is bounded; a text in plain letters has one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
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


class _Table(dict[int, str]):
    """A translation table that fills itself. It remembers characters, never words."""

    def __missing__(self, code: int) -> str:
        read = self._read(chr(code))
        if len(self) < _TABLE_SIZE:
            self[code] = read
        return read

    def _read(self, char: str) -> str:
        return "".join(self._letter(part) for part in _bare(char))

    def _letter(self, part: str) -> str:
        raise NotImplementedError


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


def _latin(letter: str) -> bool:
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
        if part.isalpha() and not _latin(part):
            return part
        return _letters(part) or (_signs(part) if not part.isalnum() else part)


class _Signed(_Seen):
    """As the eye reads it, with the signs of a keyboard where they stand."""

    def _letter(self, part: str) -> str:
        return part if part.isascii() or part in _SIGNS else super()._letter(part)


class _Script(_Table):
    """`o` for a letter of another alphabet, `s` for one that looks like ours; nothing for all else."""

    def _read(self, char: str) -> str:
        if char.isascii():
            return ""
        return "".join("s" if part in _TIGHT else "o" for part in _bare(char) if part.isalpha() and not _latin(part))


_SEEN, _HEARD, _OWN, _SIGNED, _SCRIPT = _Seen(), _Heard(), _Own(), _Signed(), _Script()
_LOOK = str.maketrans(dict.fromkeys(APOSTROPHES))


def fold(text: str) -> str:
    """Text as the eye reads it: small letters, no marks or invisible signs, single spaces between words."""
    return " ".join(text.translate(_SEEN).split())


# --- another alphabet ------------------------------------------------------------------------------------------------


def _alphabets(text: str) -> Iterator[Reading]:
    """Readings of a text that is not all ASCII. Only disguised words are read as the eye does: Russian is Russian."""
    scripts = text.translate(_SCRIPT)
    if not scripts:
        yield Reading(How.PLAIN if text.isascii() else How.ACCENT, fold(text))
        return
    foreign = "o" in scripts
    seen, heard = [], []
    for word in text.split():
        disguised = not foreign or (
            bool(word.translate(_SCRIPT)) and any(c.isalnum() and _latin(c) for c in word.translate(_OWN))
        )
        seen.append(word.translate(_SEEN if disguised else _OWN))
        heard.append(word.translate(_HEARD))
    yield Reading(How.ACCENT, " ".join(" ".join(seen).split()))
    yield Reading(How.SOUND, " ".join(" ".join(heard).split()), 5 if foreign else 0, foreign)


# --- digits and signs for letters ------------------------------------------------------------------------------------

_DIGITS = {"0": "o", "2": "z", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
_SIGNS = {"@": "a", "$": "s", "€": "e", "£": "l", "¥": "y", "(": "c", "<": "c", "{": "c", "+": "t", "¢": "c", "§": "s"}
_LEET = (
    str.maketrans(_DIGITS | _SIGNS | {"1": "i", "!": "i", "|": "i", "6": "g", "9": "g", "¡": "i"}),
    str.maketrans(_DIGITS | _SIGNS | {"1": "l", "!": "l", "|": "l", "6": "b", "9": "g", "¡": "i"}),
)
_DRAWN = (
    ("|<", "k"),
    ("\\/\\/", "w"),
    ("|_|", "u"),
    ("|\\|", "n"),
    ("/\\", "a"),
    ("\\/", "v"),
    ("()", "o"),
    ("|)", "d"),
)
# A letter with a digit or sign on it; a sign at the end of a word is punctuation, a digit there a number.
_LEETED = re.compile(r"[^\W\d_][\d@$€£¥(<{+!|¢§¡/\\)_-]+[^\W\d_]|[\d@$€£¥(<{+|¢§¡][^\W_]|[^\W\d_][\d@$€£¢§]")
_LAST_SIGNS = re.compile(r"[!|(+<{]+(?=\s|$|[.,?])")
_NUMBERS = re.compile(r"\d+")
_DOUBLE_V = re.compile(r"v\s?v|uu")


def _leets(text: str) -> Iterator[str]:
    """The text with digits and signs inside words as letters, twice (1 is i or l), and with the digits gone."""
    small = text.translate(_SIGNED)
    if not _LEETED.search(small):
        return
    for drawn, letter in _DRAWN:
        small = small.replace(drawn, letter)
    words = [_LAST_SIGNS.sub("", word) if any(c.isalpha() for c in word) else "" for word in small.split()]
    bare = small.split()
    for table in _LEET:
        yield " ".join(word.translate(table) if word else raw for word, raw in zip(words, bare, strict=True))
    if _NUMBERS.search(small):
        yield _NUMBERS.sub(" ", small)
        yield _NUMBERS.sub("", small)


# --- stretched letters -----------------------------------------------------------------------------------------------

_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_DOUBLED = re.compile(r"(?<!\S)(?=\S{2,24}(?!\S))\S*([^\W\d])\1\S*([^\W\d])\2\S*(?!\S)")
_CONSONANTS = re.compile(r"([bcdfghjklmnpqrstvwxz])\1+")
_RUN = re.compile(r"([^\W\d])\1+")


def _cut(text: str) -> Iterator[str]:
    """`kuuut` as kut and kuut; `kkuutt` as kut."""
    if _STRETCHED.search(text):
        once = _STRETCHED.sub(r"\1", text)
        yield once
        yield _STRETCHED.sub(r"\1\1", text)
        # `kuuuuttt` beside `kuttt`: in a word that is stretched anywhere, doubles may be too.
        yield " ".join(_RUN.sub(r"\1", word) if _STRETCHED.search(word) else word for word in text.split())
    if _DOUBLED.search(text):
        for run in (_RUN, _CONSONANTS):
            yield " ".join(run.sub(r"\1", word) if _DOUBLED.fullmatch(word) else word for word in text.split())


# --- signs inside words ----------------------------------------------------------------------------------------------

_INNER = re.compile(r"(?<=[^\W_])(?:[^\w\s]|_)+(?=[^\W_])")


def _closed(text: str) -> Iterator[str]:
    """`ne.uk-en` without the signs."""
    small = text.translate(_SIGNED)
    if _INNER.search(small):
        yield _INNER.sub("", small)


# --- all readings ----------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[a-z ]*\Z")


def readings(text: str) -> tuple[Reading, ...]:
    """Every way the text is read, each once, the plainest first. At most some thirty, nearly always one."""
    if _PLAIN.match(text):
        plain = " ".join(text.split())
        if not plain:
            return ()
        found = {plain: Reading(How.PLAIN, f" {plain} ")}
        if "vv" in plain:
            _keep(found, How.LEET, plain.replace("vv", "w"), 0, whole=False)
        _stretch(found, plain, 0, whole=False)
        return tuple(found.values())
    found = {}
    for one in _alphabets(text):
        _keep(found, one.how, one.text, one.least, whole=one.whole)
        for leet in _leets(text if one.how is not How.SOUND else one.text):
            _keep(found, How.LEET, fold(leet), one.least, whole=one.whole)
    for closed in _closed(text):
        _keep(found, How.SPACED, fold(closed), 0, whole=False)
    for one in tuple(found.values()):
        _stretch(found, one.text.strip(), one.least, whole=one.whole)
        if _DOUBLE_V.search(one.text):
            _keep(found, How.LEET, one.text.replace("vv", "w").replace("uu", "w").strip(), one.least, whole=one.whole)
    return tuple(found.values())


def _keep(found: dict[str, Reading], how: How, text: str, least: int, *, whole: bool) -> None:
    if text:
        found.setdefault(text, Reading(how, f" {text} ", least, whole))


def _stretch(found: dict[str, Reading], text: str, least: int, *, whole: bool) -> None:
    for cut in _cut(text):
        _keep(found, How.STRETCHED, cut, least, whole=whole)


# --- letters apart ---------------------------------------------------------------------------------------------------

_SINGLE = re.compile(r"(?<!\S)[^\W\d](?!\S)")
_SHORT_ONES = re.compile(r"(?<!\S)(?:[^\W\d]{1,2} ){2,}[^\W\d]{1,2}(?!\S)")


def apart(text: str) -> bool:
    """Whether letters in this reading stand apart, so that words may have to be put together again."""
    return bool(_SINGLE.search(text) or _SHORT_ONES.search(text))


# --- how it is spelled ------------------------------------------------------------------------------------------------

_SOUNDS = re.compile(r"sch(?= )|ck|c(?!h)|q|ph|x|ij|ey|ei|y|au|d+t?(?= )|dt|ch|z|v|ie|(.)\1+")
_TWICE = re.compile(r"([a-z])\1+")
_SOUND_OF = {
    "sch": "s",
    "ck": "k",
    "c": "k",
    "q": "k",
    "ph": "f",
    "x": "ks",
    "ij": "y",
    "ey": "y",
    "ei": "y",
    "au": "ou",
    "dt": "t",
    "d": "t",
    "ch": "g",
    "z": "s",
    "v": "f",
    "ie": "i",
}


def _sound(found: re.Match[str]) -> str:
    piece = found.group()
    return _SOUND_OF.get(piece) or (
        "t" if piece[0] == "d" and found.end() < len(found.string) and found.string[found.end()] == " " else piece[0]
    )


def spelling(text: str) -> str:
    """How it sounds in a Dutch child's spelling: `wort`, `word` and `wordt` are one. For a text with spaces around."""
    return _TWICE.sub(r"\1", _SOUNDS.sub(_sound, text))
