"""What a pupil asked for: yes, no and later, and what a yes opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.actions import asks
from dashboard.actions.desk import Desk
from policy.decide import decide
from policy.model import AccessRequest, Action, Facet
from store import Store
from store.incidents import AskState, Wish
from tests.cast import KNOWLEDGE, LESSON, pupil, search, visit
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.lessons import ask, live, opens, with_policy
from tests.dashboard.test_permits import PRINT

type SignIn = Callable[[str], Browser]


def test_one_tap_yes_opens_the_site_for_the_pupil_and_answers(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, line="voor de vulkaan")
    page = anja.page("/les/7")
    assert "Sam Pietersen vraagt www.social.com" in page
    assert "voor de vulkaan" in page
    assert "open tot 10:15" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes", own="Veel plezier").text
    answered = store.incidents.get_ask(SCHOOL, wish.id)
    assert answered
    assert (answered.state, answered.answer, answered.by) == (AskState.YES, "Veel plezier", "anja")
    assert answered.grant == live(store).id
    assert opens(store, "social.com", LESSON, "sam")
    assert not opens(store, "social.com", LESSON, "noor")


def test_yes_to_a_pupil_nobody_knows_is_yes_to_the_group(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, person=None)
    assert "Ja geldt voor de hele groep" in anja.page("/les/7")
    anja.post(f"/les/7/vraag/{wish.id}", answer="yes", minutes="10")
    assert opens(store, "social.com", LESSON, "noor")
    assert live(store).end == LESSON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("facet", "asked", "told"),
    [
        (Facet.WORDS, search("kut"), "wil zoekwoorden gebruiken op zoek.nl: grove taal"),
        (
            Facet.PERSONAL,
            visit("zoek.nl", action=Action.SUBMIT, personal=frozenset({"phone"})),
            "wil gegevens sturen naar zoek.nl: een telefoonnummer",
        ),
    ],
)
def test_a_yes_lifts_what_was_asked_for(
    store: Store, signed_in: SignIn, facet: Facet, asked: AccessRequest, told: str
) -> None:
    anja = signed_in("anja")
    kinds = ("coarse",) if facet is Facet.WORDS else ("phone",)
    wish = Wish("zoek.nl", "lesson", None, "", "7", "chroom-1", "sam", facet, kinds)
    made = store.incidents.ask(SCHOOL, wish, LESSON)
    assert made and not decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert f"Sam Pietersen {told}" in anja.page("/les/7")
    anja.post(f"/les/7/vraag/{made.id}", answer="yes")
    assert decide(asked, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert (live(store).facets, live(store).kinds) == ({facet}, set(kinds))
    other = search("vermoord") if facet is Facet.WORDS else replace(asked, personal=frozenset({"phone", "bsn"}))
    assert not decide(other, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open


def test_no_and_later_are_passed_on(store: Store, signed_in: SignIn) -> None:
    anja, first, second = signed_in("anja"), ask(store), ask(store, "x.com")
    anja.post(f"/les/7/vraag/{first.id}", answer="no", reply="Kom even bij mij langs.")
    page = anja.post(f"/les/7/vraag/{second.id}", answer="later").text
    assert f"vraag-{first.id}" not in page
    assert f"vraag-{second.id}" in page
    said = [store.incidents.get_ask(SCHOOL, wish.id) for wish in (first, second)]
    assert [x.state for x in said if x] == [AskState.NO, AskState.LATER]
    assert said[0] and said[0].answer == "Kom even bij mij langs."
    assert store.grants.live(SCHOOL, LESSON) == ()


def test_a_request_is_answered_once(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store)
    anja.post(f"/les/7/vraag/{wish.id}", answer="no")
    assert "al beantwoord" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes").text
    assert not opens(store, "social.com", LESSON)


def test_a_yes_that_may_not_be_given_leaves_the_request_open(store: Store, signed_in: SignIn) -> None:
    anja, wish = signed_in("anja"), ask(store, "adult.com")
    assert "voor iedereen dicht" in anja.post(f"/les/7/vraag/{wish.id}", answer="yes").text
    assert [x.id for x in store.incidents.asks(SCHOOL, ("7",))] == [wish.id]


@pytest.mark.parametrize(
    ("host", "category", "opened"),
    [
        ("chat.social.com", "social", "social.com"),
        ("www.onbekend.nl", None, "onbekend.nl"),
        ("diep.onbekend.nl", "weg", "diep.onbekend.nl"),
    ],
)
def test_a_yes_opens_the_listed_name_and_no_more(desk: Desk, host: str, category: str | None, opened: str) -> None:
    assert asks.listed_name(desk.snapshot(LESSON), host, category) == opened


def test_a_wish_to_print_is_one_tap_and_opens_printing_and_nothing_else(store: Store, signed_in: SignIn) -> None:
    with_policy(store, PRINT)
    wish = store.incidents.ask(SCHOOL, Wish("", "lesson", None, "", "7", "chroom-1", "sam", Facet.PRINT), LESSON)
    assert wish
    anja = signed_in("anja")
    assert "Sam Pietersen wil printen" in anja.page("/les/7")
    prints = AccessRequest(Action.PRINT, pupil("sam"))
    assert not decide(prints, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    anja.post(f"/les/7/vraag/{wish.id}", answer="yes")
    assert decide(prints, store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).open
    assert live(store).facets == {Facet.PRINT} and live(store).people == {"sam"}
    assert not opens(store, "social.com", LESSON)
