"""Every route, every method, everybody: the table that was agreed is what the app does."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from tests.access.school import Standing
from tests.dashboard.walk import routes
from tests.dashboard.walk.world import LOGINS, changed, rows, visitor

COLUMN = {
    "": "nobody",
    "anja": "teacher",
    "iris": "intern",
    "stan": "staff",
    "coordinator": "coordinator",
    "directie": "management",
    "coen": "counsellor",
    "invaller": routes.SUBSTITUTE,
}
NOT_TRIED_HERE = {"signin.leave": "it ends the visitor's session", "lesson.stream": "it stays open"}


def address(rule: Rule, **values: str) -> str:
    """An address of a route, with `values` and otherwise ids that are nobody's."""
    made = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        choice = sorted(converter.items)[0] if isinstance(converter, AnyConverter) else "geen"
        made[name] = values.get(name, {"group": "7", "filename": "klaswacht.css"}.get(name, choice))
    built = rule.build(made, append_unknown=False)
    assert built is not None, rule
    return built[1]


def turned_away(answer: TestResponse) -> bool:
    leads = urlsplit(answer.headers.get("Location", ""))
    return answer.status_code in {401, 403} or leads.path == "/inloggen"


def test_the_table_of_routes_on_paper_is_the_table_of_the_app(school: Standing) -> None:
    assert routes.PAGE.read_text("utf-8") == routes.page(school.app), (
        "a route came, went, or is for others: look at it, and run `python -m tests.dashboard.walk --write`"
    )


@pytest.mark.parametrize(
    "login", ["directie", *(pytest.param(one, marks=pytest.mark.full) for one in ("", "anja", "coordinator", "coen"))]
)
def test_no_route_changes_anything_by_being_looked_at(fresh: Callable[[], Standing], login: str) -> None:
    """GET, HEAD and OPTIONS are safe: of every address without an id, and of every id that there is."""
    school = fresh()
    who = visitor(school, login)
    before = rows(school)
    for rule in school.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "lesson.stream":
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = who.open(method, address(rule))
                answer.close()
                assert answer.status_code < 500, (method, rule.rule)
    assert changed(before, rows(school)) == {}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "X'\"<"])
def test_a_method_that_nobody_wrote_down_is_refused_everywhere(school: Standing, method: str) -> None:
    who = visitor(school, "directie")
    before = rows(school)
    for rule in school.app.url_map.iter_rules():
        headers = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
        answer = who.open(method, address(rule), headers=headers, data={"csrf": who.token, "_method": "POST"})
        assert answer.status_code == 405, (method, rule.rule, answer.status)
    assert changed(before, rows(school)) == {}


@pytest.mark.parametrize(
    "login", [one if one in {"", "invaller"} else pytest.param(one, marks=pytest.mark.full) for one in COLUMN]
)
def test_everybody_gets_in_where_the_table_says_and_nowhere_else(fresh: Callable[[], Standing], login: str) -> None:
    school = fresh()
    who = visitor(school, login)
    table = {(row.method, row.path): row for row in routes.rows(school.app)}
    for rule in school.app.url_map.iter_rules():
        if rule.endpoint in NOT_TRIED_HERE:
            continue
        for method in routes.methods(rule):
            row = table[method, rule.rule]
            if row.access.by_key:
                continue
            answer = who.open(method, address(rule), data={"csrf": who.token} if method == "POST" else None)
            answer.close()
            told = (login, method, rule.rule, answer.status)
            assert answer.status_code < 500, told
            if COLUMN[login] in row.enters:
                own = "nee=" in answer.headers.get("Location", "") or row.access.everybody
                assert own or not turned_away(answer), told
            else:
                assert turned_away(answer), told


def test_a_device_without_its_key_gets_nothing(school: Standing) -> None:
    """The routes of devices know no session: a signed-in management gets no further than a stranger."""
    before = rows(school)
    for login in ("", "directie"):
        who = visitor(school, login)
        for row in routes.rows(school.app):
            if row.access.by_key:
                for key in ("", "Basic ZmFsc2U6ZmFsc2U=", "Bearer x", "Basic %%%"):
                    answer = who.open(row.method, row.path, headers={"Authorization": key}, json={"code": "AAAA"})
                    assert answer.status_code in {400, 401, 403, 404, 410, 415, 429}, (row.path, answer.status)
                    assert "school" not in answer.text.lower() or len(answer.text) < 200
    assert changed(before, rows(school)) == {}


def test_every_visitor_of_the_walk_has_a_column() -> None:
    assert set(COLUMN) == set(LOGINS) - {"bram"}
    assert {name for name, _ in routes.COLUMNS} | {routes.SUBSTITUTE} == set(COLUMN.values()) | {"pupil"}
