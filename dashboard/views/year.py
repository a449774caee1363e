"""Beheer, Schooljaar: days off, one change at a time; looked at first, then saved."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import year as years
from dashboard.actions.days_off import Change, What
from dashboard.actions.desk import Outcome, refused
from dashboard.actions.year import Plan
from dashboard.auth import house, visitor, words
from dashboard.present.year import year_page
from dashboard.views.desk import frame
from dashboard.views.forms import back_to, text

pages = Blueprint("year", __name__, url_prefix="/beheer/jaar")


@pages.get("")
@for_roles(OFFICE)
def page() -> Response | str:
    """The school year of today, or the one that the address names."""
    return _page()


@pages.post("")
@for_roles(OFFICE)
def change() -> Response | str:
    """Look at a change, or save the one that was looked at."""
    at, me, wish = house(), visitor().member, _change()
    if wish is None:
        return _page(refused("year_other"))
    based_on = int(text("based_on")[:9]) if text("based_on").isdecimal() else 0
    act = years.save if text("do") == "save" else years.look
    outcome = act(at.desk, me, wish, based_on, words().lang, at.clock())
    if outcome.ok and text("do") == "save":
        kind = outcome.code.removeprefix("dash.done.")
        return redirect(url_for("year.page", jaar=text("year") or None, ja=kind), 303)
    return _page(outcome, wish)


def _change() -> Change | None:
    what = text("what")
    if what not in set(What):
        return None
    picks = tuple(one[:60] for one in request.form.getlist("picks")[:60])
    name, first, last, start, end, kind = (
        text(field).strip() for field in ("name", "first", "last", "start", "end", "kind")
    )
    return Change(What(what), name, first, last, start, end, kind, picks, text("list"), text("key"))


def _page(outcome: Outcome[Plan] | None = None, typed: Change | None = None) -> Response | str:
    at, now = house(), house().clock()
    found = years.year(at.desk, visitor().member, now)
    if found.value is None:
        return back_to("office.page", found)
    year = text("year") or request.args.get("jaar", "")
    shown = year_page(found.value, words(), now, year[:9], outcome.value if outcome else None, typed)
    said = frame("year")
    if outcome is not None and not outcome.ok:
        said["message"] = (words()(outcome.code), False)
    return render_template("office/year.html", page=shown, **said)
