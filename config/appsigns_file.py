"""Reads `config/appsigns.yaml`: by what a program is known that goes by another name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from config.entries import texts_at, texts_under
from config.factory import factory_file, programs
from config.read import Document, Path, quoted

_NUMBERS, _TEXTS = ("listens", "connects"), ("command", "without", "parent", "name")
_KEYS = frozenset({"app", "weight", *_NUMBERS, *_TEXTS})


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of the program `app`: everything that it names must hold. Patterns are those of `fnmatch`."""

    app: str
    weight: int
    command: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    parent: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    listens: frozenset[int] = frozenset()
    connects: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AppSigns:
    """All signs. From `enough` on it is the program; `movable` is added for a file in a place where a pupil writes.

    `installed` are the beginnings of paths where only an administrator writes, `looked_in` folders of programs, and in
    the programs of `schoolwork` there may be work that is not saved.
    """

    enough: int
    movable: int
    installed: tuple[str, ...]
    looked_in: tuple[str, ...]
    schoolwork: frozenset[str]
    signs: tuple[Sign, ...]


@cache
def factory_signs() -> AppSigns:
    """Read the signs that come with the program, once a process."""
    return app_signs(factory_file("appsigns.yaml"), frozenset(programs()))


def app_signs(document: Document, apps: frozenset[str]) -> AppSigns:
    """Read signs of programs that are in `apps`.

    Raises:
        ConfigError: a line says something that cannot be, with what to do.
    """
    given = document.value["signs"]
    return AppSigns(
        enough=_number(document, ("enough",)),
        movable=_number(document, ("movable",)),
        installed=texts_at(document, ("installed",)),
        looked_in=texts_at(document, ("looked_in",)),
        schoolwork=frozenset(texts_at(document, ("schoolwork",))),
        signs=tuple(_sign(document, ("signs", index), entry, apps) for index, entry in enumerate(given)),
    )


def _sign(document: Document, at: Path, entry: dict[str, Any], apps: frozenset[str]) -> Sign:
    for key in entry:
        if key not in _KEYS:
            raise document.error((*at, key), f"{quoted(key)} is no part of a sign", f"use {', '.join(sorted(_KEYS))}")
    app = entry.get("app")
    if app not in apps:
        raise document.error(at, f"{quoted(app)} is no program of `apps.yaml`", "put it there, with its kind")
    texts = {key: texts_under(document, at, key) for key in _TEXTS}
    numbers = {key: _ports(document, at, entry, key) for key in _NUMBERS}
    if not any((texts["command"], texts["parent"], texts["name"], *numbers.values())):
        raise document.error(at, "a sign without anything to see by is met by every program", "say what is seen")
    return Sign(
        app=app,
        weight=_number(document, (*at, "weight")),
        command=texts["command"],
        without=texts["without"],
        parent=texts["parent"],
        name=texts["name"],
        listens=numbers["listens"],
        connects=numbers["connects"],
    )


def _ports(document: Document, at: Path, entry: dict[str, Any], key: str) -> frozenset[int]:
    return frozenset(_number(document, (*at, key, index)) for index, _ in enumerate(entry.get(key, ())))


def _number(document: Document, at: Path) -> int:
    value: Any = document.value
    for step in at:
        value = value.get(step) if isinstance(value, dict) else value[step]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise document.error(at, f"{quoted(value)} is no whole number above zero", "write it like `2`")
    return value
