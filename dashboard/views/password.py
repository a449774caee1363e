"""Setting a password with a one-time link. Looking does not use the link up; only saving does."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import public
from dashboard.actions import accounts
from dashboard.auth import house
from dashboard.views.forms import back_to, message

pages = Blueprint("password", __name__)


@pages.get("/wachtwoord/<token>")
@public
def page(token: str) -> str:
    """The form, for whoever has the link."""
    at = house()
    link = accounts.whose_link(at.desk, token, at.clock()).value
    return render_template("password.html", link=link, token=token, message=message())


@pages.post("/wachtwoord/<token>")
@public
def save(token: str) -> Response:
    """Keep the password; then sign in with it."""
    at, form = house(), request.form
    outcome = accounts.set_password(at.desk, token, form.get("password", ""), form.get("again", ""), at.clock())
    if outcome.ok:
        return back_to("signin.page", outcome)
    return back_to("password.page", outcome, token=token)
