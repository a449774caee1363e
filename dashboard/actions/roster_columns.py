"""What the columns of somebody's file mean, and which of them are never kept. Pure.

Known are the headers of OneRoster 1.1 and 1.2 (users.csv, classes.csv, enrollments.csv), those that Dutch school
administrations export, and plain Dutch and English words. What is not known is named and dropped; a column that may
hold a BSN, a birthday or an address is dropped even under a name that we know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stdnum.nl import bsn

from dashboard.actions.table import Kind, Table, read_table
from dashboard.cells import as_meant

_MANY_ENOUGH = 3  # values that pass the test of a BSN before a column is taken for one
_LONGEST = 120  # characters of one cell that go along


class Column(StrEnum):
    """What a column is for."""

    KEY = "key"
    NAME = "name"
    GIVEN = "given"
    MIDDLE = "middle"
    FAMILY = "family"
    GROUP = "group"
    GRADES = "grades"
    ROLE = "role"
    LOGIN = "login"
    MAIL = "mail"
    STATUS = "status"
    ENABLED = "enabled"
    OURS = "ours"  # what our own list of lines to mend has besides
    CLASS = "class"
    TITLE = "title"
    USER = "user"


_HEADERS: Mapping[Column, str] = {
    Column.KEY: "id sourcedid leerlingnummer leerlingnr leerlingid stamnummer administratienummer personeelsnummer "
    "nummer identifier sleutel studentnumber key",
    Column.NAME: "naam name volledigenaam fullname leerling leerlingnaam naamleerling medewerker",
    Column.GIVEN: "roepnaam voornaam givenname firstname",
    Column.MIDDLE: "tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels middlename",
    Column.FAMILY: "achternaam familyname lastname surname",
    Column.GROUP: "groep groepen groepsnaam klas stamgroep group groups class classes homeroom",
    Column.GRADES: "grades grade leerjaar jaargroep",
    Column.ROLE: "rol role roles functie",
    Column.LOGIN: "inlognaam username gebruikersnaam login",
    Column.MAIL: "email emailadres mail",
    Column.STATUS: "status",
    Column.ENABLED: "enableduser",
    Column.OURS: "regel probleem watkuntudoen line problem whatyoucando",
}
_MEANING = {word: column for column, words in _HEADERS.items() for word in words.split()}
_CLASSES = {"sourcedid": Column.KEY, "title": Column.TITLE, "status": Column.STATUS}
_ENROLLMENTS = {"classsourcedid": Column.CLASS, "usersourcedid": Column.USER, "status": Column.STATUS}
_PRIVATE = re.compile(
    "bsn|burgerservice|sofi|onderwijsn|persoonsgebonden|pgn|eckid|geboort|birth|^dob$|adres|address|straat|street|postcode|"
    "zipcode|postal|woonplaats|^plaats|huisnummer|telefoon|phone|mobiel|^sms$|geslacht$|gender|sex$|nationalit|godsdienst|"
    "ouder|verzorger|parent|guardian|zorg|medi[sc]|password|wachtwoord"
)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NO = frozenset({"false", "nee", "no", "0", "onwaar"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What one record says, as written. `left`: it says itself that this person is no longer there.

    `fault` is a code when the record cannot be read at all: `quote`.
    """

    line: int
    key: str = ""
    name: str = ""
    group: str = ""
    role: str = ""
    login: str = ""
    left: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of the file: its header, what it is used for (None: dropped), and whether it may be private."""

    header: str
    use: Column | None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file with what it means. `lines` is how many lines it has, `empty` how many of them say nothing.

    `problem` is a code of `dashboard.actions.table`, or `columns` (no name in it), or `classes` and `enrollments` for
    those files beside it.
    """

    headings: tuple[Heading, ...] = ()
    entries: tuple[Entry, ...] = ()
    lines: int = 0
    empty: int = 0
    problem: str = ""


def read_sheet(users: bytes, classes: bytes = b"", enrollments: bytes = b"") -> Sheet:
    """Read a list of people; with OneRoster's other two files, who is in which group comes from them."""
    table = read_table(users, lambda cells: sum(_plain(cell) in _MEANING for cell in cells))
    if table.problem:
        return Sheet(lines=table.lines, problem=table.problem)
    rows = [record for record in table.records if record.kind in (Kind.ROW, Kind.BROKEN)]
    headings = _headings(table)
    used = {heading.use for heading in headings}
    if Column.NAME not in used and Column.FAMILY not in used and Column.GIVEN not in used:
        return Sheet(headings, lines=table.lines, problem="columns")
    places = {heading.use: place for place, heading in reversed(list(enumerate(headings))) if heading.use}
    entries = [
        Entry(record.first, fault="quote") if record.kind is Kind.BROKEN else _entry(record.first, record.cells, places)
        for record in rows
    ]
    empty = sum(record.last - record.first + 1 for record in table.records if record.kind is Kind.EMPTY)
    sheet = Sheet(headings, tuple(entries), table.lines, empty)
    return _enrolled(sheet, classes, enrollments) if classes or enrollments else sheet


def _headings(table: Table) -> tuple[Heading, ...]:
    made: list[Heading] = []
    taken: set[Column] = set()
    rows = [record.cells for record in table.records if record.kind is Kind.ROW]
    for place, written in enumerate(table.header):
        header, word = as_meant(written)[:60], _plain(written)
        use = _MEANING.get(word)
        values = [cells[place] for cells in rows if place < len(cells) and cells[place]]
        # A mail address is only looked at for the name to sign in with.
        private = (use is None and bool(_PRIVATE.search(word))) or _looks_private(values)
        if use in taken or private:
            use = None
        elif use is not None:
            taken.add(use)
        made.append(Heading(header, use, private))
    return tuple(made)


def _looks_private(values: Sequence[str]) -> bool:
    """Whether these are citizen service numbers or dates: most of them are, and there are some."""
    enough = max(_MANY_ENOUGH, (len(values) + 1) // 2)
    numbers = [re.sub(r"[ .]", "", value) for value in values]
    return (
        sum(len(one) in (8, 9) and one.isdigit() and bsn.is_valid(one.zfill(9)) for one in numbers) >= enough
        or sum(bool(_DATE.fullmatch(value)) for value in values) >= enough
    )


def _entry(line: int, cells: Sequence[str], places: Mapping[Column, int]) -> Entry:
    def at(column: Column) -> str:
        place = places.get(column, len(cells))
        return as_meant(cells[place])[:_LONGEST] if place < len(cells) else ""

    parts = (at(Column.GIVEN), at(Column.MIDDLE), at(Column.FAMILY))
    name = " ".join(part for part in parts if part) or _in_order(at(Column.NAME))
    left = at(Column.STATUS).casefold() == "tobedeleted" or at(Column.ENABLED).casefold() in _NO
    login = at(Column.LOGIN) or at(Column.MAIL)
    return Entry(
        line,
        at(Column.KEY),
        one_line(name),
        one_line(at(Column.GROUP) or at(Column.GRADES)),
        one_line(at(Column.ROLE)),
        login.partition("@")[0].strip(),
        left,
    )


def _in_order(name: str) -> str:
    """`Vries, Emma de` is how a list is sorted, not how a child is called."""
    family, comma, given = name.partition(",")
    return f"{given} {family}" if comma and given.strip() and "," not in given else name


def one_line(text: str) -> str:
    """Composed letters and single spaces, so that two ways of writing one name are one name."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", header).casefold()


def _enrolled(sheet: Sheet, classes: bytes, enrollments: bytes) -> Sheet:
    """The groups of everybody by OneRoster's own files; who is in none keeps what the first file says."""
    titles = _pairs(classes, _CLASSES, Column.KEY, Column.TITLE)
    if titles is None:
        return replace(sheet, problem="classes")
    inside = _pairs(enrollments, _ENROLLMENTS, Column.USER, Column.CLASS)
    if inside is None:
        return replace(sheet, problem="enrollments")
    names = dict(titles)
    found: dict[str, list[str]] = {}
    for user, group in inside:
        found.setdefault(user, []).append(names.get(group, group))
    entries = [
        replace(entry, group=" | ".join(dict.fromkeys(map(one_line, found[entry.key]))))
        if entry.key in found
        else entry
        for entry in sheet.entries
    ]
    return replace(sheet, entries=tuple(entries))


def _pairs(raw: bytes, meaning: Mapping[str, Column], one: Column, other: Column) -> list[tuple[str, str]] | None:
    """Two columns of a file, of its rows that are not to be deleted; None: they are not both there."""
    table = read_table(raw, lambda cells: sum(_plain(cell) in meaning for cell in cells))
    places = {meaning.get(_plain(header)): place for place, header in reversed(list(enumerate(table.header)))}
    if table.problem or one not in places or other not in places:
        return None
    made: list[tuple[str, str]] = []
    for record in table.records:
        if record.kind is not Kind.ROW:
            continue
        cells = dict(enumerate(record.cells))
        if cells.get(places.get(Column.STATUS, -1), "").casefold() != "tobedeleted":
            made.append((cells.get(places[one], "")[:_LONGEST], cells.get(places[other], "")[:_LONGEST]))
    return made
