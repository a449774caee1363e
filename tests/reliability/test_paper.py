"""The paper cannot be old: it has a row for every fault that is tested, and no other."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reliability.paper import PAGE, PARTS, faults_in, page
from tests.reliability.rows import Row, all_faults


def test_every_fault_that_is_tested_has_its_row_and_there_is_no_other() -> None:
    assert Counter(faults_in(PAGE.read_text("utf-8"))) == Counter(all_faults())


def test_no_row_tells_of_a_closed_site_that_was_reached() -> None:
    text = PAGE.read_text("utf-8")
    assert text.count("closed site never reached") == len(all_faults())


def test_a_paper_without_one_of_its_rows_is_not_made() -> None:
    rows = {one: Row(*one, "p", "h", "t", "c", "w", "k", 0) for one in all_faults()}
    assert faults_in(page(rows, "")) == sorted(all_faults(), key=lambda one: PARTS.index(one[0]))
    rows.popitem()
    with pytest.raises(LookupError, match="no row"):
        page(rows, "")
