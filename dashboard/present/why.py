"""The "waarom?" tab: a decision step by step and what would change it, in finished sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.explained import Told, explained
from dashboard.actions.why import DEVICES, Answered, Thing, Wish
from dashboard.present.lesson import Choice
from dashboard.present.words import Words
from policy.model import Effect, Role, Snapshot
from store.people import Person

_TONES = {Effect.ALLOW: "good", Effect.HELP: "good", Effect.HOLD: "wait", Effect.DENY: "bad"}
_STAFF = tuple(role for role in Role if role is not Role.PUPIL)
_JUST_NOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WhyForm:
    """The choices of the form, and what was chosen. `pupils` is empty on a screen that a class can see."""

    groups: tuple[Choice, ...]
    pupils: tuple[Choice, ...]
    staff: tuple[Choice, ...]
    things: tuple[Choice, ...]
    devices: tuple[Choice, ...]
    text: str
    day: str
    clock: str


@dataclass(frozen=True, slots=True)
class WhyCard:
    """The answer."""

    title: str
    about: str
    verdict: str
    tone: str
    reason: str
    lifts: str
    until: str
    past: bool
    steps: tuple[Told, ...]
    silent: tuple[str, ...]
    ways: tuple[str, ...]
    passage: str


def why_form(snapshot: Snapshot, persons: Sequence[Person], words: Words, *, names: bool, wish: Wish | None) -> WhyForm:
    """The form as it was filled in, or empty."""
    wish = wish or Wish("")
    groups = sorted(snapshot.groups.values(), key=lambda group: group.name.casefold())
    pupils = (person for person in persons if names and person.role is Role.PUPIL)
    return WhyForm(
        groups=tuple(_choice(f"group:{one.id}", one.name, wish.who) for one in groups),
        pupils=tuple(_choice(f"person:{one.id}", _named(one, snapshot), wish.who) for one in pupils),
        staff=tuple(_choice(f"role:{role.value}", words(f"dash.role.{role.value}"), wish.who) for role in _STAFF),
        things=tuple(_choice(one.value, words(f"why.form.kind.{one.value}"), wish.thing.value) for one in Thing),
        devices=tuple(_choice(one.value, words(f"dash.device_class.{one.value}"), wish.device) for one in DEVICES),
        text=wish.text,
        day=wish.day,
        clock=wish.clock,
    )


def _choice(value: str, label: str, chosen: str) -> Choice:
    return Choice(value, label, value == chosen)


def _named(person: Person, snapshot: Snapshot) -> str:
    groups = ", ".join(snapshot.groups[one].name for one in person.groups if one in snapshot.groups)
    return f"{person.name} ({groups})" if groups else person.name


def why_card(answered: Answered, snapshot: Snapshot, persons: Sequence[Person], words: Words, now: datetime) -> WhyCard:
    """The decision with every step, and what would change it."""
    told = explained(answered.request, answered.decision, snapshot, answered.ways, answered.at, words.lang)
    device = answered.request.who.device_class
    at_now = abs(answered.at - now) < _JUST_NOW
    return WhyCard(
        title=told.subject,
        about=words(
            "why.form.at",
            who=_who(answered.wish, snapshot, persons, words),
            device=words(f"dash.device_class.{device.value}").casefold(),
            when=words("why.form.now") if at_now else words.day_clock(answered.at, now),
            period=words(f"why.period.{answered.period.kind.value}"),
        ),
        verdict=told.verdict[:1].upper() + told.verdict[1:],
        tone=_TONES[answered.decision.effect],
        reason=told.reason,
        lifts=told.lifts,
        until=told.until,
        past=answered.at < now - _JUST_NOW,
        steps=told.steps,
        silent=told.silent,
        ways=told.ways,
        passage=told.passage,
    )


def _who(wish: Wish, snapshot: Snapshot, persons: Sequence[Person], words: Words) -> str:
    kind, _, id_ = wish.who.partition(":")
    if kind == "group":
        return words("why.form.some_pupil", group=snapshot.groups[id_].name)
    if kind == "role":
        return words(f"dash.role.{id_}")
    return next((person.name for person in persons if person.id == id_), id_)
