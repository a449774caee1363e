"""The first-run assistant: what is done is read off what is there, a step does one thing, nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from config import load
from config.adopted import protocol, under
from config.settings import Listen, Settings
from config.times import with_times
from dashboard.actions import begin, begin_times
from dashboard.actions.begin import Step
from dashboard.actions.begin_times import Times
from dashboard.actions.desk import Desk
from dashboard.present.begin import way
from policy.model import Device, DeviceClass, Group, Policy, Role
from store import Store
from store.people import Person
from store.self_tests import PAGES, Probe
from tests.cast import COR, KNOWLEDGE, LESSON
from tests.dashboard.conftest import SCHOOL, Browser, Clock, give_account

type SignIn = Callable[[str], Browser]
OTHER = "b"  # another school in the same database, with nothing in it


@pytest.fixture
def empty(store: Store) -> Desk:
    """A box on which only its own file was read."""
    policy = load.factory_policy()
    assert store.policies.add(OTHER, policy, "0" * 64, "school.yaml", LESSON)
    return Desk(store, KNOWLEDGE, OTHER, Settings())


@pytest.fixture
def factory(store: Store) -> Policy:
    """The school of the tests as it would be with the template's rules."""
    policy = load.factory_policy()
    assert store.policies.add(SCHOOL, policy, "0" * 64, "school.yaml", LESSON)
    return policy


def done(desk: Desk) -> set[Step]:
    return {one.step for one in begin.stands(desk, LESSON).stands if one.done}


def current(store: Store) -> Policy:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.policy


def number(page: str) -> str:
    found = re.search(r'name="based_on" value="(\d+)"', page)
    assert found
    return found[1]


def test_on_an_empty_box_nothing_is_done_and_the_protocol_comes_first(empty: Desk) -> None:
    start = begin.stands(empty, LESSON)
    assert done(empty) == set() and not start.finished
    assert start.next is Step.PROTOCOL and start.by_file


def test_what_is_there_counts_as_done_and_what_goes_is_to_do_again(empty: Desk, store: Store) -> None:
    store.people.put_group(OTHER, Group("7", "Groep 7", (7,)), "cor", LESSON)
    store.people.put_people(OTHER, [Person("x", Role.PUPIL, "Sam", ("7",))], "cor", LESSON)
    store.devices.put(OTHER, Device("c", "C", DeviceClass.PUPIL, "7"), "cor", LESSON)
    assert done(empty) == {Step.GROUPS, Step.PEOPLE, Step.DEVICES}
    store.people.remove_group(OTHER, "7", "cor", LESSON)
    store.devices.remove(OTHER, "c", "cor", LESSON)
    assert done(empty) == {Step.PEOPLE}


def test_a_test_of_a_device_is_what_proves_the_certificate_and_the_whole(empty: Desk, store: Store) -> None:
    store.self_tests.saw(OTHER, "c", Probe.WAY, True, LESSON)
    store.self_tests.saw(OTHER, "c", Probe.PLAIN, True, LESSON)
    assert done(empty) == set()
    store.self_tests.saw(OTHER, "c", Probe.SOCIAL, True, LESSON)
    assert done(empty) == {Step.CERTIFICATE}
    for probe in PAGES:
        store.self_tests.saw(OTHER, "c", probe, True, LESSON)
    assert done(empty) == {Step.CERTIFICATE, Step.TEST}
    store.self_tests.saw(OTHER, "c", Probe.FLOOR, False, LESSON + timedelta(hours=1))
    assert done(empty) == {Step.CERTIFICATE}


def test_a_teacher_counts_when_a_password_was_chosen_and_not_by_a_link_alone(desk: Desk, store: Store) -> None:
    def stand() -> begin.Stand:
        return next(one for one in begin.stands(desk, LESSON).stands if one.step is Step.TEACHER)

    assert (stand().done, stand().waits) == (False, "")
    store.accounts.add(SCHOOL, "bram", "bram", Role.TEACHER, LESSON)
    assert (stand().done, stand().waits) == (False, "link")
    give_account(store, "anja")
    assert stand().done


def test_ports_of_groups_in_the_file_are_devices_too(store: Store, empty: Desk) -> None:
    told = Desk(store, KNOWLEDGE, OTHER, Settings(listen=Listen(groups={"7": 8107})))
    assert Step.DEVICES in done(told)


def test_pupils_may_come_later_and_are_asked_for_last(empty: Desk) -> None:
    start = begin.stands(empty, LESSON)
    but_pupils = tuple(replace(one, done=one.step is not Step.PEOPLE) for one in start.stands)
    assert replace(start, stands=but_pupils).finished and replace(start, stands=but_pupils).next is Step.PEOPLE


# --- landing and menu ------------------------------------------------------------------------------------------------


def test_a_coordinator_lands_on_the_assistant_while_the_school_is_not_ready(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert cor.get("/").headers["Location"].endswith("/beheer/begin")
    assert 'href="/beheer/begin"' in cor.page("/beheer/groepen")
    assert signed_in("ria").get("/").headers["Location"].endswith("/beheer/")
    finish(store)
    assert cor.get("/").headers["Location"].endswith("/beheer/")
    assert 'href="/beheer/begin"' not in cor.page("/beheer/groepen")
    assert "Alles staat klaar" in cor.page("/beheer/begin")


def finish(store: Store) -> None:
    """Everything that the school of the tests lacks."""
    for code in (begin.CHOSE_PROTOCOL, begin.CHOSE_TIMES):
        store.audit.add(SCHOOL, "cor", code, LESSON)
    desk = Desk(store, KNOWLEDGE, SCHOOL, Settings())
    assert store.policies.add(SCHOOL, load.factory_policy(), "beheer", "cor", LESSON)
    assert begin_times.set_region(desk, COR, "midden", number_of(store), LESSON).ok
    give_account(store, "anja")
    for probe in PAGES:
        store.self_tests.saw(SCHOOL, "chroom-1", probe, True, LESSON)


def number_of(store: Store) -> int:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.number


def test_every_step_opens_and_says_how_it_stands(factory: Policy, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    overview = cor.page("/beheer/begin")
    slugs = re.findall(r'href="/beheer/begin/([a-z]+)"', overview)
    assert len(set(slugs)) == 9
    for slug in slugs:
        page = cor.page(f"/beheer/begin/{slug}")
        assert re.search(r"stap \d van 9", page) and ("te doen" in page or "klaar" in page)
    assert cor.get("/beheer/begin/iets").status_code == 404
    assert "school.yaml" in overview  # the rules come from the file on the box


def test_no_teacher_comes_here(signed_in: SignIn) -> None:
    for login in ("anja", "stan", "coen", "iris"):
        assert signed_in(login).get("/beheer/begin").status_code == 403
        assert signed_in(login).post("/beheer/begin/groepen", years="1").status_code == 403


# --- the steps -------------------------------------------------------------------------------------------------------


def test_another_protocol_is_looked_at_before_it_holds(factory: Policy, store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/begin/protocol/bekijk", protocol="regenboog").text
    assert "Dit wordt anders:" in page and protocol("regenboog").title in page
    assert current(store).protocol.id == "kalisto"
    assert (
        "Het protocol is gekozen."
        in cor.post("/beheer/begin/protocol", protocol="regenboog", based_on=number(page)).text
    )
    kept = store.policies.current(SCHOOL)
    assert kept and (kept.policy.protocol.id, kept.origin) == ("regenboog", "beheer")
    assert kept.policy == under(factory, "", "regenboog")


def test_the_own_decisions_of_the_school_stay_under_another_protocol(factory: Policy, store: Store) -> None:
    own = replace(factory, lists={"social": ("kletsplein.test",)}, passed_words=("toneelstuk",))
    made = under(own, "", "verkruisen")
    assert (made.lists, made.passed_words, made.schedule) == (own.lists, own.passed_words, own.schedule)
    assert made.protocol.id == "verkruisen" and made.rules != own.rules


def test_keeping_the_protocol_is_a_choice_too_and_makes_no_version(
    factory: Policy, store: Store, desk: Desk, signed_in: SignIn
) -> None:
    assert Step.PROTOCOL not in done(desk)
    before = number_of(store)
    cor = signed_in("cor")
    page = cor.post("/beheer/begin/protocol/bekijk", protocol="kalisto").text
    assert "Dit protocol geldt al." in page
    cor.post("/beheer/begin/protocol", protocol="kalisto", based_on=number(page))
    assert Step.PROTOCOL in done(desk) and number_of(store) == before


def test_rules_that_moved_meanwhile_are_not_overwritten(factory: Policy, store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/begin/protocol/bekijk", protocol="regenboog").text
    assert store.policies.add(SCHOOL, replace(factory, passed_words=("anders",)), "beheer", "ria", LESSON)
    told = cor.post("/beheer/begin/protocol", protocol="regenboog", based_on=number(page)).text
    assert "te doen" in told and current(store).protocol.id == "kalisto"
    assert current(store).passed_words == ("anders",)


@pytest.mark.parametrize("name", ["", "niets", "../kalisto", "<b>"])
def test_a_protocol_that_is_none_changes_nothing(factory: Policy, store: Store, signed_in: SignIn, name: str) -> None:
    cor = signed_in("cor")
    assert "kan nu niet" in cor.post("/beheer/begin/protocol/bekijk", protocol=name).text
    cor.post("/beheer/begin/protocol", protocol=name, based_on="1")
    assert current(store) == factory


def test_groups_are_ticked_or_typed(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "toegevoegd" in cor.post("/beheer/begin/groepen", years=["1", "6"], names="Groep 3/4\n 7a \n").text
    groups = {one.id: one for one in store.people.groups(SCHOOL)}
    assert {"1", "6", "3-4", "7a"} <= groups.keys()
    assert (groups["3-4"].name, groups["3-4"].years) == ("Groep 3/4", (3, 4))
    assert groups["6"].name == "Groep 6"
    assert groups["7"].name == "Groep 7"  # was there, and stays as it is
    refused = cor.post("/beheer/begin/groepen", names="!!!", years=["2"]).text
    assert "!!!</textarea>" in refused and "Vink een groep aan" in refused


def test_the_times_are_one_simple_form_with_short_days(factory: Policy, store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.page("/beheer/begin/tijden")
    assert 'name="start" required value="08:30"' in page
    form = {"start": "08:45", "end": "14:45", "from1": "10:30", "to1": "10:45", "from2": "12:15", "to2": "13:00"}
    told = cor.post("/beheer/begin/tijden", **form, end_wed="12:30", based_on=number(page)).text
    assert "De schooltijden zijn opgeslagen." in told
    days = current(store).schedule.days
    assert days[0][0].start.isoformat() == "08:45:00" and days[0][-1].end.isoformat() == "14:45:00"
    assert days[2][-1].end.isoformat() == "12:30:00" and len(days[2]) == 3  # no lunch break after school
    again = cor.page("/beheer/begin/tijden")
    assert 'name="end_wed" value="12:30"' in again and 'name="from2" value="12:15"' in again


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": "08:00"},
        {"from1": "10:30", "to1": ""},
        {"start": "laat"},
        {"from1": "09:00", "to1": "12:30"},
        {"end": ""},
    ],
)
def test_times_that_cannot_be_stay_on_the_form(
    factory: Policy, store: Store, signed_in: SignIn, wrong: dict[str, str]
) -> None:
    cor = signed_in("cor")
    form = {"start": "08:45", "end": "14:45", "from1": "10:30", "to1": "10:45", "from2": "12:15", "to2": "13:00"}
    page = cor.post("/beheer/begin/tijden", **{**form, **wrong}, based_on=str(number_of(store))).text
    assert "Deze tijden kunnen niet" in page and 'value="12:15"' in page
    assert current(store) == factory


def test_a_week_that_says_more_than_the_form_is_not_flattened(store: Store, desk: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    day = {"lessons": ["08:30-14:00"]}
    values = {"days": {"mon": day, "tue": day}, "groups": {"8": {"mon": {"lessons": ["08:30-12:00"]}}}}
    before, written = with_times(load.factory_policy(), "", values)
    assert store.policies.add(SCHOOL, before, "beheer", "cor", LESSON, written=written)
    assert begin_times.simple_times(before, "") is None
    page = cor.page("/beheer/begin/tijden")
    assert "meer zegt dan dit formulier" in page and 'name="start"' not in page
    cor.post("/beheer/begin/tijden", keep="1")
    assert current(store) == before and Step.TIMES in done(desk)


def test_a_region_closes_the_school_in_its_holidays(
    factory: Policy, store: Store, desk: Desk, signed_in: SignIn
) -> None:
    cor = signed_in("cor")
    assert Step.HOLIDAYS not in done(desk)
    page = cor.page("/beheer/begin/vakanties")
    assert "zomervakantie" in page
    assert "opgeslagen" in cor.post("/beheer/begin/vakanties", region="zuid", based_on=number(page)).text
    assert current(store).schedule.closures and Step.HOLIDAYS in done(desk)
    assert 'value="zuid" required checked' in cor.page("/beheer/begin/vakanties")
    assert "Kies een regio" in cor.post("/beheer/begin/vakanties", region="oost", based_on="1").text


def test_pupils_are_typed_a_name_a_line(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/begin/leerlingen", group="7", names="Ada Lovelace\n\n Bo  Peep \nAda Lovelace\n")
    names = [one.name for one in store.people.persons(SCHOOL, Role.PUPIL)]
    assert names.count("Ada Lovelace") == 1 and "Bo Peep" in names
    page = cor.post("/beheer/begin/leerlingen", group="99", names="Cleo").text
    assert "Cleo</textarea>" in page and "Cleo" not in [one.name for one in store.people.persons(SCHOOL)]


def test_the_first_teachers_link_is_shown_once(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/begin/leerkracht", name="Juf Els", login="els", groups=["7"]).text
    link = re.search(r"/wachtwoord/[\w-]+", page)
    assert link and "Juf Els" in page
    assert "/wachtwoord/" not in cor.page("/beheer/begin/leerkracht")
    person = next(one for one in store.people.persons(SCHOOL) if one.name == "Juf Els")
    assert (person.role, person.groups) == (Role.TEACHER, ("7",))
    page = cor.post("/beheer/begin/leerkracht", name="Juf Eva", login="els", groups=["8"]).text
    assert 'value="Juf Eva"' in page and 'value="8" checked' in page


def test_the_outcome_of_a_test_on_a_device_is_seen_here(store: Store, signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    assert "Er is nog niets getest." in cor.page("/beheer/begin/zelftest")
    store.self_tests.saw(SCHOOL, "", Probe.WAY, False, LESSON)
    assert "Dit apparaat kwam niet langs de proxy." in cor.page("/beheer/begin/zelftest")
    for probe in PAGES:
        store.self_tests.saw(SCHOOL, "chroom-1", probe, probe is not Probe.SOCIAL, LESSON)
    page = cor.page("/beheer/begin/zelftest")
    assert "Chromebook 1" in page and "NIET GEBLOKKEERD" in page
    store.self_tests.saw(SCHOOL, "chroom-1", Probe.SOCIAL, True, LESSON)
    assert "Alles bleef dicht." in cor.page("/beheer/begin/zelftest")


def test_a_box_that_only_hears_itself_says_so() -> None:
    assert way(Listen(), {}).here
    told = way(Listen(address="0.0.0.0", reach=("192.168.1.2",), page=8083, groups={"7": 8107}), {})
    assert not told.here and told.test == "http://wacht.klaswacht.internal:8083/test"
    assert told.straight == "http://192.168.1.2:8083/test" and told.groups == (("7", 8107),)


def test_simple_times_come_back_as_they_were_typed() -> None:
    typed = Times("08:30", "14:15", (("10:15", "10:30"),), {"fri": "12:00"})
    policy = load.factory_policy()
    made, written = with_times(policy, "", {"days": begin_times._days(typed)})
    assert begin_times.simple_times(made, written) == typed
    assert begin_times.simple_times(made, "") == typed
