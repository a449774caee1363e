"""Factory data: what comes with the product, read from the YAML files beside this module and compiled once.

The lists are our own words and facts (CC0); bigger feeds are subscribed to, never copied in.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from config import lexicon_file
from config.engines_file import read_engines
from config.entries import texts_at, texts_under, value_at
from config.read import Document, Path, quoted, read_yaml
from policy import address
from policy.kinds import DERIVED
from policy.lookalike import Protected
from policy.match import HostIndex
from policy.model import Action, Knowledge
from policy.namewords import NameWord, NameWords
from policy.relays import Relay, Relays
from policy.search import Engines
from policy.services import Place, Service, Services
from policy.terms import Lexicon, Topic

HELP = "help"
SYSTEM = "system"
_ROOT = files("config")
_SCHOOLS_OWN = ("education", "school-admin", "help", "news-children")
_SERVICE_KEYS = frozenset({"id", "name", "category", "sites", "hosts", "shared", "actions", "items", "player", "alone"})
_NAME_KEYS = frozenset({"category", "parts", "starts", "ends", "words", "own_pages", "sure", "servers"})
_SERVICE_ACTIONS = frozenset({"chat", "post", "upload", "live"})
_RELAY_KEYS = frozenset({"id", "hosts", "query", "paths", "below", "pattern", "name", "with_query", "to"})


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
    # What reads pages is not in the memory of who looks at none.
    from config.pageshape_file import page_shape

    address.warm()
    lists, learning = _categories()
    lexicon = lexicon_file.lexicon(factory_files("lexicon"), factory_topics())
    lexicon.hits("build everything now: not in a child's first request, w1th k*t and n e u k e n")
    services = Services(tuple(_services()))
    school = (host for category in _SCHOOLS_OWN for host in lists.get(category, ()))
    named = (site for service in services.services for site in service.sites)
    return Knowledge(
        # System hosts are open by exact name: a suffix walk would open what is below them.
        categories=HostIndex.of({category: hosts for category, hosts in lists.items() if category != SYSTEM}),
        engines=Engines(tuple(read_engines(factory_files("engines")))),
        lexicon=lexicon,
        services=services,
        relays=Relays(tuple(_relays())),
        names=_names(),
        protected=Protected.of((*school, *named, *texts_at(factory_file("protected.yaml"), ("hosts",)))),
        help_hosts=frozenset(lists.get(HELP, ())),
        system_hosts=frozenset(lists.get(SYSTEM, ())),
        tunnels=dict(_pairs(factory_file("tunnels.yaml"))),
        apps=programs(),
        learning=learning,
        pageshape=page_shape(factory_file("pageshape.yaml")),
        unread=frozenset(texts_at(factory_file("unread.yaml"), ("hosts",))),
        maps=frozenset(texts_at(factory_file("unread.yaml"), ("maps",))),
    )


@cache
def program_knowledge() -> Knowledge:
    """The part that a question about a program or a print job is answered by: a laptop keeps no words and no sites.

    Nothing else may be asked by it: to this knowledge every site is an ordinary one.
    """
    return Knowledge(
        categories=HostIndex.of({}),
        engines=Engines(),
        lexicon=Lexicon(),
        services=Services(),
        relays=Relays(),
        protected=Protected.of(()),
        names=NameWords(),
        apps=programs(),
        learning=_categories()[1],
    )


@cache
def programs() -> Mapping[str, str]:
    """Every program that we know by its canonical name, with its category."""
    return {program: category for category, names in _apps().items() for program in names}


@cache
def factory_topics() -> tuple[Topic, ...]:
    """The school topics: what takes mild words away, and what a teacher may permit."""
    return lexicon_file.topics(factory_file("topics.yaml"))


@cache
def category_names() -> frozenset[str]:
    """Every category that a rule may name: of hosts, of programs, the bare address and the name that pretends."""
    return frozenset({*_categories()[0], *_apps(), *DERIVED})


def category_hosts(category: str) -> tuple[str, ...]:
    """The hosts of one factory list, as it has them; empty when there is no such list."""
    return _categories()[0].get(category, ())


@cache
def _categories() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Category to hosts, and the categories that stay open under a ban."""
    lists: dict[str, tuple[str, ...]] = {}
    learning: set[str] = set()
    for document in factory_files("categories"):
        category = _mapping(document)["category"]
        lists[category] = (*lists.get(category, ()), *texts_at(document, ("hosts",)))
        if document.value.get("learning", False):
            learning.add(category)
    for service in _services():
        lists[service.category] = (*lists.get(service.category, ()), *service.own)
    return lists, frozenset(learning)


@cache
def _apps() -> dict[str, tuple[str, ...]]:
    document = factory_file("apps.yaml")
    return {category: texts_at(document, (category,)) for category in _mapping(document)}


def _services() -> Iterator[Service]:
    for document in factory_files("services"):
        for number, entry in enumerate(_mapping(document)["services"]):
            at: Path = ("services", number)
            _only_keys(document, at, entry, _SERVICE_KEYS)
            yield Service(
                id=entry["id"],
                name=entry["name"],
                category=entry["category"],
                sites=texts_at(document, (*at, "sites")),
                hosts=texts_under(document, at, "hosts"),
                shared=texts_under(document, at, "shared"),
                actions=tuple(
                    (_action(document, (*at, "actions", i), one["action"]), _place(document, (*at, "actions", i)))
                    for i, one in enumerate(entry.get("actions", ()))
                ),
                items=tuple(_place(document, (*at, "items", i)) for i in range(len(entry.get("items", ())))),
                player=tuple(_place(document, (*at, "player", i)) for i in range(len(entry.get("player", ())))),
                alone=entry.get("alone", ""),
            )


def _place(document: Document, at: Path) -> Place:
    entry = value_at(document, at)
    _only_keys(document, at, entry, {"action", "hosts", "paths", "methods", "query"})
    return Place(
        hosts=texts_under(document, at, "hosts"),
        paths=texts_under(document, at, "paths"),
        query=entry.get("query", ""),
        sends=bool(texts_under(document, at, "methods")),
    )


def _action(document: Document, at: Path, word: str) -> Action:
    if word not in _SERVICE_ACTIONS:
        raise document.error(at, f"{quoted(word)} is no action of a service", "write chat, post, upload or live")
    return Action(word)


def _names() -> NameWords:
    document = factory_file("namewords.yaml")
    rules = []
    for number, entry in enumerate(_mapping(document)["names"]):
        at: Path = ("names", number)
        _only_keys(document, at, entry, _NAME_KEYS)
        parts, starts, ends, words = (texts_under(document, at, key) for key in ("parts", "starts", "ends", "words"))
        rules.append(
            NameWord(
                entry["category"],
                parts,
                starts,
                ends,
                words,
                bool(entry.get("own_pages")),
                bool(entry.get("sure")),
                texts_under(document, at, "servers"),
            )
        )
    keys = ("shared", "below", "innocent", "accounts", "hosted")
    return NameWords(tuple(rules), *(texts_at(document, (key,)) for key in keys))


def _relays() -> Iterator[Relay]:
    document = factory_file("relays.yaml")
    for number, entry in enumerate(_mapping(document)["relays"]):
        at: Path = ("relays", number)
        _only_keys(document, at, entry, _RELAY_KEYS)
        yield Relay(
            id=entry["id"],
            hosts=texts_at(document, (*at, "hosts")),
            query=texts_under(document, at, "query"),
            paths=texts_under(document, at, "paths"),
            below=texts_under(document, at, "below"),
            pattern=entry.get("pattern", ""),
            name=entry.get("name", False),
            with_query=entry.get("with_query", False),
            to=entry.get("to", ""),
        )


def _pairs(document: Document) -> Iterator[tuple[str, str]]:
    for key, value in _mapping(document).items():
        if not isinstance(value, str):
            raise document.error((key,), f"{quoted(value)} is not text", "put it in quotes")
        yield key, value


def _mapping(document: Document) -> dict[str, Any]:
    if not isinstance(document.value, dict):
        raise document.error((), "the file is not a block of `key: value` lines")
    return document.value


def _only_keys(document: Document, at: Path, entry: Any, known: Container[str]) -> None:
    for key in entry:
        if key not in known:
            raise document.error((*at, key), f"unknown key {quoted(key)}", "correct the spelling or remove it")
