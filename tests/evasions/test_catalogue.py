"""The page about tricks says what is tried, and nothing is in it that no test tries."""

from __future__ import annotations

from tests.evasions.catalogue import PAGE, page, tricks, trying


def test_every_trick_is_tried_by_a_test_or_says_why_not():
    wrong = [one.id for one in tricks() if (one.id in trying()) == bool(one.untried)]
    assert wrong == []


def test_no_test_tries_what_the_page_does_not_tell():
    assert trying().keys() <= {one.id for one in tricks()}


def test_the_page_is_what_the_tests_make_of_it():
    assert PAGE.read_text("utf-8") == page(), "stale: run `python -m tests.evasions --write`"
