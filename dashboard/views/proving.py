"""A step up: who does something that weighs more proves again to be there, and then it goes through.

A form that was filled in meanwhile comes along as hidden fields and is sent to its own route again, with the proof; so
nothing that was typed is lost, and nothing of it is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import SIGNED_IN, access_of, for_roles
from dashboard.actions import sessions
from dashboard.actions.desk import Outcome
from dashboard.actions.sessions import Proof
from dashboard.auth import house, visitor, words
from dashboard.shield import CSRF_FIELD
from dashboard.views.forms import inside, message

PROOF = "opnieuw_bewijs"
"""The field that carries the proof with a form that was filled in before."""
_LARGEST = 32 * 1024  # characters of a form that come along
_MOST = 200  # fields
_NEVER = frozenset({"password", "again", "old", "code"})

pages = Blueprint("proving", __name__)


def ask_again(app: Flask) -> None:
    """Stop before every route that says `fresh` whoever did not prove a moment ago to be there."""

    @app.before_request
    def step_up() -> AnyResponse | str | None:
        access = access_of(app, request.endpoint or "")
        if access is None or not access.fresh or g.get("visitor") is None:
            return None
        if sessions.is_fresh(visitor().session, house().clock()):
            return None
        if request.method in {"GET", "HEAD"}:
            return redirect(url_for("proving.page", naar=request.full_path.rstrip("?")), 303)
        if PROOF not in request.form:
            return _with_the_form(None)
        outcome = _proved()
        return None if outcome.ok else _with_the_form(outcome)


@pages.get("/opnieuw")
@for_roles(SIGNED_IN)
def page() -> str:
    """The question, and where to go after it."""
    return _page(inside(request.args.get("naar", ""), query=True), None)


@pages.post("/opnieuw")
@for_roles(SIGNED_IN)
def prove() -> AnyResponse | str:
    """Check the proof, and go back."""
    back = inside(request.form.get("naar", ""), query=True)
    outcome = _proved()
    return redirect(back or url_for("signin.start"), 303) if outcome.ok else _page(back, outcome)


def _proved() -> Outcome[None]:
    at, who = house(), visitor()
    now = at.clock()
    outcome = sessions.prove(at.desk, at.seal, who.session.account, who.token, request.form.get(PROOF, ""), now)
    if outcome.ok:
        g.visitor = replace(who, session=replace(who.session, proved=now))
    return outcome


def _page(back: str, refused: Outcome[None] | None) -> str:
    return _shown(url_for("proving.prove"), (("naar", back),), refused, back=back)


def _with_the_form(refused: Outcome[None] | None) -> str:
    """The question with the form that was filled in; a file, a password or too much does not come along."""
    given = [(name, value) for name, value in request.form.items(multi=True) if name not in {CSRF_FIELD, PROOF}]
    too_much = len(given) > _MOST or sum(len(name) + len(value) for name, value in given) > _LARGEST
    if too_much or request.mimetype == "multipart/form-data" or any(name in _NEVER for name, _ in given):
        return _shown(url_for("proving.prove"), (("naar", ""),), refused, lost=True)
    return _shown(request.full_path.rstrip("?"), given, refused)


def _shown(
    action: str,
    fields: Sequence[tuple[str, str]],
    refused: Outcome[None] | None,
    *,
    lost: bool = False,
    back: str = "",
) -> str:
    """The question; `lost`: what was filled in did not come along, `back`: the path to go to after it."""
    return render_template(
        "proving.html",
        proof=sessions.proof_of(house().desk, visitor().session.account),
        elsewhere=Proof.ELSEWHERE,
        field=PROOF,
        action=action,
        fields=fields,
        lost=lost,
        back=back,
        message=message() if refused is None else (words()(refused.code), False),
    )
