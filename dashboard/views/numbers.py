"""Beheer, Cijfers: exceptions in numbers, a week each, in which no child can be found."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import for_roles
from dashboard.actions import numbers
from dashboard.auth import house, visitor, words
from dashboard.present.numbers import numbers_page, sheet
from dashboard.sheets import csv_answer
from dashboard.views.desk import frame

pages = Blueprint("numbers", __name__, url_prefix="/beheer")


@pages.get("/cijfers")
@for_roles(numbers.READERS)
def page() -> str:
    """The weeks of this school year, and one of them in more detail."""
    shown = numbers_page(_look(), request.args.get("week", ""), words())
    return render_template("office/numbers.html", page=shown, **frame("numbers"))


@pages.get("/cijfers.csv")
@for_roles(numbers.READERS)
def download() -> Response:
    """The same as a list. There are no names in it."""
    return csv_answer("cijfers", *sheet(_look(), words()))


def _look() -> numbers.Numbers:
    at = house()
    found = numbers.look(at.desk, visitor().member, at.clock()).value
    if found is None:
        abort(403)
    return found
