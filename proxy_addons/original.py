"""Where a connection was going before a firewall rule led it here (a `redirect` of nftables or iptables on Linux)."""

from __future__ import annotations

import socket
from asyncio import trsock
from ipaddress import IPv4Address, IPv6Address

from proxy_addons.crowd import plain

_ORIGINAL_DST = 80  # SO_ORIGINAL_DST (linux/netfilter_ipv4.h) and IP6T_SO_ORIGINAL_DST: the same number
_SOL_IPV6 = 41
_SIZE_V4, _SIZE_V6 = 16, 28  # bytes of sockaddr_in, sockaddr_in6


def destination(sock: socket.socket | trsock.TransportSocket) -> tuple[str, int] | None:
    """The address and port that a client meant; None when that was this very listener, or nobody led it here."""
    name = sock.getsockname()
    here = (plain(str(name[0])), int(name[1]))
    try:
        if sock.family == socket.AF_INET or ":" not in here[0]:
            raw = sock.getsockopt(socket.SOL_IP, _ORIGINAL_DST, _SIZE_V4)
            meant = str(IPv4Address(raw[4:8])), int.from_bytes(raw[2:4])
        else:
            raw = sock.getsockopt(_SOL_IPV6, _ORIGINAL_DST, _SIZE_V6)
            meant = str(IPv6Address(raw[8:24])), int.from_bytes(raw[2:4])
    except (OSError, ValueError):
        return None  # not tracked, so not redirected
    return None if meant == here else meant
