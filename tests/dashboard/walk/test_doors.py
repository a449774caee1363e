"""Getting in: guessing, planted cookies, and being sent elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard.shield import EARLY_COOKIE, SESSION_COOKIE, token_for
from tests.access.school import Standing
from tests.dashboard.conftest import PASSWORD
from tests.dashboard.walk.world import _SECRET, BASE, Visitor, visitor

pytestmark = pytest.mark.full

WAIT, WRONG = "nee=wait", "nee=sign_in"
ELSEWHERE = (
    "https://elders.nl/",
    "//elders.nl",
    "///elders.nl",
    "/\\elders.nl",
    "\\\\elders.nl",
    "/\t/elders.nl",
    "/\n/elders.nl",
    "/%2f/elders.nl/..",
    "/..//elders.nl",
    "https:elders.nl",
    "javascript:kwxss()",
    "data:text/html,kwxss",
    "/les/7\r\nLocation: //elders.nl",
    "/les/7%0d%0aSet-Cookie:kwxss=1",
    "/@elders.nl",
    "http://wacht.school@elders.nl/",
    "https://wacht.school.elders.nl/",
    "/les/../../elders.nl",
    "?naar=//elders.nl",
    " //elders.nl",
    "\u2028//elders.nl",
    "/" + "a" * 5000,
)


def stays(location: str) -> bool:
    """Whether a browser that follows this stays on this host."""
    tidy = "".join(one for one in location if one not in "\t\r\n").strip()
    inside = tidy.startswith((f"{BASE}/", "/")) and not tidy.startswith(("//", "/\\", "\\"))
    return inside and "\r" not in location and "\n" not in location


def guess(school: Standing, login: str, password: str, address: str, who: Visitor | None = None) -> str:
    """One try, from an address; where it leads."""
    who = who or visitor(school, "")
    form = {"login": login, "password": password}
    answer = who.post("/inloggen", form, environ_overrides={"REMOTE_ADDR": address})
    return answer.headers["Location"]


@pytest.mark.evasion("S05")
def test_ten_tries_from_all_over_the_world_are_ten_tries_for_one_name(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    for number in range(10):
        assert WRONG in guess(school, "iris", f"fout {number}", f"198.51.100.{number}")
    assert WAIT in guess(school, "iris", PASSWORD, "203.0.113.7")
    assert WAIT in guess(school, " IRIS ", PASSWORD, "203.0.113.8")
    assert WAIT not in guess(school, "fay", PASSWORD, "203.0.113.7")


def test_ten_names_from_one_address_are_ten_tries_for_that_address(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    for number in range(10):
        assert WRONG in guess(school, f"iemand{number}", PASSWORD, "198.51.100.9")
    assert WAIT in guess(school, "iris", PASSWORD, "198.51.100.9")
    assert WAIT not in guess(school, "iris", PASSWORD, "198.51.100.10")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP"])
def test_nobody_gets_more_tries_by_saying_to_be_elsewhere(fresh: Callable[[], Standing], name: str) -> None:
    school = fresh()
    who = visitor(school, "")
    for number in range(10):
        headers = {name: f"for=203.0.113.{number}" if name == "Forwarded" else f"203.0.113.{number}"}
        who.post("/inloggen", {"login": f"iemand{number}", "password": "x"}, headers=headers)
    answer = who.post("/inloggen", {"login": "iris", "password": PASSWORD}, headers={name: "203.0.113.99"})
    assert WAIT in answer.headers["Location"]


def test_a_code_of_a_substitute_is_not_guessed(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    who = visitor(school, "")
    answers = [who.post("/invallen", {"code": f"{n:08}", "name": "juf X"}).headers["Location"] for n in range(25)]
    assert all("nee=" in one for one in answers)
    assert "wait" in answers[-1] or "nee=substitute_wait" in answers[-1], answers[-1]


@pytest.mark.evasion("S05")
@pytest.mark.parametrize("name", [SESSION_COOKIE, EARLY_COOKIE])
@pytest.mark.parametrize("value", ["geplant", "", "a" * 43, "0"])
def test_a_planted_cookie_is_never_a_session(fresh: Callable[[], Standing], name: str, value: str) -> None:
    """Session fixation: what was there before signing in is not what opens the door after it."""
    school = fresh()
    client = school.app.test_client()
    client.set_cookie(name, value, domain="wacht.school", secure=True)
    who = Visitor("iris", client, value)
    answer = who.post("/inloggen", {"login": "iris", "password": PASSWORD})
    early = client.get_cookie(SESSION_COOKIE, domain="wacht.school")
    assert answer.status_code in {303, 400}
    if early is not None and early.value != value:
        assert early.value not in {"", "geplant"} and len(early.value) >= 43
    stranger = school.app.test_client()
    stranger.set_cookie(SESSION_COOKIE, value, domain="wacht.school", secure=True)
    assert Visitor("", stranger, value).get("/melden").status_code == 303


def test_the_cookie_from_before_signing_in_opens_nothing_and_its_token_is_dead(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    who = visitor(school, "")
    early = who.cookie
    answer = who.post("/inloggen", {"login": "iris", "password": PASSWORD})
    assert answer.status_code == 303
    session = who.client.get_cookie(SESSION_COOKIE, domain="wacht.school")
    assert session and session.value != early, answer.headers
    again = who.open("POST", "/melden", data={"csrf": token_for(_SECRET, early), "line": "x"})
    assert again.status_code == 400
    who.client.delete_cookie(SESSION_COOKIE, domain="wacht.school")
    assert who.get("/melden").status_code == 303


def test_a_session_ends_everywhere_when_it_ends(fresh: Callable[[], Standing]) -> None:
    school = fresh()
    who = visitor(school, "iris")
    thief = school.app.test_client()
    thief.set_cookie(SESSION_COOKIE, who.cookie, domain="wacht.school", secure=True)
    stolen = Visitor("iris", thief, who.cookie)
    assert stolen.get("/melden").status_code == 200
    assert who.post("/uitloggen").status_code == 303
    assert stolen.get("/melden").status_code == 303


@pytest.mark.evasion("S21")
@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nothing_in_a_request_sends_anybody_elsewhere(school: Standing, elsewhere: str) -> None:
    """By `naar`, `back`, Referer, Host and the like, signed in or not."""
    who = visitor(school, "anja")
    answers = [
        who.post("/bord", {"back": elsewhere, "board": "0"}),
        visitor(school, "").get("/inloggen", query_string={"naar": elsewhere}),
        who.get("/", query_string={"naar": elsewhere, "next": elsewhere, "url": elsewhere, "back": elsewhere}),
        visitor(school, "").post("/inloggen", {"login": "iris", "password": PASSWORD, "back": elsewhere}),
    ]
    tame = "".join(one if one.isprintable() and ord(one) < 128 else " " for one in elsewhere)
    headers = {"Referer": tame, "X-Forwarded-Host": "elders.nl", "X-Original-URL": tame, "X-Rewrite-URL": tame}
    answers.append(visitor(school, "").get("/les/7", headers=headers))
    answers.append(who.get("/beheer", headers=headers))
    for answer in answers:
        leads = answer.headers.get("Location")
        assert leads is None or stays(leads), (elsewhere, leads)
        assert "kwxss" not in str(answer.headers.getlist("Set-Cookie"))
        if leads is None and 'name="back"' in answer.text:
            kept = answer.text.partition('name="back" value="')[2].partition('"')[0]
            assert kept == "" or stays(kept), (elsewhere, kept)


@pytest.mark.parametrize(
    "host", ["elders.nl", "wacht.school.elders.nl", "wacht.school@elders.nl", "127.0.0.1", "[::1]"]
)
def test_another_name_in_the_host_header_is_said_back_nowhere(school: Standing, host: str) -> None:
    """A link, a redirect or a form that was made of it would lead there."""
    client = school.app.test_client()
    client.set_cookie(SESSION_COOKIE, school.session("coordinator"), domain="wacht.school", secure=True)
    for path in ("/", "/inloggen", "/les/7", "/beheer", "/beheer/", "/bestaat-niet", "/regels", "/wachtwoord/x"):
        answer = client.get(path, base_url=BASE, headers={"Host": host, "X-Forwarded-Host": host})
        assert answer.status_code < 500
        assert host not in answer.headers.get("Location", ""), path
        assert "elders.nl" not in answer.text, path
