"""Beheer's menu: a few rooms, each with its pages, for whoever may open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.present.words import Words
from policy.model import Role

_COORDINATION = frozenset({Role.COORDINATOR, Role.MANAGEMENT})
_MANAGEMENT = frozenset({Role.MANAGEMENT})


@dataclass(frozen=True, slots=True)
class Door:
    """A page of Beheer: its name (the text `dash.desk.page.<name>`), its route, what the route needs, and for whom."""

    name: str
    endpoint: str
    values: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[Role] = _COORDINATION


def _tab(name: str) -> Door:
    return Door(name, "office.tab", {"tab": name})


ROOMS: Mapping[str, tuple[Door, ...]] = {
    "begin": (Door("begin", "begin.page"),),
    "people": (
        _tab("groepen"),
        _tab("leerlingen"),
        _tab("medewerkers"),
        _tab("toestemming"),
        Door("staff_permits", "staff_permits.page"),
        Door("counsellors", "counsellors.page", roles=_MANAGEMENT),
        Door("intake", "intake.page"),
        Door("exports", "exports.page"),
    ),
    "devices": (Door("apparaten", "devices.page"),),
    "rules": (
        _tab("afspraken"),
        Door("lists", "sitekinds.page"),
        _tab("proef"),
        _tab("voorstellen"),
        _tab("registers"),
        Door("versions", "versions.page"),
    ),
    "times": (Door("week", "week.school"), Door("year", "year.page")),
    "why": (_tab("waarom"),),
    "measures": (
        Door("measures", "measures.start", roles=_MANAGEMENT),
        Door("care", "measures.start", roles=frozenset({Role.COORDINATOR})),
    ),
    "numbers": (
        Door("numbers", "numbers.page"),
        Door("trail", "trail.page", roles=_MANAGEMENT),
    ),
    "system": (
        Door("health", "health.page"),
        Door("emergency", "emergency.page"),
    ),
}
"""The rooms in the order of the menu; each is one button, and its pages are the second row."""


@dataclass(frozen=True, slots=True)
class Button:
    """One button of the menu. `waits`: how many things wait behind it."""

    label: str
    endpoint: str
    values: Mapping[str, str]
    here: bool
    waits: int


@dataclass(frozen=True, slots=True)
class Menu:
    """Beheer's two rows of buttons; `pages` is empty where a room has one page only."""

    rooms: tuple[Button, ...]
    pages: tuple[Button, ...]

    @property
    def where(self) -> str:
        """The room and the page that are open, for a screen on which the menu is folded."""
        return " › ".join(one.label for one in (*self.rooms, *self.pages) if one.here)

    @property
    def waits(self) -> int:
        """How many things wait behind the whole menu."""
        return sum(one.waits for one in self.rooms)


def menu(role: Role, here: str, waits: Mapping[str, int], said: Words, without: frozenset[str] = frozenset()) -> Menu:
    """The menu on the page `here` (a door's name) for `role`. `waits` is by door; rooms `without` need not be there."""
    rooms: list[Button] = []
    pages: tuple[Button, ...] = ()
    for name, doors in ROOMS.items():
        mine = [door for door in doors if role in door.roles]
        if not mine or name in without:
            continue
        inside = any(door.name == here for door in mine)
        first, together = mine[0], sum(waits.get(door.name, 0) for door in mine)
        label = said(f"dash.desk.room.{name}" if len(mine) > 1 else f"dash.desk.page.{first.name}")
        rooms.append(Button(label, first.endpoint, first.values, inside, together))
        if inside and len(mine) > 1:
            pages = tuple(_button(door, here, waits, said) for door in mine)
    return Menu(tuple(rooms), pages)


def _button(door: Door, here: str, waits: Mapping[str, int], said: Words) -> Button:
    label = said(f"dash.desk.page.{door.name}")
    return Button(label, door.endpoint, door.values, door.name == here, waits.get(door.name, 0))
