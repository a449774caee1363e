"""A server of feeds, and a school's lists."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.config.feeds.bench import Bench, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)
