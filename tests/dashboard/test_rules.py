"""The public page with the rules, and the paper for the classroom."""

from collections.abc import Callable

import pytest

from tests.dashboard.conftest import Browser


@pytest.mark.parametrize("path", ["/regels", "/regels?voor=ouder", "/regels?voor=leerkracht", "/regels?voor=x"])
def test_anybody_reads_the_rules_without_signing_in(browser: Callable[[], Browser], path: str) -> None:
    answer = browser().get(path)
    assert answer.status_code == 200
    assert "<h1>" in answer.text


def test_a_parent_reads_what_is_kept(browser: Callable[[], Browser]) -> None:
    assert "Wat er bewaard wordt" in browser().get("/regels?voor=ouder").text


def test_the_paper_for_the_classroom_stands_alone_and_ends_with_whom_to_tell(browser: Callable[[], Browser]) -> None:
    page = browser().get("/regels/papier").text
    assert "Het is niet jouw schuld." in page
    assert "<script" not in page
    assert "poster.css" in page
