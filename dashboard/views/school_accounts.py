"""Beheer: which account of school is whose."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request
from werkzeug.wrappers import Response

from dashboard.access import OFFICE, for_roles
from dashboard.actions import school_accounts as accounts
from dashboard.actions.desk import Outcome
from dashboard.actions.school_accounts import Wrong
from dashboard.auth import house, visitor, words
from dashboard.oidc import Desks
from dashboard.present.school_accounts import page as shown
from dashboard.views.desk import frame
from dashboard.views.forms import back_to

_FIELD = "adres-"
_MOST = 300  # fields

pages = Blueprint("school_accounts", __name__, url_prefix="/beheer/schoolaccounts")


@pages.get("")
@for_roles(OFFICE, fresh=True)
def page() -> str:
    """Who is linked, and which address is expected for whom."""
    return _page(None, {})


@pages.post("")
@for_roles(OFFICE, fresh=True)
def save() -> Response | str:
    """Expect the addresses that were typed; what is wrong comes back in its field."""
    fields = [(name, value[:300]) for name, value in request.form.items() if name.startswith(_FIELD)][:_MOST]
    typed = {name.removeprefix(_FIELD): value for name, value in fields}
    at = house()
    outcome = accounts.expect(at.desk, visitor().member, typed, at.clock())
    return back_to("school_accounts.page", outcome) if outcome.ok else _page(outcome, typed)


@pages.post("/<account>/los")
@for_roles(OFFICE, fresh=True)
def unlink(account: str) -> Response:
    """Take a link away."""
    at = house()
    return back_to("school_accounts.page", accounts.unlink(at.desk, visitor().member, account, at.clock()))


def _page(refused: Outcome[tuple[Wrong, ...]] | None, typed: dict[str, str]) -> str:
    at = house()
    desks: Desks = current_app.extensions["klaswacht_oidc"]
    domains = [one.domain for one in desks.providers if one.domain] + list(at.desk.snapshot(at.clock()).policy.domains)
    found = shown(
        accounts.lines(at.desk),
        desks.providers,
        words(),
        domain=next(iter(domains), ""),
        fill=request.args.get("invullen") == "1",
        typed=typed,
        wrong=(refused.value or ()) if refused else (),
    )
    around = frame("medewerkers")
    if refused is not None:
        around["message"] = (words()(refused.code), False)
    return render_template("office/schoolaccounts.html", page=found, proposed="invullen" in request.args, **around)
