"""Vertrouwen: the counsellors' inbox. For nobody else, whatever their role."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import for_roles
from dashboard.actions import inbox, reports
from dashboard.auth import house, on_board, visitor, words
from dashboard.present.inbox import inbox_page
from dashboard.views.forms import back_to, message
from policy.model import ReportTo

pages = Blueprint("inbox", __name__, url_prefix="/vertrouwen")


@pages.get("/")
@for_roles(inbox.COUNSELLORS)
def page() -> str:
    """The inbox; not on a screen that hangs in a class."""
    at = house()
    if on_board():
        return render_template("inbox.html", page=None, message=message())
    now = at.clock()
    found = inbox.look(at.desk, visitor().member, now).value
    if found is None:
        abort(403)
    return render_template("inbox.html", page=inbox_page(found, words(), now), message=message())


@pages.post("/<signal>/gezien")
@for_roles(inbox.COUNSELLORS)
def seen(signal: str) -> AnyResponse:
    """A counsellor has seen it."""
    at = house()
    return back_to("inbox.page", inbox.see(at.desk, visitor().member, signal, at.clock()))


@pages.post("/verteld/<report>/gezien")
@for_roles(inbox.COUNSELLORS)
def told_seen(report: str) -> AnyResponse:
    """A counsellor has seen what was told."""
    at = house()
    outcome = reports.see(at.desk, visitor().member, ReportTo.COUNSELLOR, report, at.clock())
    return back_to("inbox.page", outcome)
