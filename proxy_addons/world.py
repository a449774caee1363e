"""Which addresses are out in the world, where sites are, and which are inside something: pure, and needs no network.

An allow-list where there is one: of IPv6 only what IANA gives out as global unicast (2000::/3), and of IPv4 what its
special-purpose registry (RFC 6890, as Python knows it) does not keep back. What holds an IPv4 address inside is as open
as that address. Added by hand is what the registry calls global but where no site is.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052, well-known prefix
_CLOSED_V4 = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's own services for each machine: metadata, at a public address
        "192.0.0.0/24",  # IETF protocols (RFC 6890): two anycast addresses in it are called global
        "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
    )
)
_CLOSED_V6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # IETF protocols (RFC 2928): Teredo, ORCHID, benchmarking
        "2002::/16",  # 6to4, given up (RFC 7526): leads to any IPv4 address by way of a relay
        "3ffe::/16",  # the old 6bone, given back (RFC 3701)
        "3fff::/20",  # documentation (RFC 9637)
    )
)


def in_world(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is out in the world, whatever it hides inside."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in one for one in _CLOSED_V4)
    inner = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.ipv4_mapped
    if inner is not None:
        return in_world(inner)
    return address in _GLOBAL_UNICAST and address.is_global and not any(address in one for one in _CLOSED_V6)


@lru_cache(maxsize=4096)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is, as sockets write it: without brackets and zone, IPv4 as IPv4. None: it is a name."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
