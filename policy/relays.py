"""Addresses inside addresses: what a translator, an archive, a cache or a web proxy is really asked to fetch.

Two ways of looking. *Known* relays are data: where in their address the other one stands. In every other address each
piece is read plainly, percent-encoded, as base64, as hexadecimal, backwards, and under XOR, again and again to a depth
of five, with a bound on work. What is found is judged as well as the outer address; the stricter answer counts.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from policy.address import canonical, known_suffix, name_without_suffix
from policy.match import suffixes
from policy.model import Address

MAX_DEPTH = 5
_MOST_WORK = 64_000  # characters that are decoded for one address, over all depths
_WORK_OF_A_URL = 200  # what reading one whole address is counted as
_MOST_FOUND = 64
_MOST_LABELS = 10
_SHORTEST_PIECE = 4
_LONGEST_PIECE = 8_192
_MOST_QUOTES = 12

_URL = re.compile(r"(?:https?|wss?|ftp):(?:[/\\]|%2f|%5c)*([^/\\?#&\s\"'<>|]{1,300})", re.IGNORECASE)
_SLASHED = re.compile(r"(?:^|[=/?&])//([^/\\?#&\s\"'<>|]{1,300})")
_HOST = re.compile(
    r"(?:[\w-]{1,63}\.){1,10}([^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})\.?(?::\d{1,5})?(?=$|[/?#])", re.IGNORECASE
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}[=.]{0,3}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_SPLIT = re.compile(r"[/?&;=]+")
_UV = re.compile(r"hvtr(?:s8|:-)")
"""How `http` begins when every second character went through XOR 2, as service-worker proxies write it."""

_TOOLS = re.compile(
    r"/(?:uv|ultraviolet|scram(?:jet)?|dynamic|rammerhead|hammerhead|rhodium|womginx|corrosion|bare-?mux|epoxy|libcurl"
    r"|meteor)[./-](?:[\w.-]*/)?[\w.-]*(?:bundle|config|handler|client|worker|sw|all|shared|sync|index)[\w.-]*\.m?js$"
    r"|/(?:uv\.sw|uv-sw|scramjet\.\w+|rammerhead|hammerhead|wisp-client)\.js$"
    r"|/nph-proxy\.(?:cgi|pl)(?:/|$)",
    re.IGNORECASE,
)
_BARE_SERVER = re.compile(r"/(?:bare(?:-server|server)?|tomp)(?:/v[123])?/?$|/(?:bare|tomp)/v[123]/", re.IGNORECASE)
_WISP = re.compile(r"/(?:wisp|wsproxy|epoxy)(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inner:
    """An address found inside another. `via` is the relay's id or the way it was written; `sure` for a known relay."""

    address: Address
    via: str
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """All that an address carries. `complete` is false when there was more to look at than the bound allows."""

    found: tuple[Inner, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Relay:
    """One known relay. Hosts are exact; `google.*` stands for every public suffix, `*.a.goog` for all below it.

    The inner address is in a query field (`query`), in the path at `{url}` (`paths`; `*` is a segment, `{s}` says
    https), or in the name itself (`name`: `a-b.example` for `a.b`). `pattern` is what a value must look like, its group
    `url` being the address. `with_query`: the outer query belongs to the inner address.
    """

    id: str
    hosts: tuple[str, ...]
    query: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    pattern: str = ""
    name: bool = False
    with_query: bool = False

    @cached_property
    def _paths(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_path_pattern(path) for path in self.paths)

    @cached_property
    def _value(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL) if self.pattern else None

    def inner(self, address: Address) -> Iterator[Address]:
        """Every address that this relay is asked to fetch here."""
        found = self._written(address)
        if self.name and not found:
            label = address.host.partition(".")[0]
            found = [f"http://{_unescaped(label)}{address.path}?{address.query}"]
        for text in found:
            inner = canonical(text if _URL.match(text) else f"http://{text.lstrip('/')}")
            if inner is not None and known_suffix(inner.host):
                yield inner

    def _written(self, address: Address) -> list[str]:
        found: list[str] = []
        if self.query and (not self.below or address.path.startswith(self.below)):
            for name, value in _pairs(address.query):
                if name in self.query and value:
                    match = self._value.fullmatch(value) if self._value else None
                    if self._value is None or match:
                        found.append(match["url"] if match else value)
        for pattern in self._paths:
            match = pattern.match(address.path)
            if match:
                rest = _unquoted_once(match["url"])
                query = f"?{address.query}" if self.with_query and address.query and "?" not in rest else ""
                scheme = "https://" if match.groupdict().get("s") and not _URL.match(rest) else ""
                found.append(f"{scheme}{rest}{query}")
                break
        return found


def _path_pattern(path: str) -> re.Pattern[str]:
    text = re.escape(path).replace(re.escape("{s}/"), "(?P<s>s/)?").replace(re.escape("{url}"), "(?P<url>.+)")
    return re.compile(text.replace(r"\*", "[^/]*"), re.DOTALL)


def _unescaped(label: str) -> str:
    """`nl-wikipedia-org` as `nl.wikipedia.org`; a hyphen of the name itself is written twice."""
    return label.replace("--", "\0").replace("-", ".").replace("\0", "-")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        yield unquote(name.replace("+", " ")), unquote(value.replace("+", " "))


@dataclass(frozen=True)
class Relays:
    """All known relays, and the general look into any address. Not slotted: the look-up table is made once."""

    relays: tuple[Relay, ...] = field(default=())

    @cached_property
    def _by_host(self) -> dict[str, tuple[Relay, ...]]:
        table: dict[str, tuple[Relay, ...]] = {}
        for relay in self.relays:
            for host in relay.hosts:
                table[host] = (*table.get(host, ()), relay)
        return table

    def known(self, address: Address) -> tuple[Relay, ...]:
        """The known relays on this host."""
        table = self._by_host
        found = table.get(address.host, ())
        for parent in suffixes(address.host.partition(".")[2]):
            found += table.get(f"*.{parent}", ())
        label = name_without_suffix(address.host)
        if label and known_suffix(address.host):
            # `translate.google.co.uk` is `translate.google.*`: everything before the label, and the label.
            before = address.host[: address.host.rindex(f"{label}.")]
            found += table.get(f"{before}{label}.*", ())
        return found

    def fetched(self, address: Address) -> Iterator[Inner]:
        """What known relays are asked for, one step deep."""
        for relay in self.known(address):
            for inner in relay.inner(address):
                yield Inner(inner, relay.id, sure=True)

    def inside(self, address: Address, words: Iterable[str] = (), typed: Iterable[str] = ()) -> Inside:
        """Everything inside an address, in every way of writing.

        `words` are the query fields in which a search engine has somebody's words: not looked into. `typed` are fields
        that may hold words, on a site that nobody listed: a name in them is a word, a whole address is one to fetch.
        """
        look = _Look(self, frozenset(words), frozenset(typed))
        look.address(address)
        look.found.pop(address.host, None)
        return Inside(tuple(look.found.values()), look.complete)


def relay_tool(address: Address, *, websocket: bool = False) -> str | None:
    """The kind of service-worker proxy that an address gives away by its shape, or None.

    These serve a whole browser's traffic from a host that nobody listed; what they fetch is encrypted or in headers.
    """
    path = unquote(address.path)
    if websocket and _WISP.search(path):
        return "wisp"
    if _BARE_SERVER.search(path):
        return "bare-server"
    return "proxy-script" if _TOOLS.search(path) else None


class _Look:
    """One look into one address; holds what was found and how much work is left."""

    def __init__(self, relays: Relays, words: frozenset[str], typed: frozenset[str]) -> None:
        self._relays = relays
        self._words, self._typed = words, typed
        self._work = _MOST_WORK
        self._seen: set[str] = set()
        self._pieces: set[str] = set()
        self.found: dict[str, Inner] = {}
        self.complete = True

    def address(self, address: Address) -> None:
        """Known relays and the name before the site; then whatever stands in path and query."""
        self._outside(address, 0)
        if len(address.path) > 1:
            self._text(address.path, "path", 0)
        if address.query:
            self._query(address.query)

    def _outside(self, address: Address, depth: int) -> None:
        """What host and form of an address tell. Its text is part of the outer one's, which is read as a whole."""
        for inner in self._relays.fetched(address):
            self._add(inner, depth)
        if not address.is_ip and address.host != address.site:
            self._name(address.host.removesuffix(address.site).rstrip("."), depth)

    def _query(self, query: str) -> None:
        if not self._words and not self._typed:
            self._text(query, "query", 0)
            return
        kept = []
        for piece in query.split("&"):
            name, _, value = piece.partition("=")
            name = unquote(name).lower()
            if name in self._typed:
                value = unquote(value.replace("+", " "))
                if _URL.match(value):
                    self._text(value, "query", 0)
                elif _BASE64.fullmatch(value):
                    self._decoded(value, 0)
            elif name not in self._words:
                kept.append(piece)
        if kept:
            self._text("&".join(kept), "query", 0)

    def _text(self, text: str, via: str, depth: int) -> None:
        """Whole addresses anywhere in a text, then each of its pieces."""
        if depth > MAX_DEPTH or text in self._seen:
            self.complete = self.complete and depth <= MAX_DEPTH
            return
        self._seen.add(text)
        levels = list(_levels(text))
        self.complete = self.complete and len(levels) <= _MOST_QUOTES
        for plain in levels:
            for part in plain.split("&"):
                self._whole(part, via, depth)
            for piece in _SPLIT.split(plain):
                # As it is, and undone as one piece: a slash that was quoted belongs to it.
                self._piece(piece, via, depth)
                if "%" in piece:
                    self._piece(unquote(piece, errors="replace"), via, depth)

    def _whole(self, plain: str, via: str, depth: int) -> None:
        """Whole addresses, wherever they begin in a text."""
        if ":" in plain:
            for match in _URL.finditer(plain):
                if not self._spend(_WORK_OF_A_URL):
                    return
                self._host(match[1], via, depth, rest=plain[match.start() : match.start() + _LONGEST_PIECE])
        if "//" in plain:
            for match in _SLASHED.finditer(plain):
                if not self._spend(_WORK_OF_A_URL):
                    return
                self._host(match[1], via, depth)
            if "//:" in plain and "ptth" in plain:
                self._decode(plain[::-1], "reversed", depth)
        if "hvtr" in plain:
            for match in _UV.finditer(plain):
                if not self._spend(_WORK_OF_A_URL):
                    return
                self._decode(_every_second(plain[match.start() : match.start() + 2048]), "xor", depth)

    def _piece(self, piece: str, via: str, depth: int) -> None:
        if len(piece) < _SHORTEST_PIECE or piece in self._pieces or not self._spend(len(piece)):
            return
        self._pieces.add(piece)
        if "." in piece or "," in piece:
            self._host(piece, via, depth, bare=True)
            self._host(piece[::-1].lstrip("/"), "reversed", depth, bare=True)
            self._host(_every_second(piece), "xor", depth, bare=True)
        if ":" in piece and _URL.match(piece[::-1]):
            self._decode(piece[::-1], "reversed", depth)
        self._xored(piece, depth)
        self._decoded(piece, depth)

    def _decoded(self, piece: str, depth: int) -> None:
        """A piece as base64 or hexadecimal, when what comes out is text."""
        if len(piece) < 8:
            return
        for reading in (piece, piece[::-1]):
            if _BASE64.fullmatch(reading):
                raw = _from_base64(reading.rstrip("=."))
                text = _as_text(raw)
                if text is not None:
                    self._decode(text, "base64", depth)
                    self._xored(text, depth)
                elif raw:
                    self._xored(raw.decode("latin-1"), depth)
        if len(piece) % 2 == 0 and _HEX.fullmatch(piece):
            text = _as_text(bytes.fromhex(piece))
            if text is not None:
                self._decode(text, "hex", depth)

    def _xored(self, text: str, depth: int) -> None:
        """A text under XOR with one byte begins with four letters whose differences are those of `http`."""
        if len(text) < 8 or text[1] != text[2]:
            return
        a, b, _, d = (ord(char) for char in text[:4])
        if a ^ b == 28 and b ^ d == 4 and a != 104:
            key = a ^ 104
            self._decode("".join(chr(ord(char) ^ key) for char in text[:_LONGEST_PIECE]), "xor", depth)

    def _decode(self, text: str, via: str, depth: int) -> None:
        if self._spend(len(text)):
            if not _URL.match(text):
                self._host(text, via, depth, bare=True)
            self._text(text, via, depth + 1)

    def _name(self, before: str, depth: int) -> None:
        """A site written before the name of a relay: `x.com.relay.example`, `x.com.cdn.example`, `x-com.relay.dev`."""
        labels = before.split(".")[:_MOST_LABELS]
        for count in range(2, len(labels) + 1):
            self._host(".".join(labels[:count]), "name", depth, bare=True)
        for label in labels:
            if "-" in label and not label.startswith("xn--"):
                self._host(_unescaped(label), "name", depth, bare=True)

    def _host(self, text: str, via: str, depth: int, *, rest: str = "", bare: bool = False) -> None:
        """A host, if this is one. A bare one must look like a name; after a scheme anything may be."""
        if not bare:
            inner = canonical(rest) if rest else None
            inner = inner or canonical(f"http://{text.rpartition('@')[2]}/")
        else:
            match = _HOST.match(text)
            # Most of what has a dot is a file: its ending is looked at before anything dear is done.
            if match is None or (match[1].isascii() and not known_suffix(f".{match[1].lower()}")):
                return
            inner = canonical(f"http://{match[0]}/")
        if inner is not None and (not bare or known_suffix(inner.host)):
            self._add(Inner(inner, via), depth)

    def _add(self, inner: Inner, depth: int) -> None:
        before = self.found.get(inner.address.host)
        if before is not None and (before.sure or not inner.sure):
            return
        if len(self.found) >= _MOST_FOUND or depth > MAX_DEPTH:
            self.complete = False
            return
        self.found[inner.address.host] = inner
        self._outside(inner.address, depth + 1)

    def _spend(self, characters: int) -> bool:
        self._work -= characters
        if self._work < 0:
            self.complete = False
        return self._work >= 0


def _unquoted_once(text: str) -> str:
    """Percent-encoding undone, or the text as it is when what comes out would be no text."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _levels(text: str) -> Iterator[str]:
    """A text, and what it is with percent-encoding undone once, twice, up to a bound.

    Each by itself: undone once too often, what was written backwards in it cannot be read any more.
    """
    yield text
    for _ in range(_MOST_QUOTES):
        if "%" not in text:
            return
        plain = unquote(text, errors="replace")
        if plain == text:
            return
        text = plain
        yield text


def _every_second(text: str) -> str:
    """Every second character under XOR 2."""
    odd = "".join(chr(ord(char) ^ 2) for char in text[1::2])
    mixed = [""] * len(text)
    mixed[::2], mixed[1::2] = text[::2], odd
    return "".join(mixed)


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _as_text(raw: bytes) -> str | None:
    """Bytes as text, if they are plain printable ASCII (an address always is)."""
    text = raw.decode("latin-1")
    return text if len(raw) >= 4 and text.isascii() and text.isprintable() else None
