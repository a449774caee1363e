"""Signing in on the lesson page: the code for the board, who wants in, who is in; and the pictures of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.actions.lesson import Lesson
from dashboard.present.words import Choice, Words
from policy.model import Group
from store.people import Person
from store.pictures import LENGTH, PICTURES, PictureState
from store.sign_ins import SignIn, SignInState


@dataclass(frozen=True, slots=True)
class WaitCard:
    """A pupil who wants to sign in; `more` is what to know before saying yes."""

    id: str
    title: str
    where: str
    more: tuple[str, ...]
    yes: str


@dataclass(frozen=True, slots=True)
class InLine:
    """A pupil who is in, and by what."""

    id: str
    text: str
    proof: str


@dataclass(frozen=True, slots=True)
class SigningCards:
    """All of it, finished. `can_open`: there is a lesson. On a board only the code is in it."""

    can_open: bool = False
    digits: tuple[str, ...] = ()
    spoken: str = ""
    how: str = ""
    until: str = ""
    waits: tuple[WaitCard, ...] = ()
    inside: tuple[InLine, ...] = ()
    count: str = ""
    over: tuple[str, ...] = ()

    @property
    def shows(self) -> bool:
        """Whether there is anything but the button that begins it."""
        return bool(self.digits or self.waits or self.inside or self.over)


def signing_cards(lesson: Lesson, words: Words, *, board: bool) -> SigningCards:
    """The cards of a lesson."""
    signed, now = lesson.signing, lesson.now
    code = signed.code if signed.code is not None and signed.code.until > now else None
    waits = [one for one in signed.waits if one.ends > now]
    inside = [one for one in signed.inside if one.ends > now]
    return SigningCards(
        can_open=lesson.in_lesson and bool(signed.place),
        digits=tuple(code.code) if code else (),
        spoken=" ".join(code.code) if code else "",
        how=words("dash.signing.how", place=signed.place) if code else "",
        until=words("dash.signing.until", until=words.clock(code.until)) if code else "",
        waits=() if board else tuple(_wait_card(one, lesson, words) for one in reversed(waits)),
        inside=() if board else tuple(_in_line(one, lesson, words) for one in inside),
        count="" if board or not inside else _count(len(inside), words),
        over=() if board else tuple(_over_line(one, lesson, words) for one in signed.over if one.ends > now),
    )


def _wait_card(one: SignIn, lesson: Lesson, words: Words) -> WaitCard:
    name, signed = _name(one, lesson, words), lesson.signing
    there = next((other for other in signed.inside if _same_place(one, other) and other.person != one.person), None)
    more = [words("dash.signing.occupied", name=_name(there, lesson, words))] if there else []
    if one.person in signed.locked:
        more.append(words("dash.signing.locked"))
    kind = "on_device" if one.device else "on_address"
    return WaitCard(
        one.id,
        words("dash.signing.waits", name=name),
        words(f"dash.signing.{kind}", number=one.number, **_device(one, lesson)),
        tuple(more),
        words("dash.signing.yes", name=name),
    )


def _in_line(one: SignIn, lesson: Lesson, words: Words) -> InLine:
    where = _device(one, lesson).get("device") or words("dash.signing.a_shared")
    text = words("dash.signing.in_line", name=_name(one, lesson, words), device=where, until=words.clock(one.ends))
    proof = "by_pictures" if one.by is None else "by_teacher"
    return InLine(one.id, text, words(f"dash.signing.{proof}"))


def _over_line(one: SignIn, lesson: Lesson, words: Words) -> str:
    code = "moved" if one.state is SignInState.MOVED else "taken"
    return words(f"dash.signing.{code}", name=_name(one, lesson, words), at=words.clock(one.at))


def _name(one: SignIn, lesson: Lesson, words: Words) -> str:
    return lesson.names.get(one.person, words("dash.reports.somebody"))


def _device(one: SignIn, lesson: Lesson) -> dict[str, str]:
    return {"device": lesson.signing.devices.get(one.device, one.device)} if one.device else {}


def _same_place(one: SignIn, other: SignIn) -> bool:
    return (one.device, one.address) == (other.device, other.address)


def _count(count: int, words: Words) -> str:
    return words("dash.signing.in_one") if count == 1 else words("dash.signing.in_many", count=count)


@dataclass(frozen=True, slots=True)
class PicturesRow:
    """A pupil, and how its pictures stand."""

    id: str
    name: str
    state: str
    has: bool
    hint: str


@dataclass(frozen=True, slots=True)
class PicturesPage:
    """The pictures of a group."""

    group: str
    title: str
    rows: tuple[PicturesRow, ...]
    choices: tuple[Choice, ...]
    places: tuple[str, ...]


def pictures_page(group: Group, found: Sequence[tuple[Person, PictureState | None]], words: Words) -> PicturesPage:
    """The page for a group's teacher. Which pictures somebody has nobody can tell: only a hash is kept."""
    return PicturesPage(
        group.id,
        words("dash.signing.pictures_title", group=group.name),
        tuple(_row(person, state, words) for person, state in found),
        tuple(Choice(one, words(f"page.sign.picture.{one}")) for one in PICTURES),
        tuple(words("dash.signing.place", n=number + 1) for number in range(LENGTH)),
    )


def _row(person: Person, state: PictureState | None, words: Words) -> PicturesRow:
    if state is None:
        told = words("dash.signing.none")
    elif state.locked:
        told = words("dash.signing.is_locked")
    else:
        told = words("dash.signing.has", day=words.date(state.since))
    hint = words("dash.signing.set_hint", name=person.name)
    return PicturesRow(person.id, person.name, told, state is not None, hint)
