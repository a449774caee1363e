"""The page behind a call on the guard's own path: the one that waits, that asks, or that a child came from.

The browser tells its address in `Referer`. An address that cannot be told again (too long, or of odd signs) is unknown:
what is asked about such a page never gets the answer that it is open. What an address does not tell, the page adds
itself (`telling.carried`): what was to be done, and for an address that cannot be told which rule was in the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus, urlencode

from policy.address import canonical
from policy.model import Address, Facet
from proxy_addons.facts import Exchange

PREFIX = "/_klaswacht"
BY_HOST = "host"
"""What a page says of an address that cannot be told when its host alone was in the way."""

MOST_SENT = 4096
"""Characters of a query or form on the own path."""
_MOST_FIELDS = 20
_LONGEST_PATH = 2000
_LONGEST_WRITTEN = 3000  # characters of it in a form, where `&` is three of them; the rest of the form comes with it
_ABOUT = ("act", "media", "types", "unsaid", "kinds")


def is_own(address: Address | None) -> bool:
    """Whether an address is on the guard's own path."""
    return address is not None and (address.path == PREFIX or address.path.startswith(PREFIX + "/"))


def repeatable(path: str) -> bool:
    """Whether a path and query can be told again: on the same host, printable, and not too long."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or not path.isascii() or not path.isprintable():
        return False
    return len(path) <= _LONGEST_PATH and len(quote_plus(path)) <= _LONGEST_WRITTEN


def whole_path(address: Address) -> str:
    """Path and query."""
    return f"{address.path}?{address.query}" if address.query else address.path


def fields_of(text: str) -> dict[str, str] | None:
    """The fields of a query or form; None when there are more than any page of ours sends."""
    if len(text) > MOST_SENT or text.count("&") >= _MOST_FIELDS:
        return None
    return dict(parse_qsl(text))


@dataclass(frozen=True, slots=True)
class Behind:
    """`path` of the page (None: unknown) and `said`, the page's own fields about it."""

    path: str | None
    said: Mapping[str, str]

    @property
    def about(self) -> str:
        """The same fields again, for the next call."""
        return urlencode({name: self.said[name] for name in _ABOUT if name in self.said})

    @property
    def back(self) -> str:
        """Where a link may lead back to; empty when that is unknown."""
        return "" if self.path is None or "unsaid" in self.said else self.path

    @property
    def opens(self) -> bool:
        """Whether the page is there again when its address is asked for: nothing had to be sent."""
        return bool(self.back) and "act" not in self.said

    def words(self, known: Iterable[str]) -> tuple[str, ...]:
        """The kinds of words in an unknown address, of those that are `known`; empty when it was not about words."""
        if self.path is not None or self.said.get("unsaid") != Facet.WORDS:
            return ()
        return tuple(sorted(set(self.said.get("kinds", "").split(",")) & set(known)))


def behind(exchange: Exchange, host: str, said: Mapping[str, str]) -> Behind:
    """What the browser says that it comes from, if that is on this very host; else its first page."""
    before = canonical(exchange.headers.get("referer", ""))
    here = before is not None and before.host == host and not is_own(before)
    path = whole_path(before) if before is not None and here else "/"
    return _told(path if repeatable(path) else None, said)


def behind_form(back: str, said: Mapping[str, str]) -> Behind:
    """The same of what our own form says: an empty `back` is unknown, and what is not our own leads to `/`."""
    if not back:
        return _told(None, said)
    return _told(back if repeatable(back) and not back.startswith(PREFIX) else "/", said)


def _told(path: str | None, said: Mapping[str, str]) -> Behind:
    if "unsaid" in said:
        path = "/" if said["unsaid"] == BY_HOST else None
    return Behind(path, said)
