"""Readings: digits as letters, stretched and doubled letters, signs inside words, look-alikes of another alphabet.

Every reading is made of the words that a disguise could hide in; the other words stay. A plain text has one reading.
Of a long text a reading has only what stands around the words that changed, so that padding costs and hides nothing;
words that hide in two ways at once (digits and stretched) are then left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from policy.folding import HEARD, OWN, SCRIPT, SEEN, SIGNED, SIGNS, How, Reading, fold, latin
from policy.parts import Parts
from policy.sounds import single

SEAM = "0q0q0"  # a word that nothing matches, between pieces of a long text that did not stand together
_SHORT = 400  # words of a text that is always read as a whole
_FEW_CHARACTERS = 120  # different ones: as many as prose in one language has, with its signs
_MOST_ODD = 5_000  # different words with signs in them, from either end: more than 20,000 characters can have
_AROUND = 5  # words on either side of a changed one

_PLAIN = re.compile(r"[a-z ]*\Z")
# A word in plain letters with punctuation around: no digit or sign of it can be a letter.
_TAME = re.compile(r"[\"']*[a-z]+[.,;:?!)\]\"']*\Z")


def readings(text: str, parts: Parts | None = None) -> tuple[Reading, ...]:
    """Every way the text is read, each once, the plainest first. At most some forty, nearly always one.

    With `parts` (for a very long text) only words that are then part of one of these are changed.
    """
    found: dict[str, Reading] = {}
    if _PLAIN.match(text):
        _keep(found, How.PLAIN, " ".join(text.split()))
    else:
        signed = _signed(text)
        for one in _alphabets(text, signed):
            _keep(found, one.how, one.text, one.least, whole=one.whole)
            words = (signed if one.how is not How.SOUND else one.text).split()
            odd = _odd(words)
            for how, read in _undone(_Row(words, odd, parts), odd):
                _keep(
                    found, how, _folded(read), one.least if how is How.LEET else 0, whole=one.whole and how is How.LEET
                )
    first: frozenset[str] = frozenset()
    for number, one in enumerate(tuple(found.values())):
        words = one.text.split()
        if number and len(words) > _SHORT and one.how is How.LEET:
            continue
        kinds = frozenset(words)
        for how, read in _cut(words, kinds - first, parts):
            _keep(found, how, read, one.least, whole=one.whole)
        first = first or kinds
    return tuple(found.values())


def _keep(found: dict[str, Reading], how: How, text: str, least: int = 0, *, whole: bool = False) -> None:
    if text:
        found.setdefault(text, Reading(how, f" {text} ", least, whole))


def _signed(text: str) -> str:
    """As the eye reads it, with the signs of a keyboard where they stand."""
    return text.translate(SIGNED) if text.isascii() or len(text) < 10 * _SHORT else _translated(text, SIGNED)


def _folded(text: str) -> str:
    """As `fold`."""
    return fold(text) if text.isascii() or len(text) < 10 * _SHORT else " ".join(_translated(text, SEEN).split())


def _translated(text: str, table: Mapping[int, str | None]) -> str:
    """A long text by this table, but for the number of spaces: by its different characters when they are few, else by
    its different words. Python translates what is not ASCII slowly."""
    chars = set(text)
    if len(chars) <= _FEW_CHARACTERS:
        for char in chars:
            read = table[ord(char)] or ""
            if read != char:
                text = text.replace(char, read)
        return text
    words = text.split()
    read_as = {
        word: word.translate(table) for word in set(words) if not (word.isascii() and word.islower() and word.isalnum())
    }
    return " ".join([read_as.get(word, word) for word in words])


def _odd(words: Sequence[str]) -> list[str]:
    """The different words with a digit or sign in them, in the order of the text; of too many those near its ends."""
    odd = [word for word in dict.fromkeys(words) if not word.isalpha() and not _TAME.match(word)]
    return odd if len(odd) <= 2 * _MOST_ODD else odd[:_MOST_ODD] + odd[-_MOST_ODD:]


class _Row:
    """The words of a text, and where those stand that may be another word in a reading: looked up once for all."""

    def __init__(self, words: Sequence[str], watched: Iterable[str], parts: Parts | None = None) -> None:
        self._words, self._watched, self._parts = words, watched, parts

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {word: [] for word in self._watched}
        for place, word in enumerate(self._words):
            if word in places:
                places[word].append(place)
        return places

    def changed(self, change: Mapping[str, str], around: int = _AROUND, *, cut: bool = False) -> str:
        """The text with these words changed; of a long text only what stands around them."""
        words = self._words
        matter = change if self._parts is None else _of_parts(change, self._parts, cut=cut or len(change) < _SHORT)
        if len(words) > _SHORT:
            rows = [self._places[word] for word in matter]
            if around * sum(map(len, rows)) < len(words):
                return f" {SEAM} ".join(_windows(words, sorted(chain.from_iterable(rows)), change, around))
        return " ".join([change.get(word, word) for word in words])


def _of_parts(change: Mapping[str, str], parts: Parts, *, cut: bool) -> dict[str, str]:
    """Those of these words that may be part of a term or frame when they are changed; with `cut` also when what they
    become is cut in its turn."""
    if not change:
        return {}
    read = [other if other.isascii() and other.isalnum() else fold(other) for other in change.values()]
    held = parts.within(read)
    if cut:
        again = parts.within(single("\n".join(read)).split("\n"))
        held = [one or other for one, other in zip(held, again, strict=True)]
    return {word: other for (word, other), is_held in zip(change.items(), held, strict=True) if is_held}


def _windows(words: Sequence[str], places: Sequence[int], change: Mapping[str, str], around: int) -> Iterable[str]:
    """The pieces of the text around these places, each once."""
    found: dict[str, None] = {}
    start, stop = 0, -len(words)
    for place in (*places, len(words) + 2 * around):
        if place - around > stop or stop < 0:
            if stop > 0:
                found[" ".join([change.get(word, word) for word in words[start:stop]])] = None
            start = max(0, place - around)
        stop = place + around + 1
    return found


def _alike(words: Sequence[str], change: Callable[[str], str]) -> dict[str, str]:
    """The words that a change of the text makes other ones. It is done once for all of them, a line each."""
    if not words:
        return {}
    changed = change("\n".join(words)).split("\n")
    return {word: other for word, other in zip(words, changed, strict=True) if word != other}


# --- another alphabet ------------------------------------------------------------------------------------------------


def _alphabets(text: str, signed: str) -> Iterator[Reading]:
    """Readings of a text that is not all ASCII. Only disguised words are read as the eye does: Russian is Russian."""
    if text.isascii():
        yield Reading(How.PLAIN, fold(text))
        return
    scripts = {char.translate(SCRIPT) for char in set(text)}
    if not any(scripts):
        yield Reading(How.ACCENT, _folded(signed))
        return
    foreign = any("o" in script for script in scripts)
    if not foreign:
        yield Reading(How.ACCENT, _folded(signed))
        yield Reading(How.SOUND, " ".join(text.translate(HEARD).split()))
        return
    seen: dict[str, str] = {}
    heard: dict[str, str] = {}
    words = text.split()
    for word in set(words):
        if word.isascii():
            seen[word] = heard[word] = word.translate(SEEN)
            continue
        disguised = bool(word.translate(SCRIPT)) and any(c.isalnum() and latin(c) for c in word.translate(OWN))
        seen[word] = word.translate(SEEN if disguised else OWN)
        heard[word] = word.translate(HEARD)
    yield Reading(How.ACCENT, " ".join(" ".join([seen[word] for word in words]).split()))
    yield Reading(How.SOUND, " ".join(" ".join([heard[word] for word in words]).split()), 5, whole=True)


# --- digits and signs for letters ------------------------------------------------------------------------------------

_DIGITS = {"0": "o", "2": "z", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}


class _Letters(dict[int, str]):
    """A translation that leaves other characters as they are."""

    def __missing__(self, code: int) -> str:
        return chr(code)

    def read(self, text: str) -> str:
        """The text with these characters as letters."""
        if text.isascii():
            return text.translate(self)
        for code, letter in self.items():  # quicker than to translate every character
            text = text.replace(chr(code), letter)
        return text


_LEET = (
    _Letters(str.maketrans(_DIGITS | SIGNS | {"1": "i", "!": "i", "|": "i", "6": "g", "9": "g", "¡": "i"})),
    _Letters(str.maketrans(_DIGITS | SIGNS | {"1": "l", "!": "l", "|": "l", "6": "b", "9": "g", "¡": "i"})),
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
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_APART = str.maketrans(dict.fromkeys("0123456789", " "))
_GONE = str.maketrans(dict.fromkeys("0123456789"))
_INNER = re.compile(r"(?<=[^\W_])(?:[^\w\s]|_)+(?=[^\W_])")
_JOINING = re.compile(r"(?<=[^\W_])[._~*,:;'-]+(?=[^\W_])")


def _undone(row: _Row, odd: Sequence[str]) -> Iterator[tuple[How, str]]:
    """The text with the signs and digits inside its odd words undone, in every way that makes sense of them."""
    if not odd:
        return
    if _LEETED.search(" ".join(odd)):
        lettered = [word for word in odd if _LETTER.search(word)]
        drawn = _alike(lettered, _drawn)
        for table in _LEET:
            letters = _alike([drawn.get(word, word) for word in lettered], table.read)
            read = {word: letters.get(drawn.get(word, word), drawn.get(word, word)) for word in lettered}
            yield How.LEET, row.changed({word: other for word, other in read.items() if word != other})
        numbered = [word for word in odd if _DIGIT.search(word)]
        if numbered:
            yield How.LEET, row.changed(_alike(numbered, lambda text: text.translate(_APART)))
            yield How.LEET, row.changed(_alike(numbered, lambda text: text.translate(_GONE)))
    closed = _alike(odd, lambda text: _INNER.sub("", text))
    if closed:
        yield How.SPACED, row.changed(closed, cut=True)
        joined = _alike(odd, lambda text: _JOINING.sub("", text))
        mixed = {word: other for word, other in joined.items() if _LEETED.search(other) and _LETTER.search(other)}
        for table in _LEET if mixed else ():
            yield How.LEET, row.changed({word: table.read(_drawn(other)) for word, other in mixed.items()})


def _drawn(text: str) -> str:
    """Letters that are drawn with several signs, and no signs at the end of a word."""
    for drawn, letter in _DRAWN:
        text = text.replace(drawn, letter)
    return _LAST_SIGNS.sub("", text)


# --- stretched and doubled letters -----------------------------------------------------------------------------------

_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_PAIRS = tuple(letter * 2 for letter in "abcdefghijklmnopqrstuvwxyz")
_CONSONANTS = tuple(letter * 2 for letter in "bcdfghjklmnpqrstvwxz")
_LONGEST_DOUBLED = 48
_DOUBLE_U = re.compile(r"vv|\buu(?=[aeio])")


def _cut(words: Sequence[str], kinds: frozenset[str], parts: Parts | None = None) -> Iterator[tuple[How, str]]:
    """`kuuut` as kut and kuut; `kkuutt` as kut; `vvater` as water."""
    text = " ".join(kinds)
    once = single(text)
    if len(once) == len(text) and (text.isascii() or not _STRETCHED.search(text)):
        return
    bare = {word: other for word, other in zip(text.split(" "), once.split(" "), strict=True) if word != other}
    repeated = [word for word, other in bare.items() if len(other) < len(word) - 1]
    if parts:
        held = parts.within([bare[word] for word in repeated])
        repeated = [word for word, is_held in zip(repeated, held, strict=True) if is_held]
    foreign = [] if text.isascii() else [word for word in kinds if not word.isascii()]
    stretched = [word for word in dict.fromkeys((*repeated, *foreign)) if _STRETCHED.search(word)]
    doubled = [word for word in repeated if len(word) <= _LONGEST_DOUBLED]
    double_v = {word: _DOUBLE_U.sub("w", word) for word in bare if _DOUBLE_U.search(word)}
    row = _Row(words, (*stretched, *doubled, *double_v))
    if stretched:
        yield How.STRETCHED, row.changed(_alike(stretched, lambda text: _STRETCHED.sub(r"\1", text)))
        yield How.STRETCHED, row.changed(_alike(stretched, lambda text: _STRETCHED.sub(r"\1\1", text)))
    if doubled:
        yield How.STRETCHED, row.changed({word: bare[word] for word in doubled}, 1)
        yield How.STRETCHED, row.changed(_alike(doubled, _halved), 1)
        yield How.STRETCHED, row.changed(_alike(doubled, lambda text: single(text, _CONSONANTS)), 1)
    if double_v:
        yield How.LEET, row.changed(double_v, 1)


def _halved(text: str) -> str:
    """Every letter that was typed twice as one: `fflliikkkkeerr` is flikker."""
    for pair in _PAIRS:
        text = text.replace(pair, pair[0])
    return text


# --- letters apart ---------------------------------------------------------------------------------------------------

_SINGLE = re.compile(r"(?<!\S)[^\W\d](?!\S)")
_SHORT_ONES = re.compile(r"(?<!\S)(?:[^\W\d]{1,2} ){2,}[^\W\d]{1,2}(?!\S)")


def apart(text: str) -> bool:
    """Whether letters in this reading stand apart, so that words may have to be put together again."""
    return bool(_SINGLE.search(text) or _SHORT_ONES.search(text))
