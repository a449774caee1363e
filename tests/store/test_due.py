"""The purge goes by a table that anybody may ask: after it nothing is past its term, and nothing went too early."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policy.model import Sanction, SanctionTarget
from store import Store
from store.due import ACCOUNTS, MAIN, SUBSTITUTES, TRAIL, Terms
from store.ids import new_id
from store.incidents import Wish
from store.retention import Counts
from store.signals import Signal
from tests.cast import grant
from tests.store.school import NOW, SCHOOL
from tests.store.test_retention import DAY, fill

TERMS = st.builds(Terms, **{one.name: st.integers(1, int(str(one.default))) for one in fields(Terms)})


def test_every_term_is_some_rows_and_every_kind_is_counted() -> None:
    dues = (*MAIN, TRAIL, *ACCOUNTS, *SUBSTITUTES)
    names = {one.name for one in fields(Terms)}
    assert names <= {due.term for due in dues}
    assert {due.term for due in dues} - names == {"year", "lesson", "day", "hour"}
    kinds = {one.name for one in fields(Counts)} - {"compacted"}
    assert {due.kind for due in dues} - {""} == kinds


def test_the_oldest_of_each_kind_is_told_and_what_is_past_its_term(store: Store) -> None:
    fill(store)
    found = {(one.due.table.name, one.due.term): one for one in store.kept(SCHOOL, NOW)}
    assert all(one.over == 0 for one in found.values())
    asks = found["asks", "asks"]
    assert (asks.rows, asks.oldest) == (1, NOW)
    assert found["consents", "year"].first == "2026"
    late = {(one.due.table.name, one.due.term): one for one in store.kept(SCHOOL, NOW + 31 * DAY)}
    assert late["asks", "asks"].over == 1
    assert late["events", "noted"].over == 0
    store.purge(SCHOOL, NOW + 31 * DAY)
    late = {(one.due.table.name, one.due.term): one for one in store.kept(SCHOOL, NOW + 31 * DAY)}
    assert (late["asks", "asks"].rows, late["asks", "asks"].over) == (0, 0)
    assert late["events", "noted"].rows == 1


def test_without_the_accounts_only_the_rest_is_told(store: Store) -> None:
    told = {one.due.table.name for one in Store(store.database).kept(SCHOOL, NOW)}
    assert "events" in told
    assert "sessions" not in told


@pytest.mark.evasion("S20")
@given(days=st.integers(0, 900), terms=TERMS)
@settings(
    max_examples=6, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whenever_the_purge_comes_nothing_is_past_its_term_after_it_and_no_other_row_is_gone(
    store: Store, days: int, terms: Terms
) -> None:
    school, now = new_id(), NOW + timedelta(days=days)
    store.grants.add(school, grant("g"), NOW)
    ban = Sanction("s", "bo", SanctionTarget.PHONE, NOW, now + timedelta(minutes=1), "bram")
    store.measures.add_sanction(school, ban, NOW)
    store.incidents.ask(school, Wish("social.com", "project", group="7"), NOW)
    store.incidents.report(school, "eng.com", NOW)
    store.signals.add_batch(school, [Signal(NOW, "7", person="sam")])
    before = {(one.due.table.name, one.due.term, one.due.clock.key): one for one in store.kept(school, now, terms)}
    store.purge(school, now, terms)
    after = {(one.due.table.name, one.due.term, one.due.clock.key): one for one in store.kept(school, now, terms)}
    assert {key: one.over for key, one in after.items() if one.over} == {}
    for key, one in after.items():
        if key[0] not in {"audit", "tallies"}:  # the purge adds to these
            assert one.rows == before[key].rows - before[key].over, key
