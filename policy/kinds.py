"""Which categories a host is in, and by what: a list, the school's own list, the shape of an address, or its name."""

from __future__ import annotations

from policy.address import is_ip, private_suffix, site_of
from policy.match import suffixes
from policy.model import Address, Snapshot

BARE_IP = "bare-ip"
LOOK_ALIKE = "look-alike"
BYPASS = "bypass"
RELAY = "relay"
UNKNOWN = "unknown"
UNSAFE_SEARCH = "unsafe-search"
DERIVED = frozenset({BARE_IP, LOOK_ALIKE, RELAY, UNKNOWN, UNSAFE_SEARCH})
"""Categories that no list has: they are read off the host itself, or off the data of the search engines."""


_SCHOOLS_OWN = frozenset({"education", "school-admin", "news-children", "help"})


def of_the_school(host: str, snapshot: Snapshot) -> bool:
    """Whether a host is on one of our own lists of sites that a school uses."""
    return not _SCHOOLS_OWN.isdisjoint(snapshot.knowledge.categories.categories(host))


def of_list(host: str, snapshot: Snapshot) -> frozenset[str]:
    """The categories that a list has a canonical host in: ours, a feed, the school's."""
    return snapshot.knowledge.categories.categories(host) | snapshot.own_lists.categories(host)


def of_inner(host: str, snapshot: Snapshot) -> frozenset[str]:
    """The categories of a host that only stands inside an address: by list, or because it is a bare address."""
    found = of_list(host, snapshot)
    return found | {BARE_IP} if is_ip(host) else found


def of_host(host: str, snapshot: Snapshot) -> frozenset[str]:
    """All categories of a canonical host. A name is read only when no list knows it."""
    knowledge = snapshot.knowledge
    found = of_list(host, snapshot)
    if not _known(host, found, snapshot):
        if knowledge.protected.pretended(host):
            return found | {LOOK_ALIKE}
        told = knowledge.names.of_host(host)
        if told:
            found |= {told[0]}
        elif not found and snapshot.proposed and not snapshot.proposed.keys().isdisjoint(suffixes(host)):
            found = frozenset({UNKNOWN})
    if knowledge.engines.unsafe(host):
        found |= {UNSAFE_SEARCH}
    return found | {BARE_IP} if is_ip(host) else found


def _known(host: str, listed: frozenset[str], snapshot: Snapshot) -> bool:
    """Whether a list knows this name. Below `github.io` everybody chooses one: who lists that whole has read none."""
    if not listed or not private_suffix(host):
        return bool(listed)
    return listed != of_list(site_of(host).partition(".")[2], snapshot)


def of_page(address: Address, snapshot: Snapshot) -> str | None:
    """The category that the path gives away on a host where anybody keeps pages."""
    told = snapshot.knowledge.names.of_page(address)
    return told[0] if told else None


def grounds(host: str, address: Address | None, snapshot: Snapshot) -> str:
    """By what the host is in a category that no list has it in, for the trace; empty when it was a list."""
    knowledge = snapshot.knowledge
    if address is not None and address.host == host:
        page = knowledge.names.of_page(address)
        if page:
            return f"by its path: {page[1]}"
    if _known(host, of_list(host, snapshot), snapshot):
        return ""
    pretended = knowledge.protected.pretended(host)
    if pretended:
        return f"reads like: {pretended}" if pretended != "mixed scripts" else pretended
    told = knowledge.names.of_host(host)
    return f"by its name: {told[1]}" if told else ""
