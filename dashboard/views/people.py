"""Beheer's forms for groups, pupils and staff. They belong to the pages of `dashboard.views.office`: one blueprint."""

from __future__ import annotations

from collections.abc import Callable

from flask import request, url_for
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import office
from dashboard.actions.desk import Outcome
from dashboard.auth import house, visitor, words
from dashboard.present import office as shown
from dashboard.present.office import Secret
from dashboard.views.forms import back_to, text
from dashboard.views.office import pages, tab_page
from policy.model import Role

__all__ = ("pages",)


@pages.post("/groep")
@for_roles(OFFICE)
def put_group() -> Response | str:
    """Add or change a group."""
    at = house()
    outcome = office.put_group(
        at.desk, visitor().member, text("id"), text("name"), text("years"), text("until"), at.clock()
    )
    return _back("groepen", outcome)


@pages.post("/groep/<group>/weg")
@for_roles(OFFICE)
def remove_group(group: str) -> Response:
    """Remove a group."""
    at = house()
    return back_to("office.tab", office.remove_group(at.desk, visitor().member, group, at.clock()), tab="groepen")


@pages.post("/leerling")
@for_roles(OFFICE)
def add_pupil() -> Response | str:
    """Add a pupil."""
    at = house()
    return _back("leerlingen", office.add_pupil(at.desk, visitor().member, text("name"), text("group"), at.clock()))


@pages.post("/medewerker")
@for_roles(OFFICE, fresh=True)
def add_staff() -> Response | str:
    """Add somebody of staff; the link is shown once."""
    at, now = house(), house().clock()
    role = Role(text("role")) if text("role") in set(Role) else Role.TEACHER
    groups = frozenset(request.form.getlist("groups"))
    outcome = office.add_staff(at.desk, visitor().member, text("name"), text("login"), role, groups, now)
    if outcome.value is None:
        return _back("medewerkers", outcome)
    return _once("medewerkers", outcome, lambda link: shown.link_secret(link, _link_url(link.token), words(), now))


@pages.post("/mens/<person>/groepen")
@for_roles(OFFICE)
def set_groups(person: str) -> Response:
    """Change somebody's groups."""
    at, groups = house(), frozenset(request.form.getlist("groups"))
    outcome = office.set_groups(at.desk, visitor().member, person, groups, at.clock())
    pupil = outcome.value is not None and outcome.value.role is Role.PUPIL
    return back_to("office.tab", outcome, tab="leerlingen" if pupil else "medewerkers")


@pages.post("/mens/<person>/link")
@for_roles(OFFICE, fresh=True)
def new_link(person: str) -> Response | str:
    """A fresh password link, shown once."""
    at = house()
    now = at.clock()
    outcome = office.new_link(at.desk, visitor().member, person, now)
    return _once("medewerkers", outcome, lambda link: shown.link_secret(link, _link_url(link.token), words(), now))


@pages.post("/mens/<person>/weg")
@for_roles(OFFICE)
def remove_person(person: str) -> Response:
    """Remove somebody."""
    at = house()
    found = at.desk.store.people.person(at.desk.school, person)
    outcome = office.remove_person(at.desk, visitor().member, person, at.clock())
    return back_to("office.tab", outcome, tab="leerlingen" if found and found.role is Role.PUPIL else "medewerkers")


def _back(tab: str, outcome: Outcome[object]) -> Response | str:
    """Done: back to the page. Refused: the same page, with what was typed still in its form."""
    if outcome.ok:
        return back_to("office.tab", outcome, tab=tab)
    typed = {name: text(name) for name in ("id", "name", "years", "until", "group", "login", "role")}
    ticked = request.form.getlist("groups")
    return tab_page(tab, message=(words()(outcome.code), False), typed=typed, ticked=ticked)


def _once[T](tab: str, outcome: Outcome[T], secret: Callable[[T], Secret]) -> Response | str:
    """The page with something on it that is told only now; or the refusal."""
    if outcome.value is None:
        return back_to("office.tab", outcome, tab=tab)
    return tab_page(tab, secret=secret(outcome.value))


def _link_url(token: str) -> str:
    return url_for("password.page", token=token, _external=True)
