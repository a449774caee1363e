"""The teacher lets the class sign in: a code for the board, a yes or no, and pictures that are wiped."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dashboard.actions import signing
from dashboard.actions.desk import Desk
from policy.model import Member, Role, Strength
from store import Store
from store.pictures import MOST_WRONG
from store.sign_ins import SignIn, SignInState
from tests.cast import ANJA, BRAM, BREAK, EVENING, KNOWLEDGE, LESSON, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.test_substitute import new_code, stands_in

BELL = at("10:15")
SAMS = ("sun", "fish", "key")
type Enter = Callable[[str], Browser]


def wants(store: Store, person: str = "sam", address: str = "10.0.7.31", device: str = "", group: str = "7") -> SignIn:
    wish = SignIn(
        "", group, person, device, "" if device else address, SignInState.WAITS, Strength.CLAIMED, LESSON, BELL
    )
    made = store.sign_ins.ask(SCHOOL, wish, LESSON)
    assert made is not None
    return made


def inside(store: Store) -> list[str]:
    return [lease.person for lease in store.snapshot(SCHOOL, KNOWLEDGE, LESSON).state.leases]


def digits(page: str) -> str:
    return "".join(re.findall(r"<b>(\d)</b>", page))


def test_a_code_comes_on_the_board_and_ends_at_the_bell(store: Store, signed_in: Enter, clock: Clock) -> None:
    anja = signed_in("anja")
    assert digits(anja.page("/les/7")) == ""
    anja.post("/les/7/inlogcode", on="1")
    page = anja.page("/les/7")
    code = store.class_codes.of(SCHOOL, "7", LESSON)
    assert code is not None and digits(page) == code.code and code.until == BELL
    assert "wie.wacht.school" in page and "tot 10:15" in page
    assert f'class="sr">Code van deze les: {" ".join(code.code)}<' in page
    clock.now = BELL
    assert digits(signed_in("anja").page("/les/7")) == ""


def test_the_board_shows_the_code_and_no_name(store: Store, signed_in: Enter) -> None:
    anja = signed_in("anja")
    wants(store)
    waits = wants(store, "noor", "10.0.7.32")
    store.sign_ins.confirm(SCHOOL, waits.id, "7", "anja", LESSON)
    assert "Sam Pietersen wil inloggen" in anja.page("/les/7")
    anja.post("/bord", board="1")
    anja.post("/les/7/inlogcode", on="1")
    page = anja.page("/les/7")
    assert len(digits(page)) == 4
    for secret in ("Sam", "Noor", "wil inloggen", "ingelogd", "plaatjes"):
        assert secret not in page, secret
    assert "Sam" not in anja.get("/les/7/plaatjes").text
    anja.post(f"/les/7/inloggen/{waits.id}", answer="out")
    assert inside(store) == ["noor"], "not from the board"
    anja.post("/les/7/inlogcode", on="0")
    assert digits(anja.page("/les/7")) == ""


def test_one_tap_lets_in_and_one_tap_lets_out(store: Store, signed_in: Enter) -> None:
    anja, one = signed_in("anja"), wants(store)
    page = anja.page("/les/7")
    assert f"nummer {one.number}" in page and "Ja, dit is Sam Pietersen" in page
    anja.post(f"/les/7/inloggen/{one.id}", answer="yes")
    assert inside(store) == ["sam"]
    page = anja.page("/les/7")
    assert "1 leerling is ingelogd" in page and "wil inloggen" not in page
    anja.post(f"/les/7/inloggen/{one.id}", answer="out")
    assert inside(store) == []
    assert "niet meer" in anja.post(f"/les/7/inloggen/{one.id}", answer="out").text


def test_no_is_no(store: Store, signed_in: Enter) -> None:
    anja, one = signed_in("anja"), wants(store)
    anja.post(f"/les/7/inloggen/{one.id}", answer="no")
    assert inside(store) == []
    assert "wil inloggen" not in anja.page("/les/7")
    assert anja.post(f"/les/7/inloggen/{one.id}", answer="maybe").status_code == 400


def test_the_teacher_reads_where_who_still_sits_and_what_went_wrong(store: Store, signed_in: Enter) -> None:
    anja, first = signed_in("anja"), wants(store, device="chroom-1")
    page = anja.page("/les/7")
    assert f"op Chromebook 1, nummer {first.number}" in page
    anja.post(f"/les/7/inloggen/{first.id}", answer="yes")
    store.pictures.choose(SCHOOL, "noor", SAMS, "noor", LESSON)
    for _ in range(MOST_WRONG):
        store.pictures.fit(SCHOOL, "noor", ("key", "key", "sun"), "a", LESSON)
    second = wants(store, "noor", device="chroom-1")
    page = anja.page("/les/7")
    assert "Sam Pietersen is daar nog ingelogd" in page and "vijf foute pogingen" in page
    anja.post(f"/les/7/inloggen/{second.id}", answer="yes")
    assert not store.pictures.states(SCHOOL, ["noor"])["noor"].locked
    assert "Op de computer van Sam Pietersen logde om 09:00 iemand anders in" in anja.page("/les/7")


def test_the_pictures_of_a_group_are_wiped_and_set_and_never_shown(store: Store, signed_in: Enter) -> None:
    anja = signed_in("anja")
    store.pictures.choose(SCHOOL, "sam", SAMS, "sam", LESSON)
    assert 'href="/les/7/plaatjes"' in anja.page("/les/7")
    page = anja.page("/les/7/plaatjes")
    assert "heeft plaatjes sinds" in page and "heeft nog geen plaatjes" in page and "Bo de Boer" not in page
    anja.post("/les/7/plaatjes/sam", do="forget")
    assert not store.pictures.states(SCHOOL, ["sam"])
    anja.post("/les/7/plaatjes/noor", do="set", picture=list(SAMS))
    assert store.pictures.fit(SCHOOL, "noor", SAMS, "a", LESSON)
    for bad in (["sun", "sun", "sun"], ["sun"], ["sun", "fish", "dog"], []):
        assert "Kies drie plaatjes" in anja.post("/les/7/plaatjes/noor", do="set", picture=bad).text
    assert store.pictures.fit(SCHOOL, "noor", SAMS, "a", LESSON)


@pytest.mark.parametrize("login", ["anja", "bram"])
def test_another_group_and_another_group_s_ids_do_not_exist(store: Store, signed_in: Enter, login: str) -> None:
    mine, theirs = ("7", "8") if login == "anja" else ("8", "7")
    pupil = "sam" if theirs == "7" else "bo"
    store.pictures.choose(SCHOOL, pupil, SAMS, pupil, LESSON)
    someone, one = signed_in(login), wants(store, pupil, group=theirs)
    assert someone.get(f"/les/{theirs}/plaatjes").status_code == 404
    assert someone.post(f"/les/{theirs}/inlogcode", on="1").status_code == 404
    assert someone.post(f"/les/{theirs}/plaatjes/{pupil}", do="forget").status_code == 404
    assert someone.post(f"/les/{mine}/plaatjes/{pupil}", do="forget").status_code == 404
    assert someone.post(f"/les/{mine}/plaatjes/{pupil}", do="set", picture=list(SAMS)).status_code == 404
    for group in (mine, theirs):
        for answer in ("yes", "no", "out"):
            someone.post(f"/les/{group}/inloggen/{one.id}", answer=answer)
    assert inside(store) == [] and store.pictures.states(SCHOOL, [pupil])
    (kept,) = store.sign_ins.of_group(SCHOOL, theirs, LESSON)
    assert kept.state is SignInState.WAITS


@pytest.mark.parametrize(("who", "group"), [(ANJA, "8"), (BRAM, "7"), (Member("x", Role.STAFF), "7")])
def test_no_action_is_done_for_a_group_that_is_not_one_s_own(desk: Desk, store: Store, who: Member, group: str) -> None:
    one = wants(store, "sam" if group == "7" else "bo", group=group)
    pupil = one.person
    outcomes = [
        signing.open_code(desk, who, group, LESSON),
        signing.close_code(desk, who, group, LESSON),
        signing.let_in(desk, who, group, one.id, LESSON),
        signing.turn_away(desk, who, group, one.id, LESSON),
        signing.sign_out(desk, who, group, one.id, LESSON),
        signing.pictures_of(desk, who, group, LESSON),
        signing.forget_pictures(desk, who, group, pupil, LESSON),
        signing.set_pictures(desk, who, group, pupil, SAMS, LESSON),
    ]
    assert {outcome.code for outcome in outcomes} == {"dash.no.not_yours"}


@pytest.mark.parametrize("now", [EVENING])
def test_outside_school_there_is_no_code(desk: Desk, now) -> None:
    assert signing.open_code(desk, ANJA, "7", now).code == "dash.no.no_lesson"
    made = signing.open_code(desk, ANJA, "7", BREAK).value
    assert made is not None and made.until == at("10:30"), "never past the bell"


def test_a_substitute_lets_in_the_pupils_of_her_group_and_no_others(
    desk: Desk, store: Store, browser: Callable[[], Browser]
) -> None:
    jan = stands_in(browser, new_code(desk))
    mine, theirs = wants(store), wants(store, "bo", "10.0.8.31", group="8")
    jan.post("/les/7/inlogcode", on="1")
    assert store.class_codes.of(SCHOOL, "7", LESSON) is not None
    assert "Sam Pietersen wil inloggen" in jan.page("/les/7")
    jan.post(f"/les/7/inloggen/{mine.id}", answer="yes")
    for group in ("7", "8"):
        jan.post(f"/les/{group}/inloggen/{theirs.id}", answer="yes")
    assert inside(store) == ["sam"]
    assert jan.get("/les/8/plaatjes").status_code in (403, 404)
    assert jan.get("/les/7/plaatjes").status_code == 403, "what lasts longer than her day"
    assert "/les/7/plaatjes" not in jan.page("/les/7")
