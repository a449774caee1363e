"""The fields of a query or a form as sites of every make read them, so that no way of writing hides a word in it.

What is judged is bounded. No search engine reads more than some 2,000 characters of a query, and no server an address
of more than some 16,000; so of a long text its start, its end and its different words are judged: padding before,
after or between (blanks, signs, one word again and again) hides nothing that an engine would still find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

MOST_FIELDS = 5_000  # that are read, half from the start and half from the end: more do not go into 16,000 characters
MOST_READ = 32 * 1024  # characters of one value that are read, half from the start and half from the end
MOST_JUDGED = 8_000  # characters of text that come out
_END = 2_000  # characters kept whole at both ends of a longer text
_DEEPER = 2  # times that a value is decoded again
_LONGEST_NAME = 200
_SIGNS = re.compile(r"[\W_]{2,}")
_RUN = re.compile(r"(?<!\w)[A-Za-z0-9+/=_:.~-]{16,}(?!\w)")
_PICTURE = re.compile(r"tbn:[\w:-]{20,}", re.ASCII)  # Google's name for a small picture
_HEX = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Fa-f-]{16,}")  # hashes and uuids
_NO_LETTER_OR_DIGIT = re.compile(r"[^A-Za-z0-9]+")
_DIGITS = re.compile(r"[0-9]+")
_SHORTEST_RANDOM = 20
_SHORTEST_PIECE = 8  # between two signs of base64 there are mostly more
_SHORTEST_WORD = 4  # a shorter piece with signs around it comes by chance


@dataclass(frozen=True, slots=True)
class Typed:
    """One field: every name that some site reads it by (lower case), and what is in it."""

    names: tuple[str, ...]
    value: str


def of_query(query: str) -> list[Typed]:
    """The fields of a query string or a form that was posted, in their order."""
    if not query:
        return []
    pieces = query.split("&")
    if len(pieces) > MOST_FIELDS:
        pieces = pieces[: MOST_FIELDS // 2] + pieces[-MOST_FIELDS // 2 :]
    found: list[Typed] = []
    for piece in pieces:
        found += _of_piece(piece)
        if ";" in piece:
            # Some servers end a field here; the first part has been read with the whole.
            for part in piece.split(";", MOST_FIELDS)[1:MOST_FIELDS]:
                found += _of_piece(part)
    return found


def of_pairs(pairs: Iterable[tuple[str, str]]) -> list[Typed]:
    """The same of fields that were decoded already; a dot leads to a field inside another (JSON)."""
    return [Typed(names_of(name[:_LONGEST_NAME]), _clipped(value)) for name, value in pairs if value]


def _of_piece(piece: str) -> Iterator[Typed]:
    name, equals, value = piece.partition("=")
    if equals and value:
        yield Typed(names_of(_decoded(name[:_LONGEST_NAME])), _clipped(_decoded(value)))


def _decoded(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _clipped(value: str) -> str:
    if len(value) <= MOST_READ:
        return value
    value = _SIGNS.sub(" ", value)
    return value if len(value) <= MOST_READ else f"{value[: MOST_READ // 2]} {value[-MOST_READ // 2 :]}"


def names_of(name: str) -> tuple[str, ...]:
    """Every name that a site reads a field by: `Q`, ` q`, `q[]` and `q[0]` are `q`, `tx_solr[q]` is `q` too."""
    plain = name.strip(" \t\r\n\0").lower()
    if plain.isalnum():
        return (plain,)
    found = {plain: None, plain.replace(".", "_").replace(" ", "_"): None}
    parts = [part for part in re.split(r"[\[\].]+", plain) if part]
    if parts:
        found[parts[0]] = None
        found[next((part for part in reversed(parts) if not part.isdigit()), parts[0])] = None
    return tuple(found)


def text_of(values: Sequence[str]) -> str:
    """The text to judge: every value (a doubled field must not hide the second), what is encoded twice also undone."""
    whole = " ".join(dict.fromkeys(reading for value in values for reading in _readings(value))).strip()
    return whole if len(whole) <= MOST_JUDGED else _bounded(whole)


def worded(value: str) -> str:
    """A value without what only a machine writes: ids of pictures, hashes, keys, base64.

    Random signs hit a word now and then, and nobody types them. Of each such run the pieces that could be words stay,
    so that a word between long ids is still read.
    """
    return _RUN.sub(_words_of_run, value) if _RUN.search(value) else value


def _words_of_run(run: re.Match[str]) -> str:
    text = run[0]
    if _PICTURE.fullmatch(text) or _HEX.fullmatch(text):
        return ""
    pieces = _NO_LETTER_OR_DIGIT.split(text)
    random = sum(len(piece) for piece in pieces if _is_random(piece))
    if len(text) < _SHORTEST_RANDOM or random * 2 < sum(map(len, pieces)):
        return text
    return " ".join(piece for piece in pieces if len(piece) >= _SHORTEST_WORD and piece.isalpha())


def _is_random(piece: str) -> bool:
    """Letters of both cases with a digit, or digits in more than one place: no word with a number after it."""
    digits = len(_DIGITS.findall(piece))
    if not digits or piece.isdigit():
        return False
    return piece.upper() != piece != piece.lower() or (digits > 1 and len(piece) >= _SHORTEST_PIECE)


def _readings(value: str) -> Iterator[str]:
    yield value
    for _ in range(_DEEPER):
        if "%" not in value:
            return
        undone = unquote_plus(value)
        if undone == value:
            return
        yield undone
        value = undone


def _bounded(text: str) -> str:
    different = " ".join(dict.fromkeys(_SIGNS.sub(" ", text).split()))
    half = MOST_JUDGED // 2 - _END - 2  # and the blanks between
    if len(different) > 2 * half:
        different = f"{different[:half]} {different[-half:]}"
    return f"{text[:_END]} {different} {text[-_END:]}"
