"""Signing in and out, and where everybody starts."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboard.access import SIGNED_IN, for_roles, public
from dashboard.actions import accounts
from dashboard.actions import begin as first_steps
from dashboard.auth import hang, home_of, house, known_browser, on_board, visitor
from dashboard.board import open_for_a_while
from dashboard.browsers import kind
from dashboard.shield import SESSION_COOKIE, drop_cookie
from dashboard.views import leaving
from dashboard.views.entering import HALF_COOKIE, come_in
from dashboard.views.forms import back_to, inside, message, text
from policy.model import Role

pages = Blueprint("signin", __name__)


@pages.get("/")
@public
def start() -> Response:
    """Everybody to where they start; a coordinator of a school that is not ready yet to what is to be done."""
    who, at = g.visitor, house()
    if who and who.role is Role.COORDINATOR and not first_steps.finished(at.desk, at.clock()):
        return redirect(url_for("begin.page"), 303)
    return redirect(url_for(home_of(who.role) if who else "signin.page"), 303)


@pages.get("/inloggen")
@public
def page() -> str:
    """The sign-in page."""
    return render_template("signin.html", message=message(), back=inside(request.args.get("naar", "")))


@pages.post("/inloggen")
@public
def enter() -> Response:
    """Check name and password; always a new session, never the one that came in."""
    at, login, back = house(), text("login"), inside(request.form.get("back", ""))
    browser, label = known_browser(request, login), kind(request.headers.get("User-Agent", ""))
    password, address = request.form.get("password", ""), request.remote_addr or ""
    outcome = accounts.sign_in(at.desk, login, password, address, at.clock(), browser=browser, kind=label)
    if outcome.value is None:
        return redirect(url_for("signin.page", naar=back or None, nee=outcome.code.rpartition(".")[2]), 303)
    return come_in(outcome.value, login, back, board=request.form.get("board") == "1")


@pages.get("/inloggen/code")
@public
def code() -> Response | str:
    """The question for the second factor, halfway a sign-in."""
    at = house()
    if accounts.halfway(at.desk, request.cookies.get(HALF_COOKIE, ""), at.clock()) is None:
        return redirect(url_for("signin.page", nee="expired"), 303)
    return render_template("signin_code.html", message=message(), back=inside(request.args.get("naar", "")))


@pages.post("/inloggen/code")
@public
def second() -> Response:
    """Check the code of the app, or a recovery code; only then there is a session."""
    at, back = house(), inside(request.form.get("back", ""))
    now, token = at.clock(), request.cookies.get(HALF_COOKIE, "")
    half = accounts.halfway(at.desk, token, now)
    login = half.account.login if half else ""
    known, label = known_browser(request, login), kind(request.headers.get("User-Agent", ""))
    outcome = accounts.finish(at.desk, at.seal, token, text("code"), now, known=known, browser=label)
    if outcome.value is not None:
        return come_in(outcome.value, login, back, board=on_board())
    why = outcome.code.rpartition(".")[2]
    if why != "expired":
        return redirect(url_for("signin.code", naar=back or None, nee=why), 303)
    answer = redirect(url_for("signin.page", naar=back or None, nee=why), 303)
    drop_cookie(answer, HALF_COOKIE)
    return answer


@pages.post("/uitloggen")
@for_roles(SIGNED_IN)
def leave() -> Response:
    """End the session; while something of theirs still runs they are asked first."""
    at, who = house(), visitor()
    if not who.confined and (ask := leaving.first()) is not None:
        return ask
    answer = back_to("signin.page", accounts.sign_out(at.desk, who.token, who.member.id, at.clock()))
    drop_cookie(answer, SESSION_COOKIE)
    return answer


@pages.post("/bord")
@for_roles(SIGNED_IN)
def board() -> Response:
    """This screen hangs in the class, or no longer does: in full screen (`full`) on purpose, and for an hour."""
    answer = redirect(inside(request.form.get("back", "")) or url_for("signin.start"), 303)
    on = request.form.get("board") == "1"
    hang(answer, on)
    if not on and request.form.get("full") == "1":
        open_for_a_while(answer)
    return answer
