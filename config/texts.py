"""Sentences for humans: a code and a language to a sentence. All of `config/text/*.<language>.yaml` is one book.

A file maps a code to a sentence; nested mappings are joined with dots (`page: {title: ...}` is `page.title`).
A sentence names its values as `{name}`; nothing else in braces has a meaning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from config.factory import factory_files
from config.read import Document, Path, quoted
from policy.model import Reason

STRICT = "KLASWACHT_STRICT_TEXTS"
_LANGUAGES = ("nl", "en")
_GENERAL = {"nl": "Vraag het aan je juf of meester.", "en": "Ask your teacher."}
_VALUE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def say(code: str, lang: str = "nl", **values: object) -> str:
    """Return the sentence of `code` in `lang` (an unknown language is Dutch) with its values filled in.

    A code or value that is missing gives a safe general sentence, so that a page never fails on a text.

    Raises:
        KeyError: only where `KLASWACHT_STRICT_TEXTS` is set (tests).
    """
    lang = lang if lang in _LANGUAGES else _LANGUAGES[0]
    try:
        return _VALUE.sub(lambda match: str(values[match.group(1)]), book(lang)[code])
    except KeyError:
        if os.environ.get(STRICT):
            raise
        return _GENERAL[lang]


def has(code: str, lang: str = "nl") -> bool:
    """Whether there is a sentence for `code`."""
    return code in book(lang if lang in _LANGUAGES else _LANGUAGES[0])


def reason_sentence(reason: Reason, lang: str = "nl", **values: object) -> str:
    """Return why the answer is what it is, for a child (Dutch A2, sentences of at most 12 words)."""
    return say(f"reason.{reason.value}", lang, **values)


def technical_sentence(reason: Reason, lang: str = "nl", **values: object) -> str:
    """Return the same for an adult who asks why (the `message` of `klaswacht check`)."""
    return say(f"check.{reason.value}", lang, **values)


def languages() -> tuple[str, ...]:
    """Return the languages there are, Dutch first."""
    return _LANGUAGES


def placeholders(sentence: str) -> frozenset[str]:
    """Return the names of the values that a sentence needs."""
    return frozenset(_VALUE.findall(sentence))


@cache
def book(lang: str) -> Mapping[str, str]:
    """Return every sentence of a language by its code, read once a process.

    Raises:
        ConfigError: a file is wrong, or two files have one code.
    """
    found: dict[str, str] = {}
    origin: dict[str, str] = {}
    for document in factory_files("text"):
        if not document.file.endswith(f".{lang}.yaml"):
            continue
        for code, sentence, path in _entries(document, document.value or {}, ()):
            if code in found:
                raise document.error(path, f"code {quoted(code)} is in {quoted(origin[code])} too", "keep one")
            found[code], origin[code] = sentence, document.file
    return MappingProxyType(found)


def _entries(document: Document, value: Any, path: Path) -> Iterator[tuple[str, str, Path]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entries(document, inner, (*path, key))
    elif isinstance(value, str) and path:
        yield ".".join(str(step) for step in path), value.strip(), path
    else:
        raise document.error(path, f"{quoted(value)} is not a sentence", "put it in quotes")
