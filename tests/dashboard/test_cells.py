"""A list that leaves as CSV: nothing in it runs, and read back it is the same list."""

import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cells import as_csv, as_meant, safe

DATA = os.environ.get("KLASWACHT_TEST_DATA")
STARTS = "=+-@\t\r\n\x00＝＋－＠"


def read_back(text: str) -> list[list[str]]:
    return [[as_meant(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=";")]


def starts_nothing(cell: str) -> bool:
    return not cell.lstrip(" \u00a0\u200b\ufeff").startswith(tuple(STARTS))


wild = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(STARTS + "'\";, |%")), max_size=12)


@given(st.lists(wild, min_size=2, max_size=2), st.lists(st.lists(wild, min_size=2, max_size=2), max_size=6))
def test_a_list_read_back_is_the_same_list_whatever_is_in_it(header: list[str], rows: list[list[str]]) -> None:
    text = as_csv(header, rows)
    assert read_back(text) == [header, *rows]
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
        assert all(map(starts_nothing, row))


@pytest.mark.parametrize("start", list(STARTS))
def test_what_a_spreadsheet_would_run_gets_a_mark(start: str) -> None:
    for cell in (f"{start}1+1", f"  {start}cmd|' /C calc'!A0", f"\ufeff{start}1", f"'{start}1"):
        assert safe(cell) == "'" + cell
        assert as_meant(safe(cell)) == cell


def test_an_ordinary_name_stays_as_it_is() -> None:
    for name in ("Jan-Peter van 't Hof", "'t Hooft", "Zoë Ćosić", "", "groep 7/8", "d'Angelo"):
        assert safe(name) == as_meant(name) == name


@pytest.mark.data
def test_the_naughty_strings_come_back_as_they_were() -> None:
    collected = json.loads(Path(str(DATA), "naughty-strings", "blns.json").read_text("utf-8"))
    payloads = Path(str(DATA), "payloads", "CSV_Injection_README.md").read_text("utf-8").splitlines()
    cells = [*collected, *payloads]
    assert len(cells) > 500
    text = as_csv(["tekst"], [[cell] for cell in cells])
    assert read_back(text) == [["tekst"], *([cell] for cell in cells)]
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert all(starts_nothing(cell) for row in rows for cell in row)
