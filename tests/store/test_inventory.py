"""Nobody can add a table or a column of words without saying of whom it is and how long it stays."""

from __future__ import annotations

import runpy

import pytest
import sqlalchemy as sa

from store import account_tables, inventory
from store.columns import Sealed, Words, metadata, sealed_in
from store.inventory import HOLDINGS, STAYS, Erase, Of
from store.migrate import SCRIPTS, Chain
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


def test_every_name_and_every_text_is_sealed_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inventory.readable() == []
    bare = sa.Table("diaries", sa.MetaData(), sa.Column("dear", Words), sa.Column("mine", Sealed("people.name")))
    wrong = inventory.Holding(bare, Of.PUPILS, texts=("dear",))
    monkeypatch.setattr(inventory, "HOLDINGS", (*HOLDINGS, wrong))
    assert inventory.readable() == [
        "diaries.dear",
        "diaries.mine: sealed for another place",
        "diaries.mine: sealed, and nobody said why",
    ]
    monkeypatch.setattr(inventory, "HOLDINGS", tuple(one for one in HOLDINGS if one.name != "policies"))
    assert inventory.readable() == ["policies.body"], "a reason for what is not there"


def test_the_migrations_seal_exactly_what_is_sealed() -> None:
    for chain, module, tables in (
        (Chain.MAIN, "v0011_sealed_words", metadata),
        (Chain.ACCOUNTS, "v0004_sealed_words", account_tables.metadata),
    ):
        script = runpy.run_path(str(SCRIPTS / chain.value / f"{module}.py"))
        kinds = [kind for table in tables.sorted_tables for kind in sealed_in(table).values()]
        said = {f"{table}.{column}" for table, columns in script["COLUMNS"].items() for column in columns}
        assert said == {kind.place for kind in kinds}
        assert set(script["EXACT"]) == {kind.place for kind in kinds if kind.exact}
