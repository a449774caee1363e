"""What no feed may close: the poison guard.

A list of others may hold anything: a whole suffix, a range of addresses, the school's own website. Such names are left
out when the index is made, counted and shown. The rest of the feed is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address

from xxhash import xxh3_64_hexdigest

from config.factory import category_hosts, factory_knowledge
from config.settings import Settings
from policy.address import canonical_host
from policy.match import suffixes
from policy.model import Policy

KEPT_CATEGORIES = ("education", "school-admin", "news-children", "help")
"""Factory lists whose every host stays out of every feed's reach; a feed of such a category may name them."""

SAMPLES = 12
"""How many of the names that were left out are kept to show."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Hosts that stay open: `hosts` with every parent and `www.`, `trees` with everything below them as well."""

    hosts: frozenset[str]
    trees: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """Changes when anything of it changes: an index is made anew then."""
        return xxh3_64_hexdigest("\n".join((*sorted(self.hosts), "", *sorted(self.trees))).encode())


def kept_open(settings: Settings, policies: Iterable[Policy]) -> Kept:
    """What this school keeps open, by its settings, its rules (of the file and in force) and the factory lists."""
    known = factory_knowledge()
    own = {*known.own_hosts, settings.listen.name, settings.listen.pupils_host}
    trees = {*known.help_hosts, *own, *known.tunnels, *settings.tunnels}
    for policy in policies:
        trees.update(policy.open_sites)
    hosts = {*known.system_hosts, *(host for category in KEPT_CATEGORIES for host in category_hosts(category))}
    return Kept(frozenset(hosts | trees), frozenset(trees))


@dataclass(slots=True)
class Left:
    """What was left out of one feed: how many by reason, and the first few to show."""

    counts: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)


class Guard:
    """Says of a name whether it may be in a feed. Made once a compilation; names are canonical, as bytes."""

    def __init__(self, kept: Kept) -> None:
        exact, wild, free = _suffix_rules()
        self._suffixes = exact
        self._wild, self._free = wild, free
        covers = {parent.encode() for host in kept.hosts for parent in suffixes(host)}
        self._covers = frozenset(covers | {b"www." + host.encode() for host in kept.hosts})
        self._trees = frozenset(host.encode() for host in kept.trees)

    def passing(self, names: Iterable[bytes], category: str, left: Left) -> Iterator[bytes]:
        """The names that may be in a feed of `category`; the others are counted in `left`."""
        guarded = category not in KEPT_CATEGORIES
        suffix, wild, covers, digits = self._suffixes, self._wild, self._covers, b"0123456789"
        for name in names:
            rest = name.partition(b".")[2]
            if (
                name in suffix
                or not rest
                or rest in wild
                or (guarded and (name in covers or self._below(name)))
                or name[-1] in digits
            ):
                reason = self._reason(name, guarded)
                if reason is not None:
                    left.counts[reason] += 1
                    if len(left.samples) < SAMPLES:
                        left.samples.append(name.decode())
                    continue
            yield name

    def _below(self, name: bytes) -> bool:
        trees = self._trees
        while name:
            if name in trees:
                return True
            name = name.partition(b".")[2]
        return False

    def _reason(self, name: bytes, guarded: bool) -> str | None:
        """Why a name may not be in, or None."""
        rest = name.partition(b".")[2]
        if b":" in name or name[-1] in b"0123456789":
            address = _address(name)
            if address is not None and not address.is_global:
                return "private_address"
            if address is not None:
                return "kept_open" if guarded and name in self._covers else None
        if not rest:
            return "single_label"
        if name in self._suffixes or (rest in self._wild and name not in self._free):
            return "public_suffix"
        return "kept_open" if guarded and (name in self._covers or self._below(name)) else None


def _address(name: bytes) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name.decode("ascii", "replace"))
    except ValueError:
        return None


@cache
def _suffix_rules() -> tuple[frozenset[bytes], frozenset[bytes], frozenset[bytes]]:
    """Names that are or cover a public suffix; names of which every child is one; children that nevertheless are none.

    From the list that `publicsuffixlist` carries, both sections. Read as sets because millions of names are asked.
    """
    exact: set[str] = set()
    wild: set[str] = set()
    free: set[str] = set()
    for raw in files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8").splitlines():
        line = raw.split(maxsplit=1)[0] if raw.strip() else ""
        if not line or line.startswith("//"):
            continue
        name = canonical_host(line.removeprefix("!").removeprefix("*."))
        if name is None:
            continue
        if line.startswith("!"):
            free.add(name)
            continue
        exact.update(suffixes(name))
        if line.startswith("*."):
            wild.add(name)
    made = [frozenset(name.encode() for name in one) for one in (exact, wild, free)]
    return made[0], made[1], made[2]
