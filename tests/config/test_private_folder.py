"""Who may read what is written: its owner, and a group only where the folder was given to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.private_folder import columns_key, handed, mode_in


@pytest.mark.parametrize(
    ("folder", "file"),
    [(0o700, 0o600), (0o755, 0o600), (0o2700, 0o600), (0o2750, 0o640), (0o2770, 0o660), (0o770, 0o600)],
    ids=oct,
)
def test_a_file_is_the_groups_only_where_its_folder_was_given_to_the_group(tmp_path: Path, folder: int, file: int):
    tmp_path.chmod(folder)
    assert mode_in(tmp_path) == file


def test_of_a_folder_that_is_not_there_nothing_is_shared(tmp_path: Path):
    assert mode_in(tmp_path / "gone") == 0o600


def test_what_the_service_was_handed_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert handed("forms") is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert handed("forms") is None
    (tmp_path / "forms").write_bytes(b"x")
    assert handed("forms") == tmp_path / "forms"


def test_the_key_of_the_database_is_what_was_handed_and_else_in_the_home(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert columns_key(tmp_path / "home") == tmp_path / "home" / "secrets" / "columns"
    (tmp_path / "columns").write_bytes(b"x")
    assert columns_key(tmp_path / "home") == tmp_path / "columns"
