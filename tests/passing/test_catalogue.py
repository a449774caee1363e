"""The page about traffic tells every row that is tried, and nothing that is not."""

from __future__ import annotations

from tests.passing.catalogue import PAGE, groups, page
from tests.passing.guards import COLUMNS
from tests.passing.rows import ROWS


def test_every_row_is_told_once_and_every_one_that_is_told_is_tried():
    told = [entry.id for _, entries in groups() for entry in entries]
    assert sorted(told) == sorted(ROWS)


def test_a_difference_is_of_a_way_that_is_tried_and_says_how():
    for _, entries in groups():
        for entry in entries:
            for one in entry.differences:
                assert one.about and one.on & set(ROWS[entry.id].columns) and one.on <= set(COLUMNS), entry.id
                assert one.says.endswith("."), entry.id


def test_the_page_is_what_the_tests_make_of_it():
    assert PAGE.read_text("utf-8") == page(), "stale: run `python -m tests.passing --write`"
