"""The corpora as the product reads them. Rows are counted and never shown: half of them nobody may look at."""

import pytest

from config.corpus_file import names, rows

WRITTEN = {
    "hosts-closed": 200,
    "hosts-open": 300,
    "queries-bad": 732,
    "queries-help": 109,
    "queries-school": 912,
    "texts-personal": 161,
}


def test_every_corpus_is_there_with_all_its_rows():
    assert set(names()) == set(WRITTEN)
    assert {name: len(rows(name)) for name in names()} == WRITTEN
    assert all([row.number for row in rows(name)] == list(range(1, len(rows(name)) + 1)) for name in names())


def test_every_row_has_a_text_and_the_label_of_its_kind():
    assert all(row.text.strip() for name in names() for row in rows(name))
    assert {row.label for row in rows("queries-bad")} == {"coarse", "aggression", "sex", "discrimination"}
    assert {row.label for row in rows("queries-school")} <= set("345678")
    assert {row.label for row in rows("hosts-open")} == {""}
    assert sum(row.label == "-" for row in rows("texts-personal")) == 87
    assert not any("\t" in row.text for name in names() for row in rows(name))


def test_a_corpus_that_is_not_there_is_an_error():
    with pytest.raises(LookupError, match="queries-good"):
        rows("queries-good")
