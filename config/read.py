"""The only YAML reader: bytes to plain values, with the line of every value, by 1.2-safe rules of our own.

YAML 1.1 reads `NO` as false, `08:30` as 510 and `010` as eight; a school means a word, a time and a name. So the values
are built here from PyYAML's events, not by its constructors: an unquoted scalar is true, false, null, a whole number,
a decimal or an ISO date only when it looks exactly like one; everything else, and every key, is text. Tags are refused,
so nothing in a file can make an object. Aliases work, but what they unfold to is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 40

type Path = tuple[str | int, ...]

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


_SHOWN: dict[type, str] = {type(None): "(nothing)", dict: "{...}", list: "[...]"}


class ConfigError(Exception):
    """A file says something that cannot be. `str` is one line: `file:line: problem; hint` (input in backticks).

    `line` counts from 1; 0 means the file as a whole.
    """

    def __init__(self, file: str, line: int, problem: str, hint: str = "") -> None:
        super().__init__(file, line, problem, hint)
        self.file, self.line, self.problem, self.hint = file, line, problem, hint

    def __str__(self) -> str:
        """Return the one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.problem}" + (f"; {self.hint}" if self.hint else "")


def quoted(value: object, limit: int = 60) -> str:
    """Return `value` as a file has it, in backticks on one line, cut to `limit` characters, for a message."""
    if value is None or isinstance(value, bool | dict | list):
        value = _SHOWN.get(type(value), str(value).lower())
    text = " ".join(str(value).replace("`", "'").split())
    text = "".join(char if char.isprintable() else "?" for char in text)
    return f"`{text[: limit - 1]}…`" if len(text) > limit else f"`{text}`"


@dataclass(frozen=True, slots=True)
class Document:
    """One read file: its value and the line (from 1) of every value, by path."""

    file: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line of the value at `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def error(self, path: Path, problem: str, hint: str = "") -> ConfigError:
        """Return the error for the value at `path`."""
        return ConfigError(self.file, self.line(path), problem, hint)


def read_yaml(data: bytes, file: str) -> Document:
    """Read one YAML document; an empty file has the value None.

    Raises:
        ConfigError: not YAML, or YAML that is refused here (size, depth, tags, doubled keys, unfolding aliases).
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(file, 0, f"the file is {len(data):,} bytes", f"at most {MAX_BYTES:,} bytes are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, "this is not utf-8 text", "save the file as utf-8") from None
    builder = _Builder(file)
    try:
        value = builder.document(iter(yaml.parse(text, Loader=_LOADER)))
    except yaml.YAMLError as error:
        raise _syntax(error, text, file) from None
    return Document(file, value, builder.lines)


# The C parser when PyYAML was built with it: ten times faster, the same events.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _syntax(error: yaml.YAMLError, text: str, file: str) -> ConfigError:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        rows = text.splitlines()
        tabbed = 0 < line <= len(rows) and "\t" in rows[line - 1]
        hint = (
            "use spaces, not tabs" if tabbed else "look at the spaces, colons and quotes of this line and the one above"
        )
        return ConfigError(file, line, f"not yaml: {error.problem or error.context or 'cannot be read'}", hint)
    position = getattr(error, "position", None)
    line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
    return ConfigError(file, line, "not yaml: a character that cannot be in a text file", "remove it")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Builder:
    """Builds values from events; one use."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self._count = 0
        self._anchors: dict[str, tuple[Any, int]] = {}

    def document(self, events: Iterator[yaml.Event]) -> Any:
        """Return the value of the only document in `events`."""
        value: Any = None
        seen = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self._error(event, "a second document starts here", "remove the line `---`")
                seen = True
                value = self._value(next(events), events, ())
        return value

    def _error(self, event: yaml.Event, problem: str, hint: str = "") -> ConfigError:
        return ConfigError(self.file, _line(event), problem, hint)

    def _grow(self, event: yaml.Event, by: int = 1) -> None:
        self._count += by
        if self._count > MAX_VALUES:
            raise self._error(event, f"the file unfolds to more than {MAX_VALUES:,} values", "use fewer aliases")

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._error(
                    event, f"alias {quoted('*' + str(event.anchor))} has no anchor before it", "write it out"
                )
            value, size = self._anchors[event.anchor]
            self._grow(event, size)
            return value
        if len(path) > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
        self.lines.setdefault(path, _line(event))
        if not isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
            raise self._error(event, "cannot be read", "write a word, a list or `key: value`")
        if event.tag is not None:
            raise self._error(event, f"tag {quoted(event.tag)} is not used here", "remove it")
        before = self._count
        self._grow(event)
        value = self._collection(event, events, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _collection(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Any:
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self._value(inner, events, (*path, len(items))))
            return items
        return self._scalar(event) if isinstance(event, yaml.ScalarEvent) else self._mapping(events, path)

    def _mapping(self, events: Iterator[yaml.Event], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
                raise self._error(event, "a key must be a plain word", "write `word: value`")
            key = event.value
            where = (*path, key)
            if key in found:
                raise self._error(event, f"key {quoted(key)} is here twice", f"see line {self.lines[where]}; keep one")
            self.lines[where] = _line(event)
            found[key] = self._value(next(events), events, where)
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.match(text):
            return int(text)
        if _DATE.match(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise self._error(
                    event, f"{quoted(text)} is not a day of the calendar", "write year-month-day"
                ) from None
        return float(text) if _DECIMAL.match(text) else text
