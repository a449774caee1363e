"""Beheer, Nooduitgang: open it and close it, the code for the safe, and a calm line on every screen meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from policy.model import Reason
from store import Store
from store.emergencies import Fit, Way
from tests.cast import KNOWLEDGE, LESSON, SNAPSHOT
from tests.dashboard.conftest import SCHOOL, Browser, Clock

SignIn = Callable[[str], Browser]
NOOD = "/beheer/nooduitgang"
UNTIL, SOON = "Nooduitgang aan tot 11:00", "Nooduitgang aan tot 09:20"
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("login", ["cor", "ria"])
def test_the_office_opens_it_for_some_hours_and_closes_it_before(store: Store, signed_in: SignIn, login: str) -> None:
    who = signed_in(login)
    assert "De nooduitgang is nog niet gebruikt." in who.page(NOOD)
    page = who.post(f"{NOOD}/aan", uren="2").text
    assert "De nooduitgang is aan." in page and UNTIL in page
    held = store.emergencies.current(SCHOOL, LESSON)
    assert held is not None and (held.end - held.start, held.by, held.way) == (2 * HOUR, login, Way.DESK)
    page = who.post(f"{NOOD}/uit").text
    assert "De nooduitgang is uit. Alle regels gelden weer." in page and UNTIL not in page
    assert store.emergencies.current(SCHOOL, LESSON) is None
    assert "De nooduitgang stond al uit." in who.post(f"{NOOD}/uit").text
    assert [one.what for one in store.audit.entries(SCHOOL, who=login, what=("emergency.on", "emergency.off"))] == [
        "emergency.off",
        "emergency.on",
    ]


@pytest.mark.parametrize("hours", ["", "3", "0", "9999", "een"])
def test_no_other_number_of_hours_is_taken(store: Store, signed_in: SignIn, hours: str) -> None:
    assert "Kies 1, 2 of 4 uur." in signed_in("cor").post(f"{NOOD}/aan", uren=hours).text
    assert store.emergencies.current(SCHOOL, LESSON) is None


def test_it_goes_out_an_hour_after_the_last_bell_whatever_was_chosen(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.on(hours=4, minutes=-30)
    cor = signed_in("cor")
    cor.post(f"{NOOD}/aan", uren="4")
    held = store.emergencies.current(SCHOOL, clock.now)
    assert held is not None and held.end - held.start < 4 * HOUR
    assert SNAPSHOT.policy.schedule.days, "the school of these tests has lessons"


def test_every_class_screen_and_every_page_of_beheer_says_it_until_it_is_over(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    cor, anja = signed_in("cor"), signed_in("anja")
    store.emergencies.start(SCHOOL, LESSON + HOUR / 3, "cor", Way.CODE, LESSON)
    assert SOON in anja.page("/les/7") and SOON in cor.page("/beheer/groepen") and SOON in cor.page("/les/8")
    assert "alleen de vaste sloten houden" in anja.page("/les/7")
    assert anja.post("/bord", board="1", back="/les/7").status_code == 200
    board = anja.page("/les/7")
    assert SOON in board and 'data-board="on"' in board and "Cor Bakker" not in board
    clock.on(minutes=20)
    assert SOON not in anja.page("/les/7") and SOON not in cor.page("/beheer/groepen")


def test_the_code_is_shown_once_works_and_is_renewed(store: Store, signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    assert "Er is nog geen code." in cor.page(NOOD)
    answer = cor.post(f"{NOOD}/code")
    found = re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}\b", answer.text)
    assert found and "no-store" in answer.headers["Cache-Control"]
    assert store.emergencies.fits(SCHOOL, found[0], clock.now) is Fit.FITS
    page = cor.page(NOOD)
    assert found[0] not in page and "door Cor Bakker" in page and "_klaswacht/nood" in page
    store.emergencies.fits(SCHOOL, "AAAA", clock.now)
    assert "1 keer een foute code" in cor.page(NOOD)
    assert found[0] not in cor.post(f"{NOOD}/code").text
    assert store.emergencies.fits(SCHOOL, found[0], clock.now) is Fit.WRONG
    assert len(store.audit.entries(SCHOOL, what=("emergency.code",))) == 2


@pytest.mark.parametrize("login", ["anja", "bram", "iris", "stan", "coen"])
@pytest.mark.parametrize("path", ["aan", "uit", "code"])
def test_nobody_else_touches_it(store: Store, signed_in: SignIn, login: str, path: str) -> None:
    store.emergencies.start(SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)
    who = signed_in(login)
    assert who.get(NOOD).status_code == 403
    assert who.post(f"{NOOD}/{path}", follow=False, uren="4").status_code == 403
    held = store.emergencies.current(SCHOOL, LESSON)
    assert held is not None and held.end == LESSON + HOUR and store.emergencies.code(SCHOOL) is None


def test_opening_asks_for_a_step_up_and_closing_never_does(signed_in: SignIn, store: Store, clock: Clock) -> None:
    cor = signed_in("cor")
    clock.on(minutes=20)
    assert 'name="uren" value="2"' in cor.post(f"{NOOD}/aan", uren="2").text
    assert store.emergencies.current(SCHOOL, clock.now) is None
    store.emergencies.start(SCHOOL, clock.now + HOUR, "ria", Way.DESK, clock.now)
    assert "Alle regels gelden weer" in cor.post(f"{NOOD}/uit").text


def test_a_teacher_who_asks_why_hears_it(signed_in: SignIn, store: Store) -> None:
    store.emergencies.start(SCHOOL, LESSON + HOUR, "cor", Way.DESK, LESSON)
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, LESSON)
    assert snapshot.state.emergencies[0].by == "cor" and Reason.EMERGENCY
    page = signed_in("cor").get("/beheer/waarom?wat=social.com&groep=7&dag=2026-11-23&tijd=09:05").text
    assert "nooduitgang" in page.lower()
