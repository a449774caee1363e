"""Signing in with an account of school: out to the provider, and back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from dashboard.access import SIGNED_IN, for_roles, public
from dashboard.actions import oidc
from dashboard.auth import house, known_browser, on_board, visitor
from dashboard.browsers import kind
from dashboard.oidc import Asked, Away, Claims, Desks, Rejected, Trip, Trips
from dashboard.oidc.id_token import LEEWAY
from dashboard.oidc.trip import LASTS, TRIP_COOKIE, new_trip
from dashboard.shield import drop_cookie
from dashboard.views.entering import come_in
from dashboard.views.forms import inside
from policy.model import Role

_WAY = "<any(google, microsoft, oidc):way>"
_STAFF = SIGNED_IN - {Role.PUPIL}
_log = logging.getLogger("klaswacht.dashboard")

pages = Blueprint("oidc", __name__, url_prefix="/inloggen")


def prepare(app: Flask, desks: Desks, secret: bytes) -> None:
    """Hand the app its providers and the secret that trips are sealed with, and the templates their buttons."""
    app.extensions["klaswacht_oidc"] = desks
    app.extensions["klaswacht_trips"] = Trips(secret)

    @app.context_processor
    def buttons() -> dict[str, object]:
        return {"providers": desks.providers}


@pages.get(f"/{_WAY}")
@public
def start(way: str) -> Response:
    """To the provider, from the host that it sends back to."""
    back = inside(request.args.get("naar", ""))
    if _asked_for()[0] != house().desk.settings.listen.name:
        # The cookie is for one host, and the provider knows one address: never the one that a request made up.
        _known(way)
        return redirect(_own(url_for("oidc.start", way=way, naar=back or None)), 303)
    return _out(way, new_trip(way, back, house().clock()))


@pages.get(f"/{_WAY}/opnieuw")
@for_roles(_STAFF)
def again(way: str) -> Response:
    """To the provider, to prove anew to be there."""
    back = inside(request.args.get("naar", ""), query=True)
    return _out(way, new_trip(way, back, house().clock(), again=visitor().session.id))


@pages.get(f"/{_WAY}/terug")
@public
def back(way: str) -> Response:
    """Back from the provider: once, in the browser that left, with a code that is really this provider's."""
    _known(way)
    at, now = house(), house().clock()
    trips: Trips = current_app.extensions["klaswacht_trips"]
    trip = trips.returned(request.cookies.get(TRIP_COOKIE, ""), way, request.args.get("state", ""), now)
    code = request.args.get("code", "")
    if not oidc.may_return(at.desk, request.remote_addr or "", now):
        return _not("wait", trip)
    if trip is None or not 0 < len(code) <= 4096 or "error" in request.args:
        return _not("oidc_again", trip)
    try:
        asked, here = Asked(code, request.args.get("iss")), _redirect(way)
        claims = _desks().ask(way, lambda desk: desk.claims(asked, trip, here, now))
    except Away as away:
        _log.warning("%s did not answer at a sign-in: %s", way, away)
        return _not("oidc_away", trip)
    except Rejected as no:
        _log.warning("a sign-in with %s was refused: %s", way, no)
        return _not("oidc_nobody" if str(no) in {"domain", "tenant", "unverified"} else "oidc_again", trip)
    return _anew(trip, claims) if trip.again else _in(trip, claims)


def _out(way: str, trip: Trip) -> Response:
    _known(way)
    now, here = house().clock(), _redirect(way)
    try:
        address = _desks().ask(way, lambda desk: desk.address(trip, here, now))
    except Away as away:
        _log.warning("%s did not answer at a sign-in: %s", way, away)
        return _not("oidc_away", trip)
    trips: Trips = current_app.extensions["klaswacht_trips"]
    answer = redirect(address, 303)
    seconds = int(LASTS.total_seconds())
    answer.set_cookie(
        TRIP_COOKIE, trips.pack(trip), max_age=seconds, secure=True, httponly=True, samesite="Lax", path="/"
    )
    return answer


def _in(trip: Trip, claims: Claims) -> Response:
    at = house()
    label = kind(request.headers.get("User-Agent", ""))
    entered = oidc.enter(
        at.desk,
        claims,
        request.remote_addr or "",
        at.clock(),
        browser=label,
        known=lambda login: bool(known_browser(request, login)),
    )
    if entered.value is None:
        _log.warning("a sign-in with %s was refused: nobody's account", trip.way)
        return _not("oidc_nobody", trip)
    entry, login = entered.value
    answer = come_in(entry, login, trip.back, board=on_board())
    drop_cookie(answer, TRIP_COOKIE)
    return answer


def _anew(trip: Trip, claims: Claims) -> Response:
    at, who = house(), g.get("visitor")
    if who is None or who.session.id != trip.again:
        return _not("oidc_again", trip)
    since = datetime.fromtimestamp(trip.until, UTC) - LASTS - LEEWAY
    proved = oidc.prove_again(at.desk, claims, who.token, since, at.clock())
    if not proved.ok:
        return _not(proved.code.rpartition(".")[2], trip)
    answer = redirect(trip.back or url_for("signin.start"), 303)
    drop_cookie(answer, TRIP_COOKIE)
    return answer


def _not(why: str, trip: Trip | None) -> Response:
    """Not signed in: to the page with the local form, and a sentence. Every refusal looks the same."""
    if trip is not None and trip.again and g.get("visitor") is not None:
        answer = redirect(url_for("proving.page", naar=trip.back or None, nee=why), 303)
    else:
        answer = redirect(url_for("signin.page", naar=(trip.back if trip else "") or None, nee=why), 303)
    drop_cookie(answer, TRIP_COOKIE)
    return answer


def _desks() -> Desks:
    found: Desks = current_app.extensions["klaswacht_oidc"]
    return found


def _known(way: str) -> None:
    if not _desks().known(way):
        abort(404)


def _redirect(way: str) -> str:
    return _own(url_for("oidc.back", way=way))


def _own(path: str) -> str:
    """An address of this dashboard by its own name. A port that leads here from elsewhere may be the request's."""
    listen = house().desk.settings.listen
    name, port = _asked_for()
    if name != listen.name:
        port = str(listen.dashboard)
    return f"https://{listen.name}{'' if port == '443' else f':{port}'}{path}"


def _asked_for() -> tuple[str, str]:
    """The name and the port that the browser asked for: what anybody may make up."""
    name, colon, port = request.host.rpartition(":")
    return (name, port) if colon and port.isdigit() else (request.host, "443")
