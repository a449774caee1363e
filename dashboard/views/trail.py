"""Beheer, Logboek: what staff did. For the management, to read and to take along."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import for_roles
from dashboard.actions import trail
from dashboard.auth import house, visitor, words
from dashboard.present.trail import sheet, trail_page
from dashboard.sheets import csv_answer
from dashboard.views.desk import frame

pages = Blueprint("trail", __name__, url_prefix="/beheer")


@pages.get("/logboek")
@for_roles(trail.READERS)
def page() -> str:
    """A page of the trail, narrowed as the address says; with `controle` the chain is walked."""
    at, me, wish = house(), visitor().member, _wish()
    now = at.clock()
    number = request.args.get("blad", "1")
    found = trail.look(at.desk, me, wish, int(number) if number.isascii() and number.isdigit() else 1, now).value
    if found is None:
        abort(403)
    proof = trail.prove(at.desk, me).value if request.args.get("controle") else None
    shown = trail_page(found, wish, proof, words(), now)
    return render_template("office/trail.html", page=shown, wish=wish, **frame("trail"))


@pages.get("/logboek.csv")
@for_roles(trail.READERS, fresh=True)
def download() -> Response:
    """The same as a list, with names; the trail itself says that it was taken."""
    at, me = house(), visitor().member
    found, proof = trail.take(at.desk, me, _wish(), at.clock()).value, trail.prove(at.desk, me).value
    if found is None or proof is None:
        abort(403)
    return csv_answer("logboek", *sheet(found, proof, words()))


def _wish() -> trail.Filter:
    return trail.Filter(*(request.args.get(name, "")[:80] for name in ("wie", "soort", "week")))
