"""The paper cannot be old: it has a row for every fault that is tested, and no other."""

from __future__ import annotations

from collections import Counter

from tests.reliability.paper import PAGE, PARTS, faults_in, page, unseen_in
from tests.reliability.rows import Row, all_faults


def test_every_fault_that_is_tested_is_in_the_paper_and_there_is_no_other() -> None:
    text = PAGE.read_text("utf-8")
    assert Counter(faults_in(text) + unseen_in(text)) == Counter(all_faults())


def test_no_row_tells_of_a_closed_site_that_was_reached() -> None:
    text = PAGE.read_text("utf-8")
    assert text.count("closed site never reached") == len(faults_in(text))


def test_a_fault_without_a_row_is_told_as_not_seen() -> None:
    rows = {one: Row(*one, "p", "h", "t", "c", "w", "k", 0) for one in all_faults()}
    assert faults_in(page(rows, "")) == sorted(all_faults(), key=lambda one: PARTS.index(one[0]))
    missing, _ = rows.popitem()
    made = page(rows, "")
    assert unseen_in(made) == [missing]
    assert missing not in faults_in(made)
