"""Sounds: words that a child writes by ear are the words that were meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.readings import readings
from policy.sounds import spelling


@pytest.mark.parametrize(
    ("one", "other"), [("wort", "wordt"), ("gepesd", "gepest"), ("mein", "mijn"), ("doot", "dood")]
)
def test_a_childs_spelling_sounds_the_same(one: str, other: str) -> None:
    assert spelling(f" {one} ") == spelling(f" {other} ")


@given(st.text(max_size=60))
def test_how_it_sounds_has_as_many_words(text: str) -> None:
    for one in readings(text):
        assert spelling(one.text).count(" ") == one.text.count(" ")
