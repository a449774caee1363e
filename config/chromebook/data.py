"""What browsers and Google say of themselves, each dated and with a source: policies, and hosts to leave alone.

The files beside this module are ours; what is wrong in one is a `ConfigError` at the first reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from config.factory import factory_file
from config.read import Document

_DEFINITIONS = "https://github.com/chromium/chromium/blob/main/components/policy/resources/templates/policy_definitions"


class System(StrEnum):
    """Where a Chrome runs."""

    CHROMEOS = "chromeos"
    LINUX = "linux"


class Scope(StrEnum):
    """For whom a policy is set in the Admin console."""

    USER = "user"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Known:
    """A policy of Chrome as its definition has it; `caption` is its English name there, `source` the definition."""

    name: str
    on: frozenset[System]
    scope: Scope
    caption: str
    source: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A host that devices talk to by certificates of their own.

    `source` says who names it, `url` where (may be empty), `checked` when that was read. `inspect` is why the guard
    looks into it all the same (a word of `chromebook.inspect.*`); empty: it passes unseen.
    """

    host: str
    source: str
    url: str
    checked: date
    inspect: str


@cache
def policies() -> dict[str, Known]:
    """Every policy that the export writes, by name, in the order of the page."""
    document = factory_file("chromebook", "policies.yaml")
    return {
        name: Known(
            name,
            frozenset(System(one) for one in entry["on"]),
            Scope(entry["scope"]),
            entry["caption"],
            f"{_DEFINITIONS}/{entry['source']}.yaml",
        )
        for name, entry in _mapping(document, "policies").items()
    }


@cache
def policies_checked() -> date:
    """When the definitions were read."""
    return date.fromisoformat(str(factory_file("chromebook", "policies.yaml").value["checked"]))


@cache
def firefox_policies() -> frozenset[str]:
    """The names of Firefox's policies that the export may write."""
    return frozenset(factory_file("chromebook", "firefox.yaml").value["policies"])


@cache
def unseen_hosts() -> tuple[Unseen, ...]:
    """The hosts that are not to be looked into, by who names them."""
    document = factory_file("chromebook", "hosts.yaml")
    sources, inspect = _mapping(document, "sources"), _mapping(document, "inspect")
    return tuple(
        Unseen(host, source["title"], source["url"], source["checked"], inspect.get(host, ""))
        for name, hosts in _mapping(document, "hosts").items()
        for host in hosts
        for source in (sources[name],)
    )


def _mapping(document: Document, key: str) -> dict[str, Any]:
    found = document.value.get(key)
    if not isinstance(found, dict):
        raise document.error((key,), f"`{key}` is missing or no mapping")
    return found
