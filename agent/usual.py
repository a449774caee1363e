"""What is usual around a device: what was seen at first, and before that what the school says of its guard. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from agent.surroundings import Surroundings

_GNOME = "gnome "
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "socks_proxy", "auto_proxy", "autoconfig-url")
_NOTHING = "''"  # as the desktop writes an empty text


@dataclass(frozen=True, slots=True)
class Told:
    """What the school says: the names and addresses of its guard, and its name servers.

    `sure` is whether the school itself said how devices reach the guard; else another proxy may be the school's too.
    `names` are the guard's and the dashboard's, `domains` the school's, with everything below them. `refused`: the copy
    of the rules on the disk of this device was not believed when the agent started.
    """

    hosts: frozenset[str] = frozenset()
    dns: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    sure: bool = False
    refused: bool = False

    def leads_away(self, line: str) -> bool:
        """Whether a line of a hosts file (`address name`) sends a name of the school to what is not its guard."""
        address, _, name = line.partition(" ")
        ours = name in self.names or any(name == one or name.endswith(f".{one}") for one in self.domains)
        return ours and address not in self.hosts


def told_by(guard: object, server: str, domains: tuple[str, ...] = ()) -> Told | None:
    """Read what the school's answer says of its guard; None where it says nothing that can be read.

    `server` is the dashboard as `host:port`: where no other host is told, the guard is beside it.
    """
    if not isinstance(guard, Mapping):
        return None
    beside = urlsplit(f"//{server}").hostname or ""
    hosts = frozenset(host or beside for host in _hosts(guard))
    name, dns = guard.get("host"), guard.get("dns")
    names = frozenset(one for one in (name, beside) if isinstance(one, str) and one and not _is_ip(one))
    servers = tuple(one for one in dns if isinstance(one, str) and _is_ip(one)) if isinstance(dns, list) else ()
    return Told(hosts | names, servers, names, domains, sure=guard.get("reach") is True)


def _hosts(guard: Mapping[str, Any]) -> Iterator[str]:
    proxies = guard.get("proxies")
    for way in proxies if isinstance(proxies, list) else ():
        if isinstance(way, list) and way and isinstance(way[0], str):
            yield way[0].casefold()


def by_school(seen: Surroundings, told: Told | None) -> Surroundings:
    """Return what is usual: as it was seen at first, but with the name servers and no other proxy than the school's.

    What was wrong before the device was enrolled is wrong still. A name server on the device itself asks another one
    that cannot be seen here, so it stays.
    """
    if told is None:
        return seen
    local = any(_is_ip(one) and ip_address(one).is_loopback for one in seen.dns)
    dns = told.dns if told.dns and not local and not set(seen.dns) & set(told.dns) else seen.dns
    return replace(seen, dns=dns, proxies=tuple(_proxies(seen, told)) if told.sure else seen.proxies)


def _proxies(seen: Surroundings, told: Told) -> Iterator[tuple[str, str]]:
    for name, value in seen.proxies:
        if not _another(name, value, told.hosts):
            yield name, value
        elif name.startswith(_GNOME):
            yield name, _NOTHING


def _another(name: str, value: str, hosts: frozenset[str]) -> bool:
    key, plain = name.rpartition(" ")[2].casefold(), value.strip("\"'")
    if not plain:
        return False
    if key.endswith(".host"):
        return plain.casefold() not in hosts
    if not key.endswith(_PROXIES):
        return False
    try:
        host = urlsplit(plain if "//" in plain else f"//{plain}").hostname
    except ValueError:
        return True
    return host not in hosts


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
