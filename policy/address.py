"""One canonical form of a URL or host, so that no spelling of an address escapes its rule.

WHATWG URL parsing, IDNA and the odd IPv4 spellings come from `ada-url`; registrable domains from the public suffix
list of `publicsuffixlist`, its private section included (every github.io name is a site of its own).
"""

from __future__ import annotations

from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ada_url import parse_url
from publicsuffixlist import PublicSuffixList

from policy.model import Address

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NAT64 = ip_network("64:ff9b::/96")
# What would end the host part of a URL: a "host" with one of these is a trick, not a name.
_NOT_A_HOST = frozenset("/\\?#@")


# Read at the first question: a laptop's agent asks about programs only and is to be small. `warm` reads all at once.
@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _registries() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


@cache
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def warm() -> None:
    """Read the lists of suffixes now, so that no first visitor waits half a second for them."""
    _suffixes(), _registries(), _known_suffixes()


def canonical(url: str) -> Address | None:
    """The one canonical form of a web address, or None when it is not one (other scheme, no host, not parseable)."""
    try:
        parts = parse_url(url, ("protocol", "hostname", "port", "pathname", "search"))
    except ValueError:
        return None
    scheme = parts["protocol"].removesuffix(":")
    host = _named(parts["hostname"])
    if host is None or scheme not in _PORTS:
        return None
    port = int(parts["port"]) if parts["port"] else _PORTS[scheme]
    query = parts["search"].removeprefix("?")
    return Address(scheme, host, port, parts["pathname"], query, site_of(host), is_ip(host))


@lru_cache(maxsize=65_536)
def canonical_host(host: str) -> str | None:
    """The canonical name or address in `host` (a port is ignored), or None when there is none.

    Lower-case A-labels without a trailing dot; IPv4 in dotted decimals; IPv6 compressed without brackets; IPv4 inside
    IPv6 (mapped or NAT64) as IPv4. Idempotent.
    """
    if not host or not _NOT_A_HOST.isdisjoint(host):
        return None
    literal = _as_ipv6(host)
    try:
        parsed: str = parse_url(f"http://{f'[{literal}]' if literal else host}/", ("hostname",))["hostname"]
    except ValueError:
        return None
    return _named(parsed)


def _named(parsed: str) -> str | None:
    """The canonical host in what the URL parser made of it."""
    if parsed.startswith("["):
        return _unmapped(IPv6Address(parsed[1:-1]))
    name = parsed.removesuffix(".")
    if not name or len(name) > 253 or name.startswith(".") or ".." in name or name.endswith("."):
        return None
    # `1.2.3.4.` loses its dot only here, and must then read as the address that it is.
    return name if name == parsed else canonical_host(name)


def _as_ipv6(host: str) -> str | None:
    """`host` as a bare IPv6 literal, if it is one without brackets (so that its colons are not read as a port)."""
    if host.count(":") < 2 or host.startswith("["):
        return None
    try:
        return str(IPv6Address(host.partition("%")[0]))
    except ValueError:
        return None


def _unmapped(address: IPv6Address) -> str:
    """IPv4 hidden in an IPv6 address, as IPv4."""
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if address in _NAT64:
        return str(IPv4Address(int(address) & 0xFFFFFFFF))
    return str(address)


@lru_cache(maxsize=65_536)
def is_ip(host: str) -> bool:
    """Whether a canonical host is an IP address."""
    # The only canonical hosts that end in a digit or hold a colon; most names need not be tried.
    if not host[-1:].isdigit() and ":" not in host:
        return False
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65_536)
def site_of(host: str) -> str:
    """The registrable domain of a canonical host (the host itself for an IP or a bare public suffix)."""
    if is_ip(host):
        return host
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=65_536)
def name_without_suffix(host: str) -> str:
    """The one label before the public suffix: `google` for `www.google.co.uk`; empty when there is none."""
    if is_ip(host):
        return ""
    site = _suffixes().privatesuffix(host)
    return site.partition(".")[0] if site else ""


@lru_cache(maxsize=65_536)
def icann_name(host: str) -> str:
    """As `name_without_suffix`, by the suffixes of registries alone: what somebody hosts for others is one name.

    `google` for `www.google.co.uk`, but `github` for `google.github.io`; empty below a suffix that nobody knows.
    """
    if is_ip(host) or not known_suffix(host):
        return ""
    site = _registries().privatesuffix(host)
    return site.partition(".")[0] if site else ""


def known_suffix(host: str) -> bool:
    """Whether a canonical host ends in a suffix that somebody registers names under; an IP address does not."""
    return "." in host and _known_end(host.rpartition(".")[2])


@lru_cache(maxsize=4096)
def _known_end(label: str) -> bool:
    """Whether names are registered below a top-level label: `nl` yes, `js` and `123` no."""
    return _known_suffixes().publicsuffix(f"a.{label}") is not None


@lru_cache(maxsize=65_536)
def private_suffix(host: str) -> bool:
    """Whether anybody may have a name of their own below this one's suffix, as below `github.io`."""
    suffix = "" if is_ip(host) else _suffixes().publicsuffix(host) or ""
    return "." in suffix and _registries().publicsuffix(host) != suffix
