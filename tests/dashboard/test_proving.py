"""A step up: what weighs more asks once more who one is, and nothing that was typed is lost by it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask

from dashboard.access import matrix
from dashboard.actions.desk import Desk
from dashboard.views.proving import PROOF
from policy.model import Role
from store import Store
from tests.dashboard.conftest import BASE, PASSWORD, SCHOOL, Browser, Clock
from tests.dashboard.test_second_factor import walk

type SignIn = Callable[[str], Browser]
BAN = "/maatregelen/leerling/sam/verbod"
WISH = {"on": "chromebook", "reason": 'Plaatste "een film"\nvan Bo & <b>Noor</b>.', "until": "week", "clock": ""}
ASKED = "Bent u het nog?"


@pytest.fixture(autouse=True)
def a_device_of_sam(owned: Desk) -> None:
    """Something that a ban can be on."""


@pytest.fixture
def ria(signed_in: SignIn, clock: Clock) -> Browser:
    """The management, who signed in a quarter of an hour ago."""
    who = signed_in("ria")
    clock.on(minutes=15)
    return who


def carried(page: str) -> dict[str, str]:
    """The hidden fields of the form that asks, as a browser would send them."""
    form = page[page.index("<main") : page.index("</main>")]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def bans(store: Store) -> int:
    return len(store.measures.imposed(SCHOOL))


def test_within_ten_minutes_of_signing_in_nothing_is_asked(store: Store, signed_in: SignIn, clock: Clock) -> None:
    who = signed_in("ria")
    clock.on(minutes=9, seconds=59)
    assert ASKED not in who.post(BAN, **WISH).text
    assert bans(store) == 1


def test_after_that_the_form_waits_and_goes_through_with_everything_that_was_typed(store: Store, ria: Browser) -> None:
    asked = ria.post(BAN, **WISH)
    assert ASKED in asked.text
    assert bans(store) == 0
    kept = carried(asked.text)
    assert {name: kept[name] for name in WISH} == WISH
    assert f'action="{BAN}"' in asked.text
    again = ria.post(BAN, **{**kept, PROOF: "fout"})
    assert "Dit wachtwoord klopt niet" in again.text and bans(store) == 0
    kept = carried(again.text)
    assert {name: kept[name] for name in WISH} == WISH
    assert "fout" not in kept.values() and PROOF not in kept
    ria.post(BAN, **{**kept, PROOF: PASSWORD})
    (ban,) = store.measures.imposed(SCHOOL)
    assert "Bo & <b>Noor</b>" in ban.reason
    ria.post(BAN, **{**WISH, "on": "printer"})
    assert bans(store) == 2, "and for ten minutes nothing is asked"


def test_a_page_is_where_one_is_after_the_question(signed_in: SignIn, clock: Clock) -> None:
    who = signed_in("cor")
    clock.on(minutes=11)
    answer = who.get("/account/tweestaps")
    assert answer.headers["Location"] == "/opnieuw?naar=/account/tweestaps"
    asked = who.page(answer.headers["Location"])
    assert ASKED in asked
    after = who.post("/opnieuw", follow=False, **{**carried(asked), PROOF: PASSWORD})
    assert after.headers["Location"] == "/account/tweestaps"
    assert who.get("/account/tweestaps").status_code == 200


@pytest.mark.parametrize(
    "back", ["https://elders.nl/", "//elders.nl", "/\\elders.nl", "/\t/elders.nl", "//[", "elders"]
)
def test_the_question_never_sends_anybody_elsewhere(signed_in: SignIn, back: str) -> None:
    who = signed_in("cor")
    assert 'name="naar" value=""' in who.get("/opnieuw", query_string={"naar": back}).text
    assert who.post("/opnieuw", follow=False, **{"naar": back, PROOF: PASSWORD}).headers["Location"] == "/"


def test_the_proof_counts_for_this_browser_only_and_for_ten_minutes(
    store: Store, ria: Browser, signed_in: SignIn, clock: Clock
) -> None:
    other = signed_in("ria")
    clock.on(minutes=11)
    ria.post("/opnieuw", **{PROOF: PASSWORD})
    assert ASKED in other.post(BAN, **WISH).text
    assert ASKED not in ria.post(BAN, **WISH).text
    clock.on(minutes=10)
    assert ASKED in ria.post(BAN, **WISH).text
    assert bans(store) == 1


@pytest.mark.evasion("E25")
def test_the_question_cannot_be_guessed_and_the_right_answer_waits_too(store: Store, ria: Browser) -> None:
    for _ in range(10):
        ria.post("/opnieuw", **{PROOF: "fout"})
    assert "Te vaak geprobeerd" in ria.post(BAN, **{**WISH, PROOF: PASSWORD}).text
    assert bans(store) == 0


def test_a_proof_without_the_form_token_of_this_session_is_nothing(store: Store, ria: Browser) -> None:
    data = {**WISH, PROOF: PASSWORD, "csrf": "0" * 64}
    assert ria.client.post(BAN, base_url=BASE, headers=ria.headers, data=data).status_code == 400
    assert bans(store) == 0
    assert ASKED in ria.post(BAN, **WISH).text


def test_a_file_and_a_password_do_not_come_along_and_that_is_said(ria: Browser, store: Store) -> None:
    data = {"csrf": ria.token(), **WISH, "file": (BytesIO(b"geheim"), "lijst.csv")}
    asked = ria.client.post(BAN, base_url=BASE, headers=ria.headers, data=data, content_type="multipart/form-data")
    assert "vul het daarna opnieuw in" in asked.text
    assert "geheim" not in asked.text and "film" not in asked.text
    assert "hunter2" not in ria.post(BAN, password="hunter2").text
    assert "vul het daarna opnieuw in" in ria.post(BAN, reason="x" * 40_000).text
    assert bans(store) == 0


def test_a_proof_does_not_open_what_is_not_theirs(store: Store, signed_in: SignIn, clock: Clock) -> None:
    anja = signed_in("anja")
    clock.on(minutes=11)
    assert anja.post(BAN, follow=False, **{**WISH, PROOF: PASSWORD}).status_code == 403
    assert bans(store) == 0


def test_on_a_board_there_is_no_question_with_somebodys_form_in_it(ria: Browser, store: Store) -> None:
    ria.post("/bord", board="1")
    answer = ria.post(BAN, **WISH)
    assert "film" not in answer.text and ASKED not in answer.text
    assert bans(store) == 0


def test_a_sign_in_from_elsewhere_without_password_signs_in_again(store: Store, ria: Browser) -> None:
    from sqlalchemy import update

    from store.account_tables import accounts

    with store.accounts.database.write(SCHOOL) as change:
        change.execute(update(accounts).where(accounts.c.login == "ria").values(password=None))
    assert "Log uit en opnieuw in" in ria.page("/opnieuw")
    assert ASKED in ria.post(BAN, **{**WISH, PROOF: ""}).text
    assert bans(store) == 0


def test_bans_the_pupils_file_and_links_for_others_are_asked_for(app: Flask) -> None:
    asked = {name for name, access in matrix(app).items() if access.fresh}
    assert asked >= {
        "measures.impose",
        "measures.summary",
        "measures.download",
        "office.new_link",
        "office.add_staff",
        "account.second_factor",
        "account.propose_factor",
        "account.confirm_factor",
        "account.make_codes",
        "account.switch_off",
        "account_desk.reset",
        "account_desk.sign_out",
    }


def test_every_route_that_says_so_really_asks(app: Flask, store: Store, signed_in: SignIn, clock: Clock) -> None:
    by_role = {Role.COORDINATOR: signed_in("cor"), Role.MANAGEMENT: signed_in("ria")}
    clock.on(minutes=20)
    before, tried, declared = store.revision(SCHOOL), 0, matrix(app)
    for endpoint, method, path in walk(app):
        if not declared[endpoint].fresh:
            continue
        who = next(one for role, one in by_role.items() if role in declared[endpoint].roles)
        if method == "GET":
            assert who.get(path).headers.get("Location", "").startswith("/opnieuw?"), path
        else:
            assert ASKED in who.post(path, follow=False).text, path
        tried += 1
    assert tried >= 12
    assert store.revision(SCHOOL) == before
