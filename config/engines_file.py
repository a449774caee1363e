"""Search engines from `config/engines/*.yaml`: where the words are, and how an engine is told to be safe.

The words of these files are those of `policy.search.Engine` and `SafeSearch`; `safe: none` says that it cannot be safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from config.read import Document, Path, quoted
from policy.search import Engine, SafeSearch

_ENGINE_KEYS = frozenset(
    {"id", "hosts", "paths", "params", "json", "words", "posts", "suggest", "safe", "milder"},
)
_SAFE_KEYS = frozenset({"params", "drop", "headers", "cookies", "names", "paths"})


def read_engines(documents: Iterable[Document]) -> Iterator[Engine]:
    """The engines of some files, in their order.

    Raises:
        ConfigError: a key or value that is not known there, or an id that is there twice.
    """
    seen: dict[str, str] = {}
    for document in documents:
        if not isinstance(document.value, dict) or not isinstance(document.value.get("engines"), list):
            raise document.error((), "there is no list `engines:`", "look at the other files of this folder")
        for number, entry in enumerate(document.value["engines"]):
            at: Path = ("engines", number)
            engine = _engine(document, at, entry)
            if engine.id in seen:
                hint = f"the other one is in `{seen[engine.id]}`"
                raise document.error((*at, "id"), f"the engine {quoted(engine.id)} is there twice", hint)
            seen[engine.id] = document.file
            yield engine


def _engine(document: Document, at: Path, entry: Any) -> Engine:
    _keys(document, at, entry, _ENGINE_KEYS)
    id_ = entry.get("id")
    if not isinstance(id_, str):
        raise document.error(at, "an engine has no id", "give it `id: a-name`")
    hosts = _texts(document, at, entry, "hosts")
    if not hosts:
        raise document.error(at, f"the engine {quoted(id_)} has no hosts", "write `hosts: [example.com]`")
    return Engine(
        id=id_,
        hosts=hosts,
        paths=_paths(document, at, entry, "paths"),
        params=_lower(_texts(document, at, entry, "params")) if "params" in entry else ("q",),
        json=_lower(_texts(document, at, entry, "json")),
        words=_paths(document, at, entry, "words"),
        posts=_paths(document, at, entry, "posts"),
        suggest=_paths(document, at, entry, "suggest"),
        safe=_safe(document, at, entry, "safe"),
        milder=_safe(document, at, entry, "milder"),
    )


def _safe(document: Document, at: Path, entry: dict[str, Any], key: str) -> SafeSearch | None:
    value = entry.get(key)
    if value is None:
        return None
    here = (*at, key)
    if value == "none":
        return SafeSearch(none=True)
    _keys(document, here, value, _SAFE_KEYS)
    return SafeSearch(
        params=_pairs(document, here, value, "params"),
        drop=_lower(_texts(document, here, value, "drop")),
        headers=_pairs(document, here, value, "headers"),
        cookies=_pairs(document, here, value, "cookies"),
        names=_pairs(document, here, value, "names"),
        paths=_paths(document, here, value, "paths"),
    )


def _keys(document: Document, at: Path, entry: Any, known: frozenset[str]) -> None:
    if not isinstance(entry, dict):
        raise document.error(at, f"{quoted(entry)} is no block of `key: value` lines", f"known are {sorted(known)}")
    for key in entry:
        if key not in known:
            raise document.error((*at, key), f"unknown key {quoted(key)}", "correct the spelling or remove it")


def _texts(document: Document, at: Path, entry: dict[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise document.error((*at, key), f"{quoted(value)} is not a list", "write it like `[one, two]`")
    for number, item in enumerate(value):
        if not isinstance(item, str) or not item:
            raise document.error((*at, key, number), f"{quoted(item)} is not text", "put it in quotes")
    return tuple(value)


def _paths(document: Document, at: Path, entry: dict[str, Any], key: str) -> tuple[str, ...]:
    """Beginnings of paths, as `policy.search.plain_path` has them: in lower case."""
    paths = _texts(document, at, entry, key)
    for number, path in enumerate(paths):
        if not path.startswith("/"):
            raise document.error((*at, key, number), f"{quoted(path)} is no path", "a path begins with `/`")
    return _lower(paths)


def _lower(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts)


def _pairs(document: Document, at: Path, entry: dict[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    value = entry.get(key, {})
    if not isinstance(value, dict):
        raise document.error((*at, key), f"{quoted(value)} is no block of names", "write it like `{name: value}`")
    for name, one in value.items():
        if not isinstance(one, str) or not one.isprintable():
            raise document.error((*at, key, name), f"{quoted(one)} is not text", "put it in quotes")
    return tuple(value.items())
