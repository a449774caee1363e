"""Maatregelen: bans and the pupil's file for the management, notes for who writes them, standing exceptions.

Nothing of it is shown on a screen that hangs in a class. A summary is made by a form, so that each one is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import CLASS_STAFF, OFFICE, for_roles
from dashboard.actions import ban_proposals, care, measures, notes
from dashboard.actions.ban_proposals import PROPOSERS
from dashboard.actions.desk import Outcome, refused
from dashboard.actions.measures import DECIDERS, Until
from dashboard.actions.notes import WRITERS, File
from dashboard.auth import house, on_board, visitor, words
from dashboard.present import measures as shown
from dashboard.present.care import care_page
from dashboard.present.dossier import file_page, file_sheet, file_text
from dashboard.sheets import csv_answer
from dashboard.views.forms import back_to, message, text
from policy.model import Role, Sanction, SanctionTarget
from store.notes import NoteKind
from store.people import Person

pages = Blueprint("measures", __name__, url_prefix="/maatregelen")
TABS = (
    ("measures.page", DECIDERS),
    ("measures.noted", WRITERS),
    ("measures.exceptions", OFFICE),
    ("ban_proposals.page", PROPOSERS),
)
_TAB_WORDS = {"ban_proposals.page": "proposals"}


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of this room; `waits` is how many things wait on it."""

    endpoint: str
    label: str
    waits: int


@pages.get("/begin")
@for_roles(CLASS_STAFF)
def start() -> AnyResponse:
    """The first page that is there for this role; for an intern none is."""
    first = next(iter(tabs()), None)
    return redirect(url_for(first.endpoint if first else "lesson.start"), 303)


@pages.get("/")
@for_roles(DECIDERS)
def page() -> str:
    """What holds now, and the pupils to choose from."""
    at = house()
    now = at.clock()
    persons = at.desk.store.people.persons(at.desk.school)
    imposed = at.desk.store.measures.imposed(at.desk.school)
    waiting = ban_proposals.waiting(at.desk, visitor().member)
    return _page("bans", shown.bans_page(imposed, persons, at.desk.snapshot(now), words(), now, waiting))


@pages.get("/leerling/<pupil>")
@for_roles(DECIDERS)
def pupil(pupil: str) -> AnyResponse | str:
    """One pupil's measures."""
    found = _pupil(pupil)
    if found is None:
        return back_to("measures.page", refused("gone"))
    return _pupil_page(found, proposal=request.args.get("voorstel", ""))


@pages.post("/leerling/<pupil>/verbod")
@for_roles(DECIDERS, fresh=True)
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
        _until(until),
        text("day"),
        text("clock"),
        text("sites"),
    )
    outcome = measures.impose(at.desk, visitor().member, wish, at.clock())
    if outcome.ok:
        ban_proposals.imposed(at.desk, visitor().member, text("proposal"), pupil, text("answer"), at.clock())
        return back_to("measures.pupil", outcome, pupil=pupil)
    return _pupil_page(found, wish, (words()(outcome.code), False), text("proposal"))


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
@for_roles(DECIDERS, fresh=True)
def summary(pupil: str) -> AnyResponse | str:
    """What goes to the pupil's file, to print."""
    outcome = _export(pupil)
    if outcome.value is None:
        return back_to("measures.pupil", outcome, pupil=pupil)
    return render_template("dossier.html", page=file_page(outcome.value, words()), pupil=pupil)


@pages.post("/leerling/<pupil>/overzicht.txt")
@for_roles(DECIDERS, fresh=True)
def download(pupil: str) -> AnyResponse:
    """The same as a file of plain text. Its name says no child's name: it stays in a folder of downloads."""
    outcome = _export(pupil)
    if outcome.value is None:
        return back_to("measures.pupil", outcome, pupil=pupil)
    told = file_text(file_page(outcome.value, words()), words())
    answer = Response(told.encode(), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename=leerlingdossier-{outcome.value.last.isoformat()}.txt"
    return answer


@pages.post("/leerling/<pupil>/overzicht.csv")
@for_roles(DECIDERS, fresh=True)
def sheet(pupil: str) -> AnyResponse:
    """The same as a list for a spreadsheet."""
    outcome = _export(pupil)
    if outcome.value is None:
        return back_to("measures.pupil", outcome, pupil=pupil)
    return csv_answer("dossier", *file_sheet(file_page(outcome.value, words()), words()), about=(pupil,))


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
    return render_template("measures.html", part=name, tabs=tabs(), page=shows, message=told or message())


def tabs() -> tuple[Tab, ...]:
    """The pages that are there for who looks."""
    me = visitor().member
    waits = len(ban_proposals.waiting(house().desk, me))
    return tuple(
        Tab(
            endpoint,
            words()(f"dash.measures.tab.{_TAB_WORDS.get(endpoint) or endpoint.rpartition('.')[2]}"),
            waits if endpoint == "measures.page" else 0,
        )
        for endpoint, roles in TABS
        if me.role in roles
    )


def _pupil(person: str) -> Person | None:
    at = house()
    found = at.desk.store.people.person(at.desk.school, person)
    return found if found is not None and found.role is Role.PUPIL else None


def _pupil_page(
    found: Person,
    wish: measures.Wish | None = None,
    told: tuple[str, bool] | None = None,
    proposal: str = "",
) -> str:
    """`proposal` is the id of one that is decided about: without a `wish` the form is filled with it."""
    at, me = house(), visitor().member
    now = at.clock()
    proposed = ban_proposals.waiting_about(at.desk, me, proposal, found.id)
    if wish is None and proposed is not None:
        wish = measures.Wish(found.id, proposed.on, proposed.reason, _until(proposed.lasts))
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
        proposed,
    )
    return _page("pupil", shows, told)


def _until(code: str) -> Until:
    return Until(code) if code in set(Until) else Until.OWN


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
