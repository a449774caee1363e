"""Bytes that somebody calls a CSV, to records with their line numbers. Pure, never raises, and loses no line.

Comma, semicolon or tab; UTF-8 with or without a mark, UTF-16 with one (Excel's "Unicode text"), else Windows-1252. Each
line of the file is in exactly one record: the header, a row, or an empty line. A quote that nobody closes does not
swallow the rest of the file: its line is a broken record by itself.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

LARGEST_FILE = 512 * 1024
"""Bytes of one file; a school of a thousand pupils has some 100 kB."""
MOST_LINES = 1_500
_MOST_CELLS = 200  # of one record
_LONGEST_CELL = 500  # characters; what is longer is no name
_QUOTED_LINES = 8  # that one record may go on for, between quotes (an address in three lines)
_SEPARATORS = (";", ",", "\t")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEP = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_FOREIGN = {
    b"PK\x03\x04": "spreadsheet",  # .xlsx, .ods and .zip
    b"\xd0\xcf\x11\xe0": "spreadsheet",  # the old .xls
    b"%PDF": "pdf",
}


class Kind(StrEnum):
    """What a record is."""

    HEADER = "header"
    ROW = "row"
    EMPTY = "empty"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Record:
    """One record, on the lines `first` to `last` (from 1). `cells` are as written, without white around them."""

    kind: Kind
    first: int
    last: int
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it was read. `lines` is how many it has; a file of which nothing can be made has a `problem`."""

    lines: int
    header: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    problem: str = ""


def read_table(raw: bytes, score: Callable[[Sequence[str]], int]) -> Table:
    """Read a file. `score` says how many of these cells are names of columns that are known; it picks the separator.

    `problem` is a code: `empty`, `large`, `long`, `spreadsheet`, `pdf`, `header`.
    """
    if len(raw) > LARGEST_FILE:
        return Table(0, problem="large")
    for start, what in _FOREIGN.items():
        if raw.startswith(start):
            return Table(0, problem=what)
    text = _decoded(raw)
    if not text.strip():
        return Table(0, problem="empty")
    if len(_LINE_END.findall(text)) > MOST_LINES:
        return Table(0, problem="long")
    lines = _LINE_END.split(text)
    if not lines[-1]:
        lines.pop()  # the end of the last line, not one more
    return _records(lines, score)


def _decoded(raw: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _records(lines: Sequence[str], score: Callable[[Sequence[str]], int]) -> Table:
    made: list[Record] = []
    start, told = 0, None
    while start < len(lines) and (not lines[start].strip() or _SEP.fullmatch(lines[start].strip())):
        told = _SEP.fullmatch(lines[start].strip()) or told
        made.append(Record(Kind.EMPTY, start + 1, start + 1))
        start += 1
    options = (told.group(1),) if told else _SEPARATORS
    tries = [(one, *_take(lines, start, one)) for one in options]
    separator, cells, last = max(tries, key=lambda this: (score(this[1] or ()), len(this[1] or ())))
    if not cells or not score(cells):
        return Table(len(lines), problem="header")
    made.append(Record(Kind.HEADER, start + 1, last + 1, cells))
    at = last + 1
    while at < len(lines):
        row, last = _take(lines, at, separator)
        kind = Kind.BROKEN if row is None else Kind.ROW if any(row) else Kind.EMPTY
        made.append(Record(kind, at + 1, last + 1, (row or ()) if kind is not Kind.EMPTY else ()))
        at = last + 1
    return Table(len(lines), cells, tuple(made))


def _take(lines: Sequence[str], at: int, separator: str) -> tuple[tuple[str, ...] | None, int]:
    """The cells of the record that begins at line `at` (None: broken) and the last line of it."""
    text = lines[at]
    for last in range(at, min(at + _QUOTED_LINES, len(lines))):
        if last > at:
            text = f"{text}\n{lines[last]}"
        cells = _split(text, separator)
        if cells is not None:
            whole = len(cells) <= _MOST_CELLS and all(len(cell) <= _LONGEST_CELL for cell in cells)
            return (tuple(cells) if whole else None), last
    return None, at


def _split(text: str, separator: str) -> list[str] | None:
    """The cells of a text (RFC 4180, and what programs make of it); None: a quote is still open."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(separator)]
    cells: list[str] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \u00a0" and text[at] != separator:
            at += 1
        if at < end and text[at] == '"':
            close = _closing(text, at + 1)
            if close < 0:
                return None
            quoted = text[at + 1 : close].replace('""', '"')
            rest = text.find(separator, close + 1)
            rest = end if rest < 0 else rest
            cells.append((quoted + text[close + 1 : rest]).strip())
        else:
            rest = text.find(separator, at)
            rest = end if rest < 0 else rest
            cells.append(text[at:rest].strip())
        if rest >= end:
            return cells
        at = rest + 1


def _closing(text: str, at: int) -> int:
    """Where the quote that was opened before `at` closes; -1: nowhere. Two in a row are one sign."""
    while (found := text.find('"', at)) >= 0:
        if text[found + 1 : found + 2] != '"':
            return found
        at = found + 2
    return -1
