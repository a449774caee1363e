"""Readings: what a disguise hides is one of them, and a plain text has one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.folding import How
from policy.readings import readings


def texts(typed: str) -> set[str]:
    return {one.text.strip() for one in readings(typed)}


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("v0etb@l", "voetbal"),
        ("1e v1ooltje", "ie viooltje"),
        ("sp|nnen", "spinnen"),
        ("vvinter", "winter"),
        ("zooooomer", "zomer"),
        ("zzoommeerr", "zomer"),
        ("zo.me-r", "zomer"),
        ("z_o_m_e_r", "zomer"),
        ("zomer2024", "zomer"),
        ("zом3r", "zomer"),
    ],
)
def test_a_disguise_is_one_of_the_readings(typed: str, read: str) -> None:
    assert read in texts(typed)


def test_plain_words_have_one_reading() -> None:
    assert [(one.how, one.text) for one in readings("de kat van de buren")] == [(How.PLAIN, " de kat van de buren ")]


def test_a_number_stays_a_number() -> None:
    assert texts("tafel van 7 en 8") == {"tafel van 7 en 8"}


def test_a_text_in_another_alphabet_is_not_read_by_its_looks() -> None:
    first, *others = readings("привет рука")
    assert first.text == " привет рука "
    assert all(one.whole and one.least >= 5 for one in others)


@given(st.text(max_size=200))
def test_readings_are_few_and_in_one_form(text: str) -> None:
    found = readings(text)
    assert len(found) <= 60
    for one in found:
        assert one.text == f" {' '.join(one.text.split())} "


@pytest.mark.evasion("S09")
@pytest.mark.parametrize(
    "piece", ["a", " a", "@", "\u200b", "a\u0301\u0323", "😀", "a1", "a.b", "привет ", "aa bb ", "|<"]
)
def test_no_text_makes_folding_slow(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = time.perf_counter()
    readings(text)
    assert time.perf_counter() - start < 3  # a ceiling against slow inputs, not a measure
