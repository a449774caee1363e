"""Mijn account: where one is signed in, ending it, another password, and what is told about the account."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from dashboard.browsers import kind
from store import Store
from tests.cast import LESSON
from tests.dashboard.conftest import BASE, PASSWORD, SCHOOL, Browser, Clock, give_account

NEW = "acht eendjes in de sloot"
CHROMEBOOK = (
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
type SignIn = Callable[[str], Browser]
type Open = Callable[[], Browser]


def on(browser: Browser, agent: str, login: str = "anja") -> Browser:
    """Sign in with a browser that says what it is."""
    data = {"csrf": browser.token(), "login": login, "password": PASSWORD}
    headers = {**browser.headers, "User-Agent": agent}
    assert browser.client.post("/inloggen", base_url=BASE, headers=headers, data=data).status_code == 303
    assert browser.cookie()
    return browser


def test_one_sees_where_one_is_signed_in_and_which_is_here(store: Store, browser: Open, clock: Clock) -> None:
    give_account(store, "anja")
    on(browser(), CHROMEBOOK)
    clock.on(minutes=12)
    here = on(browser(), "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148 Safari/604.1")
    page = here.page("/account")
    assert "Chrome op ChromeOS" in page and "Safari op iPhone" in page
    assert page.count("dit apparaat") == 1
    assert page.index("Safari op iPhone") < page.index("dit apparaat") < page.index("Chrome op ChromeOS")
    told = re.sub(r"[0-9a-f]{64}", "", page)  # the tokens of forms are of chance
    assert "14541" not in told and "131" not in told


def test_nothing_of_a_browser_is_kept_but_its_kind(store: Store, browser: Open, tmp_path: object) -> None:
    give_account(store, "anja")
    on(browser(), CHROMEBOOK)
    store.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"Chrome|ChromeOS" in everything
    assert b"14541" not in everything and b"AppleWebKit" not in everything


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("", "|"),
        ("curl/8.0", "|"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/133.0", "Firefox|Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge|Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/131.0 Mobile Safari/537.36", "Chrome|Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Version/18.1 Safari/605.1.15", "Safari|macOS"),
        ("<script>alert(1)</script>" * 50, "|"),
    ],
)
def test_a_browser_is_known_by_its_kind_only(agent: str, told: str) -> None:
    assert kind(agent) == told


def test_a_sign_in_that_one_ends_is_out_at_its_next_tap(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    stolen, here = on(browser(), CHROMEBOOK), on(browser(), "Firefox/133.0 (Windows)")
    found = re.search(r"/account/sessie/([0-9a-f]{64})/weg", here.page("/account"))
    assert found, "only of the other one"
    assert "Daar bent u uitgelogd" in here.post(found.group(0)).text
    assert stolen.get("/les/7").headers["Location"].startswith("/inloggen")
    assert here.get("/les/7").status_code == 200
    assert "bestaat niet meer" in here.post(found.group(0)).text


@pytest.mark.full
def test_a_live_page_ends_when_its_sign_in_is_ended(store: Store, browser: Open, clock: Clock) -> None:
    give_account(store, "anja")
    board, here = on(browser(), CHROMEBOOK), on(browser(), "Firefox/133.0 (Windows)")
    stream = board.client.get("/les/7/stroom", base_url=BASE, headers={"Accept": "text/event-stream"})
    events = iter(stream.response)
    first = next(events)
    assert "hx-partial" in (first.decode() if isinstance(first, bytes) else first)
    here.post("/account/sessies/weg")
    clock.on(seconds=20)
    # Nothing of the group moves: the heartbeat alone must find out.
    told = "".join(one.decode() if isinstance(one, bytes) else one for one in events)
    assert "event: weg" in told
    stream.close()


def test_one_ends_all_others_and_stays_in_oneself(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    give_account(store, "bram")
    others, bram = [on(browser(), CHROMEBOOK) for _ in range(3)], on(browser(), CHROMEBOOK, "bram")
    here = on(browser(), CHROMEBOOK)
    assert "overal uitgelogd, behalve hier" in here.post("/account/sessies/weg").text
    assert [one.get("/les/7").status_code for one in others] == [303, 303, 303]
    assert here.get("/les/7").status_code == 200
    assert bram.get("/les/8").status_code == 200


def test_nobody_ends_a_colleagues_sign_in_by_its_id(store: Store, signed_in: SignIn) -> None:
    anja, bram = signed_in("anja"), signed_in("bram")
    (theirs,) = store.accounts.sessions(SCHOOL, store.accounts.find(SCHOOL, "bram"), LESSON)
    assert "bestaat niet meer" in anja.post(f"/account/sessie/{theirs.id}/weg").text
    assert bram.get("/les/8").status_code == 200
    assert theirs.id not in anja.page("/account")


def test_another_password_needs_the_old_one_and_signs_out_everywhere_else(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    other, here = on(browser(), CHROMEBOOK), on(browser(), CHROMEBOOK)
    before = here.cookie()
    for old, new, again, said in (
        ("fout", NEW, NEW, "Dit wachtwoord klopt niet"),
        (PASSWORD, NEW, NEW + "!", "niet hetzelfde"),
        (PASSWORD, "kort", "kort", "te kort"),
        (PASSWORD, PASSWORD, PASSWORD, "hetzelfde wachtwoord"),
    ):
        answer = here.post("/account/wachtwoord", old=old, password=new, again=again)
        assert said in answer.text
        assert PASSWORD not in answer.text and NEW not in answer.text
    assert here.cookie() == before
    assert "veranderd" in here.post("/account/wachtwoord", old=PASSWORD, password=NEW, again=NEW).text
    assert here.cookie() not in {"", before}
    assert here.get("/les/7").status_code == 200
    assert other.get("/les/7").status_code == 303
    assert store.accounts.session(SCHOOL, before, LESSON) is None
    fresh = browser()
    fresh.sign_in("anja")
    assert not fresh.cookie()
    fresh.sign_in("anja", NEW)
    assert fresh.cookie()


@pytest.mark.evasion("E25")
def test_whoever_sits_down_at_an_open_screen_does_not_guess_the_old_password(signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    for _ in range(10):
        anja.post("/account/wachtwoord", old="fout", password=NEW, again=NEW)
    assert "Te vaak geprobeerd" in anja.post("/account/wachtwoord", old=PASSWORD, password=NEW, again=NEW).text
    clock.on(minutes=16)
    assert "veranderd" in anja.post("/account/wachtwoord", old=PASSWORD, password=NEW, again=NEW).text


def test_a_sign_in_on_a_new_device_is_told_elsewhere_until_it_was_read(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    here = on(browser(), "Firefox/133.0 (Windows)")
    assert "nog niet kende" not in here.page("/account"), "the first time is no news"
    strange = on(browser(), CHROMEBOOK)
    page = here.page("/les/7")
    assert "Er is ingelogd op een apparaat dat Klaswacht nog niet kende: Chrome op ChromeOS" in page
    assert "nog niet kende" not in strange.page("/les/7"), "not to the one who did it"
    answer = here.post("/account/wachtwoord", old="fout", password="x", again="y")
    assert "nog niet kende" not in answer.text, "not on what is shown once or has a form in it"
    found = re.search(r"/account/nieuws/[\w-]+", page)
    assert found
    here.post(found.group(0))
    assert "nog niet kende" not in here.page("/les/7")
    strange.post("/uitloggen")
    on(strange, CHROMEBOOK)
    assert "nog niet kende" not in here.page("/les/7"), "by now it is known"


def test_what_is_told_about_an_account_is_not_told_to_the_class(store: Store, browser: Open) -> None:
    give_account(store, "anja")
    board = on(browser(), "Firefox/133.0 (Windows)")
    on(browser(), CHROMEBOOK)
    board.post("/bord", board="1")
    assert "nog niet kende" not in board.page("/les/7")
    assert "Waar u bent ingelogd" not in board.page("/account")


def test_the_coordinator_signs_a_colleague_out_everywhere(store: Store, signed_in: SignIn) -> None:
    cor, anja = signed_in("cor"), signed_in("anja")
    assert "overal uitgelogd" in cor.post("/beheer/mens/anja/uitloggen").text
    assert anja.get("/les/7").status_code == 303
    (entry,) = store.audit.entries(SCHOOL, what={"session.end_all"})
    assert (entry.who, entry.targets) == ("cor", ("anja",))
    anja.sign_in("anja")
    assert "Een collega logde u overal uit" in anja.page("/les/7")
    assert "Met uw rol" in cor.post("/beheer/mens/cor/uitloggen").text
    assert "bestaat niet meer" in cor.post("/beheer/mens/niemand/uitloggen").text


def test_a_substitute_has_no_account_to_look_at(app: Flask, store: Store, desk: object, browser: Open) -> None:
    from dashboard.actions import substitute
    from dashboard.actions.desk import Desk
    from policy.model import Member, Role

    assert isinstance(desk, Desk)
    anja = Member("anja", Role.TEACHER, frozenset({"7"}))
    made = substitute.make(desk, anja, "7", LESSON.date().isoformat(), LESSON).value
    assert made
    who = browser()
    who.post("/invallen", name="juf Invaller", code=made.code)
    assert who.cookie()
    assert who.get("/account").status_code == 403
    assert 'href="/account"' not in who.get("/les/7").text
