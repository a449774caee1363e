"""A database that says nothing at all, as when a cable is pulled out: nobody waits for it for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from policy.model import Group
from store import StoreUnavailable, open_store
from store.feed import Feed
from tests.store.cluster import Cluster
from tests.store.line import Line
from tests.store.school import NOW

GENEROUS = 40.0  # seconds
PATIENCE = 0.2  # seconds

pytestmark = pytest.mark.postgres


@pytest.fixture
def line(cluster: Cluster) -> Iterator[Line]:
    with closing(Line(cluster.socket)) as opened:
        yield opened


def through(line: Line, url: str) -> str:
    found = make_url(url).set(host=line.address, port=line.port, query={})
    return found.render_as_string(hide_password=False)


@pytest.mark.timeout(GENEROUS * 3)
def test_a_question_to_a_silent_database_ends_and_the_next_one_is_answered_when_it_speaks_again(
    line: Line, postgresql_url: str, key: Path
) -> None:
    school = "a school far away"
    with closing(open_store(through(line, postgresql_url), key=key, patience=PATIENCE)) as store:
        store.people.put_group(school, Group("1", "Groep 1"), "cor", NOW)
        before = store.revision(school)
        line.silence()
        with pytest.raises(StoreUnavailable):
            store.revision(school)
        line.mend()
        assert store.revision(school) == before
        assert [one.id for one in store.people.groups(school)] == ["1"]


@pytest.mark.evasion("S14")
@pytest.mark.timeout(GENEROUS * 3)
def test_who_waits_for_news_knows_that_the_line_is_silent_and_hears_of_it_later(
    line: Line, postgresql_url: str, key: Path
) -> None:
    school = "a school with a bad cable"
    with (
        closing(open_store(through(line, postgresql_url), key=key, patience=PATIENCE)) as store,
        closing(open_store(postgresql_url, key=key)) as elsewhere,
        Feed(store, school) as feed,
    ):
        before = feed.wait(GENEROUS)
        line.silence()
        deadline = time.monotonic() + GENEROUS
        while feed.healthy and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not feed.healthy
        elsewhere.people.put_group(school, Group("1", "Groep 1"), "cor", NOW)
        line.mend()
        assert feed.wait(GENEROUS, after=before) > before
