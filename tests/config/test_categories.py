"""The lists on two corpora that were written before them: what must be recognised, and what must be left open.

Of the even rows the ones that fail are named; of the odd rows only how many, so that nobody tunes on them.
"""

from __future__ import annotations

import pytest

from bench.recognition import Guard, corpus

GUARD = Guard()
HALVES = pytest.mark.parametrize("odd", [0, 1], ids=["even", "odd"])


def rows(name: str, odd: int) -> list[tuple[int, str, str]]:
    return [row for row in corpus(name) if row[0] % 2 == odd]


def otherwise(name: str, odd: int, *, wanted_open: bool) -> tuple[int, list[str]]:
    """How many of how many rows came out otherwise, and of the even half which."""
    wrong = [url for _, url, _ in rows(name, odd) if GUARD.asks(url).open is not wanted_open]
    return len(wrong), [] if odd else wrong


@HALVES
def test_no_school_museum_library_or_news_page_is_closed(odd):
    count, which = otherwise("hosts-open.txt", odd, wanted_open=True)
    assert count == 0, which


@HALVES
def test_nearly_all_social_chat_game_ai_relay_and_bypass_addresses_are_recognised(odd):
    count, which = otherwise("hosts-closed.txt", odd, wanted_open=False)
    assert count <= 5, which  # of a hundred


def test_the_corpora_are_whole():
    assert [number for number, _, _ in corpus("hosts-open.txt")] == list(range(1, 301))
    assert [number for number, _, _ in corpus("hosts-closed.txt")] == list(range(1, 201))
    assert {kind for _, _, kind in corpus("hosts-closed.txt")} == {"social", "chat", "games", "ai", "relay", "bypass"}
