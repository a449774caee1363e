"""What is offered to be permitted and shown as permitted: printing, a phone, the words of a topic, kinds of sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from config.settings import Settings
from dashboard.actions import permission
from dashboard.actions.desk import Desk
from dashboard.actions.lesson import see_lesson
from dashboard.present.lesson import lesson_page
from dashboard.present.words import Words
from policy.decide import decide
from policy.model import AccessRequest, Action, DeviceClass, Facet, LiftableBy, Role, Term
from policy.terms import Lexicon, Topic
from store import Store
from tests.cast import ANJA, KNOWLEDGE, LESSON, at, grant, pupil, rule, search, visit
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.lessons import GIVE, live, opens, with_policy

type SignIn = Callable[[str], Browser]
PRINT = rule("print", facet=Facet.PRINT)
PHONES = rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE}))


def allows(store: Store, asked: AccessRequest, now: datetime = LESSON) -> bool:
    return decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, now), now).open


def on_phone(person: str = "sam") -> AccessRequest:
    who = replace(pupil(person), device=f"telefoon-{person}", device_class=DeviceClass.PHONE)
    return visit("leren.nl", who=who)


def test_only_what_the_rules_close_and_a_teacher_lifts_is_offered(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert 'value="print"' not in page and "Telefoon mag even" not in page
    with_policy(store, PRINT, PHONES)
    page = anja.page("/les/7")
    assert 'value="print"' in page and "Telefoon mag even" in page
    hard = (replace(one, liftable_by=LiftableBy.MANAGEMENT) for one in (PRINT, PHONES))
    with_policy(store, *hard)
    page = anja.page("/les/7")
    assert 'value="print"' not in page and "Telefoon mag even" not in page
    assert "directie" in anja.post(GIVE, what="print", who="all").text
    assert "directie" in anja.post(GIVE, what="phone", who="some", pupil="sam").text
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_an_interns_permission_is_not_shown_as_open_once_the_school_takes_it_back(
    store: Store, signed_in: SignIn
) -> None:
    given = store.grants.add(SCHOOL, grant("", sites=("chat.com",), role=Role.INTERN, by="iris"), LESSON)
    anja = signed_in("anja")
    with_policy(store, interns=True)
    assert f"/les/7/toestemming/{given.id}/stop" in anja.page("/les/7")
    with_policy(store)
    assert f"/les/7/toestemming/{given.id}/stop" not in anja.page("/les/7")


def test_a_kind_that_a_rule_keeps_shut_for_teachers_is_not_offered_because_of_another_rule(
    store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    assert 'name="category" value="games"' in anja.page("/les/7")
    with_policy(
        store, rule("no-games", facet=Facet.PLACE, categories=frozenset({"games"}), liftable_by=LiftableBy.NOBODY)
    )
    page = anja.page("/les/7")
    assert 'name="category" value="games"' not in page and 'name="category" value="video"' in page


def test_printing_is_permitted_for_some_or_for_all_until_the_bell(store: Store, signed_in: SignIn) -> None:
    with_policy(store, PRINT)
    anja = signed_in("anja")
    job = AccessRequest(Action.PRINT, pupil("sam"))
    assert not allows(store, job)
    assert "Sam Pietersen" in anja.post(GIVE, what="print", who="some", pupil="sam").text.partition("part-open")[2]
    assert allows(store, job)
    assert not allows(store, AccessRequest(Action.PRINT, pupil("noor")))
    assert not allows(store, job, at("10:30"))
    assert not opens(store, "social.com", LESSON)
    anja.post(GIVE, what="print", who="all", minutes="10")
    assert allows(store, AccessRequest(Action.PRINT, pupil("noor")))
    for one in store.grants.live(SCHOOL, LESSON):
        anja.post(f"{GIVE}/{one.id}/stop")
    quick = anja.page("/les/7").partition("Direct geven")[2].partition("Iets nieuws")[0]
    assert "printen" in quick
    anja.post(f"{GIVE}/opnieuw", again=quick.partition('name="again" value="')[2].partition('"')[0])
    assert allows(store, job)


def test_a_phone_is_on_for_one_child_until_a_moment_of_the_school_day(store: Store, signed_in: SignIn) -> None:
    with_policy(store, PHONES)
    anja = signed_in("anja")
    page = anja.page("/les/7").partition('id="telefoon"')[2]
    assert "Tot einde les (10:15)" in page
    assert "tot 13:30" in page
    assert "Tot einde schooldag (14:00)" in page
    assert not allows(store, on_phone())
    anja.post(GIVE, what="phone", who="some", pupil="sam", until=at("11:00").isoformat())
    assert live(store).end == at("11:00")
    assert allows(store, on_phone())
    assert allows(store, on_phone(), at("10:45"))
    assert not allows(store, on_phone(), at("11:00"))
    assert not allows(store, on_phone("noor"))
    assert not allows(store, replace(on_phone(), hosts=("social.com",)))
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7")
    assert "Telefoon mag even" not in page and "Sam " not in page


@pytest.mark.parametrize(
    "form",
    [{"who": "all"}, {"who": "some"}, {"who": "some", "pupil": "bo"}, {"who": "some", "pupil": "anja"}],
)
def test_a_phone_is_never_for_a_whole_group_or_for_somebody_elses_pupil(
    store: Store, signed_in: SignIn, form: dict[str, str]
) -> None:
    with_policy(store, PHONES)
    page = signed_in("anja").post(GIVE, what="phone", **form).text
    assert ("niet voor een groep" if form["who"] == "all" else "minstens één leerling") in page
    assert store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize(
    ("until", "end"),
    [("2026-11-23T22:00:00Z", "14:00"), ("geen tijd", "10:15"), ("0001-01-01T00:00:00+23:59", "10:15"), ("", "10:15")],
)
def test_a_phone_is_off_again_when_school_is_out_whatever_the_form_says(
    store: Store, signed_in: SignIn, until: str, end: str
) -> None:
    with_policy(store, PHONES)
    signed_in("anja").post(GIVE, what="phone", who="some", pupil="sam", until=until)
    assert live(store).end == at(end)


def test_the_words_of_a_topic_are_open_for_the_lesson_and_other_words_are_not(store: Store) -> None:
    terms = (Term("bom", "aggression", "bom", severity=1, topics=frozenset({"war"})), Term("kut", "coarse", "kut"))
    topics = (Topic("war", {"nl": "oorlog en geschiedenis", "en": "war"}), Topic("sport", {"nl": "sport"}))
    desk = Desk(store, replace(KNOWLEDGE, lexicon=Lexicon(terms, (), topics)), SCHOOL, Settings())
    lesson = see_lesson(desk, ANJA, "7", LESSON).value
    assert lesson
    said = Words("nl")
    assert [topic.label for topic in lesson_page(lesson, said, board=False, names=False).extras.topics] == [
        "oorlog en geschiedenis"
    ]
    wish = permission.Wish("7", facet=Facet.WORDS, topics=("war",))
    assert permission.give(desk, ANJA, replace(wish, topics=("sport",)), LESSON).code == "dash.no.what"
    assert permission.give(desk, ANJA, wish, LESSON).ok
    assert decide(search("bom"), desk.snapshot(LESSON), LESSON).open
    assert not decide(search("kut"), desk.snapshot(LESSON), LESSON).open
    again = see_lesson(desk, ANJA, "7", LESSON).value
    assert again
    card = lesson_page(again, said, board=False, names=False).open[0]
    assert card.title == "zoekwoorden bij: oorlog en geschiedenis"
