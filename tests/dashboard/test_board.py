"""A screen in the class: pages with names ask first, and nobody comes out of board mode by accident."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from dashboard.access import access_of
from dashboard.board import FOR_A_CLASS
from policy.model import Device, DeviceClass, Role
from store import Store
from store.people import Person
from tests.cast import LESSON
from tests.dashboard.conftest import NAMES, SCHOOL, Browser, own
from tests.dashboard.lessons import ask
from tests.dashboard.test_access import FILL

type SignIn = Callable[[str], Browser]


def pages_of(app: Flask, role: Role) -> list[str]:
    """Every page that somebody of this role may open, filled in for group 7 and Sam."""
    found = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if "GET" not in (rule.methods or ()) or access is None or access.by_key or not access.allows(role):
            continue
        if rule.endpoint in {"static", "lesson.stream"}:
            continue
        values = {name: {**FILL, "person": "sam", "kind": "media"}.get(name, "7") for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("wacht.school").build(rule.endpoint, values)
        found.append(path)
    return found


@pytest.mark.parametrize("login", ["anja", "cor", "ria", "coen"])
def test_no_page_names_a_pupil_on_a_screen_in_the_class(
    app: Flask, store: Store, signed_in: SignIn, login: str
) -> None:
    store.devices.put(SCHOOL, own("boek-sam"), "setup", LESSON)
    store.devices.put(
        SCHOOL, Device("tel", "Telefoon van Noor Jansen", DeviceClass.PHONE, "7", "noor"), "setup", LESSON
    )
    store.incidents.report(SCHOOL, "eng.nl", LESSON, note="een enge foto", group="7", person="noor")
    ask(store, line="geheim plan")
    browser = signed_in(login)
    account = store.accounts.find(SCHOOL, login)
    assert account
    pages = pages_of(app, account.role)
    assert len(pages) > 3
    named = 0
    for board in ("", "1"):
        browser.post("/bord", board=board)
        for path in pages:
            answer = browser.get(path)
            here = answer.headers.get("Location", "")
            page = browser.get(here, follow_redirects=True).text if here.startswith("/") else answer.text
            found = [word for word in (*NAMES.values(), "Noor", "een enge foto", "geheim plan") if word in page]
            named += bool(found)
            assert not (board and found), (path, found)
    assert login == "coen" or named > 0  # without board mode some of them do


def test_nothing_is_done_by_a_form_of_a_page_that_is_away(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/bord", board="1")
    answer = cor.post("/beheer/leerling", name="Nieuw Kind", group="7")
    assert "digibord-stand" in answer.text
    assert "Nieuw Kind" not in {person.name for person in store.people.persons(SCHOOL)}


def test_what_may_hang_in_a_class_is_a_short_list(app: Flask) -> None:
    assert set(app.blueprints) >= FOR_A_CLASS


def test_out_of_board_mode_takes_a_second_tap(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7")
    assert 'data-board="on"' in page
    fold = page.partition('id="bord-uit"')[2].partition("</details>")[0]
    assert "Kan de klas dit scherm zien?" in fold and 'name="board" value="0"' in fold
    anja.post("/bord", board="0", back="/les/7")
    assert 'data-board="off"' in anja.page("/les/7")


def test_names_on_a_full_screen_are_asked_for_and_last_an_hour(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/bord", board="1")
    answer = anja.post("/bord", follow=False, board="0", full="1", back="/les/7")
    kept = [line for line in answer.headers.getlist("Set-Cookie") if "klaswacht-bord=0" in line]
    assert kept and "Max-Age=3600" in kept[0] and "HttpOnly" in kept[0]
    assert 'data-board="asked"' in anja.page("/les/7")
    anja.post("/bord", board="1")
    assert 'data-board="on"' in anja.page("/les/7")


def test_every_private_page_can_turn_into_a_board_without_a_script(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    for path in ("/les/7", "/beheer/apparaten"):
        way = cor.page(path).partition('id="vol-scherm"')[2].partition("</section>")[0]
        assert f'name="back" value="{path}"' in way and 'name="board" value="1"' in way
    assert 'id="vol-scherm"' not in cor.post("/bord", board="1", back="/les/7").text


def test_a_group_that_was_named_after_a_child_is_still_a_group(store: Store, signed_in: SignIn) -> None:
    store.people.put_people(SCHOOL, [Person("bo", Role.PUPIL, "Bo de Boer", ("7",))], "setup", LESSON)
    anja = signed_in("anja")
    anja.post("/bord", board="1")
    assert "Bo de Boer" not in anja.page("/les/7")
