"""`docs/security/asvs.csv`: what is said to be so has a file and a test that are there, and no row is forgotten.

The sentences of ASVS 5.0 (OWASP, CC BY-SA 4.0) are not in it: ids, levels, and our own few words.
"""

from __future__ import annotations

import ast
import csv
import os
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security" / "asvs.csv"
COLUMNS = ["id", "level", "subject", "status", "where", "test", "note"]
STATUS = frozenset({"met", "partly", "not met", "not applicable"})
BAD = ("Small", "Medium", "Large")


def rows() -> list[dict[str, str]]:
    with PAGE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _listed(cell: str) -> list[str]:
    return [one.strip() for one in cell.split(";") if one.strip()]


@cache
def collected_from(path: Path) -> frozenset[str]:
    """The tests of a file that pytest collects."""
    assert path.name.startswith("test_") and path.is_relative_to(ROOT / "tests"), path
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test"))


def test_every_row_is_whole_and_there_once() -> None:
    found = rows()
    assert list(found[0]) == COLUMNS
    ids = [row["id"] for row in found]
    assert len(ids) == len(set(ids)) == 253
    for row in found:
        assert re.fullmatch(r"V\d{1,2}\.\d{1,2}\.\d{1,2}", row["id"]), row
        assert row["level"] in {"1", "2"} and row["status"] in STATUS and row["subject"], row


def test_what_is_met_says_where_and_what_is_not_says_how_bad() -> None:
    for row in rows():
        if row["status"] == "not applicable":
            assert row["note"] and not row["test"], row
        else:
            assert row["where"], row
        if row["status"] in {"partly", "not met"}:
            assert any(word in row["note"] for word in BAD), row
        if row["status"] == "met" and not row["test"]:
            assert row["note"], row  # without a test it says what it rests on


def test_every_file_and_every_test_that_is_named_is_there() -> None:
    named = 0
    for row in rows():
        for place in _listed(row["where"]):
            assert (ROOT / place).is_file(), (row["id"], place)
        for test in _listed(row["test"]):
            file, _, name = test.partition("::")
            assert (ROOT / file).is_file(), (row["id"], file)
            assert name in collected_from(ROOT / file), (row["id"], test)
            named += 1
    assert named > 150


@pytest.mark.data
def test_no_requirement_of_the_first_two_levels_is_forgotten() -> None:
    source = Path(os.environ["KLASWACHT_TEST_DATA"]) / "asvs" / "asvs5.csv"
    with source.open(encoding="utf-8", newline="") as file:
        theirs = {row["req_id"]: row for row in csv.DictReader(file) if row["L"] in {"1", "2"}}
    ours = {row["id"]: row for row in rows()}
    assert ours.keys() == theirs.keys()
    for name, row in ours.items():
        assert row["level"] == theirs[name]["L"], name
        words = row["subject"].split()
        assert len(words) <= 12 and row["subject"] not in theirs[name]["req_description"].split(". "), name
