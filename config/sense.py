"""Whether a school's own lists make sense, wherever they are written: in `school.yaml` or on a screen.

What would silently do nothing or too much is refused: a list no rule speaks of, an open site that stays locked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from config.factory import category_names, factory_knowledge
from config.read import Path, quoted
from config.settings import Settings
from config.words import Host, Text, nearest
from policy.kinds import DERIVED
from policy.match import HostIndex
from policy.model import Effect, Facet, Gate, Policy, Role, Rule


@dataclass(frozen=True, slots=True)
class Nonsense:
    """Something that cannot be meant: `code` in a word, where in a school file it stands, the problem and a remedy."""

    code: str
    where: Path
    problem: str
    hint: str
    category: str = ""


def nonsense(policy: Policy, settings: Settings) -> Iterator[Nonsense]:
    """What is wrong with a policy's own lists and the school's tunnels, in the order in which they are written."""
    spoken = {category for rule in policy.rules for category in rule.categories}
    for category in policy.lists:
        if category not in category_names() | spoken:
            problem = f"no rule speaks of category {quoted(category)}"
            yield Nonsense("unspoken", ("lists", category), problem, nearest(category, sorted(category_names())))
    floor = _denied(policy.rules, floor=True)
    restricted = floor | _denied(policy.rules, floor=False)
    factory, lists = factory_knowledge().categories, HostIndex.of(policy.lists)
    for number, host in enumerate(policy.open_sites):
        for category in sorted(factory.categories(host) & floor):
            problem = f"{quoted(host)} is in {quoted(category)}, which nobody can open"
            yield Nonsense("locked", ("open_sites", number), problem, "remove it", category)
    for host in settings.tunnels:
        for category in sorted((factory.categories(host) | lists.categories(host)) & restricted):
            problem = f"{quoted(host)} is in {quoted(category)}: a tunnel is not looked into, so no rule could hold"
            hint = "remove it; a site that should be open belongs in `open_sites`"
            yield Nonsense("tunnel", ("tunnels", host), problem, hint, category)


def closing_categories(policy: Policy) -> tuple[str, ...]:
    """The categories that a rule closes for pupils and that a list can have, in alphabetical order."""
    rules = tuple(rule for rule in policy.rules if rule.facet is Facet.PLACE or rule.gate is Gate.LOCKED)
    mine = tuple(rule for rule in rules if Role.PUPIL in rule.roles and not rule.apps)
    return tuple(sorted((_denied(mine, floor=True) | _denied(mine, floor=False)) - DERIVED))


def host_of(text: str) -> str | None:
    """The canonical host in what somebody typed, by the rules for a host in a school file; None when it is none."""
    try:
        return _host().validate_python(text)
    except ValidationError:
        return None


def line_of(text: str) -> str | None:
    """What somebody typed, as a school file would take it: 1 to 300 printable characters; else None."""
    try:
        return _line().validate_python(text)
    except ValidationError:
        return None


@cache
def _host() -> TypeAdapter[str]:
    return TypeAdapter(Host)


@cache
def _line() -> TypeAdapter[str]:
    return TypeAdapter(Text)


def _denied(rules: tuple[Rule, ...], floor: bool) -> set[str]:
    return {
        category
        for rule in rules
        if rule.effect is not Effect.ALLOW and (rule.gate is Gate.LOCKED) is floor
        for category in rule.categories
    }
