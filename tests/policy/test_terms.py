"""Words: found in every disguise, and not where they are innocent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.model import Term
from policy.folding import fold
from policy.terms import Lexicon

LEXICON = Lexicon(
    (
        Term("kut", "coarse", "kut"),
        Term("lul", "coarse", "lul", part=True, exceptions=("flauwekul", "lullaby", "onze lul")),
        Term("dood", "help", "ik wil dood"),
    )
)


@pytest.mark.parametrize(
    "text", ["kut", "KUT", "kút", "ｋｕｔ", "k u t", "k.u.t", "k\u200but", "kuuuut", "кut", "wat een kut"]
)
def test_a_word_is_found_in_its_disguises(text: str) -> None:
    assert [hit.term_id for hit in LEXICON.hits(text)] == ["kut"]


@pytest.mark.parametrize("text", ["kutten", "k2t", "2024", "lullaby", "flauwekul", "", "kat"])
def test_an_innocent_word_is_not_found(text: str) -> None:
    assert LEXICON.hits(text) == ()


def test_a_part_is_found_in_a_compound_but_not_by_an_exception_elsewhere() -> None:
    assert LEXICON.hits("slappelul")
    assert LEXICON.hits("flauwekul en lul")


def test_digits_for_letters_are_read_as_letters() -> None:
    assert [hit.kind for hit in LEXICON.hits("ik w1l d00d")] == ["help"]


def test_a_look_alike_under_an_accent_is_still_read() -> None:
    assert fold("\u1f00") == fold("\u03b1") == "a"


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    LEXICON.hits(text)
