"""A policy as a school would write it: nouns to the plain values of a `school.yaml`, and those to YAML text.

Driven by the models of the file (`config.schema`): a key that models and nouns share by name needs nothing here.
What a policy no longer tells (that its days off came from a region) is kept beside it, as text: `remainder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import time
from enum import Enum
from itertools import pairwise
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.read import ConfigError, quoted, read_yaml
from config.rulebook import default_rules, is_default, protocol_with_rules
from config.schema import RulePart, SchoolFilePart, TermPart
from config.schema_timetable import WEEKDAYS
from config.settings import Settings
from policy.model import Basis, BasisKind, PeriodKind, Policy, Rule, Schedule, Slot, Term

SETTINGS = frozenset(field.name for field in fields(Settings)) - {"protocol"}
"""The keys of a school file that are no part of the policy."""

SPOKEN = frozenset({"protocol", "rules", "schedule", "words"})
"""The keys whose nouns look different from what is written: each has a few lines below."""

SHARED = frozenset(field.name for field in fields(Policy)) & SchoolFilePart.model_fields.keys() - SPOKEN
"""The keys that a policy has under the same name and in the same shape."""

_REQUIRED = frozenset(key for key, field in SchoolFilePart.model_fields.items() if field.is_required())
_ABOUT_THE_FILE = frozenset({"revision"})
_INLINE = 6  # words of a list that stay on one line
_WIDTH = 110
_LESSON, _BREAK = PeriodKind.LESSON, PeriodKind.BREAK


def remainder(value: Mapping[str, Any]) -> str:
    """What of a read school file cannot be told from its policy again, as YAML text: the timetable as it was put."""
    told = SETTINGS | SHARED | _ABOUT_THE_FILE | SPOKEN - {"schedule"}
    return yaml_text({key: _there(item) for key, item in value.items() if key not in told and item is not None})


def settings_in(value: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a read school file as they are written there."""
    return {key: _there(item) for key, item in value.items() if key in SETTINGS and item is not None}


def policy_values(policy: Policy, kept: str = "") -> dict[str, Any]:
    """Every key of a school file that the policy fills, in the order of the models.

    `kept` is the `remainder` of the file that it came from; without it the timetable is told from the slots.

    Raises:
        ConfigError: the policy's protocol is not one that this program has.
    """
    found: dict[str, Any] = {
        "protocol": policy.protocol.id,
        "schedule": schedule_values(policy.schedule),
        "words": _words(policy),
        "rules": [rule_values(rule) for rule in own_rules(policy)],
    }
    found |= {key: _plain(getattr(policy, key)) for key in SHARED}
    found |= read_yaml(kept.encode(), "revision").value or {}
    keys = [key for key in SchoolFilePart.model_fields if key in found]
    return {key: found[key] for key in keys if key in _REQUIRED or found[key] != _DEFAULTS[key]}


def own_rules(policy: Policy) -> tuple[Rule, ...]:
    """The rules that the school itself made, in its order; the others come with the product.

    Raises:
        ConfigError: the policy's protocol is not one that this program has.
    """
    name = policy.protocol.id
    try:
        given = {rule.id: rule for rule in (*default_rules(), *protocol_with_rules(name)[1])}
    except FileNotFoundError:
        raise ConfigError("school.yaml", 0, f"protocol {quoted(name)} does not exist", "choose another one") from None

    def own(rule: Rule) -> bool:
        if rule.basis.kind is BasisKind.SCHOOL:
            return rule.basis.decided is not None
        taken = rule.id in given and not is_default(given[rule.id])
        return rule.basis.kind is not BasisKind.SAFETY and not taken

    return tuple(rule for rule in policy.rules if own(rule))


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True)
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value


_DEFAULTS = {key: _default(field) for key, field in SchoolFilePart.model_fields.items()}


# --- nouns to plain values -----------------------------------------------------------------------------------------


def rule_values(rule: Rule, *, defaults: bool = False) -> dict[str, Any]:
    """A rule as it is written; what it has by default is left out, unless `defaults`."""
    found: dict[str, Any] = {"id": rule.id, "basis": _basis(rule.basis)}
    for name, field in RulePart.model_fields.items():
        value = _plain(getattr(rule, name))
        if name not in found and (defaults or value != _plain(field.get_default(call_default_factory=True))):
            found[name] = value
    return found


def _basis(basis: Basis) -> dict[str, Any]:
    match basis.kind:
        case BasisKind.CLAUSE:
            found: dict[str, Any] = {"clause": basis.clause}
        case BasisKind.SCHOOL if basis.decided is not None:
            found = {"decided": basis.decided}
        case BasisKind.LAW:
            return {"law": basis.note}
        case BasisKind.SAFETY:
            return {"safety": basis.note}
        case _:
            return {"default": basis.note}
    return found | ({"note": basis.note} if basis.note else {})


def _words(policy: Policy) -> dict[str, Any]:
    found = {"terms": [_term(term) for term in policy.terms], "passed": list(policy.passed_words)}
    return {key: items for key, items in found.items() if items}


def _term(term: Term) -> dict[str, Any]:
    found = {name: getattr(term, name) for name in TermPart.model_fields}
    return {name: value for name, value in found.items() if value != TermPart.model_fields[name].default}


def schedule_values(schedule: Schedule) -> dict[str, Any]:
    """The week, the groups and the days off, told from what they came to."""
    days = {WEEKDAYS[day]: day_values(slots) for day, slots in schedule.days.items()}
    groups = {
        group: {WEEKDAYS[day]: day_values(slots) for day, slots in week.items() if schedule.days.get(day) != slots}
        for group, week in schedule.groups.items()
    }
    closed = [
        {"from": one.first}
        | ({"to": one.last} if one.last != one.first else {})
        | ({"name": one.name} if one.name else {})
        for one in schedule.closures
    ]
    special = [
        {"on": one.day, "time": _span(one.slot.start, one.slot.end), "kind": one.slot.kind.value, "name": one.slot.name}
        | ({"groups": sorted(one.groups)} if one.groups else {})
        for one in schedule.specials
    ]
    more = {"groups": groups, "closed": closed, "special": special}
    return {"days": days} | {key: value for key, value in more.items() if value}


def day_values(slots: Iterable[Slot]) -> dict[str, Any]:
    """One day; a hole in it is time that the pupils are at home."""
    slots = tuple(slots)
    holes = [(one.end, other.start) for one, other in pairwise(slots) if one.end != other.start]
    kinds = {"lessons": _LESSON, "breaks": _BREAK}
    found = {key: [_span(slot.start, slot.end) for slot in slots if slot.kind is kind] for key, kind in kinds.items()}
    found["free"] = [_span(*hole) for hole in holes]
    names = {_span(slot.start, slot.end): slot.name for slot in slots if slot.name}
    return {key: spans for key, spans in found.items() if spans} | ({"names": names} if names else {})


def _span(start: time, end: time) -> str:
    return f"{start:%H:%M}-{'24:00' if end == time.max else f'{end:%H:%M}'}"


def _plain(value: Any) -> Any:
    """A noun's value as a file has it; sets in alphabetical order."""
    match value:
        case Enum():
            return value.value
        case frozenset() | set():
            return sorted(_plain(item) for item in value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case _:
            return value


def _there(value: Any) -> Any:
    """Without the keys that have no value: they count as not there."""
    if isinstance(value, dict):
        return {key: _there(item) for key, item in value.items() if item is not None}
    return [_there(item) for item in value] if isinstance(value, list) else value


# --- plain values to text ------------------------------------------------------------------------------------------


class _Nodes(yaml.representer.SafeRepresenter):
    """Plain values to nodes; what is there twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def yaml_text(value: Mapping[str, Any]) -> str:
    """Plain values (text, numbers, truth, days, lists, blocks) as YAML that `config.read` reads back to the same."""
    if not value:
        return ""
    node = _Nodes(sort_keys=False).represent_data(dict(value))
    _lay_out(node)
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=_WIDTH))


def _lay_out(node: yaml.Node, in_list: bool = False) -> None:
    """Short lists, and small blocks in a list, on one line, the rest one line each: that reads, and compares, well."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _lay_out(item, in_list=True)
        node.flow_style = all(_word(item) for item in node.value) and len(node.value) <= _INLINE
    elif isinstance(node, yaml.MappingNode):
        for _, item in node.value:
            _lay_out(item)
        small = in_list and all(_word(item) for _, item in node.value)
        node.flow_style = small or not node.value


def _word(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)
