"""The public page with the rules, and the paper for the classroom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from config.load import factory_policy
from config.texts import say
from dashboard.present.kept import kept_lines
from dashboard.present.words import Words
from policy.model import Basis, BasisKind, Effect
from store import Store
from store.retention import Terms
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, Browser


@pytest.mark.parametrize("path", ["/regels", "/regels?voor=ouder", "/regels?voor=leerkracht", "/regels?voor=x"])
def test_anybody_reads_the_rules_without_signing_in(browser: Callable[[], Browser], path: str) -> None:
    answer = browser().get(path)
    assert answer.status_code == 200
    assert "<h1>" in answer.text


def test_a_parent_reads_what_is_kept(browser: Callable[[], Browser]) -> None:
    assert "Wat er bewaard wordt" in browser().get("/regels?voor=ouder").text


def test_a_parent_reads_of_every_kind_who_sees_it_and_how_long_it_stays(browser: Callable[[], Browser]) -> None:
    page = browser().get("/regels?voor=ouder").text
    assert "Een site die dicht bleef" in page and "Hoe lang? 14 dagen." in page
    assert "Een tijdelijk verbod voor een kind" in page and "tot 1 augustus na afloop" in page
    assert "U krijgt binnen een maand antwoord." in page
    assert "alleen de vertrouwenspersonen" not in page, "this school has one counsellor: nobody hears of a search"
    assert "Hoe lang?" not in browser().get("/regels?voor=leerling").text


def test_a_school_that_keeps_less_says_less() -> None:
    terms = replace(Terms(), blocked=3, measures=60)
    lines = {line.what: line.how_long for line in kept_lines(terms, Words("nl"), inbox=True)}
    assert lines[say("rules.kept.what.blocked", "nl")] == "3 dagen"
    assert lines[say("rules.kept.what.bans", "nl")] == "60 dagen na afloop, of tot 1 augustus als dat eerder is"
    assert say("rules.kept.what.signals", "nl") in lines


def test_the_paper_for_the_classroom_stands_alone_and_ends_with_whom_to_tell(browser: Callable[[], Browser]) -> None:
    page = browser().get("/regels/papier").text
    assert "Het is niet jouw schuld." in page
    assert "<script" not in page
    assert "poster.css" in page
    assert 'href="/regels"' in page, "the way back, on the screen only"


def test_a_parent_reads_where_the_school_is_looser_than_the_text_that_was_agreed_on(
    store: Store, browser: Callable[[], Browser]
) -> None:
    adopted = factory_policy("regenboog")
    looser = replace(
        next(rule for rule in adopted.rules if rule.id == "regenboog-no-computer-in-breaks"),
        effect=Effect.ALLOW,
        basis=Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1)),
    )
    rules = tuple(looser if rule.id == looser.id else rule for rule in adopted.rules)
    store.policies.add(SCHOOL, replace(adopted, rules=rules), "test", "cor", LESSON)
    assert "hier ruimer" in browser().get("/regels?voor=ouder").text
    assert "hier ruimer" not in browser().get("/regels?voor=leerling").text
    store.policies.add(SCHOOL, adopted, "test", "cor", LESSON)
    assert "hier ruimer" not in browser().get("/regels?voor=ouder").text
