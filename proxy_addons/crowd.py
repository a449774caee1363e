"""How many connections one address, and one device, may have at a time.

A browser opens 32 to its proxy and no more (Chrome's `MaxConnectionsPerProxy`; Firefox has the same number), so that
`PER_KEY` is room for a dozen programs on one device. Behind one address there may be a whole group.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from proxy_addons.facts import Away

PER_ADDRESS = 2000  # connections of one client address at a time
PER_KEY = 400  # connections of one device, by the key it gives


class Crowd:
    """Who is in, for one worker. Belongs to one event loop."""

    def __init__(self) -> None:
        self._addresses: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self.counts = (self._addresses, self._keys)

    def __len__(self) -> int:
        """How many connections are in, by address."""
        return sum(self._addresses.values())

    def come(self, address: str) -> Place | Away:
        """Let a connection from an address in (as `plain` writes it), or say why not."""
        if not inside(address):
            return Away.OUTSIDE
        there = self._addresses.get(address, 0)
        if there >= PER_ADDRESS:
            return Away.TOO_MANY
        self._addresses[address] = there + 1
        return Place(self, address)

    def take_key(self, key: str) -> bool:
        """Count a connection for a key; False when there are too many."""
        there = self._keys.get(key, 0)
        if there >= PER_KEY:
            return False
        self._keys[key] = there + 1
        return True

    def leave(self, address: str | None, key: str | None) -> None:
        """Count a connection out."""
        if address is not None:
            _less(self._addresses, address)
        if key is not None:
            _less(self._keys, key)


class Place:
    """The place of one connection. `address` None is not counted: a balancer's own."""

    __slots__ = ("_address", "_crowd", "_key")

    def __init__(self, crowd: Crowd, address: str | None) -> None:
        self._crowd, self._address = crowd, address
        self._key: str | None = None

    def claim(self, key: str | None) -> bool:
        """Count the connection for the device whose key it gave; False when that has too many."""
        if key is None:
            return True
        taken = self._crowd.take_key(key)
        self._key = key if taken else None
        return taken

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


def _less(counts: dict[str, int], key: str) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
