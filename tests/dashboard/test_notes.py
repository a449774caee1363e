"""Notes for the pupil's file and its summary: who writes, who reads, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from dashboard.actions import measures, notes
from dashboard.actions.desk import Desk
from policy.model import Reason
from store.notes import NoteKind
from tests.cast import ANJA, BRAM, COR, IRIS, LESSON, RIA, at
from tests.dashboard.bans import BOOK, REASON, said, wish
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]


def test_a_mistake_is_in_no_file(owned: Desk) -> None:
    ban = measures.impose(owned, RIA, wish(), LESSON).value
    assert ban is not None
    assert measures.withdraw(owned, RIA, ban.id, at("09:01")).ok
    told = notes.export(owned, RIA, "sam", "", "", at("10:00")).value
    assert told is not None and told.bans == ()
    assert said(owned, "nieuws.nl", "09:05") is Reason.OPEN


def test_a_teacher_notes_something_about_a_child_of_her_group_only(desk: Desk) -> None:
    assert notes.write(desk, ANJA, "sam", NoteKind.TALK, "Wij praatten over  het\nbord.", LESSON).ok
    assert notes.write(desk, BRAM, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.not_yours"
    assert notes.write(desk, COR, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.role"
    assert notes.write(desk, IRIS, "sam", NoteKind.TALK, "x", LESSON).code == "dash.no.role"
    (note,) = notes.own(desk, ANJA)
    assert note.text == "Wij praatten over het bord."


@pytest.mark.parametrize("person", ["anja", "iris", "ria", "stan", "niemand"])
def test_there_is_no_note_about_staff(desk: Desk, person: str) -> None:
    assert notes.write(desk, RIA, person, NoteKind.OTHER, "te laat", LESSON).code == "dash.no.note_pupil"


def test_a_note_is_read_by_the_management_and_by_who_wrote_it(desk: Desk) -> None:
    written = notes.write(desk, ANJA, "sam", NoteKind.TALK, "x", LESSON).value
    assert written is not None
    assert notes.about(desk, RIA, "sam") == notes.about(desk, ANJA, "sam") == (written,)
    for who in (BRAM, COR, IRIS):
        assert notes.about(desk, who, "sam") == ()
        assert notes.erase(desk, who, written.id, LESSON).code == "dash.no.gone"
    assert notes.erase(desk, ANJA, written.id, LESSON).ok
    assert notes.about(desk, RIA, "sam") == ()


def test_an_empty_note_is_none_and_a_long_one_is_cut(desk: Desk) -> None:
    assert notes.write(desk, RIA, "sam", NoteKind.TALK, " \n ", LESSON).code == "dash.no.note_text"
    note = notes.write(desk, RIA, "sam", NoteKind.TALK, "a" * 900, LESSON).value
    assert note is not None and len(note.text) == notes.LONGEST_NOTE


def test_the_summary_has_the_period_that_was_asked_for_and_is_in_the_audit(owned: Desk) -> None:
    for clock, day in (("09:00", "2026-09-01"), ("09:00", "2026-11-23"), ("23:59", "2026-11-30")):
        assert notes.write(owned, ANJA, "sam", NoteKind.TALK, f"op {day}", at(clock, day)).ok
    assert notes.write(owned, ANJA, "noor", NoteKind.TALK, "over een ander", LESSON).ok
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    told = notes.export(owned, RIA, "sam", "2026-11-01", "2026-11-30", at("12:00", "2026-12-01")).value
    assert told is not None
    assert [note.text for note in told.notes] == ["op 2026-11-23", "op 2026-11-30"]
    assert [(one.sanction.on, one.reason) for one in told.bans] == [(BOOK, REASON)]
    assert told.names == {"anja": "Anja de Vries", "ria": "Ria Visser"}
    whole = notes.export(owned, RIA, "sam", "", "", at("12:00", "2026-12-01")).value
    assert whole is not None and (whole.first, len(whole.notes)) == (date(2026, 8, 1), 3)
    made = [entry for entry in owned.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]
    assert [(entry.who, entry.targets) for entry in made] == [("ria", ("sam",))] * 2


@pytest.mark.parametrize("days", [("2026-12-01", "2026-11-01"), ("x", ""), ("", "x"), ("", "9999-12-31")])
def test_a_summary_of_no_period_is_refused_and_not_in_the_audit(desk: Desk, days: tuple[str, str]) -> None:
    assert notes.export(desk, RIA, "sam", *days, LESSON).code == "dash.no.date"
    assert notes.export(desk, RIA, "anja", "", "", LESSON).code == "dash.no.gone"
    assert not [entry for entry in desk.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]


def test_the_summary_is_on_a_page_and_in_a_file(owned: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    note = "Gesprek met <Sam> & ouders"
    ria.post("/maatregelen/aantekeningen", pupil="sam", kind="talk", text=note, back="pupil")
    page = ria.post("/maatregelen/leerling/sam/overzicht", first="2026-08-01", last="2026-11-23").text
    assert "Gesprek met &lt;Sam&gt; &amp; ouders" in page
    answer = ria.post("/maatregelen/leerling/sam/overzicht.txt", first="2026-08-01", last="2026-11-23")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=leerlingdossier-2026-11-23.txt"
    assert answer.headers["Cache-Control"] == "no-store"
    for word in (
        "Onze school",
        "Sam Pietersen",
        "Groep 7",
        "01-08-2026",
        REASON,
        note,
        "Ria Visser",
        "24-11-2026 00:00",
    ):
        assert word in answer.text, word
    assert len([entry for entry in owned.store.audit.entries(SCHOOL) if entry.what == notes.EXPORTED]) == 2


def test_a_teacher_sees_her_own_notes_and_no_bans(owned: Desk, signed_in: SignIn) -> None:
    assert measures.impose(owned, RIA, wish(), LESSON).ok
    assert notes.write(owned, RIA, "sam", NoteKind.TALK, "van de directie", LESSON).ok
    anja = signed_in("anja")
    answer = anja.post("/maatregelen/aantekeningen", pupil="sam", kind="warning", text="van de juf").text
    assert "van de juf" in answer
    assert "van de directie" not in answer
    assert "Bo de Boer" not in answer
    for path in ("/maatregelen/", "/maatregelen/leerling/sam", "/maatregelen/uitzonderingen"):
        assert anja.get(path).status_code == 403
    for path in ("/les/7", "/les/7?namen=1", "/maatregelen/aantekeningen"):
        page = anja.page(path)
        assert REASON not in page
        assert "verbod geldt" not in page
