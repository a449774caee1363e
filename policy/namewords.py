"""What a name gives away by its words: mirrors and copies that are younger than any list.

Read is the one label that somebody registered (of `spel-x.github.io` that is `spel-x`), or on a host where people keep
pages of their own below a path, the first parts of that path. A name that a list knows is never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import unquote

from policy.address import name_without_suffix, private_suffix
from policy.match import within
from policy.model import Address

_TOKENS = re.compile(r"[a-z]+|[0-9]+")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class NameWord:
    """Words of one category. `parts` are found anywhere, `starts` and `ends` at an edge, `words` by themselves.

    `own_pages` holds only where people have pages of their own: there a word tells more than it does in a name that
    somebody paid for.
    """

    category: str
    parts: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    own_pages: bool = False


@dataclass(frozen=True)
class NameWords:
    """All of them. `shared` are hosts with people's own pages below a path. Not slotted: the patterns are made once."""

    rules: tuple[NameWord, ...] = ()
    shared: tuple[str, ...] = field(default=())

    @cached_property
    def _shared(self) -> frozenset[str]:
        return frozenset(self.shared)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str], frozenset[str], bool], ...]:
        return tuple((rule.category, _edges(rule), frozenset(rule.words), rule.own_pages) for rule in self.rules)

    def of_host(self, host: str) -> tuple[str, str] | None:
        """The category that a canonical host's name gives away, with the word, or None."""
        return self._told(host)

    @cached_property
    def _told(self) -> Callable[[str], tuple[str, str] | None]:
        """Remembered: the same hosts come by all day."""
        return lru_cache(maxsize=16_384)(self._of_host)

    def _of_host(self, host: str) -> tuple[str, str] | None:
        name = name_without_suffix(host)
        return self._found(name, own_page=private_suffix(host)) if name else None

    def of_page(self, address: Address) -> tuple[str, str] | None:
        """The same for a page below a path of a host that many share."""
        if len(address.path) < 2 or not within(address.host, self._shared):
            return None
        text = unquote(address.path).lower().replace("/", "-").replace("_", "-")[:_LONGEST]
        return self._found(text, own_page=True)

    def _found(self, name: str, *, own_page: bool) -> tuple[str, str] | None:
        joined = name.replace("-", "")
        tokens = frozenset(_words(name))
        for category, edges, words, only_own in self._patterns:
            if only_own and not own_page:
                continue
            match = edges.search(joined)
            word = match[0] if match and match[0] else next(iter(sorted(words & tokens)), "")
            if word:
                return category, word
        return None


def _words(name: str) -> Iterator[str]:
    """Every run of letters or of digits, and every piece between hyphens."""
    yield from _TOKENS.findall(name)
    yield from name.split("-")


def _edges(rule: NameWord) -> re.Pattern[str]:
    pieces = [re.escape(part) for part in rule.parts]
    pieces += [f"^{re.escape(start)}" for start in rule.starts]
    pieces += [f"{re.escape(end)}$" for end in rule.ends]
    return re.compile("|".join(pieces) if pieces else r"(?!)")
