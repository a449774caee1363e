"""What machines may ask the dashboard: on the box or under the staff's name, and only whether it works."""

from __future__ import annotations

import pytest

from config.settings import Settings
from dashboard import create_app
from store import StoreUnavailable
from tests.cast import KNOWLEDGE
from tests.dashboard.conftest import SETTINGS

HERE = {"REMOTE_ADDR": "127.0.0.1"}
THERE = {"REMOTE_ADDR": "10.1.2.3"}
NAMED = f"https://{Settings().listen.name}:8443"


def asked(app, path, where=HERE, base="https://10.0.0.1"):
    return app.test_client().get(path, base_url=base, environ_overrides=where)


def test_a_dashboard_with_rules_is_ready(app):
    assert asked(app, "/healthz").json == {"healthy": True}
    told = asked(app, "/readyz")
    assert (told.status_code, told.json) == (200, {"ready": True, "parts": {"store": True, "policy": True}})


def test_a_dashboard_without_database_lives_and_is_not_ready(app, store, monkeypatch):
    def gone(*_):
        raise StoreUnavailable("database of Sam is away")

    monkeypatch.setattr(type(store.policies), "current", gone)
    assert asked(app, "/healthz").status_code == 200
    told = asked(app, "/readyz")
    assert told.status_code == 503
    assert told.json["parts"] == {"store": False, "policy": False}
    assert "Sam" not in told.text


def test_a_school_without_rules_is_not_ready(store):
    told = asked(create_app(store, KNOWLEDGE, "elsewhere", SETTINGS), "/readyz")
    assert (told.status_code, told.json["parts"]) == (503, {"store": True, "policy": False})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_from_elsewhere_only_the_staffs_name_is_answered(app, path):
    assert asked(app, path, THERE).status_code == 404
    assert asked(app, path, THERE, "https://127.0.0.1").status_code == 404
    assert asked(app, path, THERE, NAMED).status_code == 200


def test_answers_are_counted_by_their_first_digit(app):
    asked(app, "/healthz")
    asked(app, "/healthz", THERE)
    counts = app.extensions["klaswacht_counts"]
    assert counts["desk.2xx"] == 1
    assert counts["desk.4xx"] == 1
