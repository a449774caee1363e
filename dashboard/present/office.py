"""The office page and the public rules: tables of finished strings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.actions.accounts import Link
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import (
    Facet,
    Gate,
    Group,
    Policy,
    Role,
    Rule,
)
from store.accounts import Account
from store.people import Person


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group."""

    id: str
    name: str
    years: str
    until: str
    pupils: int


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody at school. `groups` are tick boxes."""

    id: str
    name: str
    role: str
    login: str
    groups: tuple[Choice, ...]
    in_groups: str
    me: bool


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule of the policy."""

    id: str
    about: str
    basis: str
    lifts: str
    holds: str


@dataclass(frozen=True, slots=True)
class Secret:
    """Something told once."""

    label: str
    value: str


def group_lines(groups: Mapping[str, Group], persons: tuple[Person, ...], words: Words) -> tuple[GroupLine, ...]:
    """The groups by name, with how many pupils they have."""
    pupils = [person for person in persons if person.role is Role.PUPIL]
    return tuple(
        GroupLine(
            group.id,
            group.name,
            ", ".join(map(str, group.years)),
            words.date(group.until) if group.until else "",
            sum(group.id in pupil.groups for pupil in pupils),
        )
        for group in sorted(groups.values(), key=lambda group: group.name.casefold())
    )


def person_lines(
    persons: tuple[Person, ...], accounts: tuple[Account, ...], groups: Mapping[str, Group], me: str, words: Words
) -> tuple[PersonLine, ...]:
    """People by name."""
    logins = {account.person: account.login for account in accounts}
    return tuple(
        PersonLine(
            id=person.id,
            name=person.name,
            role=words(f"dash.role.{person.role.value}"),
            login=logins.get(person.id, ""),
            groups=group_choices(groups, person.groups),
            in_groups=", ".join(groups[x].name for x in person.groups if x in groups),
            me=person.id == me,
        )
        for person in persons
    )


def group_choices(groups: Mapping[str, Group], chosen: tuple[str, ...] = ()) -> tuple[Choice, ...]:
    """The groups to choose from."""
    ordered = sorted(groups.values(), key=lambda group: group.name.casefold())
    return tuple(Choice(group.id, group.name, group.id in chosen) for group in ordered)


def group_of(groups: Mapping[str, Group], asked: str | None) -> str:
    """Whose lines a long list shows: the group that was asked for, `` for what has none, else the first."""
    if asked is not None and (asked in groups or not asked):
        return asked
    return next((choice.value for choice in group_choices(groups)), "")


def person_choices(persons: tuple[Person, ...]) -> tuple[Choice, ...]:
    """People to choose from."""
    return tuple(Choice(person.id, person.name) for person in persons)


def called(persons: tuple[Person, ...], wanted: str) -> tuple[Person, ...]:
    """Those in whose name every word of `wanted` begins a word, without regard to capitals and accents."""
    words = _bare(wanted).split()
    return tuple(
        one for one in persons if all(any(part.startswith(word) for part in _parts(one.name)) for word in words)
    )


def _parts(name: str) -> list[str]:
    return re.split(r"[\s'’.-]+", _bare(name)) + _bare(name).split()


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def role_choices(roles: tuple[Role, ...], words: Words) -> tuple[Choice, ...]:
    """Roles to choose from."""
    return tuple(Choice(role.value, words(f"dash.role.{role.value}"), role is Role.TEACHER) for role in roles)


def rule_lines(policy: Policy, words: Words) -> tuple[RuleLine, ...]:
    """The rules with what they rest on and who may lift them."""
    clauses = {clause.id: clause for clause in policy.protocol.clauses}
    return tuple(
        RuleLine(
            id=rule.id,
            about=_about(rule, words),
            basis=words.basis(rule.basis, clauses.get(rule.basis.clause or "")),
            lifts=words(f"dash.lifts.{rule.liftable_by.value}"),
            holds=words(f"dash.holds.{rule.holds_in.name.lower()}"),
        )
        for rule in policy.rules
    )


def _about(rule: Rule, words: Words) -> str:
    """What a rule speaks about: places by themselves, other facets with their name in front."""
    doing = [words(f"dash.action.{action.value}") for action in sorted(rule.actions)]
    if rule.facet is Facet.WORDS and doing:
        # Kinds of words and what somebody does are two lists: one says what, the other when.
        return words(
            "dash.office.when_doing", about=_about(replace(rule, actions=frozenset()), words), doing=", ".join(doing)
        )
    parts = [
        *(words.category(name) for name in sorted(rule.categories)),
        *rule.sites,
        *doing,
        *(words(f"dash.kind.{kind}") for kind in sorted(rule.kinds)),
        *(words.category(name).casefold() for name in sorted(rule.apps)),
    ]
    about = rule.facet or rule.gate
    front = words(f"dash.facet.{about.value}") if about and (about is not Facet.PLACE or not parts) else ""
    if rule.gate is Gate.LOCKED and parts:
        front = words("dash.facet.app") if rule.apps else ""
    return ": ".join(part for part in (front, ", ".join(parts)) if part)


def link_secret(link: Link, url: str, words: Words, now: datetime) -> Secret:
    """A password link, told once."""
    return Secret(words("dash.office.link_for", name=link.name, until=words.day_clock(link.until, now)), url)
