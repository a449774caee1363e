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
