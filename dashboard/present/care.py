"""Standing personal exceptions, as finished strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dashboard.actions.care import REVIEW, Wish, is_due
from dashboard.actions.substitute import staff_among
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Care, Role, Snapshot
from store.people import Person


@dataclass(frozen=True, slots=True)
class CareLine:
    """A standing exception. `due`: somebody must look at it again."""

    id: str
    who: str
    what: tuple[str, ...]
    review: str
    due: bool


@dataclass(frozen=True, slots=True)
class CarePage:
    """The standing exceptions, and the form. `due` is a sentence, or empty; the dates are ISO."""

    lines: tuple[CareLine, ...]
    due: str
    targets: tuple[tuple[str, tuple[Choice, ...]], ...]
    first: str
    review: str
    wish: Wish | None


def care_page(
    cares: tuple[Care, ...],
    persons: tuple[Person, ...],
    snapshot: Snapshot,
    words: Words,
    today: date,
    wish: Wish | None = None,
) -> CarePage:
    """What stands, in the order it was given; `wish` is what was typed and not yet saved."""
    names = {person.id: person.name for person in persons}
    lines = tuple(_line(care, names, snapshot, words, today) for care in cares)
    count = sum(line.due for line in lines)
    chosen = wish.person or wish.device if wish is not None else ""
    return CarePage(
        lines=lines,
        due=words("dash.care.due_one") if count == 1 else words("dash.care.due_many", count=count) if count else "",
        targets=_targets(persons, snapshot, words, chosen),
        first=(today + timedelta(days=1)).isoformat(),
        review=(today + REVIEW).isoformat(),
        wish=wish,
    )


def _line(care: Care, names: Mapping[str, str], snapshot: Snapshot, words: Words, today: date) -> CareLine:
    somebody = words("dash.measures.gone")
    device = snapshot.devices.get(care.device or "")
    who = names.get(care.person, somebody) if care.person else device.name if device else care.device or somebody
    what = []
    if care.sites:
        what.append(words("dash.care.sites", sites=", ".join(care.sites)))
    if care.apps:
        what.append(words("dash.care.apps", apps=", ".join(care.apps)))
    when = care.review
    review = words("dash.care.review", day=when.strftime("%d-%m-%Y")) if when else words("dash.care.review_none")
    return CareLine(care.id, who, tuple(what), review, is_due(care, today))


def _targets(
    persons: tuple[Person, ...], snapshot: Snapshot, words: Words, chosen: str
) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Pupils, staff and devices to choose from; the value says which of the three it is."""
    pupils = [person for person in persons if person.role is Role.PUPIL]
    staff = staff_among(persons)
    devices = sorted(snapshot.devices.values(), key=lambda device: device.name.casefold())
    found = (
        (words("dash.care.pupils"), [Choice(f"person:{x.id}", x.name, x.id == chosen) for x in pupils]),
        (words("dash.care.staff"), [Choice(f"person:{x.id}", x.name, x.id == chosen) for x in staff]),
        (words("dash.care.devices"), [Choice(f"device:{x.id}", x.name, x.id == chosen) for x in devices]),
    )
    return tuple((title, tuple(choices)) for title, choices in found if choices)
