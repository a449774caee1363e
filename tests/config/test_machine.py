"""Two machines run by one `school.yaml`, each on an address of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import load
from config.machine import ADDRESS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "school.yaml"
    load.write_template(path)
    return path


def test_a_machine_listens_on_its_own_address_and_all_else_is_the_schools(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load.read_school(file)
    monkeypatch.setenv(ADDRESS, " 10.0.0.12 ")
    here = load.read_school(file)
    assert here.settings.listen.address == "10.0.0.12"
    assert (here.policy, here.digest, here.written) == (before.policy, before.digest, before.written)
    assert here.settings.listen.proxy == before.settings.listen.proxy


def test_what_is_no_address_is_one_line_that_says_where_it_was_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, "tweede machine")
    with pytest.raises(load.ConfigError, match=f"{ADDRESS}: `tweede machine` is no address"):
        load.read_school(file)
