"""Known relays: sites that fetch another site for whoever asks, and where in their address the other one stands.

Data in `config/relays.yaml`. What is not known is looked into by `policy.unwrap`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from policy.address import canonical, icann_name, is_ip, known_suffix
from policy.codings import unquoted_once
from policy.match import suffixes
from policy.model import Address
from policy.search import plain_path

_SCHEME = re.compile(r"(?:view-source:)?(?:https?|wss?|ftp):", re.IGNORECASE)
_MOST_VALUES = 32  # of one address
# Of a translated site's name the first part may stand in one field, and that it began with `xn--` in another.
_PREFIX, _ENCODED = "_x_tr_hp", "_x_tr_enc"


@dataclass(frozen=True)
class Relay:
    """One known relay. Hosts are exact; `google.*` stands for every public suffix, `*.a.goog` for all below it.

    The inner address is in a query field (`query`), in the path at `{url}` (`paths`; `*` is a segment, `{s}` says
    https), or in the name itself (`name`: `a-b.example` for `a.b`). `pattern` is what a value must look like, its group
    `url` being the address. `with_query`: the outer query belongs to the inner address. `to`: at the paths `below`
    (whatever the case of their letters) this host is that other site itself.
    """

    id: str
    hosts: tuple[str, ...]
    query: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    pattern: str = ""
    name: bool = False
    with_query: bool = False
    to: str = ""

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
            fields = dict(_pairs(address.query))
            name = f"{unescaped(fields.get(_PREFIX, '') + label)}{address.path}?{address.query}"
            found = [f"http://{name}", *([f"http://xn--{name}"] if _ENCODED in fields else [])]
        for value in found:
            text = value.strip().removeprefix("view-source:")
            inner = canonical(text if _SCHEME.match(text) else f"http://{text.lstrip('/')}")
            if inner is not None and (known_suffix(inner.host) or is_ip(inner.host)):
                yield inner

    def _written(self, address: Address) -> list[str]:
        found = [self.to] if self.to and plain_path(address.path).startswith(self.below) else []
        if self.query and (not self.below or address.path.startswith(self.below)):
            for name, value in _pairs(address.query):
                if len(found) >= _MOST_VALUES:
                    break
                if name in self.query and value:
                    match = self._value.fullmatch(value) if self._value else None
                    if self._value is None or match:
                        found.append(match["url"] if match else value)
        for pattern in self._paths:
            match = pattern.match(address.path)
            if match:
                rest = unquoted_once(match["url"])
                query = f"?{address.query}" if self.with_query and address.query and "?" not in rest else ""
                scheme = "https://" if match.groupdict().get("s") and not _SCHEME.match(rest) else ""
                found.append(f"{scheme}{rest}{query}")
                break
        return found


def _path_pattern(path: str) -> re.Pattern[str]:
    text = re.escape(path).replace(re.escape("{s}/"), "(?P<s>s/)?").replace(re.escape("{url}"), "(?P<url>.+)")
    return re.compile(text.replace(r"\*", "[^/]*"), re.DOTALL)


def unescaped(label: str) -> str:
    """`nl-wikipedia-org` as `nl.wikipedia.org`; a hyphen of the name itself is written twice."""
    return label.replace("--", "\0").replace("-", ".").replace("\0", "-")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        yield unquote(name.replace("+", " ")), unquote(value.replace("+", " "))


@dataclass(frozen=True)
class Relays:
    """All known relays, by host. Not slotted: the look-up table is made once."""

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
        label = icann_name(address.host)
        if label:
            # `translate.google.co.uk` is `translate.google.*`: everything before the label, and the label.
            before = address.host[: address.host.rindex(f"{label}.")]
            found += table.get(f"{before}{label}.*", ())
        return found

    def fetched(self, address: Address) -> Iterator[Address]:
        """What known relays are asked for here, one step deep."""
        for relay in self.known(address):
            yield from relay.inner(address)
