"""The shape of `firewall` in a school file: whose networks are whose, for the rules of `klaswacht firewall`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from config.part import Part
from config.read import quoted
from config.words import wrong

LOOSEST_FIRST = ("infrastructure", "staff", "names_only", "pupils")
"""The kinds of network in the order in which the firewall looks: a small exception goes before what it lies in."""

_PRIVATE = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_SHORTEST = {4: 16, 6: 32}  # a network out in the world that is bigger is no school's


def _school_network(value: Any) -> str:
    """A network inside a school, or one address in it, in its one spelling."""
    text = str(value).strip()
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise wrong(f"{quoted(text)} is not a network", "write one like `10.20.0.0/16` or `fd00:20::/64`") from None
    if not _private(network) and network.prefixlen < _SHORTEST[network.version]:
        raise wrong(f"{quoted(text)} holds half the world", "write the networks that the school itself has")
    if network.is_loopback or network.is_multicast or network.is_link_local or network.is_unspecified:
        raise wrong(f"{quoted(text)} is not where devices are", "write the networks that the school itself has")
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _private(network: IPv4Network | IPv6Network) -> bool:
    return any(_within(network, one) for one in _PRIVATE)


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False


SchoolNetwork = Annotated[
    str,
    BeforeValidator(_school_network),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f.:/]+$", "examples": ["10.20.0.0/16", "fd00:20::/64"]}),
]


class FirewallPart(Part):
    """Whose networks are whose. A kind may have a part of a stricter one's network, never the other way round."""

    pupils: list[SchoolNetwork] = []
    names_only: list[SchoolNetwork] = []
    staff: list[SchoolNetwork] = []
    infrastructure: list[SchoolNetwork] = []
    dashboard_for_pupils: bool = False

    @model_validator(mode="after")
    def _nobody_is_freed_by_accident(self) -> FirewallPart:
        for loose, strict in combinations(LOOSEST_FIRST, 2):
            for outer in getattr(self, loose):
                for inner in getattr(self, strict):
                    if _within(ip_network(inner), ip_network(outer)):
                        problem = f"{quoted(inner)} in {quoted(strict)} lies in {quoted(outer)} of {quoted(loose)}"
                        hint = f"make the network in {quoted(loose)} smaller: it would free them"
                        raise wrong(problem, hint, at=strict)
        if not self.pupils and (self.names_only or self.staff or self.infrastructure or self.dashboard_for_pupils):
            raise wrong("no network of pupils is named", "write `pupils: [...]` in `firewall`", at="pupils")
        return self
