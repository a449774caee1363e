"""Who is at the other end: the session behind the cookie, the language, and the door in front of every view.

Sessions live in the accounts' database; the cookie holds a random token of which the database knows the hash only.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from flask import Flask, Request, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from config.texts import languages
from dashboard.access import access_of, open_to_substitutes
from dashboard.actions import second_factor
from dashboard.actions.desk import Desk
from dashboard.actions.trail import note_refusal
from dashboard.present.words import Words
from dashboard.seal import Seal
from dashboard.shield import EARLY_COOKIE, SESSION_COOKIE, drop_cookie, honest, new_cookie, set_cookie, token_for
from policy.model import Member, Role
from store import StoreUnavailable
from store.sessions import Session

OF_THE_CONFINED = frozenset(
    {
        "account.second_factor",
        "account.propose_factor",
        "account.confirm_factor",
        "proving.page",
        "proving.prove",
        "signin.leave",
        "signin.board",
    }
)
"""All that is open to who must still set up a second factor."""
BOARD_COOKIE = "__Host-klaswacht-bord"
BROWSER_COOKIE = "__Host-klaswacht-ken"
_BROWSER_DAYS = 180


@dataclass(frozen=True, slots=True)
class House:
    """What every view needs: the desk, the clock (aware UTC), the secret of the form tokens, the seal of the others."""

    desk: Desk
    clock: Callable[[], datetime]
    secret: bytes
    seal: Seal


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in. `member` has the groups they may act for; `token` is the session's secret.

    `substitute`: for one day, with a code; `until` is when the session ends at the latest (UTC). `confined`: they must
    set up a second factor, and may do nothing else before.
    """

    member: Member
    name: str
    token: str
    session: Session
    substitute: bool = False
    confined: bool = False

    @property
    def until(self) -> datetime:
        """When the session ends at the latest (UTC)."""
        return self.session.until

    @property
    def role(self) -> Role:
        """What they are at school."""
        return self.member.role


def house() -> House:
    """The house of the app that answers now."""
    found: House = current_app.extensions["klaswacht"]
    return found


def visitor() -> Visitor:
    """Who is signed in; only for views that are not public."""
    found: Visitor | None = g.get("visitor")
    if found is None:
        abort(401)
    return found


def words() -> Words:
    """The words of this request's language, on the school's wall clock."""
    found: Words | None = g.get("words")
    if found is None:
        found = Words(request.accept_languages.best_match(languages(), house().desk.settings.language) or "nl")
        g.words = found
    return found


def find_visitor(token: str, now: datetime, *, touch: bool = True) -> Visitor | None:
    """Whose session this is. Without `touch` it does not count as use (a screen that only looks on)."""
    desk = house().desk
    session = desk.store.accounts.session(desk.school, token, now, touch=touch) if token else None
    if session is None:
        return None
    person = desk.store.people.person(desk.school, session.account.person)
    if person is None:
        return None
    member = Member(person.id, session.account.role, person.groups)
    confined = session.second is None and second_factor.is_required(desk, session.account.role)
    return Visitor(member, person.name, token, session, session.account.closes is not None, confined)


def guard_doors(app: Flask) -> None:
    """Before every view: who is this, may they come in, and is a change really theirs."""

    @app.before_request
    def door() -> AnyResponse | None:
        if request.endpoint is None or request.endpoint == "static":
            return None
        access = access_of(app, request.endpoint)
        if access is None:
            abort(403)
        if access.by_key:
            return None
        at = house()
        g.visitor = find_visitor(request.cookies.get(SESSION_COOKIE, ""), at.clock())
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not honest(request, at.secret):
            return _turned_away("form")
        if not access.allows(g.visitor.role if g.visitor else None):
            return _turned_away("expired") if g.visitor is None else abort(403)
        if g.visitor and g.visitor.confined and not access.everybody and request.endpoint not in OF_THE_CONFINED:
            return _to_set_up()
        rule = request.url_rule.rule if request.url_rule else ""
        if g.visitor and g.visitor.substitute and not access.everybody:
            return None if open_to_substitutes(request.endpoint, rule) else abort(403)
        return None

    @app.after_request
    def noted(response: Response) -> Response:
        seen: Visitor | None = g.get("visitor")
        if response.status_code == HTTPStatus.FORBIDDEN and seen is not None and not seen.confined:
            with suppress(StoreUnavailable):
                note_refusal(house().desk, seen.member.id, house().clock())
        return response

    @app.after_request
    def early(response: Response) -> Response:
        if g.get("new_early"):
            set_cookie(response, EARLY_COOKIE, g.new_early)
        return response

    @app.context_processor
    def said() -> dict[str, object]:
        return {
            "t": words(),
            "lang": words().lang,
            "csrf": form_token,
            "visitor": g.get("visitor"),
            "board": on_board(),
            "open_on_purpose": open_on_purpose(),
        }


def _to_set_up() -> AnyResponse:
    """Who must have a second factor sets it up first."""
    if request.method not in {"GET", "HEAD"} or "text/event-stream" in request.headers.get("Accept", ""):
        abort(403)
    return redirect(url_for("account.second_factor"), 303)


def _turned_away(code: str) -> AnyResponse:
    """Nobody in particular: to the sign-in page, and back to where they were. A stream is told in its own way."""
    if request.accept_mimetypes.best == "text/event-stream" or "text/event-stream" in request.headers.get("Accept", ""):
        abort(401)
    if code == "form" and g.get("visitor") is not None:
        abort(400)
    back = request.path if request.method == "GET" else None
    was_in = code == "form" or SESSION_COOKIE in request.cookies
    return redirect(url_for("signin.page", naar=back, nee=code if was_in else None), 303)


def form_token() -> str:
    """The token for this browser's forms; makes the early cookie when there is no cookie yet.

    A page that comes with a new session has that one's token.
    """
    cookie = (
        g.get("new_session")
        or request.cookies.get(SESSION_COOKIE)
        or request.cookies.get(EARLY_COOKIE)
        or g.get("new_early")
    )
    if not cookie:
        cookie = g.new_early = new_cookie()
    return token_for(house().secret, cookie)


def begin(answer: AnyResponse, token: str, *, board: bool) -> None:
    """Give a browser its new session, and say whether it hangs in the class."""
    set_cookie(answer, SESSION_COOKIE, token)
    drop_cookie(answer, EARLY_COOKIE)
    hang(answer, board)


def hang(answer: AnyResponse, on: bool) -> None:
    """This screen hangs where children can read it, or no longer does."""
    set_cookie(answer, BOARD_COOKIE, "1") if on else drop_cookie(answer, BOARD_COOKIE)


def on_board() -> bool:
    """Whether this screen hangs where children can read it."""
    return request.cookies.get(BOARD_COOKIE) == "1"


def open_on_purpose() -> bool:
    """Whether an adult asked, on this full screen, for what a board does not show."""
    return request.cookies.get(BOARD_COOKIE) == "0"


def known_browser(asked: Request, login: str) -> str:
    """The id of a browser that `login` signed in with before, or nothing (OWASP: device cookies)."""
    value = asked.cookies.get(BROWSER_COOKIE, "")
    number, _, mark = value.partition(".")
    return number if number and hmac.compare_digest(mark.encode(), _mark(number, login).encode()) else ""


def know_browser(response: AnyResponse, login: str) -> None:
    """Remember that `login` signed in with this browser. It opens nothing: it only counts wrong tries apart."""
    number = secrets.token_hex(8)
    response.set_cookie(
        BROWSER_COOKIE,
        f"{number}.{_mark(number, login)}",
        max_age=_BROWSER_DAYS * 86_400,
        secure=True,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _mark(number: str, login: str) -> str:
    name = login.strip().casefold()
    return hmac.new(house().secret, f"browser:{number}:{name}".encode(), sha256).hexdigest()


def home_of(role: Role) -> str:
    """Where somebody of this role starts."""
    return {
        Role.TEACHER: "lesson.start",
        Role.INTERN: "lesson.start",
        Role.COORDINATOR: "office.page",
        Role.MANAGEMENT: "office.page",
        Role.COUNSELLOR: "inbox.page",
    }.get(role, "rules.page")
