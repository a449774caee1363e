"""Beheer, the tabs Toestemming and Registers; and the page where a teacher looks before a photo is posted."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import CLASS_STAFF, OFFICE, for_roles
from dashboard.actions import consents, registers, standing
from dashboard.actions.desk import Outcome
from dashboard.actions.measures import DECIDERS
from dashboard.auth import house, on_board, visitor, words
from dashboard.present import consents as shown
from dashboard.views.forms import back_to, message, text
from dashboard.views.office import tab_page
from policy.model import Role
from store.people import Person
from store.registers import Register

pages = Blueprint("registers", __name__)


@pages.get("/beheer/toestemming/media/<group>")
@for_roles(OFFICE)
def media(group: str) -> Response | str:
    """What the parents of a group said about social media in the lesson."""
    at = house()
    now = at.clock()
    outcome = consents.consent_sheet(at.desk, visitor().member, group, now)
    if outcome.value is None:
        return back_to("office.tab", outcome, tab="toestemming")
    page = shown.consent_page(outcome.value, _persons(), words(), now)
    return tab_page("toestemming", sheet=page, kind="media")


@pages.post("/beheer/toestemming/media/<group>")
@for_roles(OFFICE)
def save_media(group: str) -> Response:
    """Keep what was filled in for the group."""
    at = house()
    told = shown.answers_in(request.form, shown.AGREED, text("rest"))
    answers = {person: shown.AGREED[code] for person, code in told.items()}
    return _to_media(group, consents.save_consents(at.desk, visitor().member, group, answers, at.clock()))


@pages.post("/beheer/toestemming/media/<group>/allemaal")
@for_roles(OFFICE)
def agree_for_all(group: str) -> Response:
    """All parents of the group agreed, or that is taken back."""
    at = house()
    return _to_media(group, consents.agree_for_all(at.desk, visitor().member, group, text("on") == "1", at.clock()))


@pages.get("/beheer/toestemming/foto/<group>")
@for_roles(OFFICE)
def photos(group: str) -> Response | str:
    """Who of a group may be on a photo."""
    return _photos(group)


@pages.post("/beheer/toestemming/foto/<group>")
@for_roles(OFFICE)
def save_photos(group: str) -> Response:
    """Keep what was filled in for the group."""
    return back_to("registers.photos", _save_photos(group), group=group)


@pages.get("/beheer/toestemming/personeel")
@for_roles(OFFICE)
def staff_photos() -> Response | str:
    """Who of staff may be on a photo."""
    return _photos(None)


@pages.post("/beheer/toestemming/personeel")
@for_roles(OFFICE)
def save_staff_photos() -> Response:
    """Keep what was filled in for staff."""
    return back_to("registers.staff_photos", _save_photos(None))


@pages.get("/fototoestemming")
@for_roles(CLASS_STAFF)
def look() -> str:
    """Who may be on a photo, to read before posting one. Nothing of it is shown on a screen in a class."""
    at, me = house(), visitor().member
    now = at.clock()
    groups = at.desk.groups_of(me, now)
    wanted = request.args.get("groep", "")[:40] or (groups[0].id if groups else "")
    sheet = consents.look_up_photos(at.desk, me, wanted, now).value if groups and not on_board() else None
    return render_template("fototoestemming.html", page=shown.look_page(sheet, groups, words()), message=message())


@pages.post("/beheer/registers/regel")
@for_roles(OFFICE)
def add() -> Response:
    """A new line in a register."""
    at, register = house(), text("register")
    if register not in set(Register):
        return back_to("office.tab", Outcome[None](False, "dash.no.other"), tab="registers")
    wish = registers.Wish(Register(register), text("name"), text("place"), text("person"), text("group"))
    return _to_tab(registers.add(at.desk, visitor().member, wish, at.clock()))


@pages.post("/beheer/registers/regel/<entry>")
@for_roles(OFFICE)
def assign(entry: str) -> Response:
    """Another manager."""
    at = house()
    return _to_tab(registers.assign(at.desk, visitor().member, entry, text("person"), text("group"), at.clock()))


@pages.post("/beheer/registers/regel/<entry>/weg")
@for_roles(OFFICE)
def remove(entry: str) -> Response:
    """A line is taken away."""
    return _to_tab(registers.remove(house().desk, visitor().member, entry, house().clock()))


@pages.post("/beheer/registers/regel/<entry>/open")
@for_roles(OFFICE)
def open_means(entry: str) -> Response:
    """One of the school's own means opens."""
    return _to_tab(registers.open_means(house().desk, visitor().member, entry, house().clock()))


@pages.post("/beheer/registers/past-niet")
@for_roles(OFFICE)
def add_identity() -> Response:
    """A site that does not fit the school."""
    return _to_tab(registers.add_identity(house().desk, visitor().member, text("site"), house().clock()))


@pages.post("/beheer/registers/past-niet/weg")
@for_roles(OFFICE)
def remove_identity() -> Response:
    """A site is taken off that list."""
    return _to_tab(registers.remove_identity(house().desk, visitor().member, text("site"), house().clock()))


@pages.post("/beheer/registers/vast")
@for_roles(DECIDERS)
def give() -> Response:
    """A standing permission for staff."""
    at = house()
    wish = standing.Wish(
        sites=text("sites"),
        categories=frozenset(request.form.getlist("categories")),
        roles=frozenset(Role(role) for role in request.form.getlist("roles") if role in set(Role)),
        people=frozenset(request.form.getlist("people")),
        until=text("until"),
        view_only=text("mode") != "full",
        goal=text("goal"),
    )
    return back_to("staff_permits.page", standing.give(at.desk, visitor().member, wish, at.clock()))


@pages.post("/beheer/registers/vast/voorstel")
@for_roles(DECIDERS)
def accept() -> Response:
    """What is proposed with a clause, in one tap."""
    at = house()
    goal = words()("dash.standing.goal_prepare")
    outcome = standing.accept(at.desk, visitor().member, text("rule"), goal, at.clock())
    return back_to("staff_permits.page", outcome)


@pages.post("/beheer/registers/vast/<grant>/stop")
@for_roles(DECIDERS)
def stop(grant: str) -> Response:
    """A standing permission ends now."""
    outcome = standing.stop(house().desk, visitor().member, grant, house().clock())
    return back_to("staff_permits.page", outcome)


def _photos(group: str | None) -> Response | str:
    at = house()
    outcome = consents.photo_sheet(at.desk, visitor().member, group, at.clock())
    if outcome.value is None:
        return back_to("office.tab", outcome, tab="toestemming")
    return tab_page("toestemming", sheet=shown.photo_page(outcome.value, words()), kind="photo")


def _save_photos(group: str | None) -> Outcome[int]:
    at = house()
    told = shown.answers_in(request.form, shown.PHOTO, text("rest"))
    answers = {person: shown.PHOTO[code] for person, code in told.items()}
    return consents.save_photos(at.desk, visitor().member, group, answers, at.clock())


def _to_media(group: str, outcome: Outcome[int] | Outcome[None]) -> Response:
    return back_to("registers.media", outcome, group=group)


def _to_tab(outcome: Outcome[object]) -> Response:
    return back_to("office.tab", outcome, tab="registers")


def _persons() -> tuple[Person, ...]:
    at = house()
    return at.desk.store.people.persons(at.desk.school)
