"""The school's own words and sites, as the coordinator adds, lets pass and takes away: looked at first, then saved."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.factory import category_hosts
from config.settings import Settings
from config.texts import has
from dashboard.actions import trial
from dashboard.actions.desk import Desk
from dashboard.actions.ownlists import ORIGIN, Change, What, made
from dashboard.actions.trial import Asked, Wish
from policy.model import Reason, Term
from store import Store
from tests.cast import COR, LESSON, POLICY, SNAPSHOT
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.rules_in_force import hold_to, looked_then_saved, policy

SignIn = Callable[[str], Browser]


def test_a_word_is_looked_at_first_and_holds_after_saving(store: Store, signed_in: SignIn, desk: Desk) -> None:
    cor = signed_in("cor")
    before = store.policies.current(SCHOOL)
    change = {"what": "term", "text": "knettergek", "kind": "coarse", "severity": "2"}
    page = cor.post("/beheer/proef/wijziging", **change).text
    assert "Er is nog niets veranderd" in page
    assert store.policies.current(SCHOOL) == before
    told = looked_then_saved(cor, **change)
    assert "Het woord is toegevoegd" in told
    kept = store.policies.current(SCHOOL)
    assert kept
    assert (kept.origin, kept.who) == (ORIGIN, "cor")
    assert kept.policy.terms == (Term("school-knettergek", "coarse", "knettergek"),)
    found = trial.tried(desk, COR, Wish("knettergek", "7"), LESSON).value
    assert found
    assert found.decision.reason is Reason.WORDS
    assert [entry.what for entry in store.audit.entries(SCHOOL, limit=1)] == ["policy.add"]


def test_a_word_of_the_schools_own_goes_again(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    looked_then_saved(cor, what="term", text="knettergek", kind="coarse")
    assert "knettergek" in cor.page("/beheer/proef")
    assert "Weggehaald" in looked_then_saved(cor, what="no_term", text="school-knettergek")
    assert policy(store).terms == ()
    assert "bestaat niet meer" in cor.post("/beheer/proef/wijziging", what="no_term", text="school-knettergek").text


def test_a_word_that_passes_is_open_and_can_be_stopped_again(store: Store, signed_in: SignIn, desk: Desk) -> None:
    cor = signed_in("cor")
    assert "mag voortaan door" in looked_then_saved(cor, what="pass", text="kut")
    found = trial.tried(desk, COR, Wish("kut", "7"), LESSON).value
    assert found
    assert found.decision.open
    looked_then_saved(cor, what="no_pass", text="kut")
    assert policy(store).passed_words == ()


def test_the_school_cannot_take_a_word_out_of_help_or_make_one_of_it(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    for change in ({"what": "pass"}, {"what": "term", "kind": "coarse"}):
        assert "Hulp gaat altijd voor" in cor.post("/beheer/proef/wijziging", text="ik wil dood", **change).text
    assert policy(store) == POLICY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"what": "term", "text": "ab", "kind": "coarse"}, "te weinig letters"),
        ({"what": "term", "text": "", "kind": "coarse"}, "Vul een woord"),
        ({"what": "term", "text": "x" * 81, "kind": "coarse"}, "Vul een woord"),
        ({"what": "term", "text": "knettergek", "kind": "help"}, "Kies een soort"),
        ({"what": "pass", "text": "bloemetjes"}, "wordt nu niet tegengehouden"),
        ({"what": "close", "text": "geen site", "category": "social"}, "Dit adres klopt niet"),
        ({"what": "close", "text": "co.uk", "category": "social"}, "Dit adres klopt niet"),
        ({"what": "close", "text": "nieuw.nl", "category": "verzonnen"}, "Kies een soort"),
        ({"what": "close", "text": "eigenspel.nl", "category": "games"}, "staat er al"),
        ({"what": "close", "text": "chat.kindertelefoon.nl", "category": "chat"}, "hulpsite"),
        ({"what": "close", "text": "tijd.system.com", "category": "chat"}, "blijft open"),
        ({"what": "open", "text": "open-social.nl"}, "staat er al"),
        ({"what": "hold"}, "lukte niet"),
        ({"what": "alles"}, "lukte niet"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    store: Store, signed_in: SignIn, change: dict[str, str], said: str
) -> None:
    assert said in signed_in("cor").post("/beheer/proef/wijziging", **change).text
    assert policy(store) == POLICY


def test_the_safety_floor_cannot_be_opened_from_the_screen(store: Store, signed_in: SignIn) -> None:
    """The same sense as of a school file: a name of our own list of sites for adults."""
    host = category_hosts("adult")[0]
    cor = signed_in("cor")
    assert "Niemand op school kan hem openen" in cor.post("/beheer/proef/wijziging", what="open", text=host).text
    assert (
        "Niemand op school kan hem openen"
        in cor.post("/beheer/proef/bewaar", what="open", text=host, based_on="1").text
    )
    assert policy(store) == POLICY


def test_a_pasted_address_closes_and_opens_its_site(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Hij is nu dicht" in looked_then_saved(cor, what="close", text="https://Nieuw.nl/x?y=1", category="social")
    assert policy(store).lists == {"games": ("eigenspel.nl",), "social": ("nieuw.nl",)}
    looked_then_saved(cor, what="open", text="nieuw.nl")
    assert policy(store).lists == {"games": ("eigenspel.nl",)}
    assert policy(store).open_sites == ("open-social.nl", "nieuw.nl")
    looked_then_saved(cor, what="close", text="nieuw.nl", category="games")
    assert policy(store).open_sites == ("open-social.nl",)
    looked_then_saved(cor, what="no_close", text="nieuw.nl", category="games")
    assert policy(store).lists == POLICY.lists


@pytest.mark.property
@given(st.text(max_size=200), st.sampled_from(What), st.sampled_from(["social", "games", "", "verzonnen"]))
def test_whatever_is_typed_is_a_change_or_a_refusal(typed: str, what: What, category: str) -> None:
    outcome = made(SNAPSHOT, Settings(), Change(what, typed, "coarse", category=category))
    assert outcome.ok is (outcome.value is not None)
    assert has(outcome.code), outcome.code
    assert trial.detected(typed) in Asked


def test_who_was_too_late_is_told_kindly_and_changes_nothing(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/proef/wijziging", what="pass", text="kut").text
    based_on = page.split('name="based_on" value="')[1].split('"')[0]
    kept = hold_to(store, open_sites=())
    told = cor.post("/beheer/proef/bewaar", what="pass", text="kut", based_on=based_on).text
    assert "Iemand anders heeft net iets veranderd" in told
    assert policy(store) == kept


def test_a_change_reaches_the_next_question_at_once(signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    looked_then_saved(cor, what="close", text="nieuw.nl", category="social")
    clock.on(seconds=1)
    assert "Dit mag niet" in cor.post("/beheer/proef", typed="nieuw.nl", group="7").text
