"""Parts: which words of a very long text are worth another reading."""

import pytest

from policy.parts import Parts

PARTS = Parts((" kut ", "lul", " rot op ", "bar foo ", " schop", " klaar "))


@pytest.mark.parametrize(
    "word", ["kut", "flauwelul", "rot", "op", "foo", "hefbar", "schoppen", "klaar", "klar", "wat kut"]
)
def test_a_word_that_may_be_in_a_term_is_told(word: str) -> None:
    assert PARTS.within(["huis", word, ""]) == [False, True, False]


@pytest.mark.parametrize("word", ["kutje", "rots", "hop", "foob", "geschopt", "huis"])
def test_a_word_that_is_in_none_is_left(word: str) -> None:
    assert PARTS.within([word]) == [False]


def test_nothing_is_part_of_nothing() -> None:
    assert Parts(()).within(["huis"]) == [False]
    assert PARTS.within([]) == []
