"""A file that somebody calls a CSV: whatever is in it, no line of it is lost and nothing breaks."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.actions.table import LARGEST_FILE, MOST_LINES, Kind, read_table

KNOWN = {"naam", "groep", "nummer"}


def score(cells) -> int:
    return sum(cell.casefold() in KNOWN for cell in cells)


def rows(raw: bytes) -> list[tuple[str, ...]]:
    return [record.cells for record in read_table(raw, score).records if record.kind is Kind.ROW]


pieces = st.sampled_from(
    ['"', ";", ",", "\t", "\n", "\r\n", "\r", " ", "Zoë", "naam", "groep", '""', "'", "=1+1", "\x00", "\u2028"]
)
wild = st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=40).map("".join)


@given(wild, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
@example('naam;groep\n"open\nSem;7\n', "utf-8")
@example("sep=;\nnaam;groep\r\rSem;7", "utf-8")
def test_each_line_of_a_wild_file_is_accounted_for_exactly_once(text: str, encoding: str) -> None:
    table = read_table(f"naam;groep\n{text}".encode(encoding, "replace"), score)
    assert not table.problem
    covered = [line for record in table.records for line in range(record.first, record.last + 1)]
    assert covered == list(range(1, table.lines + 1))
    assert [record.kind for record in table.records].count(Kind.HEADER) == 1
    assert all(bool(record.cells) is (record.kind in (Kind.ROW, Kind.HEADER)) for record in table.records)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_text_at_all_break_nothing(raw: bytes) -> None:
    table = read_table(raw, score)
    assert table.problem or table.records


names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=8)


@given(st.lists(st.tuples(names, names), max_size=8), st.sampled_from([";", ",", "\t"]))
def test_what_another_program_wrote_is_read_as_it_was_meant(cells, separator: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([("naam", "groep"), *cells])
    assert rows(out.getvalue().encode()) == list(cells)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_name_with_accents_is_read_whatever_program_saved_it(encoding: str) -> None:
    assert rows("naam;groep\r\nZoë Ünal;7\r\n".encode(encoding)) == [("Zoë Ünal", "7")]


def test_a_quote_that_nobody_closes_costs_its_own_line_only() -> None:
    table = read_table(b'naam;groep\n"Sem;7\nNoor;7\n', score)
    assert [(record.kind, record.first) for record in table.records[1:]] == [(Kind.BROKEN, 2), (Kind.ROW, 3)]


def test_an_address_on_three_lines_is_one_row() -> None:
    table = read_table(b'naam;x;groep\nSem;"Straat 1\n1234 AB\nDorp";7\nNoor;;8\n', score)
    assert [(record.first, record.last, record.cells[2]) for record in table.records[1:]] == [(2, 4, "7"), (5, 5, "8")]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"%PDF-1.7", "pdf"),
        (b"Sem;7\nNoor;8\n", "header"),
        (b"naam\n" + b"Sem\n" * (MOST_LINES + 1), "long"),
        (b"naam\n" + b"x" * LARGEST_FILE, "large"),
    ],
)
def test_a_file_of_which_nothing_can_be_made_says_why(raw: bytes, problem: str) -> None:
    assert read_table(raw, score).problem == problem
