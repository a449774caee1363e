"""A pupil sees what is kept of it and not what is of others; erased, it is nowhere but where the law wants it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policy.model import (
    Agreement,
    Care,
    Device,
    DeviceClass,
    Effect,
    Lease,
    Reason,
    ReportTo,
    Role,
    Sanction,
    SanctionTarget,
)
from store import Store
from store.events import Event, What
from store.incidents import Wish
from store.inventory import MAIN_HOLDINGS, Erase
from store.notes import NoteKind
from store.people import Person
from store.photos import PhotoAnswer
from store.prepared import Prepared, PreparedKind
from store.print_jobs import WaitingJob
from store.privacy import ERASED, OTHER
from store.signals import Signal
from tests.cast import KNOWLEDGE, at, grant
from tests.store.school import NOW, SCHOOL, settle

SAM, NAME = "leerling-7f3a", "Sam van der Zwaluw"
NOOR, HERS = "leerling-99bc", "Noor Özdemir-Kwik"
LEFT = {one.name for one in MAIN_HOLDINGS if one.erase is Erase.LEFT and (one.about or one.among)}


def live(store: Store, pupil: str, name: str, others: str, tag: str) -> None:
    """Everything that can happen to a pupil; in texts another child is named."""
    store.people.put_people(SCHOOL, [Person(pupil, Role.PUPIL, name, ("7",))], "cor", NOW)
    store.people.set_consent(SCHOOL, pupil, True, "cor", NOW)
    device = f"toestel-{tag}"
    store.devices.put(SCHOOL, Device(device, f"Chromebook {name}", DeviceClass.PUPIL, "7", pupil), "cor", NOW)
    blocked = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="social.com", group="7", person=pupil)
    on_device = Event(What.BLOCKED, NOW, Effect.DENY, Reason.PLACE, host="eigen.example", group="7", device=device)
    store.events.add_batch(SCHOOL, [blocked, on_device], NOW)
    store.events.note(SCHOOL, store.events.last_id(SCHOOL), f"{name} zat naast {others}", "anja", NOW)
    ask = Wish("social.com", "project", line=f"mag ik met {others}", group="7", person=pupil)
    store.incidents.ask(SCHOOL, ask, NOW)
    store.incidents.report(SCHOOL, "eng.com", NOW, audience=ReportTo.COUNSELLOR, note="in vertrouwen", person=pupil)
    store.signals.add_batch(SCHOOL, [Signal(NOW, "7", person=pupil)])
    store.grants.add(SCHOOL, grant(f"alleen-{tag}", people=frozenset({pupil}), groups=frozenset()), NOW)
    store.grants.add(SCHOOL, grant(f"samen-{tag}", people=frozenset({pupil, "bo"}), groups=frozenset()), NOW)
    store.grants.add(SCHOOL, grant(f"zonder-{tag}", without=frozenset({pupil, "bo"})), NOW)
    ban = Sanction(f"ban-{tag}", pupil, SanctionTarget.PHONE, NOW, at("12:00"), "bram")
    store.measures.add_sanction(SCHOOL, ban, NOW, reason=f"{name} plaagde {others}")
    store.measures.add_care(SCHOOL, Care(f"zorg-{tag}", pupil, sites=("meter.example",)), "cor", NOW)
    mine = Agreement(f"afspraak-{tag}", NOW, at("09:45"), frozenset(), people=frozenset({pupil}), by="bram")
    store.measures.start_agreement(SCHOOL, mine, NOW)
    store.notes.add(SCHOOL, pupil, NoteKind.TALK, f"Gesprek met {name} en {others}.", "anja", NOW)
    store.ban_proposals.add(SCHOOL, pupil, SanctionTarget.PHONE, "today", "Een reden.", "anja", NOW)
    store.devices.lease(SCHOOL, Lease(device, pupil, NOW, at("10:15"), "anja"), NOW)
    store.print_accounts.put(SCHOOL, {pupil: f"klas-{tag}"}, "cor", NOW)
    store.print_jobs.tell(SCHOOL, f"printer-{tag}", [WaitingJob(f"print-{tag}", f"printer-{tag}", NOW, pupil, "7")])
    store.photos.answer(SCHOOL, {pupil: PhotoAnswer.YES}, "cor", NOW)
    body = {"people": [pupil], "sites": []}
    ready = Prepared("", PreparedKind.PERMISSION, "klaar", body, "7", "anja", False, NOW)
    store.prepared.add(SCHOOL, ready, NOW)


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.database.read() as connection:
        return {one.name: [tuple(row) for row in connection.execute(sa.select(one.table))] for one in MAIN_HOLDINGS}


def holding(store: Store, *words: str) -> Iterator[str]:
    for table, found in rows(store).items():
        if any(word in json.dumps(row, default=str, ensure_ascii=False) for row in found for word in words):
            yield table


@pytest.fixture
def school(store: Store) -> Store:
    settle(store)
    live(store, SAM, NAME, HERS, "a")
    live(store, NOOR, HERS, NAME, "b")
    return store


def test_the_pupil_gets_everything_of_its_own(school: Store) -> None:
    found = school.privacy.export(SCHOOL, SAM, "ria", NOW)
    assert found is not None
    assert found.name == NAME
    expected = {one.name for one in MAIN_HOLDINGS if one.shown} - {"registers", "picture_passwords", "sign_ins"}
    assert found.rows.keys() == expected
    assert {row["host"] for row in found.rows["events"]} == {"social.com", "eigen.example"}
    assert {row["id"] for row in found.rows["grants"]} == {"alleen-a", "samen-a", "zonder-a"}
    assert f"Gesprek met {NAME}" in str(found.rows["notes"])
    assert school.audit.entries(SCHOOL, what=["privacy.export"])[0].targets == (SAM,)


@pytest.mark.evasion("S20")
def test_no_other_child_no_colleague_no_secret_and_nothing_told_in_confidence_is_in_it(school: Store) -> None:
    found = school.privacy.export(SCHOOL, SAM, "ria", NOW)
    assert found is not None
    text = json.dumps(dict(found.rows), ensure_ascii=False)
    for other in (NOOR, HERS, '"bo"', '"anja"', '"bram"', "in vertrouwen", "key_hash"):
        assert other not in text, other
    assert OTHER in text
    assert not LEFT & found.rows.keys()


def test_whether_something_was_told_in_confidence_cannot_be_seen(store: Store) -> None:
    settle(store)
    before = store.privacy.export(SCHOOL, "sam", "ria", NOW)
    store.incidents.report(SCHOOL, "eng.com", NOW, audience=ReportTo.COUNSELLOR, note="thuis", person="sam")
    store.signals.add_batch(SCHOOL, [Signal(NOW, "7", person="sam")])
    assert store.privacy.export(SCHOOL, "sam", "ria", NOW) == before


@pytest.mark.parametrize("who", ["anja", "niemand", ""])
def test_of_staff_and_of_nobody_there_is_none(school: Store, who: str) -> None:
    before = rows(school)
    assert school.privacy.export(SCHOOL, who, "ria", NOW) is None
    assert school.privacy.erase(SCHOOL, who, "ria", NOW) is None
    assert school.privacy.erase("other", SAM, "ria", NOW) is None
    assert rows(school) == before


@pytest.mark.evasion("S20")
def test_erased_no_table_has_the_id_or_the_name_but_those_that_are_told(school: Store) -> None:
    assert "people" in set(holding(school, SAM, NAME)), "the search finds nothing, so it proves nothing"
    done = school.privacy.erase(SCHOOL, SAM, "ria", NOW)
    assert done is not None
    assert set(holding(school, SAM)) == LEFT
    assert set(holding(school, NAME)) == set()
    assert done.gone["events"] == 2
    assert done.gone["grants"] == 1 and done.cut["grants"] == 2
    assert done.gone["prepared"] == done.gone["agreements"] == 1
    assert school.audit.entries(SCHOOL, what=["privacy.erase"])[0].targets == (SAM,)
    assert school.audit.proof(SCHOOL).broken is None
    state = school.snapshot(SCHOOL, KNOWLEDGE, NOW).state
    assert all(one.people or one.groups for one in state.grants), "a child's permission became that of everybody"


def test_nothing_of_another_child_is_touched_but_the_name_in_its_texts(school: Store) -> None:
    hers = school.privacy.export(SCHOOL, NOOR, "ria", NOW)
    assert f"Gesprek met {HERS} en {OTHER}" in str(hers), "a longer name than that of another Noor"
    school.privacy.erase(SCHOOL, SAM, "ria", NOW)
    after = school.privacy.export(SCHOOL, NOOR, "ria", NOW)
    assert hers is not None and after is not None
    assert json.dumps(dict(after.rows)) == json.dumps(dict(hers.rows)).replace(OTHER, ERASED)
    assert len(list(school.people.persons(SCHOOL, Role.PUPIL))) == 4


def test_a_first_name_in_a_text_is_told_and_left_for_a_person_to_read(school: Store) -> None:
    school.notes.add(SCHOOL, NOOR, NoteKind.TALK, "Zij en Sam maakten het goed.", "anja", NOW)
    done = school.privacy.erase(SCHOOL, SAM, "ria", NOW)
    assert done is not None
    assert [table for table, _ in done.mentions] == ["notes"]


def test_the_name_of_a_child_who_is_called_the_same_stays(school: Store) -> None:
    school.people.put_people(SCHOOL, [Person("twin", Role.PUPIL, NAME, ("8",))], "cor", NOW)
    school.privacy.erase(SCHOOL, SAM, "ria", NOW)
    twin = school.people.person(SCHOOL, "twin")
    assert twin is not None and twin.name == NAME
    assert NAME in str(rows(school)["notes"])


def test_the_numbers_a_day_still_count_what_happened(school: Store) -> None:
    later = NOW + timedelta(days=1)
    before = school.tallies.since(SCHOOL, NOW.date(), later)
    school.privacy.erase(SCHOOL, SAM, "ria", later)
    after = school.tallies.since(SCHOOL, NOW.date(), later)
    assert before
    assert {(one.day, one.kind, one.group, one.n) for one in before} <= {
        (one.day, one.kind, one.group, one.n) for one in after
    }


def test_what_was_left_goes_with_its_own_term(school: Store) -> None:
    school.privacy.erase(SCHOOL, SAM, "ria", NOW)
    school.purge(SCHOOL, NOW + timedelta(days=31))
    assert set(holding(school, SAM)) == {"audit"}
    school.purge(SCHOOL, NOW + timedelta(days=367))
    assert set(holding(school, SAM)) == set()


def spelled(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


NAMES = st.from_regex(r"[A-Z][a-zé]{2,8}( (van|de|el))? [A-Z][a-zö'-]{3,10}", fullmatch=True)


@given(name=NAMES, other=NAMES, who=st.lists(st.sampled_from(["zij", "bo", "noor"]), max_size=3))
@settings(
    max_examples=6, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_child_is_called_erased_it_is_gone_and_the_others_are_as_they_were(
    store: Store, name: str, other: str, who: list[str]
) -> None:
    turn = store.revision(SCHOOL)
    name, other = f"{name} {spelled(turn)}", f"{other} x{spelled(turn)}"  # no child of an earlier turn is called so
    if not turn:
        settle(store)
    pupil, friend = f"kind-{turn}-x", f"vriend-{turn}-x"
    live(store, pupil, name, other, f"{turn}a")
    live(store, friend, other, name, f"{turn}b")
    people = frozenset({pupil if one == "zij" else one for one in who} | {friend})
    store.grants.add(SCHOOL, grant(f"groepje-{turn}", people=people, groups=frozenset()), NOW)
    before = {table: [row for row in found if pupil not in str(row) and name not in str(row)]
              for table, found in rows(store).items()}  # fmt: skip
    assert store.privacy.erase(SCHOOL, pupil, "ria", NOW) is not None
    after = rows(store)
    assert set(holding(store, pupil)) == LEFT
    assert set(holding(store, name)) == set()
    for table in before.keys() - {"schools", "tallies"}:
        assert [row for row in before[table] if row not in after[table]] == [], table
