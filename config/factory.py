"""Factory data: what comes with the product, read from the YAML files beside this module and compiled once.

The lists are our own words and facts (CC0); bigger feeds are subscribed to, never copied in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from config.read import Document, Path, quoted, read_yaml
from policy.asking import BARE_IP
from policy.match import HostIndex
from policy.model import Knowledge
from policy.search import Engine, Engines
from policy.terms import Lexicon, Term

HELP = "help"
SYSTEM = "system"
_ROOT = files("config")


def factory_file(*parts: str) -> Document:
    """Read one factory file; `parts` lead to it from this folder.

    Raises:
        ConfigError: it is not there or it is not YAML.
    """
    return _document(_ROOT.joinpath(*parts), "/".join(("config", *parts)))


def factory_files(folder: str) -> Iterator[Document]:
    """Read every YAML file of a folder, in the order of their names."""
    for entry in sorted(_ROOT.joinpath(folder).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            yield _document(entry, f"config/{folder}/{entry.name}")


def _document(entry: Traversable, name: str) -> Document:
    return read_yaml(entry.read_bytes(), name)


@cache
def factory_knowledge() -> Knowledge:
    """Compile all of it, once a process."""
    lists, learning = _categories()
    lexicon = Lexicon(tuple(_terms()))
    lexicon.hits("build the automaton now, not in a child's first request")
    return Knowledge(
        # System hosts are open by exact name: a suffix walk would open what is below them.
        categories=HostIndex.of({category: hosts for category, hosts in lists.items() if category != SYSTEM}),
        engines=Engines(tuple(_engines())),
        lexicon=lexicon,
        help_hosts=frozenset(lists.get(HELP, ())),
        system_hosts=frozenset(lists.get(SYSTEM, ())),
        tunnels=dict(_pairs(factory_file("tunnels.yaml"))),
        apps={program: category for category, programs in _apps().items() for program in programs},
        learning=learning,
    )


@cache
def category_names() -> frozenset[str]:
    """Every category that a rule may name: of hosts, of programs, and the bare address."""
    return frozenset({*_categories()[0], *_apps(), BARE_IP})


@cache
def _categories() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Category to hosts, and the categories that stay open under a ban."""
    lists: dict[str, tuple[str, ...]] = {}
    learning: set[str] = set()
    for document in factory_files("categories"):
        category = _mapping(document)["category"]
        lists[category] = (*lists.get(category, ()), *_strings(document, ("hosts",)))
        if document.value.get("learning", False):
            learning.add(category)
    return lists, frozenset(learning)


@cache
def _apps() -> dict[str, tuple[str, ...]]:
    document = factory_file("apps.yaml")
    return {category: _strings(document, (category,)) for category in _mapping(document)}


def _engines() -> Iterator[Engine]:
    document = factory_file("engines", "search.yaml")
    for number, entry in enumerate(_mapping(document)["engines"]):
        at: Path = ("engines", number)
        yield Engine(
            id=entry["id"],
            hosts=_strings(document, (*at, "hosts")),
            paths=_strings(document, (*at, "paths")) if "paths" in entry else (),
            params=_strings(document, (*at, "params")),
        )


def _terms() -> Iterator[Term]:
    """Every form of every term; forms of one term share its id. `words` stand alone, `parts` also inside a word."""
    for document in factory_files("lexicon"):
        for kind, entries in _mapping(document).items():
            for number, entry in enumerate(entries):
                at: Path = (kind, number)
                exceptions = _strings(document, (*at, "not")) if "not" in entry else ()
                for form, part in (("words", False), ("parts", True)):
                    for text in _strings(document, (*at, form)) if form in entry else ():
                        yield Term(entry["id"], kind, text, part, exceptions)


def _pairs(document: Document) -> Iterator[tuple[str, str]]:
    for key, value in _mapping(document).items():
        if not isinstance(value, str):
            raise document.error((key,), f"{quoted(value)} is not text", "put it in quotes")
        yield key, value


def _mapping(document: Document) -> dict[str, Any]:
    if not isinstance(document.value, dict):
        raise document.error((), "the file is not a block of `key: value` lines")
    return document.value


def _strings(document: Document, at: Path) -> tuple[str, ...]:
    value = document.value
    for step in at:
        value = value[step]
    if not isinstance(value, list):
        raise document.error(at, f"{quoted(value)} is not a list", "write it like `[one, two]`")
    for number, item in enumerate(value):
        if not isinstance(item, str):
            raise document.error((*at, number), f"{quoted(item)} is not text", "put it in quotes")
    return tuple(value)
