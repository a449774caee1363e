"""Mijn account: the second factor, one's own sign-ins, one's password. What is shown once is kept nowhere."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import OFFICE, SIGNED_IN, for_roles
from dashboard.actions import second_factor as factors
from dashboard.actions import sessions
from dashboard.actions.second_factor import Proposed
from dashboard.auth import begin, house, on_board, visitor, words
from dashboard.present.account import News, account_page, codes_page, news_lines, setup_page
from dashboard.views.forms import back_to, message, text
from policy.model import Role
from store import StoreUnavailable

pages = Blueprint("account", __name__, url_prefix="/account")
desk_pages = Blueprint("account_desk", __name__, url_prefix="/beheer/mens")
_STAFF = SIGNED_IN - {Role.PUPIL}


@pages.get("")
@for_roles(_STAFF)
def page() -> str:
    """One's own account."""
    return _page()


@pages.post("/wachtwoord")
@for_roles(_STAFF)
def change_password() -> AnyResponse | str:
    """Another password; this browser stays in, all others are out."""
    at, who, form = house(), visitor(), request.form
    old, new, again = form.get("old", ""), form.get("password", ""), form.get("again", "")
    outcome = sessions.change_password(at.desk, who.session, old, new, again, at.clock())
    if outcome.value is None:
        return _page((words()(outcome.code), False))
    answer = back_to("account.page", outcome)
    begin(answer, outcome.value, board=on_board())
    return answer


@pages.post("/sessie/<session>/weg")
@for_roles(_STAFF)
def end_session(session: str) -> AnyResponse:
    """End one of one's own sign-ins."""
    at = house()
    return back_to("account.page", sessions.end_one(at.desk, visitor().session.account, session, at.clock()))


@pages.post("/sessies/weg")
@for_roles(_STAFF)
def end_others() -> AnyResponse:
    """End all one's own sign-ins but this one."""
    at = house()
    return back_to("account.page", sessions.end_others(at.desk, visitor().session, at.clock()))


@pages.post("/nieuws/<news>")
@for_roles(_STAFF)
def seen(news: str) -> AnyResponse:
    """What was told, up to this, is read."""
    at, mine = house(), visitor().session
    at.desk.store.account_news.seen(at.desk.school, mine.account.id, news, mine.id)
    return redirect(url_for("account.page"), 303)


@pages.get("/tweestaps")
@for_roles(_STAFF, fresh=True)
def second_factor() -> str:
    """Setting up a second factor: what it is, or the code to photograph when one waits."""
    at = house()
    return _setup(factors.proposed(at.desk, at.seal, visitor().session.account), message())


@pages.post("/tweestaps")
@for_roles(_STAFF, fresh=True)
def propose_factor() -> AnyResponse:
    """A new secret, which waits for its first code."""
    at = house()
    outcome = factors.propose(at.desk, at.seal, visitor().session.account, at.clock())
    return redirect(url_for("account.second_factor"), 303) if outcome.ok else back_to("account.second_factor", outcome)


@pages.post("/tweestaps/eerste")
@for_roles(_STAFF, fresh=True)
def confirm_factor() -> AnyResponse | str:
    """The first code; from now on it counts. This browser gets a new session, all others are out."""
    at, who = house(), visitor()
    now = at.clock()
    outcome = factors.confirm(at.desk, at.seal, who.session.account, text("first"), now)
    if outcome.value is None:
        told = (words()(outcome.code), False)
        return _setup(factors.proposed(at.desk, at.seal, who.session.account), told)
    token = at.desk.store.accounts.renew_session(at.desk.school, who.token, now, second=True)
    if token is None:
        return redirect(url_for("signin.page", nee="expired"), 303)
    g.new_session, g.visitor = token, replace(who, confined=False)
    answer = make_response(_codes(outcome.value))
    begin(answer, token, board=on_board())
    return answer


@pages.post("/tweestaps/codes")
@for_roles(_STAFF, fresh=True)
def make_codes() -> AnyResponse | str:
    """Ten new recovery codes, shown in this answer only."""
    at = house()
    account = visitor().session.account
    if not factors.has_one(at.desk, account):
        return redirect(url_for("account.second_factor"), 303)
    outcome = factors.new_codes(at.desk, account, at.clock())
    return _codes(outcome.value) if outcome.value else back_to("account.page", outcome)


@pages.post("/tweestaps/uit")
@for_roles(_STAFF, fresh=True)
def switch_off() -> AnyResponse:
    """Do without one again, where it is not required."""
    at = house()
    return back_to("account.page", factors.switch_off(at.desk, visitor().session.account, at.clock()))


@desk_pages.post("/<person>/tweestaps")
@for_roles(OFFICE, fresh=True)
def reset(person: str) -> AnyResponse:
    """A colleague lost their phone."""
    at = house()
    outcome = factors.reset(at.desk, visitor().member, person, at.clock())
    return back_to("office.tab", outcome, tab="medewerkers")


@desk_pages.post("/<person>/uitloggen")
@for_roles(OFFICE, fresh=True)
def sign_out(person: str) -> AnyResponse:
    """Sign a colleague out everywhere."""
    at = house()
    outcome = sessions.end_all_of(at.desk, visitor().member, person, at.clock())
    return back_to("office.tab", outcome, tab="medewerkers")


@pages.app_context_processor
def told() -> dict[str, object]:
    """What every page may tell about the account of who looks."""
    return {"account_news": _news}


def _news() -> tuple[News, ...]:
    """What happened to the account of who looks, where no class looks along.

    Not on the answer to a form: that may be shown once (codes), or have a form in it that a tap elsewhere would lose.
    """
    who = g.get("visitor")
    if request.method != "GET" or who is None or who.substitute or who.confined or on_board():
        return ()
    at = house()
    try:
        found = at.desk.store.account_news.of(at.desk.school, who.session.account.id, who.session.id)
    except StoreUnavailable:  # then this is the page that says so
        return ()
    return news_lines(found, words(), at.clock()) if found else ()


def _page(told: tuple[str, bool] | None = None) -> str:
    at, session = house(), visitor().session
    now = at.clock()
    own = sessions.own(at.desk, session.account, now)
    shows = account_page(session, own, factors.standing(at.desk, session.account), words(), now)
    return render_template("account.html", page=shows, message=told or message())


def _codes(codes: tuple[str, ...]) -> str:
    return render_template("account_codes.html", page=codes_page(codes, visitor().session.account.login, words()))


def _setup(waits: Proposed | None, told: tuple[str, bool] | None) -> str:
    who = visitor()
    shows = setup_page(waits, must=who.confined, has=factors.has_one(house().desk, who.session.account))
    return render_template("account_factor.html", page=shows, message=told)
