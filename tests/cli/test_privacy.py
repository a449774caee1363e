"""What a coordinator types about what is kept: whether it went in time, all of one pupil, and erasing one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cli import privacy
from cli.home import Trouble
from config.texts import has
from store.inventory import HOLDINGS
from tests.cli.backups import opened_store, school_at
from tests.store.school import NOW, SCHOOL


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)
    return school_at(tmp_path / "var")


def test_the_oldest_of_each_kind_is_shown_and_nothing_is_late(home):
    text, fine = privacy.told(home, NOW)
    assert fine
    assert "Niets is langer bewaard" in text
    assert "toestemmingen in de les (tot 1 augustus" in text
    listed, _ = privacy.told(home, NOW, as_json=True)
    assert {one["table"] for one in json.loads(listed)} >= {"events", "grants", "audit", "accounts.sessions"}


def test_what_was_not_forgotten_in_time_is_told_and_fails(home):
    later = NOW + timedelta(days=400)
    text, fine = privacy.told(home, later)
    assert not fine
    assert "TE LANG" in text
    with opened_store(home) as store:
        store.purge(SCHOOL, later)
    assert privacy.told(home, later)[1]


def test_all_of_one_pupil_is_a_page_to_read_and_json(home, tmp_path):
    out = tmp_path / "inzage"
    said = privacy.write_out(home, "bo", out, NOW)
    assert str(out) in said
    assert (out / "gegevens.html").stat().st_mode & 0o077 == 0
    page, data = (out / "gegevens.html").read_text(), json.loads((out / "gegevens.json").read_text())
    assert "bo Jansen" in page and "Tijdelijke verboden".casefold() in page.casefold()
    assert "Sam de Vries" not in page and "None" not in page
    assert "<dd>telefoon</dd>" in page and "<dd>leerling</dd>" in page
    assert data["rows"]["sanctions"][0]["person_id"] == "bo"
    with pytest.raises(Trouble, match="bestaat al"):
        privacy.write_out(home, "bo", out, NOW)
    with pytest.raises(Trouble, match="geen leerling"):
        privacy.write_out(home, "anja", tmp_path / "other", NOW)
    assert not (tmp_path / "other").exists()


@pytest.mark.evasion("S06")
def test_words_on_the_page_are_words_and_nothing_runs(home, tmp_path):
    with opened_store(home) as store:
        from store.notes import NoteKind

        store.notes.add(SCHOOL, "bo", NoteKind.TALK, "<script>alert(1)</script>", "anja", NOW)
        store.notes.add(SCHOOL, "bo", NoteKind.TALK, "open", "anja", NOW)
    privacy.write_out(home, "bo", tmp_path / "inzage", NOW)
    page = (tmp_path / "inzage" / "gegevens.html").read_text()
    assert "<dd>open</dd>" in page, "what somebody typed was taken for a word of the program"
    assert "<script" not in page and "&lt;script&gt;" in page


def test_erasing_says_what_went_what_stays_and_why(home):
    said = privacy.erased(home, "bo", NOW)
    assert "tijdelijke verboden: 1" in said
    assert "het logboek van medewerkers (365 dagen)" in said
    assert "in vertrouwen" in said and "reservekopieën" in said
    with opened_store(home) as store:
        assert store.people.person(SCHOOL, "bo") is None
    with pytest.raises(Trouble, match="geen leerling"):
        privacy.erased(home, "bo", NOW)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_table_and_column_that_is_shown_has_a_word_for_people(lang):
    for one in HOLDINGS:
        assert has(f"privacy.table.{one.name}", lang), one.name
        if one.shown:
            for column in one.table.columns:
                if column.name not in {"school_id", *one.staff, *one.secrets, *one.bodies, *privacy._TECHNICAL}:
                    assert has(f"privacy.column.{column.name}", lang), f"{one.name}.{column.name}"
