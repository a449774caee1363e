"""What somebody typed, understood: a site, a service by its name, or one single video of a service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy.address import canonical, canonical_host, is_ip, name_without_suffix
from policy.services import Service, Services

_SHORTEST_LABEL = 4
_INSIDE = re.compile(r"\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Target:
    """What a permission is about: sites, or single items of a service (`youtube:id`). Empty: no place at all."""

    sites: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def site_in(text: str) -> str | None:
    """The site a person typed (a host or a whole address), as a canonical host without `www.`; None: not readable."""
    typed = text.strip().removeprefix("*.")  # below a site is meant anyway
    address = canonical(typed) if "://" in typed else canonical(f"https://{typed}")
    host = canonical_host(address.host) if address else None
    if host is None or "*" in host or ("." not in host and ":" not in host):
        return None
    if not is_ip(host) and not name_without_suffix(host):
        return None  # `co.uk` or `github.io` is no site: it would open everybody's
    return host.removeprefix("www.") if host.count(".") > 1 else host


def place_in(text: str, services: Services) -> str | None:
    """The site in what was typed; the name of a service, such as `YouTube`, means its first site. None: neither."""
    found = site_in(text)
    if found is not None:
        return found
    service = service_named(text, services)
    return service.sites[0] if service else None


def service_named(text: str, services: Services) -> Service | None:
    """The service that is called so, whatever its capitals, spaces and signs."""
    wanted = _folded(text)
    if not wanted:
        return None
    best: tuple[int, Service] | None = None
    for service in services.services:
        ranks = (rank for rank, name in _names(service) if _folded(name) == wanted)
        rank = min(ranks, default=None)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, service)
    return best[1] if best else None


def item_in(text: str, services: Services) -> str | None:
    """The single item (`youtube:id`) at an address, when there is one: of all that is around it nothing is meant."""
    typed = text.strip()
    address = canonical(typed) if "://" in typed else canonical(f"https://{typed}")
    item = services.item(address) if address else None
    found = services.of_item(item) if item else None
    if item is None or found is None:
        return None
    key = found[1]
    # A plain word is a page of the site: `watch`, `playlist`, `videoseries`.
    return None if key.isalpha() and key.islower() else item


def has_items(text: str, services: Services) -> bool:
    """Whether what was typed is at a service that has single items at all."""
    site = site_in(text)
    service = services.at(site) if site else None
    return service is not None and bool(service.items)


def _names(service: Service) -> Iterator[tuple[int, str]]:
    """What a service is called, the surest first."""
    yield 0, service.name
    yield 0, _INSIDE.sub("", service.name)
    yield 1, service.id
    for inside in _INSIDE.findall(service.name):
        yield from ((2, part) for part in inside.split(","))
    for site in service.sites:
        label = site.split(".")[0]
        if len(label) >= _SHORTEST_LABEL:
            yield 3, label


def _folded(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
