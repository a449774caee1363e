"""A school goes to PostgreSQL as it is: every table, every row, or nothing at all."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from config.private_folder import columns_key
from policy.model import Effect, Reason, Role
from store import Store, StoreUnavailable, open_store, seals
from store.columns import Moment
from store.db import Database
from store.events import Event, What
from store.inventory import HOLDINGS
from store.migrate import Chain
from store.moving import TABLES, Addresses, NotEmpty, Unlike, move
from store.rotation import renew
from store.sealing import KeyFile
from tests.cast import KNOWLEDGE, grant
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL, settle

pytestmark = pytest.mark.postgres
ODD = ("1 é'\"\\ 😀", "2 \n\t%s :x", "3 ")


@pytest.fixture
def old(new_place: Callable[[str], Place]) -> Place:
    return new_place("sqlite")


@pytest.fixture
def new(new_place: Callable[[str], Place]) -> Place:
    return new_place("postgresql")


def addresses(place: Place) -> Addresses:
    return Addresses(place.url, place.accounts_url)


def value(column: sa.Column[Any], number: int) -> object:
    """Something of the column's kind; in one row, all words are the same, so that rows point to each other."""
    if column.nullable and number == 0:
        return None
    match column.type:
        case sa.JSON():
            return [{"é": [0.1, None, True, "\ud83d"]}, number]
        case Moment():
            return NOW + timedelta(days=number, microseconds=1)
        case sa.Boolean():
            return number % 2 == 0
        case sa.Date():
            return date(2026, 3, 1 + number)
        case sa.Float():
            return 0.1 + number
        case sa.Integer():
            return number + 1
        case _:
            return ODD[number]


def fill_every_table(store: Store) -> None:
    for chain, tables in TABLES.items():
        database = store.database if chain is Chain.MAIN else store.accounts_database
        assert database is not None
        for table in tables:
            rows = [{column.name: value(column, number) for column in table.columns} for number in range(3)]
            if table.name == "audit_cuts":  # only of what is old enough
                rows = [row | {"upto": 0, "since": NOW, "at": NOW + timedelta(days=2)} for row in rows]
            with database.write(SCHOOL) as change:
                change.execute(sa.insert(table), rows)


def rows(place: Place) -> int:
    """How many rows there are on PostgreSQL, in all tables."""
    with psycopg.connect(place.url) as raw:
        names = [table.fullname for tables in TABLES.values() for table in tables]
        counts = [raw.execute(f"SELECT count(*) FROM {name}").fetchone() for name in names]
    return sum(count[0] for count in counts if count)


def test_every_table_arrives_with_every_row_to_the_letter(old: Place, new: Place) -> None:
    with closing(old.open()) as store:
        fill_every_table(store)
    done = move(addresses(old), addresses(new), new.key)
    assert {one.table for one in done} == {one.name for one in HOLDINGS}
    assert {one.rows for one in done} == {3}
    assert rows(new) == 3 * len(HOLDINGS)
    with closing(old.open()) as before, closing(new.open()) as after:
        for chain, tables in TABLES.items():
            main = chain is Chain.MAIN
            for table in tables:
                found = []
                for store in (before, after):
                    database = store.database if main else store.accounts_database
                    assert database is not None
                    with database.read() as connection:
                        found.append(sorted(map(repr, connection.execute(sa.select(table)))))
                assert found[0] == found[1], table.name


def test_the_school_goes_on_where_it_was(old: Place, new: Place) -> None:
    event = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="social.com", group="7")
    with closing(old.open()) as store:
        settle(store)
        store.grants.add(SCHOOL, grant("g"), NOW)
        store.events.add_batch(SCHOOL, [event, event], NOW)
        account = store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
        assert account is not None
        last = store.events.last_id(SCHOOL)
        with store.database.write(SCHOOL) as change:  # the newest were forgotten; their numbers are gone for ever
            change.execute(sa.text("DELETE FROM events"))
        before, pulse = store.snapshot(SCHOOL, KNOWLEDGE, NOW), store.pulse(SCHOOL)
    move(addresses(old), addresses(new), new.key)
    with closing(new.open()) as store:
        assert store.snapshot(SCHOOL, KNOWLEDGE, NOW) == before
        assert store.pulse(SCHOOL) == pulse
        assert store.accounts.get(SCHOOL, account.id) == account
        store.events.add_batch(SCHOOL, [event], NOW)
        assert store.events.last_id(SCHOOL) == last + 1
        store.grants.add(SCHOOL, grant("later"), NOW)
        proof = store.audit.proof(SCHOOL)
        assert proof.linked and proof.broken is None


def test_a_database_with_something_in_it_is_left_as_it_is(old: Place, new: Place) -> None:
    with closing(old.open()) as store:
        settle(store)
    with closing(new.open()) as store:
        store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
    with pytest.raises(NotEmpty, match=r"accounts\.accounts"):
        move(addresses(old), addresses(new), new.key)
    assert rows(new) == 1


def test_what_does_not_arrive_as_it_was_does_not_count(old: Place, new: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(old.open()) as store:
        settle(store)
        fill = store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
        assert fill is not None
    with psycopg.connect(new.url, autocommit=True) as raw:
        raw.execute("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN NEW.role := upper(NEW.role); RETURN NEW; END $$")  # fmt: skip
        raw.execute("CREATE TRIGGER spoil BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION spoil()")
    try:
        with pytest.raises(Unlike, match="people"):
            move(addresses(old), addresses(new), new.key)
        assert rows(new) == 0
    finally:
        with psycopg.connect(new.url, autocommit=True) as raw:
            raw.execute("DROP FUNCTION spoil CASCADE")


def test_tried_out_all_is_compared_and_nothing_is_kept(old: Place, new: Place) -> None:
    with closing(old.open()) as store:
        settle(store)
    tried = move(addresses(old), addresses(new), new.key, proving=True)
    assert sum(one.rows for one in tried) > 0
    assert rows(new) == 0
    assert move(addresses(old), addresses(new), new.key) == tried


def test_after_a_try_and_a_new_key_the_school_still_goes(cluster: Cluster, tmp_path: Path) -> None:
    key, url = columns_key(tmp_path), cluster.new_database()
    old = Place("sqlite", f"sqlite:///{tmp_path / 'k.db'}", f"sqlite:///{tmp_path / 'a.db'}", key)
    new = Place("postgresql", url, url, key)
    with closing(old.open(migrate=True)) as store:
        settle(store)
    move(addresses(old), addresses(new), old.key, proving=True)
    renew(old.url, old.accounts_url, old.key)
    move(addresses(old), addresses(new), old.key)
    with closing(open_store(new.url, new.accounts_url, key=old.key)) as store:
        assert store.people.person(SCHOOL, "sam")


def test_who_waits_with_writing_until_the_key_is_renewed_finds_the_new_one(new: Place) -> None:
    new.open(migrate=True).close()
    key, told = KeyFile(new.key).read()[0], queue.Queue[object]()
    with closing(Database(new.url, key=new.key)) as database, database.engine.connect() as renewing:
        with renewing.begin():
            seals.name(renewing, None, key, wiped=True)

            def write() -> None:
                with database.engine.connect() as waiting, waiting.begin():
                    try:
                        told.put(seals.take(waiting, None, database.sealer, hold=True))
                    except StoreUnavailable as error:
                        told.put(error)

            writer = Thread(target=write)
            writer.start()
            with closing(Database(new.url)) as watching, watching.engine.connect() as looking:
                asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                while not looking.exec_driver_sql(asked).scalar():
                    looking.rollback()
                    sleep(0.02)
        writer.join()
    assert told.get() is None


def test_when_the_second_half_does_not_follow_the_first_is_taken_out_again(old: Place, new: Place) -> None:
    with closing(old.open()) as store:
        settle(store)
        assert store.accounts.add(SCHOOL, "anja", "anja", Role.TEACHER, NOW)
    with psycopg.connect(new.url, autocommit=True) as raw:
        raw.execute("CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no'; END $$")  # fmt: skip
        raw.execute("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON people DEFERRABLE INITIALLY DEFERRED "
                    "FOR EACH ROW EXECUTE FUNCTION late()")  # fmt: skip
    try:
        with pytest.raises((StoreUnavailable, sa.exc.DBAPIError)):
            move(addresses(old), addresses(new), new.key)
        assert rows(new) == 0
    finally:
        with psycopg.connect(new.url, autocommit=True) as raw:
            raw.execute("DROP FUNCTION late CASCADE")


def test_a_guard_that_writes_meanwhile_is_noticed(old: Place, new: Place) -> None:
    with closing(old.open()) as store:
        settle(store)
    with closing(sqlite3.connect(old.url, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            move(addresses(old), addresses(new), new.key)
    assert rows(new) == 0


def test_the_other_way_round_is_refused(old: Place, new: Place) -> None:
    with pytest.raises(StoreUnavailable, match="is not SQLite"):
        move(addresses(new), addresses(old), old.key)
