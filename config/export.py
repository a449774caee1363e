"""A numbered revision as a whole `school.yaml`, proved by reading it back; and a policy as this program would make it.

The file is not only made, it is read again: what is handed out makes the same policy, or says that it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.load import parse_school
from config.read import ConfigError, read_yaml
from config.schema import SchoolFilePart
from config.written import own_rules, policy_values, settings_in, yaml_text
from policy.model import Policy

_NAME = "school.yaml"
_REVISION_LINE = re.compile(rb"(?m)^(revision:[ \t]*)[0-9]+(?=[ \t]*(?:#.*)?\r?$)")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's text and the policy that it makes when it is read.

    Not `exact`: the school's own part is the same, but what comes with the product was renewed since.
    """

    text: str
    policy: Policy
    exact: bool


def school_text(
    policy: Policy,
    kept: str = "",
    settings: Mapping[str, Any] | None = None,
    *,
    revision: int = 0,
    head: Iterable[str] = (),
) -> Exported:
    """Write a policy out as a `school.yaml`, with the settings of another one (`settings_of`).

    `kept` is how the parts were written that a policy does not tell (`SchoolFile.written`); it is used when it still
    comes to the same. `head` are lines of comment above it, `revision` the number that the file says it was made from.

    Raises:
        ConfigError: the policy cannot be written as a file that this program reads.
    """
    complaint: ConfigError | None = None
    tries: list[Exported] = []
    for remainder in dict.fromkeys((kept, "")):
        try:
            values = policy_values(policy, remainder)
            text = _text(values, settings or {}, revision, head)
            found = Exported(text, (read := parse_school(text.encode(), _NAME).policy), read == policy)
        except ConfigError as error:
            complaint = complaint or error
            continue
        if found.exact:
            return found
        tries.append(found)
    for found in tries:
        if same_decisions(found.policy, policy, days_off=False):
            return found
    raise complaint or ConfigError(_NAME, 0, "these rules cannot be written as a file", "go on from a newer version")


def policy_text(policy: Policy, kept: str = "") -> str:
    """The policy's part alone, to compare; in whatever words there are when it would not make a file.

    Raises:
        ConfigError: its protocol is not one that this program has.
    """
    try:
        exact = school_text(policy, kept)
        return exact.text
    except ConfigError:
        return yaml_text(policy_values(policy))


def settings_of(data: bytes, name: str) -> dict[str, Any]:
    """The settings in the bytes of a `school.yaml`, as they are written there.

    Raises:
        ConfigError: it is not YAML.
    """
    value = read_yaml(data, name).value
    return settings_in(value) if isinstance(value, dict) else {}


def renewed(policy: Policy, kept: str = "") -> Policy:
    """The policy with what comes with the product (protocol, its rules, defaults, floor) as it is in this program.

    A policy that this program cannot write out is given back as it is: rules in force are never lost.
    """
    for remainder in dict.fromkeys((kept, "")):
        try:
            text = _text(policy_values(policy, remainder), {}, 0, ())
            made = parse_school(text.encode(), _NAME).policy
        except ConfigError:
            continue
        # Days off by region and public holidays may be known better now; lessons and breaks are the school's own.
        if same_decisions(made, policy, days_off=False):
            return made
    return policy


def same_decisions(one: Policy, other: Policy, *, days_off: bool = True) -> bool:
    """Whether a school decided the same in both, whatever comes with the product.

    Without `days_off` the days without school are left out of it: most of them are computed when a file is read.
    """
    try:
        return _own(one if days_off else _with_days_off_of(one, other)) == _own(other)
    except ConfigError:
        return one == other


def with_revision(data: bytes, number: int) -> bytes | None:
    """The bytes of a school file that says another number of its rules; None when it says none, or not in a line."""
    changed, times = _REVISION_LINE.subn(rb"\g<1>%d" % number, data, count=1)
    if not times:
        return None
    try:
        before, after = parse_school(data), parse_school(changed)
    except ConfigError:
        return None
    return changed if (after.policy, after.revision) == (before.policy, number) else None


def _own(policy: Policy) -> Policy:
    bare = replace(policy.protocol, school="", title="", source="", clauses=())
    return replace(policy, protocol=bare, rules=own_rules(policy))


def _with_days_off_of(policy: Policy, other: Policy) -> Policy:
    week = {name: getattr(policy.schedule, name) for name in ("zone", "days", "groups")}
    return replace(policy, schedule=replace(other.schedule, **week))


def _text(values: Mapping[str, Any], settings: Mapping[str, Any], revision: int, head: Iterable[str]) -> str:
    found = {**settings, **values}
    in_order = {"revision": revision} if revision else {}
    in_order |= {key: found[key] for key in SchoolFilePart.model_fields if key in found}
    comments = "".join(f"# {line}\n" for line in head)
    # A block a key, with a line between them: easier to read than one wall.
    return comments + "\n".join(yaml_text({key: value}) for key, value in in_order.items())
