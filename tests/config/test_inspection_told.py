"""Whether somebody looks into it, in one line for an adult."""

from __future__ import annotations

import pytest

from config.inspection_told import passage
from config.texts import STRICT
from policy.inspection import Inspection, Why


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STRICT, "1")


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("why", Why)
def test_every_reason_has_a_sentence_of_its_own_in_both_languages(why: Why, lang: str) -> None:
    told = passage(Inspection(True, why, "bank"), lang)
    assert told.endswith(".") and not told.endswith("..") and "{" not in told
    assert [other for other in Why if passage(Inspection(True, other, "bank"), lang) == told] == [why]


def test_a_reason_of_the_list_is_told_in_the_readers_language_and_the_schools_own_as_it_wrote_it() -> None:
    assert passage(Inspection(True, Why.LISTED, "bank")) == "Gaat ongezien door (tunnel): bankzaken."
    assert passage(Inspection(True, Why.LISTED, "bank"), "en") == "Goes through unseen (tunnel): banking."
    own = Inspection(True, Why.LISTED, "Ons eigen archief.")
    assert passage(own) == "Gaat ongezien door (tunnel): Ons eigen archief."


def test_of_what_is_looked_into_it_is_said_so() -> None:
    assert passage(Inspection(False, Why.PORT)) == "Klaswacht kijkt mee: de poort is niet 443."
    assert passage(None) == ""
