"""An agreement for the lesson: goal and sites; the rest is closed for a while, and nothing is opened by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dashboard.actions import agreement
from dashboard.actions.agreement import MOST_SITES, Plan, Problem
from dashboard.actions.desk import Desk
from policy.decide import decide
from policy.model import Facet, Grant, Member, Reason, Role
from store import Store
from store.events import What
from tests.cast import ANJA, BRAM, IRIS, KNOWLEDGE, LESSON, NO_COMPUTER, POLICY, RULES, at, pupil, visit
from tests.dashboard.conftest import SCHOOL, Browser, Clock

type SignIn = Callable[[str], Browser]
START = "/les/7/afspraak"
FORM = {"goal": "vulkanen", "sites": "leren.nl\nzoek.nl", "who": "all", "minutes": "lesson"}
PLAN = Plan("7", "vulkanen", ("leren.nl", "zoek.nl"))


def answers(store: Store, host: str, person: str | None = "sam", now: datetime = LESSON) -> Reason:
    return decide(visit(host, who=pupil(person)), store.snapshot(SCHOOL, KNOWLEDGE, now), now).reason


def opened(store: Store, site: str = "social.com", **changes: object) -> Grant:
    base = Grant("", LESSON - timedelta(minutes=5), at("10:15"), Role.TEACHER, "anja", frozenset({"7"}), sites=(site,))
    return store.grants.add(SCHOOL, replace(base, **changes), LESSON)


def test_a_teacher_agrees_on_a_goal_and_sites_and_stops_it_again(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "Maak een afspraak" in anja.page("/les/7")
    assert 'name="goal"' in anja.page(START)
    page = anja.post(START, **FORM).text
    card = page.partition('id="part-agreed"')[2].partition('id="part-open"')[0]
    assert "vulkanen" in card
    assert "hele groep · leren.nl, zoek.nl" in card
    assert "tot 10:15" in card
    assert answers(store, "leren.nl") is Reason.OPEN
    assert answers(store, "onbekend.nl") is Reason.AGREEMENT
    assert answers(store, "onbekend.nl", now=at("10:30")) is Reason.OPEN
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    page = anja.post(f"/les/7/afspraak/{running.id}/stop").text
    assert "De afspraak is gestopt." in page
    assert "vulkanen" not in page.partition('id="part-agreed"')[2].partition('id="part-open"')[0]
    assert answers(store, "onbekend.nl") is Reason.OPEN
    assert "al afgelopen" in anja.post(f"/les/7/afspraak/{running.id}/stop").text


def test_an_agreement_ends_with_the_lesson_whatever_was_asked(store: Store, signed_in: SignIn, clock: Clock) -> None:
    clock.now = at("09:50")
    signed_in("anja").post(START, **(FORM | {"minutes": "60"}))
    assert [agreed.end for agreed in store.measures.agreements(SCHOOL, clock.now)] == [at("10:15")]


def test_an_agreement_with_one_child_binds_only_that_child(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.post(START, **(FORM | {"who": "some", "pupil": "sam"})).text
    assert "Sam Pietersen · leren.nl" in page
    assert answers(store, "onbekend.nl", "sam") is Reason.AGREEMENT
    assert answers(store, "onbekend.nl", "noor") is Reason.OPEN
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7")
    assert "vulkanen" in page
    assert "Sam " not in page


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"goal": " "}, "Vul in wat ze gaan doen"),
        ({"sites": " "}, "minstens één site"),
        ({"sites": "leren.nl niet_goed"}, "klopt niet: niet_goed"),
        ({"sites": "leren.nl adult.com"}, "adult.com is voor iedereen dicht"),
        ({"sites": "leren.nl, chat.com"}, "chat.com mag u niet openzetten"),
        ({"sites": " ".join(f"site{n}.nl" for n in range(MOST_SITES + 1))}, "te veel sites"),
        ({"who": "some"}, "minstens één leerling"),
        ({"who": "some", "pupil": "bo"}, "minstens één leerling"),
    ],
)
def test_what_cannot_be_agreed_is_told_with_the_site_and_nothing_typed_is_lost(
    store: Store, signed_in: SignIn, form: dict[str, str], word: str
) -> None:
    page = signed_in("anja").post(START, **(FORM | form)).text
    assert word in page
    assert "leren.nl" in page or "leren.nl" not in form.get("sites", "leren.nl")
    assert "vulkanen" in page or "goal" in form
    assert store.measures.agreements(SCHOOL, LESSON) == ()


def test_what_is_typed_is_text_and_nothing_else(signed_in: SignIn) -> None:
    page = signed_in("anja").post(START, goal='"><script>alert(1)</script>', sites="<img/src=x>", who="all").text
    assert "<script>alert" not in page
    assert "<img" not in page


def test_a_closed_site_on_the_list_stays_closed_until_it_is_permitted_too(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.post(START, **(FORM | {"sites": "social.com leren.nl"})).text
    assert "Nog dicht: social.com" in page
    assert answers(store, "social.com") is Reason.PLACE
    page = anja.post("/les/7/toestemming", what="site", site="social.com", goal="vulkanen", who="all").text
    assert "Nog dicht" not in page
    assert answers(store, "social.com") is Reason.GRANTED
    assert answers(store, "onbekend.nl") is Reason.AGREEMENT


def test_other_live_permissions_are_asked_about_and_stop_when_the_teacher_says_so(
    store: Store, signed_in: SignIn
) -> None:
    anja, kept = signed_in("anja"), opened(store)
    page = anja.post(START, **FORM).text
    assert "Er staat nog iets anders open" in page
    assert "social.com · hele groep · tot 10:15" in page
    assert "Kies eerst" not in page
    # Started again without an answer, the page says what it waits for.
    page = anja.post(START, **FORM, asked="1").text
    assert "Kies eerst wat er met de andere toestemmingen gebeurt." in page
    assert "social.com · hele groep · tot 10:15" in page
    assert store.measures.agreements(SCHOOL, LESSON) == ()
    anja.post(START, **FORM, others="stop")
    assert store.grants.live(SCHOOL, LESSON) == ()
    assert [
        event.event.grant for event in store.events.latest(SCHOOL, ("7",)) if event.event.what is What.PERMISSION_ENDED
    ] == [kept.id]
    assert len(store.measures.agreements(SCHOOL, LESSON)) == 1


def test_a_permission_that_is_left_waits_for_the_end_of_the_agreement(store: Store, signed_in: SignIn) -> None:
    anja, kept = signed_in("anja"), opened(store)
    opened(store, "leren.nl")
    page = anja.post(START, **FORM, others="keep").text
    waiting = "Telt niet zolang de afspraak loopt"
    assert page.count(waiting) == 1, "of social.com; leren.nl is on the list"
    assert kept.id in [grant.id for grant in store.grants.live(SCHOOL, LESSON)]
    assert answers(store, "social.com") is Reason.AGREEMENT
    (running,) = store.measures.agreements(SCHOOL, LESSON)
    assert waiting not in anja.post(f"/les/7/afspraak/{running.id}/stop").text
    assert answers(store, "social.com") is Reason.GRANTED


def test_what_fits_the_list_or_is_no_place_is_not_asked_about(desk: Desk, store: Store) -> None:
    opened(store, "leren.nl")
    opened(store, sites=(), facets=frozenset({Facet.PRINT}))
    assert agreement.look_ahead(desk, ANJA, PLAN, LESSON).others == ()
    other = opened(store)
    assert [grant.id for grant in agreement.look_ahead(desk, ANJA, PLAN, LESSON).others] == [other.id]
    only_noor = replace(PLAN, people=frozenset({"noor"}), whole_group=False)
    assert agreement.look_ahead(desk, ANJA, only_noor, LESSON).others == ()


def test_a_new_agreement_takes_the_place_of_the_old_one(desk: Desk, store: Store) -> None:
    assert agreement.start(desk, ANJA, replace(PLAN, people=frozenset({"sam"}), whole_group=False), LESSON).ok
    assert agreement.start(desk, ANJA, PLAN, LESSON).ok
    later = LESSON + timedelta(minutes=1)
    assert agreement.start(desk, ANJA, replace(PLAN, goal="rivieren"), later).ok
    assert [agreed.goal for agreed in store.measures.agreements(SCHOOL, later)] == ["rivieren"]


def test_nobody_is_bound_by_two_lists_at_once(desk: Desk, store: Store) -> None:
    assert agreement.start(desk, ANJA, PLAN, LESSON).ok
    one = replace(PLAN, people=frozenset({"sam"}), whole_group=False)
    assert Problem("agree_overlap") in agreement.look_ahead(desk, ANJA, one, LESSON).problems
    assert agreement.start(desk, ANJA, one, LESSON).code == "dash.no.agree_overlap"
    assert len(store.measures.agreements(SCHOOL, LESSON)) == 1


@pytest.mark.parametrize("who", [BRAM, IRIS, Member("sam", Role.PUPIL, ("7",)), Member("stan", Role.STAFF, ("7",))])
def test_who_may_not_act_for_the_group_agrees_and_stops_nothing(desk: Desk, store: Store, who: Member) -> None:
    made = agreement.start(desk, ANJA, PLAN, LESSON).value
    assert made
    assert agreement.start(desk, who, replace(PLAN, goal="anders"), LESSON).code == "dash.no.not_yours"
    assert agreement.stop(desk, who, "7", made.id, LESSON).code == "dash.no.not_yours"
    assert agreement.stop(desk, BRAM, "8", made.id, LESSON).code == "dash.no.agree_ended"
    assert store.measures.agreements(SCHOOL, LESSON) == (made,)


@pytest.mark.parametrize(
    ("moment", "word"), [("19:00", "alleen tijdens de les"), ("10:20", "In de pauze kan dit niet")]
)
def test_outside_the_lesson_nothing_is_agreed(
    store: Store, signed_in: SignIn, clock: Clock, moment: str, word: str
) -> None:
    store.policies.add(SCHOOL, replace(POLICY, rules=(*RULES, NO_COMPUTER)), "test", "ria", LESSON)
    clock.now = at(moment)
    assert word in signed_in("anja").post(START, **FORM).text
    assert store.measures.agreements(SCHOOL, clock.now) == ()
