"""Voorstellen: sites that nobody lists, kept or left in one tap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.actions.desk import Desk
from dashboard.actions.ownlists import ORIGIN, dismiss_proposal, keep_proposal
from policy.model import Facet
from store import Store
from store.proposals import Likeness, ProposalState
from tests.cast import ANJA, LESSON, POLICY, rule
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]


@pytest.fixture
def waiting(store: Store) -> Store:
    seen = Likeness("nieuwnet.example.nl", "social", 7.5, ("own-profile", "follow-people"))
    store.proposals.suggest(SCHOOL, seen, LESSON - timedelta(hours=2))
    store.proposals.suggest(SCHOOL, seen, LESSON - timedelta(hours=1))
    return store


def state(store: Store, host: str = "nieuwnet.example.nl") -> ProposalState:
    found = store.proposals.get(SCHOOL, host)
    assert found
    return found.state


def test_a_proposal_is_told_with_its_kind_and_how_often_it_was_seen(waiting: Store, signed_in: SignIn) -> None:
    page = signed_in("cor").page("/beheer/voorstellen")
    assert "nieuwnet.example.nl" in page
    assert "Lijkt op een sociaal netwerk: een eigen profiel, mensen volgen." in page
    assert "2 keer gezien: eerst 07:00, laatst 08:00" in page
    assert "Sluit zoals sociale media" in page


def test_the_tab_tells_how_many_wait(waiting: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "wachten op u" in cor.page("/beheer/groepen")
    cor.post("/beheer/voorstellen/laat", host="nieuwnet.example.nl")
    assert "wachten op u" not in cor.page("/beheer/groepen")


def test_one_tap_closes_it_for_every_pupil(waiting: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Dit mag" in cor.post("/beheer/proef", typed="nieuwnet.example.nl", group="7").text
    told = cor.post("/beheer/voorstellen/sluit", host="nieuwnet.example.nl", category="social").text
    assert "Hij is nu dicht" in told
    assert state(waiting) is ProposalState.KEPT
    kept = waiting.policies.current(SCHOOL)
    assert kept
    assert kept.policy.lists["social"] == ("nieuwnet.example.nl",)
    assert (kept.origin, kept.who) == (ORIGIN, "cor")
    assert "Dit mag niet" in cor.post("/beheer/proef", typed="nieuwnet.example.nl", group="7").text


def test_one_tap_leaves_it_open_and_adds_nothing(waiting: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "blijft open" in cor.post("/beheer/voorstellen/laat", host="nieuwnet.example.nl").text
    assert state(waiting) is ProposalState.DISMISSED
    kept = waiting.policies.current(SCHOOL)
    assert kept
    assert kept.policy == POLICY
    assert "bestaat niet meer" in cor.post("/beheer/voorstellen/laat", host="nieuwnet.example.nl").text


def test_it_may_be_something_else_than_it_looks_like(waiting: Store, signed_in: SignIn) -> None:
    signed_in("cor").post("/beheer/voorstellen/sluit", host="nieuwnet.example.nl", category="games")
    kept = waiting.policies.current(SCHOOL)
    assert kept
    assert kept.policy.lists["games"] == ("eigenspel.nl", "nieuwnet.example.nl")


def test_a_kind_that_no_rule_closes_is_refused_and_goes_on_waiting(waiting: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    told = cor.post("/beheer/voorstellen/sluit", host="nieuwnet.example.nl", category="education").text
    assert "Kies een soort die de school dicht heeft" in told
    assert state(waiting) is ProposalState.OPEN


def test_a_site_that_somebody_listed_meanwhile_is_off_the_table(waiting: Store, signed_in: SignIn) -> None:
    lists = {**POLICY.lists, "social": ("nieuwnet.example.nl",)}
    waiting.policies.add(SCHOOL, replace(POLICY, lists=lists), "test", "setup", LESSON)
    signed_in("cor").post("/beheer/voorstellen/sluit", host="nieuwnet.example.nl", category="social")
    assert state(waiting) is ProposalState.KEPT


def test_new_sites_wait_when_the_school_wants_it(waiting: Store, signed_in: SignIn) -> None:
    unknown = rule("unknown", facet=Facet.PLACE, categories=frozenset({"unknown"}))
    waiting.policies.add(SCHOOL, replace(POLICY, rules=(*POLICY.rules, unknown)), "test", "setup", LESSON)
    cor = signed_in("cor")
    assert "Dit mag niet" not in cor.post("/beheer/proef", typed="nieuwnet.example.nl", group="7").text
    assert "Dit staat aan" in cor.post("/beheer/voorstellen/wachten", on="1").text
    assert "Dit mag niet" in cor.post("/beheer/proef", typed="nieuwnet.example.nl", group="7").text
    cor.post("/beheer/voorstellen/laat", host="nieuwnet.example.nl")
    assert "Dit mag niet" not in cor.post("/beheer/proef", typed="nieuwnet.example.nl", group="7").text
    assert "Dit staat uit" in cor.post("/beheer/voorstellen/wachten", on="0").text


def test_a_teacher_decides_nothing_here(waiting: Store, desk: Desk) -> None:
    assert keep_proposal(desk, ANJA, "nieuwnet.example.nl", "social", LESSON).code == "dash.no.role"
    assert dismiss_proposal(desk, ANJA, "nieuwnet.example.nl", LESSON).code == "dash.no.role"
    assert state(waiting) is ProposalState.OPEN
