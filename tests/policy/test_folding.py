"""Folding: what a disguise hides comes out, and what is innocent stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.folding import fold


@pytest.mark.evasion("E15")
@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Crème Brûlée", "creme brulee"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("𝐛𝐨𝐥𝐝 𝓼𝓬𝓻𝓲𝓹𝓽", "bold script"),
        ("z\u200ber\u00ado w\u2060id\ufe0fth", "zero width"),
        ("foto's en ’s avonds", "fotos en s avonds"),
        ("a\u0336b\u0336c", "abc"),
        ("🅺🅻🅰🆂", "klas"),
        ("ᴋʟᴀs", "klas"),
        ("een  twee\tdrie\nvier", "een twee drie vier"),
        ("straße Łódź smørrebrød", "strasse lodz smorrebrod"),
    ],
)
def test_letters_are_read_as_the_plain_ones(typed: str, read: str) -> None:
    assert fold(typed) == read


@pytest.mark.evasion("E15")
def test_a_look_alike_under_an_accent_is_still_read() -> None:
    assert fold("\u1f00") == fold("\u03b1") == "a"


def test_an_emoji_is_a_word_of_its_own_whatever_its_colour() -> None:
    assert fold("kijk🖕🏽hier") == "kijk 🖕 hier"


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
