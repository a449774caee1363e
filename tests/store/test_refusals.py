"""Who refuses the certificate is kept by host or by the device of the register, until the coordinator decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from store import Store
from store.event_tables import refusals
from store.refusals import DEVICE_LASTS, MOST_OPEN, About, Refusal, RefusalState
from tests.store.school import NOW, SCHOOL

DAY = timedelta(days=1)
APP = Refusal(About.HOST, "api.rekenapp.example", 2)
LAPTOP = Refusal(About.DEVICE, "chroom-1")


def test_an_app_is_proposed_once_with_the_most_devices_that_it_hit(store: Store) -> None:
    assert store.refusals.suggest(SCHOOL, APP, NOW)
    assert not store.refusals.suggest(SCHOOL, Refusal(About.HOST, APP.name, 5), NOW + DAY)
    assert not store.refusals.suggest(SCHOOL, APP, NOW + DAY)
    (found,) = store.refusals.open(SCHOOL, NOW + DAY)
    assert (found.refusal.name, found.refusal.devices) == (APP.name, 5)
    assert (found.first_seen, found.last_seen) == (NOW, NOW + DAY)
    assert store.refusals.open("other", NOW) == ()
    assert store.revision(SCHOOL) == 0, "nothing is opened or closed by it"


@pytest.mark.parametrize(("listed", "state"), [(True, RefusalState.LISTED), (False, RefusalState.SHUT)])
def test_what_the_coordinator_decided_is_not_asked_again(store: Store, listed, state) -> None:
    store.refusals.suggest(SCHOOL, APP, NOW)
    kept = store.refusals.decide(SCHOOL, APP.name, listed, "cor", NOW + DAY)
    assert kept is not None
    assert (kept.state, kept.by, kept.decided) == (state, "cor", NOW + DAY)
    assert store.refusals.decide(SCHOOL, APP.name, True, "cor", NOW + DAY) is None
    assert not store.refusals.suggest(SCHOOL, APP, NOW + 2 * DAY)
    assert store.refusals.open(SCHOOL, NOW + 2 * DAY) == ()
    assert store.audit.entries(SCHOOL)[0].what == f"refusal.{state.value}"


def test_a_device_that_got_its_certificate_is_no_longer_told_of(store: Store) -> None:
    assert store.refusals.suggest(SCHOOL, LAPTOP, NOW)
    assert store.refusals.settle(SCHOOL, "chroom-1")
    assert not store.refusals.settle(SCHOOL, "chroom-1")
    assert store.refusals.open(SCHOOL, NOW) == ()


def test_a_device_that_refuses_no_more_is_told_of_for_a_day(store: Store) -> None:
    store.refusals.suggest(SCHOOL, LAPTOP, NOW)
    assert store.refusals.open(SCHOOL, NOW + DEVICE_LASTS - timedelta(seconds=1))
    assert store.refusals.open(SCHOOL, NOW + DEVICE_LASTS) == ()


@pytest.mark.parametrize("name", ["x.example/pad?zoek=iets", "mail@x.example", "", "een naam", "x" * 300])
def test_nothing_but_a_bare_host_is_kept(store: Store, name) -> None:
    assert not store.refusals.suggest(SCHOOL, Refusal(About.HOST, name, 2), NOW)
    with store.database.read() as connection:
        assert connection.execute(sa.select(refusals)).all() == []


def test_a_flood_of_names_fills_no_table(store: Store) -> None:
    for number in range(MOST_OPEN + 5):
        store.refusals.suggest(SCHOOL, Refusal(About.HOST, f"h{number}.example", 2), NOW)
    assert len(store.refusals.open(SCHOOL, NOW)) == MOST_OPEN
    assert store.refusals.suggest(SCHOOL, LAPTOP, NOW), "devices have a place of their own"


def test_what_waits_is_forgotten_after_a_month_and_what_was_decided_after_a_year(store: Store) -> None:
    store.refusals.suggest(SCHOOL, APP, NOW)
    store.refusals.suggest(SCHOOL, Refusal(About.HOST, "b.example", 2), NOW)
    store.refusals.decide(SCHOOL, "b.example", False, "cor", NOW)
    assert store.purge(SCHOOL, NOW + 30 * DAY).refusals == 0
    assert store.purge(SCHOOL, NOW + 31 * DAY).refusals == 1
    assert store.purge(SCHOOL, NOW + 365 * DAY).refusals == 0
    assert store.purge(SCHOOL, NOW + 366 * DAY).refusals == 1
