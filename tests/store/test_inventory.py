"""Nobody can add a table or a column of words without saying of whom it is and how long it stays."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from store import inventory
from store.columns import Words, metadata
from store.inventory import HOLDINGS, STAYS, Erase, Of
from tests.store import papers


@pytest.mark.evasion("S20")
def test_every_table_and_every_column_of_words_is_said() -> None:
    assert inventory.unsaid() == []


def test_a_table_that_nobody_said_anything_about_is_found(monkeypatch) -> None:
    diaries = sa.Table("diaries", sa.MetaData(), sa.Column("dear", Words), sa.Column("id", Words))
    monkeypatch.setattr(inventory, "HOLDINGS", (*HOLDINGS, inventory.Holding(diaries, Of.PUPILS)))
    assert inventory.unsaid() == ["diaries.dear"]
    monkeypatch.setattr(inventory, "HOLDINGS", HOLDINGS[1:])
    assert inventory.unsaid() == ["schools"]


def test_what_is_about_a_pupil_says_what_becomes_of_it() -> None:
    for one in HOLDINGS:
        if one.erase in {Erase.GONE, Erase.CUT}:
            assert one.about or one.among or one.bodies, one.name
        if one.about or one.among:
            assert one.erase is not Erase.NONE, one.name
        assert bool(one.why) == (one.erase is Erase.LEFT), one.name
        if one.erase is Erase.LEFT:
            assert one.terms != (STAYS,), f"{one.name} would be left for ever"


def test_every_column_with_a_persons_id_is_known_as_one() -> None:
    for one in HOLDINGS:
        for column in one.table.columns:
            ids = {"person_id", "by_id", "decided_by", "who", "people", "without", "targets"}
            if column.name in ids and one.name != "tallies":
                assert column.name in {one.about, *one.staff, *one.among}, f"{one.name}.{column.name}"
    assert {one.table for one in inventory.MAIN_HOLDINGS} == set(metadata.sorted_tables)


def test_the_register_and_the_picture_on_paper_are_those_of_the_schema() -> None:
    assert papers.PAGE.read_text("utf-8") == papers.page(), "run `python -m tests.store.papers --write`"
    for one in HOLDINGS:
        assert f"(`{one.name}`)" in papers.page()
