"""Values at a place in a factory file: lists of texts, and the complaint when they are none."""

from __future__ import annotations

from typing import Any

from config.read import Document, Path, quoted


def value_at(document: Document, at: Path) -> Any:
    """The value at a place that is known to be there."""
    value = document.value
    for step in at:
        value = value[step]
    return value


def texts_under(document: Document, at: Path, key: str) -> tuple[str, ...]:
    """A list of texts that need not be there."""
    return texts_at(document, (*at, key)) if key in value_at(document, at) else ()


def texts_at(document: Document, at: Path) -> tuple[str, ...]:
    """A list of texts.

    Raises:
        ConfigError: it is no list, or something in it is no text.
    """
    value = value_at(document, at)
    if not isinstance(value, list):
        raise document.error(at, f"{quoted(value)} is not a list", "write it like `[one, two]`")
    for number, item in enumerate(value):
        if not isinstance(item, str):
            raise document.error((*at, number), f"{quoted(item)} is not text", "put it in quotes")
    return tuple(value)
