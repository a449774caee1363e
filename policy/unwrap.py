"""Addresses inside an address: what a relay of any kind is really asked to fetch.

Known relays say where the other address stands. In every other address each piece is read plainly, percent-encoded, as
base64, base32, hexadecimal, backwards, turned and under XOR, again and again to a depth of five, with a bound on work.
What is found is judged as well as the outer address; the stricter answer counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from policy import codings
from policy.address import canonical, known_suffix
from policy.model import Address
from policy.relays import Relays, unescaped

MAX_DEPTH = 5
_MOST_WORK = 64_000  # characters that are decoded for one address, over all depths
_WORK_OF_A_URL = 200  # what reading one whole address is counted as
_WORK_OF_A_NAME = 20
_MOST_FOUND = 64
_MOST_SEARCHES = 64
_MOST_LABELS = 10
_SHORTEST_PIECE = 4
_SHORTEST_CODE = 6
_LONGEST_PIECE = 8_192

_URL = re.compile(r"(?:https?|wss?|ftp):[/\\]*(?:[^/\\?#\s]{0,2000}@)?([^/\\?#&\s\"'<>|]{1,300})", re.IGNORECASE)
_SLASHED = re.compile(r"(?<![\w:/\\])[/\\]{2}(?:[^/\\?#\s]{0,2000}@)?([^/\\?#&\s\"'<>|]{1,300})")
_NAME = re.compile(r"(?<![\w.%-])(?:[\w-]{1,63}\.)+([^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})(?![\w-])", re.IGNORECASE)
_SPLIT = re.compile(r"[/?&;=\s\"'(){}\[\]|<>,]+")
# What a browser leaves out of an address, and what it reads as a dot.
_CONTROL = str.maketrans({"\t": None, "\r": None, "\n": None, "\u3002": ".", "\uff0e": ".", "\uff61": "."})
# How `https:`, `http:`, `wss:` and `ws:` begin under XOR 2 of every second letter.
_EVERY_SECOND = re.compile(r"hvtr(?:s8|:-)|wq(?:s8/-|:-/)")
_SOURCES = frozenset({"ref", "referrer", "referer", "via", "source", "dr", "dl", "origin", "from", "domain"})
"""Fields that tell where somebody came from: a bare name in them is no address to fetch."""


@dataclass(frozen=True, slots=True)
class Inner:
    """An address found inside another. `via` is the relay's id or the way it was written; `sure` for a known relay."""

    address: Address
    via: str
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """All that an address carries: one find a host, and every address with a query (for the words in it).

    `complete` is false when there was more to look at than the bounds allow, or a relay that cannot be read.
    """

    found: tuple[Inner, ...] = ()
    asked: tuple[Address, ...] = ()
    complete: bool = True


def look_inside(
    address: Address, relays: Relays, words: frozenset[str] = frozenset(), typed: frozenset[str] = frozenset()
) -> Inside:
    """Everything inside an address, in every way of writing.

    `words` are the query fields in which a search engine has somebody's words: not looked into. `typed` are fields that
    may hold words, on a site that nobody listed: a name in them is a word, a whole address is one to fetch.
    """
    look = _Look(relays)
    look.address(address, words, typed)
    look.found.pop(address.host, None)
    return Inside(tuple(look.found.values()), tuple(look.asked), look.complete)


class _Look:
    """One look into one address; holds what was found and how much work is left."""

    def __init__(self, relays: Relays) -> None:
        self._relays = relays
        self._work = _MOST_WORK
        self._seen: set[tuple[str, bool]] = set()
        self._pieces: set[tuple[str, bool]] = set()
        self._told: set[str] = set()
        self._names = True
        self.found: dict[str, Inner] = {}
        self.asked: dict[Address, None] = {}
        self.complete = True

    def address(self, address: Address, words: frozenset[str], typed: frozenset[str]) -> None:
        """Known relays and the name before the site; then whatever stands in path and query."""
        self._outside(address, 0)
        if len(address.path) > 1:
            self._text(address.path, "path", 0)
        for text, names in _fields(address.query, words, typed):
            self._names = names
            self._text(text, "query", 0)

    def _outside(self, address: Address, depth: int) -> None:
        """What host and form of an address tell. Its text is part of the outer one's, which is read as a whole."""
        for relay in self._relays.known(address):
            inner = list(relay.inner(address))
            if relay.name and not inner:
                self.complete = False  # the other site's name is in the relay's own, and cannot be read
            for one in inner:
                self._add(Inner(one, relay.id, sure=True), depth)
        if not address.is_ip and address.host != address.site:
            self._before(address.host.removesuffix(address.site).rstrip("."), depth)

    def _before(self, before: str, depth: int) -> None:
        """A site written before the name of a relay: `x.com.relay.example`, `x.com.cdn.example`, `x-com.relay.dev`."""
        labels = before.split(".")
        self.complete = self.complete and len(labels) <= _MOST_LABELS
        for parts in (labels, *(unescaped(one).split(".") for one in labels if "-" in one and one[:4] != "xn--")):
            for count in range(2, min(len(parts), _MOST_LABELS) + 1):
                self._name(".".join(parts[:count]), "name", depth)

    # --- texts -----------------------------------------------------------------------------------------------------

    def _text(self, text: str, via: str, depth: int) -> None:
        """Whole addresses and names anywhere in a text, then each of its pieces undone."""
        if depth > MAX_DEPTH:
            self.complete = False
            return
        if (text, self._names) in self._seen:
            return
        self._seen.add((text, self._names))
        readings = list(codings.levels(text))
        self.complete = self.complete and len(readings) <= codings.MOST_QUOTES
        for plain in readings:
            for part in plain.split("&"):
                self._plain(part, via, depth)
                if self._work < 0:
                    return
            for piece in _SPLIT.split(plain):
                if self._work < 0:
                    return
                # As it is, and undone as one piece: a slash that was quoted belongs to it.
                self._piece(piece, depth)
                if "%" in piece:
                    self._piece(unquote(piece, errors="replace"), depth)

    def _plain(self, text: str, via: str, depth: int) -> None:
        """What can be read without undoing anything, and what tells of itself that it is an address undone."""
        text = text.translate(_CONTROL) if text.isascii() else unicodedata.normalize("NFKC", text.translate(_CONTROL))
        if ":" in text:
            self._whole(_URL, text, via, depth)
        if "//" in text or "\\\\" in text:
            self._whole(_SLASHED, text, via, depth)
        if self._names and "." in text:
            for match in _NAME.finditer(text):
                # Somebody's mail address is no site, unless a path follows it.
                if text[match.start() - 1 : match.start()] != "@" or text[match.end() : match.end() + 1] in ("/", ":"):
                    self._name(match[0], via, depth)
        if "//:" in text and "ptth" in text:
            self._decode(lambda: text[::-1], len(text), "reversed", depth)
        for match in _EVERY_SECOND.finditer(text):
            if not self._decode(_tail(text, match.start()), _LONGEST_PIECE, "xor", depth):
                break
        if "uggc" in text.lower():
            self._decode(lambda: codings.rotated(text), len(text), "turned", depth)
        if ":/" in text or ":\\" in text:
            for found in codings.turned(text):
                self._decode(partial(str, found), len(text), "turned", depth)
        for found in codings.hidden_base64(text):
            self._decoded(found, "base64", depth)
        for found in codings.hidden_hex(text):
            self._decoded(found, "hex", depth)

    def _whole(self, pattern: re.Pattern[str], text: str, via: str, depth: int) -> None:
        for match in pattern.finditer(text):
            if not self._spend(_WORK_OF_A_URL):
                return
            rest = text[match.start() : match.start() + _LONGEST_PIECE]
            inner = canonical(rest) if pattern is _URL else None
            # Whatever stands before an `@` is no host, however long it is.
            self._add_if(inner or canonical(f"http://{match[1].rpartition('@')[2]}/"), via, depth)

    def _piece(self, piece: str, depth: int) -> None:
        if len(piece) < _SHORTEST_PIECE or (piece, self._names) in self._pieces or not self._spend(len(piece)):
            return
        self._pieces.add((piece, self._names))
        if "." in piece or "," in piece:
            self._all_names(piece[::-1], "reversed", depth)
            self._all_names(codings.every_second(piece), "xor", depth)
            self._all_names(codings.rotated(piece) or "", "turned", depth)
        if len(piece) < _SHORTEST_CODE:
            return
        self._decoded(codings.one_byte(piece), "xor", depth)
        for reading in (piece, piece[::-1]):
            found = codings.from_base64(reading)
            if found is not None:
                self._decoded(found, "base64", depth)
                self._decoded(codings.one_byte(found), "xor", depth)
        self._decoded(codings.from_hex(piece), "hex", depth)
        self._decoded(codings.from_base32(piece), "base32", depth)

    def _all_names(self, text: str, via: str, depth: int) -> None:
        for match in _NAME.finditer(text):
            self._name(match[0], via, depth)

    def _decoded(self, text: str | None, via: str, depth: int) -> None:
        """Look on in what came out, if it is a text at all. A name in it was hidden: it is an address to fetch."""
        if text is not None and codings.is_text(text):
            self._decode(lambda: text, len(text), via, depth)

    def _decode(self, undone: Callable[[], str | None], characters: int, via: str, depth: int) -> bool:
        if not self._spend(characters):
            return False
        text = undone()
        if text is not None:
            names, self._names = self._names, True
            self._text(text, via, depth + 1)
            self._names = names
        return True

    # --- finds -----------------------------------------------------------------------------------------------------

    def _name(self, text: str, via: str, depth: int) -> None:
        """A bare name. Most of what has a dot is a file: its ending is looked at before anything dear is done."""
        if text in self._told or not self._spend(_WORK_OF_A_NAME):
            return
        self._told.add(text)
        ending = text.rstrip(".").rpartition(".")[2].lower()
        if not ending.isascii() or known_suffix(f".{ending}"):
            inner = canonical(f"http://{text}/")
            if inner is not None and known_suffix(inner.host):
                self._add(Inner(inner, via), depth)

    def _add_if(self, address: Address | None, via: str, depth: int) -> None:
        if address is not None:
            self._add(Inner(address, via), depth)

    def _add(self, inner: Inner, depth: int) -> None:
        if inner.address.query and len(self.asked) < _MOST_SEARCHES:
            self.asked[inner.address] = None
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


def _tail(text: str, start: int) -> Callable[[], str]:
    return lambda: codings.every_second(text[start : start + _LONGEST_PIECE])


def _fields(query: str, words: frozenset[str], typed: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The parts of a query to look into, and whether a bare name in them counts."""
    kept = []
    for field in query.split("&") if query else ():
        name = unquote(field.partition("=")[0]).lower()
        if name in words:
            continue
        if name in typed or name in _SOURCES or name.startswith("utm_"):
            yield field.partition("=")[2].replace("+", " "), False
        else:
            kept.append(field.replace("+", " ") if "." in field and "+" in field else field)
    if kept:
        yield "&".join(kept), True
