"""A form that is not ours, or not of this session, changes nothing: on every route that changes something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser
from werkzeug.routing import Rule

from tests.access.school import Standing
from tests.dashboard.walk import routes
from tests.dashboard.walk.crawl import everything
from tests.dashboard.walk.test_routes import address
from tests.dashboard.walk.world import Rows, Visitor, changed, rows, visitor

AS = ("directie", "coordinator", "anja", "coen")


def changing(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route that changes something, with somebody who may (empty: everybody)."""
    column = {"directie": "management", "coordinator": "coordinator", "anja": "teacher", "coen": "counsellor"}
    table = {(row.method, row.path): row for row in routes.rows(app)}
    for rule in app.url_map.iter_rules():
        for method in set(routes.methods(rule)) - {"GET"}:
            row = table[method, rule.rule]
            if row.access.by_key:
                continue
            may = [login for login in AS if column[login] in row.enters]
            assert may, rule
            yield rule, may[0]


FOREIGN: Mapping[str, Mapping[str, str | None]] = {
    "another site": {"Origin": "https://elders.nl"},
    "a name that ends like ours": {"Origin": "https://kwaad-wacht.school"},
    "a name that begins like ours": {"Origin": "https://wacht.school.elders.nl"},
    "without TLS": {"Origin": "http://wacht.school"},
    "another port": {"Origin": "https://wacht.school:8443"},
    "a frame of nobody": {"Origin": "null"},
    "a frame of nobody that says more": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a neighbour": {"Origin": "null", "Sec-Fetch-Site": "same-site"},
    "typed in": {"Origin": "null", "Sec-Fetch-Site": "none"},
    "nothing said": {"Origin": ""},
}


def try_all(school: Standing, send: Callable[[Visitor, str], int]) -> Rows:
    visitors = {login: visitor(school, login) for login in AS}
    before = rows(school)
    for rule, login in changing(school.app):
        status = send(visitors[login], address(rule))
        assert status in {303, 400}, (rule.rule, status)
    return before


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_form_of_another_page_is_refused_on_every_route(school: Standing, kind: str) -> None:
    def send(who: Visitor, path: str) -> int:
        answer = who.post(path, headers=dict(FOREIGN[kind]))
        assert answer.status_code == 400 or "/inloggen?" in answer.headers["Location"], path
        return answer.status_code

    before = try_all(school, send)
    assert changed(before, rows(school)) == {}


@pytest.mark.evasion("S05")
def test_without_the_token_of_this_very_session_every_route_refuses(school: Standing) -> None:
    colleague, nobody = visitor(school, "coordinator"), visitor(school, "")
    tokens = ("", "0" * 64, "a", "é" * 64, colleague.token, nobody.token)

    def send(who: Visitor, path: str) -> int:
        for token in tokens:
            if token == who.token:
                continue
            answer = who.open("POST", path, data={"csrf": token})
            assert answer.status_code == 400 or "/inloggen?" in answer.headers["Location"], (path, token)
        # Not by the address, not by a cookie, not twice with the wrong one first.
        answer = who.open("POST", f"{path}?csrf={who.token}")
        assert answer.status_code == 400 or "/inloggen?" in answer.headers["Location"], path
        answer = who.open("POST", path, data={"csrf": ["verkeerd", who.token]})
        assert answer.status_code == 400 or "/inloggen?" in answer.headers["Location"], path
        return answer.status_code

    before = try_all(school, send)
    assert changed(before, rows(school)) == {}


def test_a_token_in_a_body_of_another_kind_is_no_token(school: Standing) -> None:
    """What a strange page may send without asking first: `text/plain` is read by nobody, and JSON has no token."""

    def send(who: Visitor, path: str) -> int:
        for kind, body in (("text/plain", f"csrf={who.token}"), ("application/json", f'{{"csrf": "{who.token}"}}')):
            answer = who.open("POST", path, data=body, content_type=kind)
            assert answer.status_code in {303, 400}, (path, kind, answer.status)
        return answer.status_code

    before = try_all(school, send)
    assert changed(before, rows(school)) == {}


@pytest.mark.parametrize(
    "login",
    [
        "",
        "anja",
        *(pytest.param(one, marks=pytest.mark.full) for one in ("coordinator", "directie", "coen", "invaller")),
    ],
)
def test_every_form_on_every_page_carries_the_token_and_stays_here(school: Standing, login: str) -> None:
    """Forms that change something have the token of this session; forms that only ask (GET) never have one."""
    seen = 0
    who, walked = everything(school, login)
    for path, html in walked.pages.items():
        for form in LexborHTMLParser(html).css("form"):
            action, method = form.attributes.get("action") or path, (form.attributes.get("method") or "get").lower()
            assert action.startswith("/") and not action.startswith("//"), (path, action)
            tokens = [one.attributes.get("value") for one in form.css('input[name="csrf"]')]
            assert tokens == ([] if method == "get" else [who.token]), (login, path, action)
            seen += 1
        for button in LexborHTMLParser(html).css("[formaction]"):
            action = button.attributes["formaction"] or ""
            assert action.startswith("/") and not action.startswith("//"), (path, action)
    assert seen > (2 if login in {"", "coen"} else 20)


@pytest.mark.full
def test_a_form_of_a_session_that_ended_changes_nothing(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    who, walked = everything(school, "directie")
    who.post("/uitloggen", {"go": "1"})
    before = rows(school)
    for form in walked.forms:
        if form.method == "POST":
            answer = who.post(form.path, form.sent())
            assert answer.status_code in {303, 400}, (form.path, answer.status)
    assert changed(before, rows(school)) == {}
