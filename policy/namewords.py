"""What a name gives away by its words: mirrors and copies that are younger than any list.

Read is the one label that somebody registered (of `spel-x.github.io` that is `spel-x`), or where people keep pages of
their own below a path, the name of that page; of the labels before it only whole ones that say what a server is for. A
name that a list knows is never read; nor is one that looks made up by a machine, or that tells of teaching and warning
(`whatsapp-oplichting.nl`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import unquote

from policy.address import name_without_suffix, private_suffix, site_of
from policy.match import within
from policy.model import Address

_PIECES = re.compile(r"[-_.]+")
_LETTERS = re.compile(r"[a-z]+")
_VOWELS = re.compile(r"[aeiouy]")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class NameWord:
    """Words of one category. `parts` are found anywhere, `starts` and `ends` at an edge, `words` by themselves.

    `servers` are whole labels before the registered one (`turn.` of any site).

    `own_pages` holds only where people have pages of their own: there a word tells more than it does in a name that
    somebody paid for. `sure`: nothing else in the name clears it.
    """

    category: str
    parts: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    own_pages: bool = False
    sure: bool = False
    servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class NameWords:
    """All of them. Not slotted: the patterns are made once.

    `shared` are hosts with people's own pages, `below` the path segments before the name of such a page (the first one
    that is there counts; without any the first segment is the name); at `accounts` the account comes before it. Below
    `hosted` everybody has a name, though no list of suffixes says so. `innocent` are words that clear a name.
    """

    rules: tuple[NameWord, ...] = ()
    shared: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    hosted: tuple[str, ...] = ()

    @cached_property
    def _shared(self) -> frozenset[str]:
        return frozenset(self.shared)

    @cached_property
    def _accounts(self) -> frozenset[str]:
        return frozenset(self.accounts)

    @cached_property
    def _patterns(self) -> tuple[tuple[NameWord, re.Pattern[str], frozenset[str]], ...]:
        return tuple((rule, _edges(rule), frozenset(rule.words)) for rule in self.rules)

    @cached_property
    def _clears(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_clearing, self.innocent)) or r"(?!)")

    def of_host(self, host: str) -> tuple[str, str] | None:
        """The category that a canonical host's name gives away, with the word, or None."""
        return self._told(host)

    @cached_property
    def _told(self) -> Callable[[str], tuple[str, str] | None]:
        """Remembered: the same hosts come by all day."""
        return lru_cache(maxsize=16_384)(self._of_host)

    def _of_host(self, host: str) -> tuple[str, str] | None:
        under = next((one for one in self.hosted if host.endswith(f".{one}")), None)
        if under is not None:
            return self._found(host.removesuffix(f".{under}").rpartition(".")[2], own_page=True)
        name = name_without_suffix(host)
        if not name:
            return None
        before = frozenset(host.removesuffix(site_of(host)).split("."))
        served = next(((rule.category, word) for rule in self.rules for word in rule.servers if word in before), None)
        return served or self._found(name, own_page=private_suffix(host))

    def of_page(self, address: Address) -> tuple[str, str] | None:
        """The same for the name of a page below a path of a host that many share.

        Below a name of somebody's own (`somebody.github.io/page`), and where there are accounts, only what is `sure`
        counts: there people have all of their work.
        """
        if len(address.path) < 2:
            return None
        shared = within(address.host, self._shared)
        if not (shared or within(address.host, self._accounts) or private_suffix(address.host)):
            return None
        segments = [one[-_LONGEST:] for one in unquote(address.path).lower().split("/") if one]
        while segments and segments[0] in self.below:
            segments = segments[1:]
        names = segments[:1] if shared else segments[:2]
        found = (self._found(one.partition("@")[0], own_page=shared, sure=not shared) for one in names)
        return next((one for one in found if one is not None), None)

    def _found(self, name: str, *, own_page: bool, sure: bool = False) -> tuple[str, str] | None:
        if made_up(name):
            return None
        cleared = self._clears.search(name) is not None
        pieces = frozenset(_PIECES.split(name))
        joined = _PIECES.sub("", name)
        for rule, edges, words in self._patterns:
            if (rule.own_pages and not own_page) or ((cleared or sure) and not rule.sure):
                continue
            match = edges.search(joined)
            word = match[0] if match and match[0] else min(words & pieces, default="")
            if word:
                return rule.category, word
        return None


def made_up(name: str) -> bool:
    """Whether a label looks made up by a machine: letters and digits through each other, or no vowels to speak of."""
    letters = _LETTERS.findall(name)
    if len(name) < 10 or "-" in name:
        return False
    word = max(letters, key=len, default="")
    return len(letters) >= 3 or len(word) < 4 or len(_VOWELS.findall(word)) * 6 < len(word)


def _clearing(word: str) -> str:
    """A short word clears a name at an edge only: many a longer one has it inside."""
    escaped = re.escape(word)
    return escaped if len(word) > 4 else rf"(?:^|[-_.]){escaped}|{escaped}(?:$|[-_.])"


def _edges(rule: NameWord) -> re.Pattern[str]:
    pieces = [re.escape(part) for part in rule.parts]
    pieces += [f"^{re.escape(start)}" for start in rule.starts]
    pieces += [f"{re.escape(end)}$" for end in rule.ends]
    return re.compile("|".join(pieces) if pieces else r"(?!)")
