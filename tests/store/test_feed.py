"""Readers wake when something changed, also when another process changed it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from policy.model import Effect, Group, Reason
from store import Store
from store import feed as feed_module
from store.db import Pulse
from store.events import Event, What
from store.feed import Feed
from store.tables import schools
from tests.cast import grant
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL

GENEROUS = 40.0  # seconds; a busy machine is no bug
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from pathlib import Path
from store import open_store
from tests.cast import grant
from tests.store.school import NOW, SCHOOL
store = open_store(sys.argv[1], key=Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
store.grants.add(SCHOOL, grant("from another process"), NOW)
store.close()
"""


def test_a_reader_wakes_when_another_process_gives_a_permission(store: Store, place: Place) -> None:
    command = [sys.executable, "-c", WRITER, place.url, str(place.key)]
    with (
        Feed(store, SCHOOL) as feed,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer,
    ):
        assert writer.stdin and writer.stdout
        assert writer.stdout.readline() == "ready\n"
        assert feed.wait(GENEROUS) == 0
        writer.stdin.write("go\n")
        writer.stdin.flush()
        start = time.monotonic()
        assert feed.wait(GENEROUS) == 1
        assert time.monotonic() - start < GENEROUS
        assert feed.healthy
        assert writer.wait(GENEROUS) == 0
    assert [one.id for one in store.grants.live(SCHOOL, NOW)] == ["from another process"]


def test_a_change_of_another_school_wakes_nobody(store: Store) -> None:
    with Feed(store, SCHOOL) as feed:
        assert feed.wait(GENEROUS) == 0
        store.people.put_group("other", Group("1", "Groep 1"), "cor", NOW)
        assert feed.wait(0.4) == 0


def test_waiting_ends_at_its_time_when_nothing_happens(store: Store) -> None:
    with Feed(store, SCHOOL) as feed:
        assert feed.wait(GENEROUS) == 0
        start = time.monotonic()
        assert feed.wait(0.2) == 0
        assert time.monotonic() - start >= 0.19


def test_what_changed_before_the_wait_is_not_missed(store: Store) -> None:
    with Feed(store, SCHOOL) as feed:
        assert feed.wait(GENEROUS) == 0
        store.grants.add(SCHOOL, grant("a"), NOW)
        store.grants.add(SCHOOL, grant("b"), NOW)
        assert feed.wait(GENEROUS, after=1) == 2


def test_many_screens_wait_on_one_feed(store: Store) -> None:
    with Feed(store, SCHOOL) as feed:
        start = feed.wait_pulse(GENEROUS)
        woken: list[Pulse] = []
        screens = [
            threading.Thread(target=lambda: woken.append(feed.wait_pulse(GENEROUS, after=start))) for _ in range(5)
        ]
        for screen in screens:
            screen.start()
        event = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="social.com", group="7")
        store.events.add_batch(SCHOOL, [event], NOW)
        for screen in screens:
            screen.join(GENEROUS)
    assert woken == [Pulse(0, 1)] * 5, "an event stirs the screens and leaves the revision alone"


def test_whatever_breaks_once_in_the_looking_the_rules_go_on_changing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = feed_module.read_pulse, threading.Event()

    def breaks_once(*given: object) -> Pulse:
        if not broken.is_set():
            broken.set()
            raise MemoryError
        return real(*given)

    monkeypatch.setattr(feed_module, "read_pulse", breaks_once)
    with Feed(store, SCHOOL) as feed:
        before = feed.wait_pulse(GENEROUS, None)
        assert broken.is_set()
        store.grants.add(SCHOOL, grant("later"), NOW)
        assert feed.wait_pulse(GENEROUS, before).revision > before.revision


def test_closing_a_feed_lets_everybody_go(store: Store) -> None:
    feed = Feed(store, SCHOOL)
    assert feed.wait(GENEROUS) == 0
    waiter = threading.Thread(target=feed.wait, args=(GENEROUS * 2, 0))
    waiter.start()
    feed.close()
    waiter.join(GENEROUS)
    assert not waiter.is_alive()


@pytest.mark.postgres
def test_a_lost_connection_comes_back_by_itself(cluster: Cluster, postgresql_url: str, key: Path) -> None:
    from store import open_store

    store = open_store(postgresql_url, key=key)
    school = "a school of its own"
    before = store.revision(school)
    with Feed(store, school) as feed:
        assert feed.wait(GENEROUS) == before
        cluster.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        store.people.put_group(school, Group("1", "Groep 1"), "cor", NOW)
        assert feed.wait(GENEROUS) == before + 1
        deadline = time.monotonic() + GENEROUS
        while not feed.healthy and time.monotonic() < deadline:
            time.sleep(0.05)
        assert feed.healthy
    store.close()


@pytest.mark.postgres
def test_a_notification_that_never_comes_costs_a_moment_and_not_the_rules(
    cluster: Cluster, postgresql_url: str, key: Path
) -> None:
    from store import open_store

    school = "a school behind a pooler"
    with closing(open_store(postgresql_url, key=key)) as store:
        store.people.put_group(school, Group("1", "Groep 1"), "cor", NOW)
        with Feed(store, school) as feed, store.database.engine.connect() as quietly:
            before = feed.wait(GENEROUS)
            quietly.execute(sa.update(schools).where(schools.c.school_id == school).values(revision=before + 1))
            quietly.commit()  # and no NOTIFY with it
            assert feed.wait(GENEROUS, after=before) == before + 1
