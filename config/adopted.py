"""The same school under another protocol: its own decisions, times and lists stay, the protocol's rules come anew."""

from __future__ import annotations

from functools import cache

from config.load import factory_policy, parse_school
from config.rulebook import protocol_with_rules
from config.written import policy_values, yaml_text
from policy.model import Policy, Protocol, Schedule

_FILE = "school.yaml"
FIRST = "kalisto"
"""The protocol that the template of a `school.yaml` names, so that a new school has one at all."""


def protocol(name: str) -> Protocol:
    """A protocol that comes with the product.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    return protocol_with_rules(name)[0]


def under(policy: Policy, kept: str, name: str) -> Policy:
    """The policy of a school as it would be under the protocol `name`; `kept` as in `config.written.policy_values`.

    Raises:
        ConfigError: there is no such protocol, or a decision of the school rests on a clause that it does not have.
    """
    values = policy_values(policy, kept) | {"protocol": name}
    return parse_school(yaml_text(values).encode(), _FILE).policy


@cache
def template_week() -> Schedule:
    """The timetable that the template has: what a school begins with, and nobody's own."""
    return factory_policy(FIRST).schedule
