"""The audit trail only grows: nobody changes a row, and none goes before its term."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from store import Store
from store.audit import Wanted
from store.retention import Terms
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL, settle

DAY = timedelta(days=1)


@pytest.fixture
def raw(place: Place) -> Callable[[str], int]:
    """Somebody who writes to the database past our program; how many rows a statement met."""

    def run(statement: str) -> int:
        if place.kind == "sqlite":
            with sqlite3.connect(place.url) as connection:
                return connection.execute(statement).rowcount
        with psycopg.connect(place.url, autocommit=True) as connection:
            return connection.execute(statement.encode()).rowcount

    return run


REFUSED = (sqlite3.IntegrityError, psycopg.Error)


@pytest.mark.evasion("S23")
def test_nobody_changes_a_row_or_takes_one_away_also_not_past_our_program(
    store: Store, raw: Callable[[str], int]
) -> None:
    store.audit.add(SCHOOL, "cor", "sign-in", NOW)
    for statement in ("UPDATE audit SET who = 'ria'", "DELETE FROM audit"):
        with pytest.raises(REFUSED, match="audit rows"):
            raw(statement)
    with pytest.raises(REFUSED, match="until their term"):
        raw("INSERT INTO audit_cuts (school_id, upto, since, at) VALUES ('school', 99, 0, 86400000000)")
    assert [entry.who for entry in store.audit.entries(SCHOOL)] == ["cor"]


@pytest.mark.parametrize("days", [365, 30, 1])
def test_the_purge_forgets_by_the_schools_own_term_and_nothing_younger(store: Store, days: int) -> None:
    settle(store)
    store.audit.add(SCHOOL, "cor", "sign-in", NOW + DAY)
    assert store.purge(SCHOOL, NOW + days * DAY, Terms(audit=days)).audit == 0
    assert store.purge(SCHOOL, NOW + days * DAY + timedelta(hours=1), Terms(audit=days)).audit > 0
    kept = [entry.who for entry in store.audit.entries(SCHOOL)]
    assert kept[-1] == "cor" and set(kept[:-1]) == {"retention"}
    assert store.audit.proof(SCHOOL).broken is None


def test_a_clock_that_was_years_behind_forgets_nothing(store: Store) -> None:
    store.audit.add(SCHOOL, "cor", "sign-in", NOW)
    assert store.purge(SCHOOL, NOW - 5000 * DAY).audit == 0
    store.audit.add(SCHOOL, "cor", "sign-out", NOW - 5000 * DAY)
    assert store.purge(SCHOOL, NOW + DAY).audit == 0
    assert store.purge(SCHOOL, NOW + 366 * DAY).audit == 2


def test_the_chain_holds_across_forgetting_and_another_school(store: Store) -> None:
    for moment in (NOW, NOW + DAY, NOW + 2 * DAY):
        store.audit.add(SCHOOL, "cor", "sign-in", moment, ("a", "b"))
        store.audit.add("other", "x\0\ud800", "sign-in", moment)
    before = store.audit.proof(SCHOOL)
    assert (before.linked, before.before, before.broken) == (3, 0, None)
    store.purge(SCHOOL, NOW + 366 * DAY)
    after = store.audit.proof(SCHOOL)
    assert (after.linked, after.broken) == (3, None)  # two that stayed, and the purge itself
    assert after.newest != before.newest
    store.purge(SCHOOL, NOW + 900 * DAY)
    store.purge(SCHOOL, NOW + 1800 * DAY)
    store.audit.add(SCHOOL, "cor", "sign-in", NOW + 1801 * DAY)
    assert store.audit.proof(SCHOOL).broken is None
    assert store.audit.proof("other").linked == 3 and store.audit.proof("other").broken is None


@pytest.mark.evasion("S23")
@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE audit SET what = 'sign-out' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "INSERT INTO audit (id, school_id, who, what, at, targets, link) VALUES (9, 'school', 'x', 'y', 1, '[]', 'z')",
        "UPDATE audit SET link = NULL WHERE id = 2",
    ],
)
def test_who_takes_the_triggers_away_is_found_out_by_the_chain(
    store: Store, raw: Callable[[str], int], meddling: str
) -> None:
    for what in ("sign-in", "grant.add", "sign-out"):
        store.audit.add(SCHOOL, "cor", what, NOW)
    sqlite = store.database.sqlite
    for trigger in ("audit_only_grows", "audit_stays"):
        raw(f"DROP TRIGGER {trigger}" + ("" if sqlite else " ON audit"))
    try:
        assert raw(meddling) == 1
        assert store.audit.proof(SCHOOL).broken is not None
    finally:
        if not sqlite:  # the database is there for the other tests too
            for event in ("UPDATE", "DELETE"):
                name = "audit_only_grows" if event == "UPDATE" else "audit_stays"
                raw(f"CREATE TRIGGER {name} BEFORE {event} ON audit FOR EACH ROW EXECUTE FUNCTION {name}()")


def test_rows_of_before_there_was_a_chain_are_told_apart(store: Store, raw: Callable[[str], int]) -> None:
    raw("INSERT INTO audit (id, school_id, who, what, at, targets) VALUES (1, 'school', 'cor', 'sign-in', 1, '[]')")
    if not store.database.sqlite:
        raw("SELECT setval(pg_get_serial_sequence('audit', 'id'), 1)")
    store.audit.add(SCHOOL, "cor", "sign-out", NOW)
    proof = store.audit.proof(SCHOOL)
    assert (proof.linked, proof.before, proof.broken) == (1, 1, None)


def test_entries_are_found_by_person_kind_and_week(store: Store) -> None:
    for who, what, days in (("cor", "sign-in", 0), ("ria", "sanction.add", 1), ("cor", "grant.add", 9)):
        store.audit.add(SCHOOL, who, what, NOW + days * DAY)

    def found(wish: Wanted) -> list[str]:
        assert store.audit.how_many(SCHOOL, wish) == len(store.audit.wanted(SCHOOL, wish))
        return [entry.what for entry in store.audit.wanted(SCHOOL, wish)]

    assert found(Wanted()) == ["grant.add", "sanction.add", "sign-in"]
    assert found(Wanted(who="cor")) == ["grant.add", "sign-in"]
    assert found(Wanted(codes=frozenset({"sanction.add", "x"}))) == ["sanction.add"]
    assert found(Wanted(codes=frozenset())) == []
    assert found(Wanted(start=NOW + DAY, end=NOW + 7 * DAY)) == ["sanction.add"]
    assert [one.what for one in store.audit.wanted(SCHOOL, Wanted(), start=1, limit=1)] == ["sanction.add"]
    assert store.audit.used(SCHOOL) == (frozenset({"cor", "ria"}), frozenset({"sign-in", "sanction.add", "grant.add"}))
