"""Every sentence is there in every language, short enough for a child, and never missing on a page."""

import re

import pytest

from config.texts import STRICT, book, languages, placeholders, reason_sentence, say, technical_sentence
from policy.model import Reason

PUPILS = ("reason.", "page.")


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_for_a_child_and_one_for_an_adult(reason, lang, monkeypatch):
    monkeypatch.setenv(STRICT, "1")
    assert reason_sentence(reason, lang)
    assert technical_sentence(reason, lang)
    assert reason_sentence(reason, lang) != technical_sentence(reason, lang)


def test_every_language_has_the_same_codes():
    codes = {lang: set(book(lang)) for lang in languages()}
    assert codes["nl"] ^ codes["en"] == set()


def test_every_language_fills_in_the_same_values():
    for code, sentence in book("nl").items():
        for lang in languages():
            if code in book(lang):
                assert placeholders(book(lang)[code]) == placeholders(sentence), (code, lang)


@pytest.mark.parametrize("lang", languages())
def test_what_a_pupil_reads_has_at_most_twelve_words_a_sentence(lang):
    for code, text in book(lang).items():
        if code.startswith(PUPILS):
            for sentence in re.split(r"(?<=[.!?])\s+", text):
                assert len(sentence.split()) <= 12, code


@pytest.mark.parametrize("lang", languages())
def test_what_a_pupil_reads_does_not_scold(lang):
    dutch, english = r"overtred|verboden|(?<!geen )straf|fout van jou|mag niet", r"violat|forbidden|punish|not allowed"
    scolding = re.compile(f"{dutch}|{english}", re.IGNORECASE)
    for code, text in book(lang).items():
        if code.startswith(PUPILS):
            assert not scolding.search(text), code


def test_values_are_filled_in():
    assert say("agent.title", app="Discord") == "Discord is nu even dicht"
    assert say("agent.title", app="{app} {x}").startswith("{app} {x} ")


def test_an_unknown_language_is_dutch():
    assert say("reason.open", "fy") == say("reason.open", "nl")


def test_a_missing_text_never_breaks_a_page(monkeypatch):
    monkeypatch.delenv(STRICT, raising=False)
    assert say("there.is.no.such.code") == "Vraag het aan je juf of meester."
    assert say("there.is.no.such.code", "en") == "Ask your teacher."
    assert say("agent.title") == "Vraag het aan je juf of meester."


def test_a_missing_text_is_loud_in_tests(monkeypatch):
    monkeypatch.setenv(STRICT, "1")
    with pytest.raises(KeyError):
        say("there.is.no.such.code")
    with pytest.raises(KeyError):
        say("agent.title")
