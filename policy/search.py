"""What somebody searches for, wherever it is typed: in a query, a path, a form or JSON, at a listed engine or by shape.

Engines are data (`config/engines`), and so is how each of them is told to leave out what is not for children
(`policy.safe` says what to do with it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from policy.address import icann_name
from policy.fields import Typed, of_pairs, of_query, text_of, worded
from policy.match import suffixes
from policy.model import Address, Search

UNKNOWN = "unknown"
_MOST_SEEN = 4096
_FORM_WORDS = """
q query zoek zoeken zoekterm zoektermen zoekwoord zoekwoorden zoekopdracht zoektekst zoekvraag trefwoord trefwoorden
search searchterm searchterms search_term search-term searchtext search_text searchquery search_query search-query
searchword searchwords searchstring searchfor search_for searchkeyword searchkeywords searchphrase searchvalue
keyword keywords term terms srch sword freetext fulltext suchbegriff recherche
"""
_SHAPE = frozenset(_FORM_WORDS.split())
"""The names that search forms use, on a site that nobody listed."""
_SHAPE_THERE = _SHAPE | {"s", "p", "text", "words", "w", "kw", "find", "phrase"}
"""The same on a page that is called search, or that WordPress answers (`/?s=`)."""
_SEARCH_PAGES = ("search", "zoek", "find", "vind", "suche")
_PATH_SHAPE = tuple(
    f"{before}/{page}/{{words}}" for page in ("search", "zoeken", "zoek", "zoekresultaten") for before in ("", "/*")
)
_FILES = frozenset({"js", "css", "map", "json", "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "woff", "woff2"})
_GRAPHQL = ("query ", "query{", "query(", "mutation", "subscription", "fragment ", "{")


@dataclass(frozen=True, slots=True)
class SafeSearch:
    """How an engine is told to be safe. `none`: it cannot be.

    `params` are set in the query (and in a form that is posted), `drop` taken out of it; `headers` and `cookies` are
    set; all at `paths` (none: where the engine has words). `names` maps a host to the DNS name at which the engine is
    always safe.
    """

    params: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    paths: tuple[str, ...] = ()
    none: bool = False

    @property
    def only_by_name(self) -> bool:
        """Whether nothing in the request makes it safe, so that it must not be reached by another name."""
        return bool(self.names) and not (self.params or self.headers or self.cookies)


@dataclass(frozen=True, slots=True)
class Engine:
    """One search engine as data. A host `google.*` stands for every public suffix and all below it.

    `paths` are how the paths begin where somebody's words are (none: any; `/a$` is `/a` and no more), `params` the
    fields of the query or of a form, `json` the keys of a JSON body (`variables.query` for a key inside another),
    `words` the paths that hold the words themselves (`/q/{words}`; `*` is a part; with `$` at the end that is the
    whole path and no file). At `posts` the words come in a body; at `suggest` a page asks for what may be meant, with
    every letter that is typed. `milder` is another way to be safe that a school may choose.
    """

    id: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...] = ()
    params: tuple[str, ...] = ("q",)
    json: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()
    safe: SafeSearch | None = None
    milder: SafeSearch | None = None

    def has_words_at(self, path: str) -> bool:
        """Whether words may be in the query or body at a plain path."""
        return not self.paths or begins(path, self.paths) or begins(path, self.suggest)


@dataclass(frozen=True)
class Engines:
    """All engines, looked up by host; `moderate` are the ids that use their milder form. Not slotted: tables."""

    engines: tuple[Engine, ...] = field(default=())
    moderate: frozenset[str] = frozenset()

    @cached_property
    def _by_host(self) -> dict[str, tuple[Engine, ...]]:
        table: dict[str, tuple[Engine, ...]] = {}
        for engine in self.engines:
            for host in engine.hosts:
                table[host] = (*table.get(host, ()), engine)
        return table

    @cached_property
    def _safe_names(self) -> dict[str, tuple[str, bool]]:
        modes = [mode for engine in self.engines if (mode := self.mode(engine)) is not None]
        return {host: (name, mode.only_by_name) for mode in modes for host, name in mode.names}

    # --- words -----------------------------------------------------------------------------------------------------

    def query(self, address: Address) -> Search | None:
        """What is searched for at this address, or None when nothing is."""
        return self._found(address, of_query(address.query), body=False)

    def in_body(self, address: Address, pairs: Iterable[tuple[str, str]]) -> Search | None:
        """What is searched for in a form or JSON sent there: decoded names (a dot between keys) and their texts."""
        return self._found(address, of_pairs(pairs), body=True)

    def _found(self, address: Address, fields: Sequence[Typed], *, body: bool) -> Search | None:
        path = plain_path(address.path)
        engines = self._at(address.host)
        called_search = not body and not engines and ("search" in path or "zoek" in path)
        if not fields and not called_search and not any(engine.words for engine in engines):
            return None
        for engine in engines:
            names = _body_names(engine) if body else frozenset(engine.params)
            there = fields if engine.has_words_at(path) else ()
            values = [one.value for one in there if not names.isdisjoint(one.names) and not (body and _is_code(one))]
            if not body and not begins(path, (*engine.suggest, *engine.posts)):
                values += _in_path(engine.words, path)
            text = text_of(values)
            if text:
                return Search(engine.id, text)
        shaped = [one for one in fields if not _SHAPE_THERE.isdisjoint(one.names) and not (body and _is_code(one))]
        names = _SHAPE_THERE if shaped and _is_search_page(path) else _SHAPE
        values = [one.value for one in shaped if not names.isdisjoint(one.names)]
        if called_search:
            values += (part for part in _in_path(_PATH_SHAPE, path) if part.rpartition(".")[2] not in _FILES)
        if not engines:
            values = [kept for value in values if (kept := worded(value)).strip()]
        text = text_of(values)
        return Search(engines[0].id if engines else UNKNOWN, text) if text else None

    def fields(self, address: Address) -> tuple[frozenset[str], frozenset[str]]:
        """The query fields that hold somebody's words: for sure, at a listed engine; and perhaps, anywhere else."""
        path = plain_path(address.path)
        for engine in self._at(address.host):
            if engine.has_words_at(path):
                return frozenset(engine.params), frozenset()
        return frozenset(), _SHAPE

    def suggests(self, address: Address) -> bool:
        """Whether this is asked for while somebody types: no page, and nothing that a person opened."""
        engines = self._at(address.host)
        return bool(engines) and any(begins(plain_path(address.path), engine.suggest) for engine in engines)

    def posted(self, address: Address) -> bool:
        """Whether a body sent there holds a search, so that it must be read to be passed on."""
        engines = self._at(address.host)
        return bool(engines) and any(begins(plain_path(address.path), engine.posts) for engine in engines)

    # --- safe search -------------------------------------------------------------------------------------------------

    def mode(self, engine: Engine) -> SafeSearch | None:
        """How an engine is told to be safe at this school."""
        return engine.milder if engine.milder is not None and engine.id in self.moderate else engine.safe

    def safe_at(self, address: Address, host: str | None = None) -> tuple[SafeSearch, ...]:
        """All that is to be done to a request for this address; `host` is another name that it goes by."""
        engines = self._at(address.host if host is None else host)
        if not engines:
            return ()
        path = plain_path(address.path)
        found = []
        for engine in engines:
            mode = self.mode(engine)
            if mode is not None and (_is_at(path, mode.paths) if mode.paths else engine.has_words_at(path)):
                found.append(mode)
        return tuple(found)

    def searches(self, host: str) -> bool:
        """Whether a canonical host is of a search engine."""
        return bool(self._at(host))

    def unsafe(self, host: str) -> bool:
        """Whether a canonical host is of an engine that cannot leave out what is not for children."""
        return any(engine.safe is not None and engine.safe.none for engine in self._at(host))

    def safe_name(self, host: str) -> str | None:
        """The name to look up in place of a canonical host, so that the engine is always safe; None: itself."""
        found = self._named(host)
        return found[0] if found else None

    def only_by_name(self, host: str) -> bool:
        """Whether a canonical host is safe by that name alone: nothing in a request makes it so."""
        found = self._named(host)
        return found is not None and found[1]

    def _named(self, host: str) -> tuple[str, bool] | None:
        table = self._safe_names
        found = table.get(host)
        return found or next((table[starred] for starred in _starred(host) if starred in table), None)

    @cached_property
    def _seen(self) -> dict[str, tuple[Engine, ...]]:
        """A memo by host: the same few are asked for all day."""
        return {}

    def _at(self, host: str) -> tuple[Engine, ...]:
        """The engines of a host, the closest name first."""
        found = self._seen.get(host)
        if found is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            found = self._seen[host] = tuple(self._found_at(host))
        return found

    def _found_at(self, host: str) -> Iterator[Engine]:
        table = self._by_host
        for name in suffixes(host):
            yield from table.get(name, ())
        label = icann_name(host)
        if label:
            yield from table.get(f"{label}.*", ())


def _starred(host: str) -> Iterator[str]:
    """`www.google.*` for `www.google.co.uk`: this very name, below any public suffix."""
    label = icann_name(host)
    if label:
        yield f"{host[: host.rindex(f'{label}.')]}{label}.*"


def plain_path(path: str) -> str:
    """A path as servers read it: decoded, in lower case, without doubled slashes."""
    plain = (unquote(path) if "%" in path else path).lower()
    while "//" in plain:
        plain = plain.replace("//", "/")
    return plain


def begins(path: str, beginnings: tuple[str, ...]) -> bool:
    """Whether a plain path begins so; a beginning with `$` at its end is the whole path."""
    return f"{path}$".startswith(beginnings)


def _is_at(path: str, wanted: tuple[str, ...]) -> bool:
    """The same, or with words where a pattern has them."""
    return begins(path, wanted) or bool(_in_path((one for one in wanted if "{words}" in one), path))


def _is_search_page(path: str) -> bool:
    parts = path.split("/")
    return parts[-1] in ("", "index.php", "index.html") or any(part.startswith(_SEARCH_PAGES) for part in parts)


def _body_names(engine: Engine) -> frozenset[str]:
    """The names of an engine's words in a body; who reads JSON may tell only the last key."""
    return frozenset((*engine.params, *engine.json, *(key.rpartition(".")[2] for key in engine.json)))


def _is_code(one: Typed) -> bool:
    """Whether a field is a question to a database (GraphQL) and nobody's words."""
    return "query" in one.names and one.value.lstrip().startswith(_GRAPHQL)


def _in_path(patterns: Iterable[str], path: str) -> list[str]:
    """The words in a path, by patterns of whole parts; what comes after the words only matters where `$` ends it."""
    found = []
    parts = path.split("/")
    for pattern in patterns:
        wanted = pattern.removesuffix("$").split("/")
        if len(parts) < len(wanted):
            continue
        if pattern.endswith("$") and (any(parts[len(wanted) :]) or path.rstrip("/").rpartition(".")[2] in _FILES):
            continue
        for want, part in zip(wanted, parts, strict=False):
            if "{words}" in want:
                before, _, after = want.partition("{words}")
                if part.startswith(before) and part.endswith(after) and len(part) > len(before) + len(after):
                    found.append(_spoken(part[len(before) : len(part) - len(after)]))
                break
            if want not in ("*", part):
                break
    return found


def _spoken(part: str) -> str:
    """`grappige-kat+film` as somebody says it."""
    return part.replace("-", " ").replace("+", " ").replace("_", " ")
