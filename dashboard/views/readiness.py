"""Whether the dashboard lives and can work, for machines: on this machine itself, or under the staff's own name."""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, Flask, Response, abort, jsonify, request

from dashboard.access import public
from dashboard.auth import house
from store import StoreUnavailable

pages = Blueprint("readiness", __name__)


@pages.get("/healthz")
@public
def healthy() -> Response:
    """That it answers is all there is to say."""
    _only_there()
    return jsonify(healthy=True)


@pages.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """Whether the database is there, and rules in it. Status 503 where one of them is not."""
    _only_there()
    desk = house().desk
    try:
        parts = {"store": True, "policy": desk.store.policies.current(desk.school) is not None}
    except StoreUnavailable:
        parts = {"store": False, "policy": False}
    good = all(parts.values())
    return jsonify(ready=good, parts=parts), 200 if good else 503


def count_answers(app: Flask) -> None:
    """Count what is answered, by the first digit of its status, for the supervisor to gather."""
    counts: dict[str, float] = {}
    app.extensions["klaswacht_counts"] = counts

    def counted(response: Response) -> Response:
        key = f"desk.{response.status_code // 100}xx"
        counts[key] = counts.get(key, 0.0) + 1
        return response

    app.after_request(counted)


def _only_there() -> None:
    """Nobody else is told, and it is as if there were no such page."""
    here = request.remote_addr is not None and ip_address(request.remote_addr).is_loopback
    named = request.host.partition(":")[0].lower() == house().desk.settings.listen.name
    if not (here or named):
        abort(404)
