"""Beheer, Inlezen, Nieuw schooljaar: a copy of how it is, who goes where, a look, and then all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Blueprint, render_template, request

from dashboard import parked
from dashboard.access import OFFICE, for_roles
from dashboard.actions import new_year
from dashboard.actions.new_year import YearPlan
from dashboard.auth import house, visitor, words
from dashboard.present.new_year import answers_in, year_form, year_preview
from dashboard.views.desk import frame
from dashboard.views.forms import text
from policy.model import Role
from store.people import Person

pages = Blueprint("new_year", __name__, url_prefix="/beheer/nieuw-jaar")
_UNDO = timedelta(hours=12)


@pages.get("")
@for_roles(OFFICE)
def page() -> str:
    """The questions, with what the groups' years propose."""
    return _questions({})


@pages.post("")
@for_roles(OFFICE)
def look() -> str:
    """What the answers would do; or the questions again, with who was forgotten."""
    at, now, given = house(), house().clock(), _given()
    answers = dict(answers_in(new_year.steps(at.desk, now), given))
    outcome = new_year.make_plan(at.desk, visitor().member, answers, now)
    if not outcome.ok or outcome.value is None or text("do") == "again":
        return _questions(given, "" if text("do") == "again" else outcome.code)
    return _preview(outcome.value, given)


@pages.post("/begin")
@for_roles(OFFICE, fresh=True)
def begin() -> str:
    """Begin the new school year."""
    at, me, now = house(), visitor().member, house().clock()
    given = parked.fetch(at.secret, _owner("look"), request.form.get("parked", ""), now)
    if not isinstance(given, dict):
        return _questions({}, "dash.no.year_old")
    answers = answers_in(new_year.steps(at.desk, now), given)
    if not request.form.get("kept"):
        outcome = new_year.make_plan(at.desk, me, answers, now)
        return _preview(outcome.value, given, "dash.no.year_keep") if outcome.value else _questions(given, outcome.code)
    outcome = new_year.begin(at.desk, me, answers, text("mark"), now)
    if outcome.value is None or not outcome.ok:
        asked = outcome.value is None or outcome.value.asked
        return _questions(given, outcome.code) if asked else _preview(outcome.value, given, outcome.code)
    return _begun(outcome.value, outcome.code)


@pages.post("/terug")
@for_roles(OFFICE, fresh=True)
def back() -> str:
    """Put everybody back where they were."""
    at, now = house(), house().clock()
    rows = parked.fetch(at.secret, _owner("back"), request.form.get("parked", ""), now, _UNDO)
    if not isinstance(rows, list):
        return _questions({}, "dash.no.year_old")
    before = tuple(Person(row[0], Role.PUPIL, row[1], tuple(row[2])) for row in rows)
    return _questions({}, new_year.back(at.desk, visitor().member, before, now).code)


def _given() -> Mapping[str, str]:
    return {name: value[:60] for name, value in request.form.items() if name.startswith(("g:", "p:")) and value}


def _owner(what: str) -> str:
    return f"new-year:{what}:{visitor().token}"


def _around(code: str) -> dict[str, object]:
    said = {"message": (words()(code), code.startswith("dash.done"))} if code else {}
    return frame("intake") | said


def _questions(given: Mapping[str, str], code: str = "") -> str:
    at, now = house(), house().clock()
    asks = year_form(new_year.steps(at.desk, now), at.desk.snapshot(now).groups, given, words())
    return render_template("office/nieuw_jaar.html", **_around(code), asks=asks)


def _preview(plan: YearPlan | None, given: Mapping[str, str], code: str = "") -> str:
    at, now = house(), house().clock()
    sealed = parked.park(at.secret, _owner("look"), dict(given), now)
    if plan is None or not sealed:
        return _questions(given, "dash.no.year_old")
    shown = year_preview(plan, at.desk.snapshot(now).groups, sealed, words())
    return render_template("office/nieuw_jaar_ziet.html", **_around(code), looked=shown, given=given)


def _begun(plan: YearPlan, code: str) -> str:
    at, now = house(), house().clock()
    before = [[one.id, one.name, list(one.groups)] for one in (*(move.before for move in plan.moves), *plan.leaves)]
    sealed = parked.park(at.secret, _owner("back"), before, now)
    shown = year_preview(plan, at.desk.snapshot(now).groups, sealed, words())
    return render_template("office/nieuw_jaar_klaar.html", **_around(code), looked=shown)
