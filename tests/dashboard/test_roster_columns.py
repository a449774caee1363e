"""What the columns of somebody's file mean: known ones are used, private ones dropped, and no line is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.actions.roster_columns import Column, read_sheet

HEADERS = [
    "naam",
    "groep",
    "roepnaam",
    "achternaam",
    "leerlingnummer",
    "rol",
    "geboortedatum",
    "x",
    "naam",
    '"',
    "grades",
]
cells = st.one_of(st.text(max_size=6), st.sampled_from(['"', "", "7", "Sem Bos", "01-02-2015", "111222333"]))
rows = st.lists(st.lists(cells, max_size=5).map(";".join), max_size=10).map("\n".join)


@given(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=5).map(";".join), rows)
def test_whatever_the_file_every_line_is_an_entry_or_empty(header: str, body: str) -> None:
    sheet = read_sheet(f"{header}\n{body}\n".encode())
    if not sheet.problem:
        lines = [entry.line for entry in sheet.entries]
        assert lines == sorted(set(lines))
        assert len(lines) + sheet.empty <= sheet.lines - 1  # the rest of the lines belong to an entry between quotes
        assert [heading.use for heading in sheet.headings if heading.use].count(Column.NAME) <= 1


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_break_it(users: bytes, classes: bytes, enrollments: bytes) -> None:
    read_sheet(users, classes, enrollments)
    read_sheet(b"sourcedId,givenName\nu1,Kim\n", classes, enrollments)


@pytest.mark.parametrize(
    ("header", "row", "name", "group"),
    [
        ("naam;groep", "Sem Bos;7", "Sem Bos", "7"),
        ("Achternaam;Tussenvoegsel;Roepnaam;Stamgroep", "Wit;de;Kim;7a", "Kim de Wit", "7a"),
        ("name,class", '"Wit, Kim de",7', "Kim de Wit", "7"),
        ("Leerling\tKlas", "Sem Bos\t7", "Sem Bos", "7"),
        ("sourcedId,givenName,familyName,grades", "1,Kim,Wit,07", "Kim Wit", "07"),
    ],
)
def test_the_headers_of_several_programs_are_known(header: str, row: str, name: str, group: str) -> None:
    (entry,) = read_sheet(f"{header}\n{row}\n".encode()).entries
    assert (entry.name, entry.group) == (name, group)


def test_a_number_that_is_a_citizen_number_recognises_nobody() -> None:
    numbers = ("111222333", "123456782", "100000009", "000000012")
    sheet = read_sheet(("naam;groep;leerlingnummer\n" + "".join(f"Kind {n};7;{n}\n" for n in numbers)).encode())
    assert {heading.header: heading.private for heading in sheet.headings}["leerlingnummer"]
    assert {entry.key for entry in sheet.entries} == {""}


@pytest.mark.parametrize(
    "header", ["BSN", "Geboortedatum", "birthDate", "Adres", "postcode", "Telefoon ouder", "ECK iD"]
)
def test_a_private_column_is_dropped_by_its_name(header: str) -> None:
    sheet = read_sheet(f"naam;groep;{header}\nSem Bos;7;iets\n".encode())
    assert sheet.headings[-1].private and sheet.headings[-1].use is None
    assert "iets" not in repr(sheet.entries)
