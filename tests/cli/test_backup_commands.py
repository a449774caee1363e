"""What somebody types to make a backup and to come back from it, and what is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.backup.locks import Private
from cli.home import Home
from tests.cli.backups import school_at

WORDS = "paard batterij nietje juist"


@pytest.fixture
def home(tmp_path):
    return school_at(tmp_path / "var")


@pytest.fixture
def words(tmp_path):
    file = tmp_path / "words"
    file.write_text(f"{WORDS}\n")
    file.chmod(0o600)
    return file


def run(home: Path, *words: object) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KLASWACHT_DATABASE")}
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)],
        env={**clean, "KLASWACHT_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_backup_with_a_passphrase_is_made_looked_at_and_put_back(home, words, tmp_path):
    out = tmp_path / "school.backup"
    code, said, _ = run(home.path, "backup", "--out", out, "--passphrase-file", words)
    assert code == 0
    assert str(out) in said and "kluis" in said
    new = tmp_path / "new"
    code, said, _ = run(new, "restore", out, "--passphrase-file", words, "--look")
    assert code == 0 and "niets veranderd" in said
    assert not Home(new).school_file.exists()
    code, said, _ = run(new, "restore", out, "--passphrase-file", words)
    assert code == 0
    assert "klaswacht up" in said and "LET OP" in said
    assert Home(new).school_file.read_bytes() == home.school_file.read_bytes()


@pytest.mark.full
def test_with_a_key_of_the_school_no_passphrase_is_asked_and_only_the_safe_opens_it(home, tmp_path):
    safe, out = tmp_path / "stick", tmp_path / "school.backup"
    code, said, _ = run(home.path, "backup-key", safe)
    assert code == 0 and str(safe) in said
    assert safe.stat().st_mode & 0o777 == 0o600
    private = Private.read(safe.read_text())
    assert all(
        safe.read_text().split()[1] not in path.read_text("latin-1") for path in home.path.rglob("*") if path.is_file()
    )
    assert run(home.path, "backup", "--out", out)[0] == 0
    code, _, told = run(home.path, "restore", out, "--key", home.backup_key, "--look")
    assert code == 1 and "geen sleutel" in told
    assert run(home.path, "restore", out, "--key", safe, "--look")[0] == 0
    assert private.told == home.backup_key.read_text()


@pytest.mark.full
def test_a_key_is_never_left_in_the_folder_that_it_protects_and_never_written_over(home, tmp_path):
    code, _, told = run(home.path, "backup-key", home.path / "key")
    assert code == 1 and "andere plek" in told
    (tmp_path / "stick").write_text("a key of before")
    code, _, told = run(home.path, "backup-key", tmp_path / "stick")
    assert code == 1 and "bestaat al" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("words", "wachtwoordzin klopt niet"),
        *(pytest.param(*one, marks=pytest.mark.full) for one in [("file", "beschadigd"), ("short", "te kort")]),
        pytest.param("open", "chmod 600", marks=pytest.mark.full),
    ],
)
def test_what_is_wrong_is_one_clear_sentence(home, words, tmp_path, change, said):
    out = tmp_path / "school.backup"
    assert run(home.path, "backup", "--out", out, "--passphrase-file", words)[0] == 0
    if change == "words":
        words.write_text(f"{WORDS} niet")
    if change == "short":
        words.write_text("kort")
    if change == "open":
        words.chmod(0o644)
    if change == "file":
        out.write_bytes(out.read_bytes()[:-1])
    code, shown, told = run(home.path, "restore", out, "--passphrase-file", words)
    assert code == 1
    assert shown == ""
    assert re.fullmatch(r"klaswacht: [^\n]+\n", told) and said in told
