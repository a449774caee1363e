"""How every sign-in ends, whichever way it came: with a session, or at the question for the second factor."""

from __future__ import annotations

from flask import g, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.actions import accounts
from dashboard.actions.accounts import Entry
from dashboard.auth import begin, hang, house, know_browser
from dashboard.shield import drop_cookie, set_cookie

HALF_COOKIE = "__Host-klaswacht-half"


def come_in(entry: Entry, login: str, back: str, *, board: bool) -> AnyResponse:
    """The answer to a sign-in that was right so far; the session that came in ends either way.

    `back` is a path of this dashboard or empty (the caller checked it), `login` the account's.
    """
    at = house()
    if g.get("visitor"):
        accounts.sign_out(at.desk, g.visitor.token, g.visitor.member.id, at.clock())
    if entry.half:
        answer = redirect(url_for("signin.code", naar=back or None), 303)
        set_cookie(answer, HALF_COOKIE, entry.token)
        hang(answer, board)
        return answer
    answer = redirect(back or url_for("signin.start"), 303)
    begin(answer, entry.token, board=board)
    drop_cookie(answer, HALF_COOKIE)
    know_browser(answer, login)
    return answer
