"""What is sent to whoever helps from elsewhere has no name, no site and no secret in it."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from cli import support
from cli.home import Home, Trouble
from store.notes import NoteKind
from tests.cli.backups import opened_store, school_at
from tests.store.school import NAMES, NOW, SCHOOL


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("KLASWACHT_DATABASE", raising=False)
    monkeypatch.delenv("KLASWACHT_ACCOUNTS_DATABASE", raising=False)
    return school_at(tmp_path / "var-van-basisschool-de-kanarie")


def bundled(home: Home, out) -> dict[str, str]:
    support.make(home, out, NOW)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_helps(home, tmp_path):
    found = {name: json.loads(text) for name, text in bundled(home, tmp_path / "x.zip").items()}
    assert found["machine.json"]["klaswacht"]
    assert found["database.json"]["rows"]["people"] == 8
    assert found["database.json"]["chain_holds"] is True
    assert {"level", "code", "numbers"} == set(found["doctor.json"][0])
    assert found["settings.json"]["ports"]["proxy"]
    assert not [name for name, told in found.items() if "fault" in told]


def test_no_name_no_site_and_no_secret_is_in_it(home, tmp_path):
    with opened_store(home) as store:
        store.notes.add(SCHOOL, "bo", NoteKind.TALK, "kanarie in een aantekening", "anja", NOW)
        names = {person.name for person in store.people.persons(SCHOOL)} | set(NAMES.values())
        ids = {person.id for person in store.people.persons(SCHOOL)}
    text = home.school_file.read_text()
    text = text.replace("name: ", "name: Kanarieschool # ", 1)
    home.school_file.write_text(text)
    everything = "\n".join(bundled(home, tmp_path / "x.zip").values())
    secrets = [path.read_bytes().hex() for path in (home.path / "secrets").iterdir()]
    for canary in ("kanarie", "spel.example", "lists.example", "geheim-van-google", str(home.path), *secrets):
        assert canary.casefold() not in everything.casefold(), canary
    for one in names | ids:
        assert not re.search(rf"\b{re.escape(one)}\b", everything, re.IGNORECASE), one


def test_it_is_made_when_everything_is_broken(tmp_path):
    home = Home(tmp_path / "var")
    home.prepare()
    home.school_file.write_text("school: [kanarie")
    (home.path / "klaswacht.db").write_text("kanarie")
    found = bundled(home, tmp_path / "x.zip")
    assert json.loads(found["settings.json"]) is None
    assert "kanarie" not in "\n".join(found.values())


def test_a_file_that_is_there_is_not_written_over(home, tmp_path):
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(Trouble, match="bestaat al"):
        support.make(home, tmp_path / "x.zip", NOW)
