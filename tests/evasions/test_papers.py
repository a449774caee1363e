"""The papers about threats and standards name files and tests that are there, and leave no row out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evasions.catalogue import ROOT, TESTS, tricks

THREATS, STANDARDS = ROOT / "docs" / "security" / "threats.md", ROOT / "docs" / "standards.md"
STATUS = {"met", "partly", "not met", "the school's"}


def rows(page: Path) -> Iterator[list[str]]:
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| id "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def named(text: str) -> Iterator[str]:
    """What stands in backticks and is a file, or a test of one; tests are told from `tests/` on."""
    yield from re.findall(r"`([\w./-]+\.(?:py|md|csv|service|sh|yaml)(?:::\w+)?)`", text)


@pytest.mark.parametrize("page", [THREATS, STANDARDS], ids=lambda page: page.stem)
def test_every_file_and_every_test_that_is_named_is_there(page: Path) -> None:
    found = list(named(page.read_text("utf-8")))
    assert len(found) > 30
    for one in found:
        file, _, test = one.partition("::")
        place = TESTS / file if test or (TESTS / file).is_file() else ROOT / file
        assert place.is_file(), one
        if test:
            assert re.search(rf"^ *(async )?def {test}\(", place.read_text("utf-8"), re.MULTILINE), one


def test_no_row_of_the_two_lists_is_left_out_and_what_is_not_met_says_what_is_missing() -> None:
    found = {row[0]: row for row in rows(STANDARDS)}
    assert set(found) >= {f"D{number}" for number in range(1, 23)} | {f"U{number}" for number in range(1, 13)}
    for name, (_, _, status, by, missing) in found.items():
        assert status in STATUS, name
        assert missing if status != "met" else by, name
        if status in {"met", "partly"}:
            assert list(named(by)), f"{name} is said to be so by nothing"


def test_every_threat_to_the_guard_has_a_boundary_that_it_crosses() -> None:
    told = set(re.findall(r"\bS\d{2}\b", THREATS.read_text("utf-8")))
    assert told == {one.id for one in tricks() if one.id.startswith("S")}
