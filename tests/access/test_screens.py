"""The pictures of the papers: every one that is used is kept, every one that is kept is used, made and light."""

from __future__ import annotations

import re
from pathlib import Path

from tests.access.screens import FOLDER, LARGEST, SCREENS

ROOT = FOLDER.parents[1]
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def used() -> set[Path]:
    """Every picture in `docs/screens` that a paper shows, and each has words for who cannot see it."""
    found: set[Path] = set()
    for paper in PAPERS:
        for tag in re.findall(r"<img [^>]*>", paper.read_text("utf-8")):
            source, words = re.search(r'src="([^"]+)"', tag), re.search(r'alt="([^"]+)"', tag)
            assert source and words, (paper.name, tag)
            if "screens/" in source[1]:
                found.add((paper.parent / source[1]).resolve())
    return found


def test_every_picture_that_a_paper_uses_is_there_and_every_one_that_is_there_is_used() -> None:
    kept = set(FOLDER.iterdir())
    assert used() - kept == set(), "make screens"
    assert kept - used() == set(), "no paper shows these any more"


def test_every_picture_is_made_by_the_tests_and_light() -> None:
    kept = {file.stem: file.stat().st_size for file in FOLDER.iterdir()}
    assert kept.keys() == {screen.name for screen in SCREENS}
    assert {name: size for name, size in kept.items() if size > LARGEST} == {}
