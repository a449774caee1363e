"""The school's registers as finished strings: accounts, groups' accounts, means for parents, what does not fit."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions.registers import Line
from dashboard.actions.substitute import staff_among
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Snapshot
from store.people import Person
from store.registers import Register


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One line. `care` is what is wrong with it, or empty; `remedy`: one tap opens it."""

    id: str
    name: str
    place: str
    about: str
    care: str
    remedy: bool
    managers: tuple[Choice, ...]
    groups: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class RegisterCard:
    """One register with what is needed to add a line."""

    register: str
    title: str
    lead: str
    lines: tuple[RegisterLine, ...]


@dataclass(frozen=True, slots=True)
class RegistersPage:
    """The tab. `care` says what needs attention, or is empty. `identity` None: no rule of this school asks for it."""

    care: str
    cards: tuple[RegisterCard, ...]
    managers: tuple[Choice, ...]
    groups: tuple[Choice, ...]
    identity: tuple[str, ...] | None


def registers_page(
    lines: tuple[Line, ...],
    persons: tuple[Person, ...],
    snapshot: Snapshot,
    identity: tuple[str, ...] | None,
    words: Words,
) -> RegistersPage:
    """All registers, each in the order of names; what needs care on top of its register."""
    care = sum(bool(line.lacks) or line.shut is not None for line in lines)
    staff = staff_among(persons)
    by_name = sorted(snapshot.groups.values(), key=lambda group: group.name.casefold())
    said = {0: "", 1: words("dash.registers.care_one")}
    return RegistersPage(
        care=said.get(care, words("dash.registers.care_many", count=care)),
        cards=tuple(
            RegisterCard(
                register.value,
                words(f"dash.registers.of.{register.value}.title"),
                words(f"dash.registers.of.{register.value}.lead"),
                tuple(
                    _line(line, staff, snapshot, words)
                    for line in sorted(lines, key=lambda line: not (line.lacks or line.shut))
                    if line.entry.register is register
                ),
            )
            for register in Register
        ),
        managers=tuple(Choice(one.id, one.name) for one in staff),
        groups=tuple(Choice(group.id, group.name) for group in by_name),
        identity=identity,
    )


def _line(line: Line, staff: tuple[Person, ...], snapshot: Snapshot, words: Words) -> RegisterLine:
    entry = line.entry
    parts = []
    if line.group is not None:
        parts.append(line.group.name)
    if line.manager is not None:
        parts.append(words(f"dash.registers.of.{entry.register.value}.by", name=line.manager.name))
    care = " ".join(words(f"dash.registers.lacks.{lack.value}") for lack in line.lacks)
    if line.shut is not None:
        roles = " + ".join(words(f"dash.registers.shut_for.{role.value}") for role in line.shut.roles)
        care = words("dash.registers.shut" if line.shut.remedy else "dash.registers.shut_stays", roles=roles)
    by_name = sorted(snapshot.groups.values(), key=lambda group: group.name.casefold())
    return RegisterLine(
        id=entry.id,
        name=entry.name,
        place=entry.place,
        about=" · ".join(parts),
        care=care,
        remedy=line.shut is not None and line.shut.remedy,
        managers=tuple(Choice(one.id, one.name, one.id == entry.person) for one in staff),
        groups=tuple(Choice(group.id, group.name, group.id == entry.group) for group in by_name)
        if entry.register is Register.GROUP
        else (),
    )
