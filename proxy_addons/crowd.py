"""How many connections one address, and one device, may have at a time.

A browser opens 32 to its proxy and no more (Chrome's `MaxConnectionsPerProxy`; Firefox has the same number), so that
`PER_KEY` is room for a dozen programs on one device. Behind one address there may be a whole group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from proxy_addons.facts import Away

PER_ADDRESS = 2000  # connections of one client address at a time
PER_KEY = 400  # connections of one device, by the key it gives
ROOM = 16  # connections beyond either, that are let in to be told so, and for help


class Crowd:
    """Who is in, for one worker. Belongs to one event loop.

    `school` are networks of the school's own whose addresses are of the whole world. Raises `ValueError` when one of
    them is none.
    """

    def __init__(self, school: Iterable[str] = ()) -> None:
        self._admits = admitting(school)
        self._addresses: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self.counts = (self._addresses, self._keys)

    def __len__(self) -> int:
        """How many connections are in, by address."""
        return sum(self._addresses.values())

    def come(self, address: str) -> Place | Away:
        """Let a connection from an address in (as `plain` writes it), or say why not."""
        if not self._admits(address):
            return Away.OUTSIDE
        there = self._addresses.get(address, 0)
        if there >= PER_ADDRESS + ROOM:
            return Away.TOO_MANY
        self._addresses[address] = there + 1
        return Place(self, address, full=there >= PER_ADDRESS)

    def take_key(self, key: str) -> int | None:
        """Count a connection for a key: how many there are with it; None, and not counted, when there is no room."""
        there = self._keys.get(key, 0)
        if there >= PER_KEY + ROOM:
            return None
        self._keys[key] = there + 1
        return there + 1

    def leave(self, address: str | None, key: str | None) -> None:
        """Count a connection out."""
        if address is not None:
            _less(self._addresses, address)
        if key is not None:
            _less(self._keys, key)


class Place:
    """The place of one connection. `address` None is not counted: a balancer's own.

    `full` says that it is beyond the bound: only to be told so, and for help.
    """

    __slots__ = ("_address", "_crowd", "_key", "full")

    def __init__(self, crowd: Crowd, address: str | None, *, full: bool = False) -> None:
        self._crowd, self._address = crowd, address
        self._key: str | None = None
        self.full = full

    def claim(self, key: str | None) -> bool:
        """Count the connection for the device whose key it gave; False when there is no room for it at all."""
        if key is None:
            return True
        taken = self._crowd.take_key(key)
        if taken is None:
            return False
        self._key = key
        self.full = self.full or taken > PER_KEY
        return True

    def leave(self) -> None:
        """Count the connection out; a second time does nothing."""
        self._crowd.leave(self._address, self._key)
        self._address = self._key = None


@lru_cache(maxsize=4096)
def plain(address: str) -> str:
    """A socket's address as everything here knows it: without its zone, and IPv4 as IPv4 wherever it came in."""
    text = address.partition("%")[0]
    if ":" not in text:
        return text
    try:
        mapped = IPv6Address(text).ipv4_mapped
    except ValueError:
        return text
    return text if mapped is None else str(mapped)


@lru_cache(maxsize=4096)
def inside(address: str) -> bool:
    """Whether an address is none out in the world, where an open proxy would be everybody's."""
    try:
        return not ip_address(address).is_global
    except ValueError:
        return False


def admitting(school: Iterable[str]) -> Callable[[str], bool]:
    """What says whether a client's address is inside: private, or of a network that the school says is its own.

    Raises `ValueError` when a network is none.
    """
    networks = tuple(ip_network(text, strict=False) for text in school)

    @lru_cache(maxsize=4096)
    def admits(address: str) -> bool:
        known = plain(address)
        if inside(known):
            return True
        try:
            return any(ip_address(known) in network for network in networks)
        except ValueError:
            return False

    return admits


def _less(counts: dict[str, int], key: str) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
