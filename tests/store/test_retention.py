"""What is forgotten is gone: at its time, not later, and off the disk too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.private_folder import columns_key
from policy.model import Agreement, Effect, Group, Lease, Reason, Role, Sanction, SanctionTarget, Span
from store import Store, open_store
from store.accounts import AccountState, Purpose
from store.events import Count, Event, What
from store.incidents import Wish
from store.people import Person
from store.retention import Counts, Refused, Terms, shorten
from store.signals import Signal
from tests.cast import KNOWLEDGE, at, grant
from tests.store.conftest import Place
from tests.store.school import NOW, SCHOOL, settle
from tests.store.test_accounts import signed_in, teacher

DAY = timedelta(days=1)
BLOCKED = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="social.com", group="7")


def fill(store: Store) -> None:
    """One of everything that is forgotten some day."""
    settle(store)
    store.events.add_batch(SCHOOL, [BLOCKED, BLOCKED], NOW, counts=[Count("blocked", NOW)])
    store.events.note(SCHOOL, store.events.last_id(SCHOOL), "notitie", "anja", NOW)
    store.incidents.ask(SCHOOL, Wish("social.com", "project", group="7"), NOW)
    store.incidents.report(SCHOOL, "eng.com", NOW)
    store.signals.add_batch(SCHOOL, [Signal(NOW, "7", person="sam")])
    store.grants.add(SCHOOL, grant("g"), NOW)
    store.measures.add_sanction(SCHOOL, Sanction("s", "bo", SanctionTarget.PHONE, NOW, at("12:00"), "bram"), NOW)
    store.measures.start_agreement(SCHOOL, Agreement("a", NOW, at("09:45"), frozenset({"8"}), by="bram"), NOW)
    store.measures.pause(SCHOOL, Span("7", NOW, at("09:05"), "anja"), NOW)
    store.devices.lease(SCHOOL, Lease("chroom-1", "sam", NOW, at("10:15"), "anja"), NOW)
    store.devices.make_code(SCHOOL, "chroom-1", "cor", NOW)
    store.people.put_group(SCHOOL, Group("week", "Projectweek", (), NOW + DAY), "cor", NOW)
    account = teacher(store)
    signed_in(store, account)
    store.accounts.make_link(SCHOOL, account.id, Purpose.SET_PASSWORD, NOW)
    store.accounts.failed(SCHOOL, "login:x", NOW)
    store.ban_proposals.add(SCHOOL, "sam", SanctionTarget.PHONE, "today", "Een reden.", "anja", NOW)


def test_everything_is_kept_until_its_term_and_then_forgotten(store: Store) -> None:
    fill(store)
    assert store.purge(SCHOOL, NOW).total == 0
    # The grant's own event is a third one; codes and attempts go with the first purge after their end.
    found = store.purge(SCHOOL, NOW + 14 * DAY)
    assert (found.events, found.codes, found.sessions) == (0, 1, 1)
    assert store.purge(SCHOOL, NOW + 14 * DAY + DAY).events == 2
    assert replace(store.purge(SCHOOL, NOW + 30 * DAY), compacted=True) == Counts(compacted=True)
    found = store.purge(SCHOOL, NOW + 32 * DAY)
    assert (found.asks, found.reports, found.signals, found.sessions) == (1, 1, 1, 2)
    assert store.purge(SCHOOL, NOW + 90 * DAY).noted == 0
    found = store.purge(SCHOOL, NOW + 91 * DAY)
    assert (found.noted, found.counts) == (1, 1)
    found = store.purge(SCHOOL, at("23:59", "2027-07-31"))
    assert (found.grants, found.measures, found.consents, found.groups, found.ban_proposals) == (0, 0, 0, 0, 0)
    found = store.purge(SCHOOL, at("00:00", "2027-08-01"))
    assert (found.grants, found.measures, found.consents, found.groups, found.ban_proposals) == (1, 4, 2, 1, 1)
    assert store.purge(SCHOOL, NOW + 365 * DAY).audit == 0
    assert store.purge(SCHOOL, NOW + 366 * DAY).audit > 10


def test_what_still_runs_is_never_forgotten(store: Store) -> None:
    settle(store)
    store.grants.add(SCHOOL, grant("long", end=at("09:00", "2027-09-01")), NOW)
    store.purge(SCHOOL, at("12:00", "2027-08-20"))
    snapshot = store.snapshot(SCHOOL, KNOWLEDGE, at("12:00", "2027-08-20"))
    assert [one.id for one in snapshot.state.grants] == ["long"]
    assert set(snapshot.groups) == {"7", "8"}
    assert len(snapshot.people) == 8


def test_another_schools_rows_stay(store: Store) -> None:
    store.events.add_batch("other", [BLOCKED], NOW)
    assert store.purge(SCHOOL, NOW + 100 * DAY).total == 0
    assert len(store.events.latest("other")) == 1


def test_a_shorter_term_is_granted(store: Store) -> None:
    fill(store)
    terms = shorten({"blocked": 1, "measures": 2})
    assert isinstance(terms, Terms)
    found = store.purge(SCHOOL, NOW + 3 * DAY, terms)
    assert (found.events, found.grants, found.measures, found.noted) == (2, 1, 4, 0)


@pytest.mark.parametrize(
    ("wishes", "refused"),
    [
        ({"blocked": 15}, Refused("blocked", 15, 14)),
        ({"noted": 90, "audit": 366}, Refused("audit", 366, 365)),
        ({"asks": 0}, Refused("asks", 0, 30)),
        ({"everything": 5}, Refused("everything", 5, 0)),
    ],
)
def test_a_longer_or_unknown_term_is_refused_with_the_longest(wishes: dict[str, int], refused: Refused) -> None:
    assert shorten(wishes) == refused


def test_no_wish_gives_the_terms_of_the_house() -> None:
    assert shorten({}) == Terms()


def test_what_was_forgotten_is_not_on_the_disk_any_more(place: Place, tmp_path: Path) -> None:
    store = place.open()
    settle(store)
    canary = "kanarie-op-een-site"  # what is typed is sealed, so that it would never be found
    store.events.add_batch(SCHOOL, [replace(BLOCKED, host=f"{canary}.nl")] * 50, NOW)
    for stored in store.events.latest(SCHOOL):
        store.events.note(SCHOOL, stored.id, f"{canary}-{stored.id}", "anja", NOW)
    ask = store.incidents.ask(SCHOOL, Wish(f"{canary}.nl", "project", line=f"{canary} van Sam", group="7"), NOW)
    assert ask is not None
    if place.kind == "sqlite":
        assert canary.encode() in on_disk(place), "the canary sings before the purge"
    found = store.purge(SCHOOL, NOW + 100 * DAY)
    assert (found.noted, found.asks, found.compacted) == (50, 1, True)
    if place.kind == "sqlite":
        assert canary.encode() not in on_disk(place)
    with store.database.read() as connection:
        from store.columns import metadata

        for table in metadata.sorted_tables:
            assert canary not in str(connection.execute(table.select()).all()), table.name
    store.close()


def on_disk(place: Place) -> bytes:
    folder = Path(place.url).parent
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_a_reader_in_the_way_only_delays_the_wiping(tmp_path: Path) -> None:
    url = str(tmp_path / "klaswacht.db")
    key = columns_key(tmp_path)
    store = open_store(url, key=key, migrate=True, patience=0.3)
    reader = open_store(url, key=key)
    store.events.add_batch(SCHOOL, [BLOCKED], NOW)
    with reader.database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM events").all()
        found = store.purge(SCHOOL, NOW + 15 * DAY)
    assert (found.events, found.compacted) == (1, False)
    store.events.add_batch(SCHOOL, [BLOCKED], NOW)
    assert store.purge(SCHOOL, NOW + 15 * DAY).compacted
    reader.close()
    store.close()


def test_the_roles_of_the_accounts_are_the_roles_of_the_school(store: Store) -> None:
    for role in Role:
        made = store.accounts.add(SCHOOL, role.value, "p", role, NOW)
        assert made is not None and store.accounts.get(SCHOOL, made.id) == made


def test_on_the_first_of_august_a_running_guard_hears_that_last_years_consents_are_over(store: Store) -> None:
    settle(store)
    before = store.revision(SCHOOL)
    store.purge(SCHOOL, datetime(2027, 7, 31, 12, tzinfo=UTC))
    assert store.revision(SCHOOL) == before
    store.purge(SCHOOL, datetime(2027, 8, 1, 12, tzinfo=UTC))
    assert store.revision(SCHOOL) > before


def test_a_substitute_has_no_group_after_the_day_and_no_name_after_the_term(store: Store) -> None:
    settle(store)
    store.people.put_people(SCHOOL, [Person("invaller-1", Role.TEACHER, "invaller Jan", ("7",))], "anja", NOW)
    code = store.day_codes.make(SCHOOL, "7", NOW, at("14:00"), "anja", NOW)
    taken = store.day_codes.take(SCHOOL, code, NOW)
    assert taken is not None
    account = store.accounts.add_for_a_day(SCHOOL, "invaller-1", Role.TEACHER, taken.until, NOW)
    store.day_codes.handed(SCHOOL, taken.id, account.id, NOW)
    store.purge(SCHOOL, at("13:59"))
    person, still = store.people.person(SCHOOL, "invaller-1"), store.accounts.get(SCHOOL, account.id)
    assert person is not None and person.groups == ("7",)
    assert still is not None and still.state is AccountState.ACTIVE

    store.purge(SCHOOL, at("14:00"))
    person, closed = store.people.person(SCHOOL, "invaller-1"), store.accounts.get(SCHOOL, account.id)
    assert person is not None and person.groups == () and person.name == "invaller Jan"
    assert closed is not None and closed.state is AccountState.CLOSED
    revision = store.revision(SCHOOL)
    assert store.purge(SCHOOL, at("15:00")).substitutes == 0
    assert store.revision(SCHOOL) == revision

    assert store.purge(SCHOOL, at("14:00") + 30 * DAY).substitutes == 0
    assert store.purge(SCHOOL, at("14:00") + 31 * DAY).substitutes == 1
    assert store.people.person(SCHOOL, "invaller-1") is None
    assert store.accounts.get(SCHOOL, account.id) is None
    assert store.day_codes.get(SCHOOL, taken.id) is None
    assert store.people.person(SCHOOL, "anja") is not None
