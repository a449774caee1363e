"""Signing in and out, one-time links, and what stands between a strange page and our forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from dashboard import passwords
from dashboard.actions import accounts
from dashboard.actions.desk import Desk
from store import Store
from store.accounts import AccountState
from tests.cast import LESSON
from tests.dashboard.conftest import BASE, PASSWORD, SCHOOL, Browser, Clock, give_account

WRONG = "Gebruikersnaam of wachtwoord klopt niet."
type Open = Callable[[], Browser]
type SignIn = Callable[[str], Browser]


def test_everybody_starts_where_their_work_is(signed_in: SignIn) -> None:
    ends = {login: signed_in(login).get("/", follow_redirects=True).request.path for login in ("anja", "ria", "iris")}
    assert ends == {"anja": "/les/7", "ria": "/beheer/", "iris": "/les/"}
    # A coordinator of a school that is not ready yet starts at what is to be done (tests/dashboard/test_begin).
    assert signed_in("cor").get("/", follow_redirects=True).request.path == "/beheer/begin"


def test_a_wrong_password_an_unknown_name_and_a_closed_account_get_the_same_answer(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    closed = give_account(store, "bram")
    store.accounts.set_state(SCHOOL, closed, AccountState.CLOSED, LESSON)
    visitor = browser()
    pages = {
        re.sub(r'value="[0-9a-f]{64}"', "", visitor.sign_in(login, password).text)
        for login, password in (("anja", "fout"), ("niemand", PASSWORD), ("bram", PASSWORD))
    }
    assert len(pages) == 1
    assert WRONG in pages.pop()
    assert not visitor.cookie()


@pytest.mark.evasion("E25")
def test_a_password_costs_whoever_guesses_64_mebibytes_and_three_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert passwords.hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_unknown_name_costs_a_real_hash(monkeypatch: pytest.MonkeyPatch, browser: Open) -> None:
    verified: list[str] = []
    real = passwords._HASHER.verify

    class Counting:
        def verify(self, argon2id: str, password: str) -> bool:
            verified.append(argon2id)
            return real(argon2id, password)

    visitor = browser()
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    visitor.sign_in("niemand", "fout")
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$")


def test_signing_in_gives_a_new_session_and_ends_the_one_that_came_in(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    first = anja.cookie()
    anja.sign_in("anja")
    assert anja.cookie() != first
    assert store.accounts.session(SCHOOL, first, LESSON) is None


def test_a_cookie_that_was_planted_never_becomes_a_session(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    visitor = browser()
    visitor.client.set_cookie("__Host-klaswacht", "planted", domain="wacht.school", secure=True)
    visitor.sign_in("anja")
    assert visitor.cookie() not in {"", "planted"}
    assert store.accounts.session(SCHOOL, "planted", LESSON) is None


def test_after_half_an_hour_without_a_tap_one_signs_in_again(signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    clock.on(minutes=29)
    assert anja.get("/les/7").status_code == 200
    clock.on(minutes=31)
    answer = anja.get("/les/7", follow_redirects=True)
    assert answer.request.path == "/inloggen"
    assert "te lang weg" in answer.text


def test_signing_out_ends_the_session_on_the_server_too(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    token = anja.cookie()
    assert "uitgelogd" in anja.post("/uitloggen").text
    assert store.accounts.session(SCHOOL, token, LESSON) is None
    assert anja.get("/les/7").status_code == 303


@pytest.mark.evasion("E25")
def test_after_ten_tries_one_has_to_wait_and_the_right_password_waits_too(
    store: Store, browser: Open, clock: Clock
) -> None:
    give_account(store, "anja")
    visitor = browser()
    for _ in range(10):
        assert WRONG in visitor.sign_in("anja", "fout").text
    assert "Te vaak geprobeerd" in visitor.sign_in("anja").text
    assert not visitor.cookie()
    clock.on(minutes=16)
    visitor.sign_in("anja")
    assert visitor.cookie()


@pytest.mark.evasion("E25")
def test_a_pupil_who_keeps_trying_does_not_lock_the_teacher_out(signed_in: SignIn, browser: Open) -> None:
    anja = signed_in("anja")
    anja.post("/uitloggen")
    tablet = browser()
    for _ in range(12):
        tablet.sign_in("anja", "fout")
    assert "Te vaak geprobeerd" in tablet.sign_in("anja").text
    anja.sign_in("anja")
    assert anja.cookie()


def test_a_known_browser_of_one_teacher_is_not_a_known_browser_for_another(
    store: Store, signed_in: SignIn, browser: Open
) -> None:
    give_account(store, "bram")
    anja = signed_in("anja")
    anja.post("/uitloggen")
    tablet = browser()
    for _ in range(11):
        tablet.sign_in("bram", "fout")
    assert "Te vaak geprobeerd" in anja.sign_in("bram").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elders.nl"},
        {"Origin": "https://wacht.school.elders.nl"},
        {"Origin": "http://wacht.school"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_form_from_another_page_changes_nothing(store: Store, signed_in: SignIn, headers: dict[str, str]) -> None:
    anja = signed_in("anja")
    before = store.revision(SCHOOL)
    anja.headers = {**headers, "Accept": "text/html"}
    answer = anja.post("/les/7/toestemming", follow=False, what="site", site="social.com", who="all")
    assert answer.status_code == 400
    assert store.revision(SCHOOL) == before


def test_a_form_of_our_own_page_counts_when_the_browser_keeps_its_origin_to_itself(
    store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    anja.headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    anja.post("/les/7/toestemming", what="site", site="social.com", who="all")
    assert len(store.grants.live(SCHOOL, LESSON)) == 1


def test_a_form_without_the_token_of_this_session_changes_nothing(store: Store, signed_in: SignIn) -> None:
    anja, cor = signed_in("anja"), signed_in("cor")
    before = store.revision(SCHOOL)
    for token in ("", "0" * 64, cor.token()):
        answer = anja.client.post("/les/7/aandacht", base_url=BASE, headers=anja.headers, data={"csrf": token, "on": 1})
        assert answer.status_code == 400
    assert store.revision(SCHOOL) == before


def test_htmx_may_send_the_token_in_a_header(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    headers = {**anja.headers, "X-CSRF-Token": anja.token()}
    assert anja.client.post("/les/7/aandacht", base_url=BASE, headers=headers, data={"on": 1}).status_code == 303
    assert len(store.measures.pauses(SCHOOL, LESSON)) == 1


@pytest.mark.evasion("S06")
@pytest.mark.parametrize("path", ["/inloggen", "/regels", "/bestaat-niet", "/les/7", "/beheer/", "/wachtwoord/x"])
def test_every_answer_has_the_security_headers(browser: Open, path: str) -> None:
    headers = browser().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "camera=()" in headers["Permissions-Policy"]


def test_every_cookie_stays_on_this_host_over_tls_and_away_from_scripts(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    visitor = browser()
    early = visitor.get("/inloggen").headers.getlist("Set-Cookie")
    answer = visitor.post("/inloggen", follow=False, login="anja", password=PASSWORD, board="1")
    cookies = [*early, *answer.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 4
    for cookie in cookies:
        assert cookie.startswith("__Host-klaswacht")
        for mark in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert mark in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("back", ["https://elders.nl/", "//elders.nl", "/\\elders.nl", "javascript:alert(1)", "elders"])
def test_signing_in_never_sends_anybody_elsewhere(store: Store, browser: Open, back: str) -> None:
    give_account(store, "anja")
    answer = browser().post("/inloggen", follow=False, login="anja", password=PASSWORD, back=back)
    assert answer.headers["Location"] == "/"


def test_after_signing_in_one_is_back_where_one_wanted_to_be(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    visitor = browser()
    assert "/les/7" in visitor.get("/les/7").headers["Location"]
    answer = visitor.post("/inloggen", follow=False, login="anja", password=PASSWORD, back="/les/7")
    assert answer.headers["Location"] == "/les/7"


def test_a_new_coordinator_sets_a_password_with_a_link_that_works_once(desk: Desk, store: Store, browser: Open) -> None:
    link = accounts.first_coordinator(desk, "Cor Bakker", "c.bakker", LESSON).value
    assert link
    path, visitor = f"/wachtwoord/{link.token}", browser()
    assert "c.bakker" in visitor.page(path)
    assert "te kort" in visitor.post(path, password="kort", again="kort").text
    assert "niet hetzelfde" in visitor.post(path, password=PASSWORD, again=PASSWORD + "!").text
    assert "te makkelijk" in visitor.post(path, password="c.bakker c.bakker", again="c.bakker c.bakker").text
    assert "opgeslagen" in visitor.post(path, password=PASSWORD, again=PASSWORD).text
    assert "werkt niet meer" in visitor.page(path)
    assert "werkt niet meer" in visitor.post(path, password=PASSWORD, again=PASSWORD).text
    visitor.sign_in("C.Bakker")
    assert visitor.cookie()
    assert not accounts.first_coordinator(desk, "Cor Bakker", "c.bakker", LESSON).ok


def test_a_fresh_link_for_a_coordinator_without_password_replaces_the_old_one(desk: Desk) -> None:
    old = accounts.first_coordinator(desk, "Cor", "cor", LESSON).value
    new = accounts.first_coordinator(desk, "Cor", "cor", LESSON).value
    assert old
    assert new
    assert not accounts.whose_link(desk, old.token, LESSON).ok
    assert accounts.whose_link(desk, new.token, LESSON).ok
    assert not accounts.whose_link(desk, new.token, LESSON + timedelta(hours=25)).ok


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("kort", "short"),
        ("aaaaaaaaaaaa", "easy"),
        ("123456789012", "easy"),
        ("abcdefghijklmnop", "easy"),
        ("j.jansen 2026", "easy"),
        ("Welkom2026!!!", "easy"),
        ("Wachtwoord-123", "easy"),
        ("klaswacht school 1", "easy"),
        ("Juf Anneke 2026", "easy"),
        ("Juf Marieke 2026", None),
        ("de-Zonnebloem-2027", "easy"),
        ("W@chtw00rd-2026", "easy"),
        ("qwertyuiop[]asdf", "easy"),
        ("poiuytrewq09876", "easy"),
        ("fietsfietsfiets", "easy"),
        ("Maandag!Oktober1", "easy"),
        ("Jansen-welkom-01", "easy"),
        ("Zónnebloem-Ànneke", "easy"),
        ("x" * 129, "long"),
        ("zeven eendjes op een rij", None),
    ],
)
def test_a_password_must_be_long_and_not_the_first_guess(password: str, weak: str | None) -> None:
    assert passwords.weakness(password, "j.jansen", "Anneke Jansen", "De Zonnebloem") == weak


def test_a_wrong_password_is_in_the_trail_and_a_name_that_nobody_has_is_not(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    browser().sign_in("anja", "helemaal verkeerd hoor")
    browser().sign_in("niemand.hier", "helemaal verkeerd hoor")
    found = [(entry.who, entry.what, entry.targets) for entry in store.audit.entries(SCHOOL, limit=2)]
    assert found == [("sign-on", "password.wrong", ()), ("anja", "password.wrong", ())]


def test_the_password_is_nowhere_on_disk_and_neither_is_the_token(
    store: Store, signed_in: SignIn, tmp_path: object
) -> None:
    token = signed_in("anja").cookie()
    store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"$argon2id$" in everything
    assert PASSWORD.encode() not in everything
    assert token.encode() not in everything
