"""The school's rules in plain words, for everybody."""

from __future__ import annotations

from flask import Blueprint, render_template

from dashboard.access import public
from dashboard.auth import house, words
from dashboard.present.office import clause_cards

pages = Blueprint("rules", __name__)


@pages.get("/regels")
@public
def page() -> str:
    """The protocol's articles for pupils: in a child's words first, an adult's below."""
    at = house()
    protocol = at.desk.snapshot(at.clock()).policy.protocol
    return render_template("rules.html", protocol=protocol, clauses=clause_cards(protocol.clauses, words()))
