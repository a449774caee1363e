"""Signing in and out, and where everybody starts."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboard.access import SIGNED_IN, for_roles, public
from dashboard.actions import accounts
from dashboard.auth import BOARD_COOKIE, home_of, house, know_browser, known_browser, visitor
from dashboard.shield import EARLY_COOKIE, SESSION_COOKIE, drop_cookie, set_cookie
from dashboard.views.forms import back_to, message, text

pages = Blueprint("signin", __name__)


@pages.get("/")
@public
def start() -> Response:
    """Everybody to where they start."""
    who = g.visitor
    return redirect(url_for(home_of(who.role) if who else "signin.page"), 303)


@pages.get("/inloggen")
@public
def page() -> str:
    """The sign-in page."""
    return render_template("signin.html", message=message(), back=_inside(request.args.get("naar", "")))


@pages.post("/inloggen")
@public
def enter() -> Response:
    """Check name and password; always a new session, never the one that came in."""
    at, login, back = house(), text("login"), _inside(request.form.get("back", ""))
    browser = known_browser(request, login)
    password = request.form.get("password", "")
    outcome = accounts.sign_in(at.desk, login, password, request.remote_addr or "", at.clock(), browser=browser)
    if outcome.value is None:
        return redirect(url_for("signin.page", naar=back or None, nee=outcome.code.rpartition(".")[2]), 303)
    if g.visitor:
        accounts.sign_out(at.desk, g.visitor.token, g.visitor.member.id, at.clock())
    answer = redirect(back or url_for("signin.start"), 303)
    set_cookie(answer, SESSION_COOKIE, outcome.value)
    drop_cookie(answer, EARLY_COOKIE)
    know_browser(answer, login)
    _hang(answer, request.form.get("board") == "1")
    return answer


@pages.post("/uitloggen")
@for_roles(SIGNED_IN)
def leave() -> Response:
    """End the session."""
    at, who = house(), visitor()
    answer = back_to("signin.page", accounts.sign_out(at.desk, who.token, who.member.id, at.clock()))
    drop_cookie(answer, SESSION_COOKIE)
    return answer


@pages.post("/bord")
@for_roles(SIGNED_IN)
def board() -> Response:
    """This screen hangs in the class, or no longer does."""
    answer = redirect(_inside(request.form.get("back", "")) or url_for("signin.start"), 303)
    _hang(answer, request.form.get("board") == "1")
    return answer


def _hang(answer: Response, on: bool) -> None:
    set_cookie(answer, BOARD_COOKIE, "1") if on else drop_cookie(answer, BOARD_COOKIE)


def _inside(address: str) -> str:
    """A path of this dashboard, or nothing: a link must not send anybody elsewhere after signing in."""
    parts = urlsplit(address)
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return parts.path if inside and "\\" not in address and len(address) < 200 else ""
