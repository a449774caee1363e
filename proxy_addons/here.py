"""Where this machine is: every address of every interface, and the networks that it is on, as they come and go.

Asked of the system (`getifaddrs`, through psutil) and of nobody else, when somebody wants to know and the last answer
is older than a second: 0.1 ms. The school's own machines may have addresses of the whole world (IPv6 gives everyone
one), so what is on the same wire is as much inside as a private address is.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import psutil

from proxy_addons.world import address_of, in_world

_log = logging.getLogger(__name__)

FRESH = 1.0  # seconds that an answer of the system is used
_SHORTEST = {4: 24, 6: 48}  # bits of a prefix: what is wider is no network of a school, but a provider's

type Address = IPv4Address | IPv6Address
type Look = Callable[[], Iterable[tuple[str, str | None]]]


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses that this machine has, and the networks of the wide world that it is on."""

    addresses: frozenset[Address] = frozenset()
    networks: frozenset[IPv4Network | IPv6Network] = frozenset()

    def near(self, address: Address) -> bool:
        """Whether an address is this machine's own, or one on the same wire."""
        return address in self.addresses or any(address in network for network in self.networks)


def interfaces() -> list[tuple[str, str | None]]:
    """Address and mask of every interface, up or down, as the system writes them. Raises `OSError`."""
    wanted = (socket.AF_INET, socket.AF_INET6)
    return [
        (one.address, one.netmask) for all_of_one in psutil.net_if_addrs().values() for one in all_of_one
        if one.family in wanted
    ]  # fmt: skip


class Here:
    """Knows the present `Place`. `look` and `clock` (seconds) are the system's own."""

    def __init__(self, look: Look = interfaces, clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._until = 0.0
        self._place: Place | None = None

    def now(self) -> Place:
        """The place as it is, or was a second ago; the very same object while it does not change.

        When the system does not say, what it said before holds. Raises `OSError` when it never said anything.
        """
        now = self._clock()
        if self._place is not None and now < self._until:
            return self._place
        try:
            place = _place(self._look())
        except (OSError, ValueError) as error:
            if self._place is None:
                raise OSError("the system does not say which addresses this machine has") from error
            _log.warning("the addresses of this machine could not be read again: %s", type(error).__name__)
            place = self._place
        if place != self._place:
            self._place = place
        self._until = now + FRESH
        return self._place or place


def _place(found: Iterable[tuple[str, str | None]]) -> Place:
    addresses: set[Address] = set()
    networks: set[IPv4Network | IPv6Network] = set()
    for text, mask in found:
        address = address_of(text)
        if address is None:
            continue
        addresses.add(address)
        if mask and in_world(address) and (bits := _bits(mask)) >= _SHORTEST[address.version]:
            networks.add(ip_network(f"{address}/{bits}", strict=False))
    return Place(frozenset(addresses), frozenset(networks))


def _bits(mask: str) -> int:
    """The length of a prefix, of a mask as the system writes it (`255.255.255.0`, `ffff:ffff::`, `.../64`)."""
    known = address_of(mask.partition("/")[0])
    return int(known).bit_count() if known is not None else 0
