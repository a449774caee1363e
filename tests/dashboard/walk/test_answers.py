"""What every answer has, also the odd ones: refusals, files, bodies that are too large, paths that climb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from store import StoreUnavailable
from tests.access.school import Standing
from tests.dashboard.walk import routes
from tests.dashboard.walk.crawl import everything
from tests.dashboard.walk.test_routes import address
from tests.dashboard.walk.world import LOGINS, changed, rows, visitor

CLIMBING = (
    "../app.py",
    "..%2fapp.py",
    "%2e%2e/app.py",
    "....//app.py",
    "..\\app.py",
    "..%5capp.py",
    "%252e%252e%252fapp.py",
    "vendor/../../app.py",
    "/etc/passwd",
    "//etc/passwd",
    "klaswacht.css%00.html",
    "klaswacht.css/",
    "%c0%ae%c0%ae/app.py",
    ".git/config",
    ".env",
    "",
    "vendor",
    "vendor/",
    "CON",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("climb", CLIMBING)
def test_no_path_leads_out_of_the_folder_of_files(school: Standing, climb: str) -> None:
    who = visitor(school, "")
    for path in (f"/static/{climb}", f"/{climb}", f"/beheer/{climb}", f"/wachtwoord/{climb}", f"/les/{climb}"):
        answer = who.get(path)
        text = answer.text
        answer.close()
        assert answer.status_code in {200, 303, 308, 400, 404, 405}, (path, answer.status)
        assert "create_app" not in text and "root:" not in text and "[core]" not in text, path
        if answer.status_code == 200:
            assert path.startswith(("/wachtwoord/", "//", "/static/klaswacht.css")) or path == "/", path


def test_every_file_has_the_headers_and_its_own_kind(school: Standing) -> None:
    who = visitor(school, "")
    kinds = {"klaswacht.css": "text/css", "klaswacht.js": "text/javascript", "icon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        answer = who.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
        answer.close()


def test_no_refusal_says_where_it_came_from(school: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a view falls over or the database is away: the same page, the same headers, and nothing of why."""
    who = visitor(school, "directie")
    endpoint = "measures.page"
    for error, code in ((ValueError("geheim /etc/passwd"), 500), (StoreUnavailable("geheim"), 503)):

        def fall(error: Exception = error) -> str:
            raise error

        fall.klaswacht_access = school.app.view_functions[endpoint].klaswacht_access
        monkeypatch.setitem(school.app.view_functions, endpoint, fall)
        answer = who.get("/maatregelen/")
        assert answer.status_code == code
        for word in ("geheim", "Traceback", "passwd", "ValueError", "StoreUnavailable", "werkzeug", ".py"):
            assert word not in answer.text
        bare = who.get("/maatregelen/", headers={"Accept": "application/json"})
        assert bare.status_code == code and bare.text == ""


def test_a_body_that_is_too_large_is_refused_and_changes_nothing(school: Standing) -> None:
    who = visitor(school, "directie")
    before = rows(school)
    large = "x" * 70_000
    for rule in school.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith("api."):
            answer = who.post(address(rule), {"name": large, "reason": large, "login": large})
            assert answer.status_code in {303, 400, 403, 413}, (rule.rule, answer.status)
    huge = who.open(
        "POST", "/inloggen", data=b"csrf=" + b"x" * 1_500_000, content_type="application/x-www-form-urlencoded"
    )
    assert huge.status_code in {400, 413}
    assert changed(before, rows(school)) == {}


def odd_bodies() -> Iterator[tuple[str, bytes, str]]:
    many = "&".join(f"a{n}=1" for n in range(5_000))
    yield "application/x-www-form-urlencoded", many.encode(), "five thousand fields"
    part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    yield "multipart/form-data; boundary=b", (part * 2_000 + "--b--\r\n").encode(), "two thousand parts"
    yield "multipart/form-data; boundary=b", b"--b\r\n" * 5_000, "no part at all"
    yield "multipart/form-data", b"x", "no boundary"
    yield "multipart/form-data; boundary=" + "b" * 5_000, b"x", "a long boundary"
    yield "application/x-www-form-urlencoded", b"%" * 1_000, "broken escapes"
    yield "application/x-www-form-urlencoded", b"csrf=%00%ff%fe\x00", "no text"
    yield "application/json", b"[" * 50_000, "deep JSON"
    yield "text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "XML"
    yield "\r\n", b"", "no kind"


@pytest.mark.parametrize(("kind", "body"), [pytest.param(kind, body, id=name) for kind, body, name in odd_bodies()])
def test_an_odd_body_is_refused_and_never_read_for_long(school: Standing, kind: str, body: bytes) -> None:
    before = rows(school)
    for login, path in (("", "/inloggen"), ("directie", "/beheer/groep"), ("anja", "/les/7/toestemming")):
        who = visitor(school, login)
        answer = who.client.post(
            path,
            base_url="https://wacht.school",
            environ_overrides={"CONTENT_TYPE": kind, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))},
            headers={"Origin": "https://wacht.school"},
        )
        assert answer.status_code in {303, 400, 413}, (path, answer.status)
    assert changed(before, rows(school)) == {}


def test_a_file_that_nobody_asked_for_is_kept_nowhere(school: Standing) -> None:
    who = visitor(school, "directie")
    before = rows(school)
    for row in routes.rows(school.app):
        if row.method == "POST" and not row.access.by_key and "<" not in row.path and row.endpoint != "signin.leave":
            file = (BytesIO(b"#!/bin/sh\n"), "../../../kwxss.sh")
            answer = who.post(row.path, {"onbekend": file})
            assert answer.status_code < 500, row.path
            assert "kwxss" not in answer.text, row.path
    moved = {
        name for name, lines in changed(before, rows(school)).items() if any("kwxss" in str(line) for line in lines)
    }
    assert moved == set()


@pytest.mark.parametrize("login", [pytest.param(one, marks=pytest.mark.full) for one in LOGINS])
def test_no_address_on_any_page_has_a_session_or_a_key_in_it(school: Standing, login: str) -> None:
    who, walked = everything(school, login)
    for path, html in walked.pages.items():
        assert who.cookie not in path and (not login or who.cookie not in html), path
        assert "api_key" not in html and "key_hash" not in html, path
        assert "$argon2" not in html, path


def test_a_stream_has_the_headers_too_and_is_for_its_own_group(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    answer = visitor(school, "anja").get("/les/7/stroom", headers={"Accept": "text/event-stream"}, buffered=False)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    answer.close()
    for login, code in (("bram", 404), ("stan", 403), ("", 401)):
        got = visitor(school, login).get("/les/7/stroom", headers={"Accept": "text/event-stream"})
        got.close()
        assert got.status_code == code, login
