"""Maatregelen: bans and the pupil's file for the management, notes for who writes them, standing exceptions.

Nothing of it is shown on a screen that hangs in a class. A summary is made by a form, so that each one is asked for.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, OFFICE, for_roles
from dashboard.actions import care, measures, notes
from dashboard.actions.desk import Outcome, refused
from dashboard.actions.measures import DECIDERS, Until
from dashboard.actions.notes import WRITERS, File
from dashboard.auth import house, on_board, visitor, words
from dashboard.present import measures as shown
from dashboard.present.care import care_page
from dashboard.present.dossier import file_page, file_text
from dashboard.views.forms import back_to, message, text
from policy.model import Role, Sanction, SanctionTarget
from store.notes import NoteKind
from store.people import Person

pages = Blueprint("measures", __name__, url_prefix="/maatregelen")
TABS = (("page", DECIDERS), ("noted", WRITERS), ("exceptions", OFFICE))


@pages.get("/begin")
@for_roles(CLASS_STAFF)
def start() -> AnyResponse:
    """The first page that is there for this role."""
    return redirect(url_for(f"measures.{_tabs()[0]}"), 303)


@pages.get("/")
@for_roles(DECIDERS)
def page() -> str:
    """What holds now, and the pupils to choose from."""
    at = house()
    now = at.clock()
    persons = at.desk.store.people.persons(at.desk.school)
    imposed = at.desk.store.measures.imposed(at.desk.school)
    return _page("bans", shown.bans_page(imposed, persons, at.desk.snapshot(now), words(), now))


@pages.get("/leerling/<pupil>")
@for_roles(DECIDERS)
def pupil(pupil: str) -> AnyResponse | str:
    """One pupil's measures."""
    found = _pupil(pupil)
    return back_to("measures.page", refused("gone")) if found is None else _pupil_page(found)


@pages.post("/leerling/<pupil>/verbod")
@for_roles(DECIDERS)
def impose(pupil: str) -> AnyResponse | str:
    """Ban a pupil; what was typed stays on the page when it cannot be."""
    at, on, until = house(), text("on"), text("until")
    found = _pupil(pupil)
    if found is None or on not in set(SanctionTarget):
        return back_to("measures.page", refused("gone" if found is None else "ban_nowhere"))
    wish = measures.Wish(
        pupil,
        SanctionTarget(on),
        text("reason"),
        Until(until) if until in set(Until) else Until.OWN,
        text("day"),
        text("clock"),
        text("sites"),
    )
    outcome = measures.impose(at.desk, visitor().member, wish, at.clock())
    if outcome.ok:
        return back_to("measures.pupil", outcome, pupil=pupil)
    return _pupil_page(found, wish, (words()(outcome.code), False))


@pages.post("/verbod/<ban>/stop")
@for_roles(DECIDERS)
def lift(ban: str) -> AnyResponse:
    """End a ban now."""
    return _after(measures.lift(house().desk, visitor().member, ban, house().clock()))


@pages.post("/verbod/<ban>/les")
@for_roles(DECIDERS)
def lift_for_lesson(ban: str) -> AnyResponse:
    """Lift a ban for the rest of the lesson."""
    return _after(measures.lift_for_lesson(house().desk, visitor().member, ban, house().clock()))


@pages.post("/verbod/<ban>/vergissing")
@for_roles(DECIDERS)
def withdraw(ban: str) -> AnyResponse:
    """Take away a ban that was a mistake."""
    return _after(measures.withdraw(house().desk, visitor().member, ban, house().clock()))


@pages.post("/leerling/<pupil>/overzicht")
@for_roles(DECIDERS)
def summary(pupil: str) -> AnyResponse | str:
    """What goes to the pupil's file, to print."""
    outcome = _export(pupil)
    if outcome.value is None:
        return back_to("measures.pupil", outcome, pupil=pupil)
    return render_template("dossier.html", page=file_page(outcome.value, words()), pupil=pupil)


@pages.post("/leerling/<pupil>/overzicht.txt")
@for_roles(DECIDERS)
def download(pupil: str) -> AnyResponse:
    """The same as a file of plain text. Its name says no child's name: it stays in a folder of downloads."""
    outcome = _export(pupil)
    if outcome.value is None:
        return back_to("measures.pupil", outcome, pupil=pupil)
    told = file_text(file_page(outcome.value, words()), words())
    answer = Response(told.encode(), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename=leerlingdossier-{outcome.value.last.isoformat()}.txt"
    return answer


@pages.get("/aantekeningen")
@for_roles(WRITERS)
def noted() -> str:
    """What somebody wrote, and a form to write more."""
    at, me = house(), visitor().member
    now = at.clock()
    groups = [
        (group.name, at.desk.store.people.roster(at.desk.school, group.id)) for group in at.desk.groups_of(me, now)
    ]
    return _page("notes", shown.notes_page(notes.own(at.desk, me), tuple(groups), _names(), words(), now))


@pages.post("/aantekeningen")
@for_roles(WRITERS)
def write() -> AnyResponse:
    """Keep a note."""
    at, person, kind = house(), text("pupil"), text("kind")
    told = NoteKind(kind) if kind in set(NoteKind) else NoteKind.OTHER
    outcome = notes.write(at.desk, visitor().member, person, told, text("text"), at.clock(), ban=text("ban"))
    return _after_note(outcome, person)


@pages.post("/aantekeningen/<note>/weg")
@for_roles(WRITERS)
def erase(note: str) -> AnyResponse:
    """Take a note away."""
    at = house()
    outcome = notes.erase(at.desk, visitor().member, note, at.clock())
    return _after_note(outcome, outcome.value.person if outcome.value is not None else "")


@pages.get("/uitzonderingen")
@for_roles(OFFICE)
def exceptions() -> str:
    """The standing exceptions."""
    return _care_page()


@pages.post("/uitzonderingen")
@for_roles(OFFICE)
def add_care() -> AnyResponse | str:
    """A new one; what was typed stays on the page when it cannot be."""
    at = house()
    kind, _, found = text("for").partition(":")
    person, device = (found if kind == "person" else "", found if kind == "device" else "")
    wish = care.Wish(person, device, text("sites"), text("apps"), text("review"))
    outcome = care.add(at.desk, visitor().member, wish, at.clock())
    if outcome.ok:
        return back_to("measures.exceptions", outcome)
    return _care_page(wish, (words()(outcome.code), False))


@pages.post("/uitzonderingen/<exception>/verder")
@for_roles(OFFICE)
def care_on(exception: str) -> AnyResponse:
    """Somebody looked at it again."""
    return back_to("measures.exceptions", care.go_on(house().desk, visitor().member, exception, house().clock()))


@pages.post("/uitzonderingen/<exception>/stop")
@for_roles(OFFICE)
def care_end(exception: str) -> AnyResponse:
    """It is not needed any more."""
    return back_to("measures.exceptions", care.end(house().desk, visitor().member, exception, house().clock()))


def _page(name: str, shows: object, told: tuple[str, bool] | None = None) -> str:
    """A page of this room; on a screen in a class only that it is not shown there."""
    if on_board():
        return render_template("measures.html", part="board", tabs=(), page=None, message=None)
    return render_template("measures.html", part=name, tabs=_tabs(), page=shows, message=told or message())


def _tabs() -> tuple[str, ...]:
    """The endpoints that are there for who looks."""
    return tuple(name for name, roles in TABS if visitor().role in roles)


def _pupil(person: str) -> Person | None:
    at = house()
    found = at.desk.store.people.person(at.desk.school, person)
    return found if found is not None and found.role is Role.PUPIL else None


def _pupil_page(found: Person, wish: measures.Wish | None = None, told: tuple[str, bool] | None = None) -> str:
    at, me = house(), visitor().member
    now = at.clock()
    snapshot = at.desk.snapshot(now)
    shows = shown.pupil_page(
        found,
        at.desk.store.measures.imposed(at.desk.school, found.id),
        notes.about(at.desk, me, found.id),
        measures.reach(snapshot, found.id),
        snapshot,
        _names(),
        words(),
        now,
        care.today(snapshot, now),
        wish,
    )
    return _page("pupil", shows, told)


def _care_page(wish: care.Wish | None = None, told: tuple[str, bool] | None = None) -> str:
    at = house()
    now = at.clock()
    snapshot = at.desk.snapshot(now)
    persons = at.desk.store.people.persons(at.desk.school)
    standing = care.standing(at.desk, visitor().member)
    return _page("care", care_page(standing, persons, snapshot, words(), care.today(snapshot, now), wish), told)


def _names() -> dict[str, str]:
    at = house()
    return {person.id: person.name for person in at.desk.store.people.persons(at.desk.school)}


def _after(outcome: Outcome[Sanction]) -> AnyResponse:
    """Back to where the ban was lifted."""
    if outcome.value is None or text("back") != "pupil":
        return back_to("measures.page", outcome)
    return back_to("measures.pupil", outcome, pupil=outcome.value.person)


def _after_note(outcome: Outcome[object], person: str) -> AnyResponse:
    """Back to where the note was written."""
    if person and text("back") == "pupil" and visitor().role in DECIDERS:
        return back_to("measures.pupil", outcome, pupil=person)
    return back_to("measures.noted", outcome)


def _export(pupil: str) -> Outcome[File]:
    at = house()
    if on_board():
        return refused("other")
    return notes.export(at.desk, visitor().member, pupil, text("first"), text("last"), at.clock())
