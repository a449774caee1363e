"""Meldingen: what was told to the management, and where somebody of staff tells what happened to them."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import SIGNED_IN, for_roles, public
from dashboard.actions import reports
from dashboard.auth import home_of, house, on_board, visitor, words
from dashboard.present.reports import tell_form, told_page
from dashboard.views.forms import back_to, message, text
from policy.model import ReportTo, Role

pages = Blueprint("reports", __name__)
MANAGEMENT = frozenset({Role.MANAGEMENT})
STAFF = SIGNED_IN - {Role.PUPIL}


@pages.get("/meldingen")
@for_roles(MANAGEMENT)
def page() -> str:
    """What was told to the management; not on a screen that hangs in a class."""
    at = house()
    if on_board():
        return render_template("reports.html", page=None, message=message())
    now = at.clock()
    found = reports.look(at.desk, visitor().member, now).value
    if found is None:
        abort(403)
    return render_template("reports.html", page=told_page(found, words(), now), message=message())


@pages.post("/meldingen/<report>/gezien")
@for_roles(MANAGEMENT)
def seen(report: str) -> AnyResponse:
    """Somebody of the management has seen it."""
    at = house()
    outcome = reports.see(at.desk, visitor().member, ReportTo.MANAGEMENT, report, at.clock())
    return back_to("reports.page", outcome)


@pages.get("/melden")
@for_roles(STAFF)
def form() -> str | AnyResponse:
    """The form for somebody of staff; not on a screen that hangs in a class."""
    if on_board():
        return redirect(url_for(home_of(visitor().role)), 303)
    return _form(message())


@pages.post("/melden")
@for_roles(STAFF)
def tell() -> AnyResponse | str:
    """Somebody of staff tells it; where something is missing, the words stay on the form."""
    at = house()
    outcome = reports.tell(at.desk, visitor().member, text("kind"), text("to"), text("line"), at.clock())
    if outcome.ok or on_board():
        return back_to("reports.form", outcome)
    return _form((words()(outcome.code), False), text("line"))


def _form(said: tuple[str, bool] | None, line: str = "") -> str:
    at = house()
    heard = reports.audiences(at.desk, visitor().member, at.clock())
    shown = tell_form(heard, at.desk.settings.retention["reports"], words(), (text("kind"), text("to"), line))
    return render_template("tell.html", page=shown, message=said)


@pages.get("/vertel")
@public
def child() -> AnyResponse:
    """For a child that types this on the dashboard's name: to the address where the guard itself answers.

    Over https the guard does not look into what goes to the dashboard, so that it cannot lead there by itself.
    """
    return redirect(f"http://vertel.{house().desk.settings.listen.name}/", 302)
