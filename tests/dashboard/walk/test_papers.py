"""The papers for coordinator and management say what the program does."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from store.retention import Terms
from store.sessions import ABSOLUTE, IDLE, IDLE_OF_A_DAY, LONGEST_WAIT
from tests.dashboard.walk import papers

COORDINATOR = papers.HANDBOOK / "coordinator.md"


def test_the_terms_on_paper_are_those_of_the_program() -> None:
    text = papers.PAGE.read_text("utf-8")
    table = text.partition(papers.BEGIN)[2].partition(papers.END)[0]
    assert table == papers.block(), "run `python -m tests.dashboard.walk --write`"


def test_every_term_of_the_program_is_told_and_none_that_is_gone() -> None:
    assert papers.SAID.keys() == {one.name for one in fields(Terms)}


def test_how_long_one_stays_signed_in_is_told_as_it_is() -> None:
    text = COORDINATOR.read_text("utf-8")
    assert "Na een half uur niets doen bent u uitgelogd, en na tien uur" in text
    assert (IDLE.total_seconds(), ABSOLUTE.total_seconds()) == (1800, 36_000)
    assert "na twee uur niets doen" in text and IDLE_OF_A_DAY.total_seconds() == 7200
    assert "tot een kwartier" in text and LONGEST_WAIT.total_seconds() == 900


@pytest.mark.parametrize("name", ["coordinator.md", "directie.md"])
def test_every_page_that_the_papers_lead_to_is_there(name: str) -> None:
    page = papers.HANDBOOK / name
    leads = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert len(leads) > 5
    for place in leads:
        assert (page.parent / place).is_file(), (name, place)
    index = (papers.HANDBOOK / "README.md").read_text("utf-8")
    assert f"({name})" in index
