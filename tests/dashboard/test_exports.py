"""Every list out: with names only for who may, a teacher's own group only, and always an entry in the audit trail."""

import csv
import io
import re

import pytest
from werkzeug.test import TestResponse

from dashboard.access import matrix
from dashboard.cells import as_meant
from policy.model import Role
from store import Store
from store.people import Person
from tests.cast import LESSON
from tests.dashboard.conftest import NAMES, SCHOOL, STAFF

NAMED = ("leerlingen", "medewerkers", "apparaten", "toestemming", "registers", "vast")
BARE = ("groepen", "medewerkers", "apparaten", "toestemming", "registers", "vast", "storingen", "voorstellen")
EVERYBODY = [*NAMES.values(), *(person.name for person in STAFF.values())]


def rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return [[as_meant(cell) for cell in row] for row in csv.reader(io.StringIO(text[1:], newline=""), delimiter=";")]


@pytest.mark.parametrize("which", NAMED)
def test_a_list_with_names_asks_who_one_is_and_is_written_down(app, store: Store, signed_in, which: str) -> None:
    cor = signed_in("cor")
    answer = cor.get(f"/beheer/uitvoer/{which}.csv")
    assert len(rows(answer)[0]) > 1
    assert answer.headers["Cache-Control"] == "no-store"
    (entry,) = store.audit.entries(SCHOOL, what=(f"export.{which}",))
    assert entry.who == "cor"
    assert cor.get(f"/beheer/uitvoer/{which}").status_code == 200
    declared = matrix(app)
    assert all(declared[f"exports.{name}"].fresh for name in ("named", "named_csv", "group_csv"))


@pytest.mark.parametrize("which", BARE)
def test_a_list_without_names_names_nobody(store: Store, signed_in, which: str) -> None:
    cor = signed_in("cor")
    for answer in (
        cor.get(f"/beheer/uitvoer/zonder-namen/{which}.csv"),
        cor.get(f"/beheer/uitvoer/zonder-namen/{which}"),
    ):
        assert answer.status_code == 200
        assert not [name for name in EVERYBODY if name in answer.text]


def test_the_list_of_pupils_can_be_read_in_again_and_changes_nothing(store: Store, signed_in) -> None:
    store.people.put_people(SCHOOL, [Person("p-x", Role.PUPIL, "=2+5 van 't Hof", ("7",))], "setup", LESSON)
    cor = signed_in("cor")
    answer = cor.get("/beheer/uitvoer/leerlingen.csv")
    assert ["=2+5 van 't Hof", "Groep 7", "p-x"] in rows(answer)
    assert "\"'=2+5 van 't Hof\"" in answer.text
    page = cor.post("/beheer/inlezen", file=(io.BytesIO(answer.data), "leerlingen.csv")).text
    assert "4 hetzelfde" in page and "0 nieuw" in page and "0 niet goed" in page


def test_a_teacher_takes_her_own_group_and_no_other(store: Store, signed_in) -> None:
    anja = signed_in("anja")
    told = rows(anja.get("/groepslijst/7.csv"))
    assert [row[0] for row in told[1:]] == ["Noor Jansen", "Sam Pietersen"]
    (entry,) = store.audit.entries(SCHOOL, what=("export.groep",))
    assert (entry.who, entry.targets) == ("anja", ("7",))
    assert anja.get("/groepslijst/8.csv").status_code == 404
    assert anja.get("/groepslijst/geen.csv").status_code == 404
    assert signed_in("iris").get("/groepslijst/7.csv").status_code == 403
    for which in NAMED:
        assert anja.get(f"/beheer/uitvoer/{which}.csv").status_code == 403
        assert anja.get(f"/beheer/uitvoer/{which}").status_code == 403


def test_a_list_on_paper_has_the_school_the_day_and_a_page_a_group(signed_in) -> None:
    page = signed_in("ria").page("/beheer/uitvoer/leerlingen")
    assert "Onze school · 23-11-2026" in page
    assert re.findall(r'<div class="part">\s*<h2>([^<]*)', page) == ["Groep 7 ", "Groep 8 "]


def test_what_anybody_typed_in_the_registers_runs_in_no_spreadsheet(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    evil = '=HYPERLINK("https://boos.test","klik")'
    cor.post("/beheer/registers/regel", register="official", name=evil, place="x.test/pagina", person="anja")
    kept = cor.get("/beheer/uitvoer/registers.csv")
    assert any(evil in row for row in rows(kept)), kept.text
    assert not re.search(r'(^|;)"?[=+@]', kept.text.replace("\r\n", ";"))
