"""`klaswacht protocol`: listing, showing and counting the protocols."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from config import cases_file
from config.load import protocol_names

RUN = CliRunner()


def test_every_protocol_is_in_the_list() -> None:
    said = RUN.invoke(app, ["protocol", "list"]).output
    assert all(name in said for name in protocol_names())


def test_coverage_names_every_clause_and_says_that_nothing_is_missing() -> None:
    result = RUN.invoke(app, ["protocol", "coverage", "regenboog"])
    assert result.exit_code == 0, result.output
    assert "regenboog.pupils.9" in result.output
    assert "regenboog-no-photos" in result.output


def test_coverage_fails_when_no_case_shows_a_clause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_file, "_ROOT", tmp_path)
    cases_file.golden_cases.cache_clear()
    try:
        result = RUN.invoke(app, ["protocol", "coverage", "regenboog"])
    finally:
        cases_file.golden_cases.cache_clear()
    assert result.exit_code == 1
    assert "geen voorbeeld" in result.output


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ("pupil", "Als je iets vervelends ziet"),
        ("parent", "Wat er bewaard wordt"),
        ("teacher", "uit veiligheid altijd"),
    ],
)
def test_show_prints_what_that_reader_wants(reader: str, words: str) -> None:
    result = RUN.invoke(app, ["protocol", "show", "regenboog", "--as", reader])
    assert result.exit_code == 0
    assert words in result.output


def test_a_protocol_that_is_not_there_is_told_with_the_ones_that_are() -> None:
    result = RUN.invoke(app, ["protocol", "show", "regenbog"])
    assert result.exit_code == 1
    assert "`regenboog`" in str(result.exception)
