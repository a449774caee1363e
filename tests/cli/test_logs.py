"""Logs as JSON lines: one object a line, and of what broke never its own words."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from cli.logs import JsonLines


def record(text: str, *values: object, broken: bool = False) -> logging.LogRecord:
    told = None
    if broken:
        try:
            raise ValueError("https://geheim.example/?q=jan")
        except ValueError:
            told = sys.exc_info()
    return logging.LogRecord("cli.up", logging.WARNING, __file__, 1, text, values, told)


@pytest.mark.evasion("S07")
def test_a_line_is_one_object_with_moment_level_and_part() -> None:
    line = JsonLines("proxy").format(record("%s\nlooks well", "all"))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("at").endswith("+00:00")
    assert told == {"level": "warning", "part": "proxy", "where": "cli.up", "said": "all\nlooks well"}


@pytest.mark.evasion("S07")
def test_what_broke_is_told_by_kind_and_place_and_never_in_its_own_words() -> None:
    line = JsonLines("proxy").format(record("it broke", broken=True))
    assert "geheim" not in line
    told = json.loads(line)
    assert told["broke"] == "ValueError"
    assert told["at_lines"].startswith("test_logs.py:")
