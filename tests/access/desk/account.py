"""Signing in in two steps, Mijn account, and the question whether it is still you. Stan has a second factor."""

from __future__ import annotations

from tests.access.state import State
from tests.dashboard.conftest import PASSWORD

_CODE = {"start": "/inloggen", "form": {"login": "stan", "password": PASSWORD}}
_FACTOR = "/account/tweestaps"

STATES: tuple[State, ...] = (
    State("signin.code", "/inloggen", **_CODE),
    State("signin.code", "/inloggen/code", start="/inloggen/code", form={"code": "000000"}, about="error"),
    State("account.page", "/account", "anja", "empty"),
    State("account.page", "/account", "stan", about="factor-and-news"),
    State("account.page", "/account?ja=sessions_ended", "anja", about="done"),
    State("account.page", "/account", "anja", board=True),
    State("account.page", "/account", "directie"),
    State(
        "account.change_password",
        "/account/wachtwoord",
        "anja",
        start="/account",
        form={"old": "fout", "password": "x", "again": "y"},
        about="error",
    ),
    State("account.second_factor", _FACTOR, "bram"),
    State("account.second_factor", _FACTOR, "stan", about="another-phone"),
    State("account.second_factor", _FACTOR, "bram", board=True),
    State("account.propose_factor", _FACTOR, "karin", start=_FACTOR),
    State("account.confirm_factor", f"{_FACTOR}/eerste", "karin", start=_FACTOR, form={"first": "0"}, about="error"),
    State("account.make_codes", f"{_FACTOR}/codes", "stan", start="/account"),
    State("proving.page", "/opnieuw", "anja"),
    State("proving.page", "/opnieuw", "stan", about="code"),
    State("proving.page", "/opnieuw", "anja", board=True),
    State("proving.prove", "/opnieuw", "wim", start="/opnieuw", form={"opnieuw_bewijs": "fout"}, about="error"),
)
NO_PAGE: dict[str, str] = {}
