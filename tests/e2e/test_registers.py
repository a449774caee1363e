"""What staff may always do, and who may be on a photo: from the screens to what a laptop really gets.

What is asserted is the order of things and generous ceilings.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from config import load
from config.texts import say
from policy.model import Device as Registered
from policy.model import DeviceClass, Role
from store.people import Person
from tests.e2e.browsing import types
from tests.e2e.clients import Device
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_measures import becomes, fits, sign_in

pytestmark = [pytest.mark.full, pytest.mark.timeout(300), pytest.mark.browser]

FILMS = "https://filmpjes.test/"


def now() -> datetime:
    return datetime.now(UTC)


def adopt(play: Playground, protocol: str) -> None:
    """The playground's school takes over another protocol; its week and its lists stay."""
    first = play.store.policies.get(play.desk.school, 1)
    assert first is not None
    policy = replace(load.factory_policy(protocol), schedule=first.policy.schedule, lists=first.policy.lists)
    assert play.store.policies.add(play.desk.school, policy, "test", "test", now())


def laptop(play: Playground) -> Device:
    """A laptop of juf Anja's, which proves itself with its key."""
    mark = hashlib.sha256(b"sleutel-anja").hexdigest()
    own = Registered("laptop-anja", "Laptop juf Anja", DeviceClass.STAFF, None, "staff-anja", key_hash=mark)
    play.store.devices.put(play.desk.school, own, "test", now())
    # What is open to staff is not looked into: then the site shows its own certificate.
    return Device(play.keyed, (play.ca, play.papers.ca), key="laptop-anja:sleutel-anja")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_management_lets_teachers_look_and_stops_it_again(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=80)
    adopt(play, "kardinaal-de-jong")
    anja, noor = laptop(play), play.device("Noor")
    becomes(anja, FILMS, 403)
    page = browsers.staff("coordinator", width)
    sign_in(page, play, "coordinator", "/beheer/personeel")
    expect(page.get_by_text(say("dash.standing.only_management", "nl"))).to_be_visible(timeout=PATIENCE)
    assert page.get_by_role("button", name=say("dash.standing.accept", "nl")).count() == 0
    shots.take(page, "coordinator", "vaste-toestemming")
    assert fits(page)
    page = browsers.staff("directie", width)
    sign_in(page, play, "directie", "/beheer/personeel")
    expect(page.get_by_text("a1:")).to_be_visible(timeout=PATIENCE)
    page.get_by_text(say("dash.standing.open_form", "nl")).click()
    shots.take(page, "directie", "vaste-toestemming-voorstel")
    assert fits(page)
    page.get_by_role("button", name=say("dash.standing.accept", "nl")).click()
    expect(page.get_by_text(say("dash.done.standing", "nl"))).to_be_visible(timeout=PATIENCE)
    took = becomes(anja, FILMS, 200)
    assert took < 10, took
    becomes(noor, FILMS, 403)
    shots.take(page, "directie", "vaste-toestemming-geldt")
    assert fits(page)
    page.get_by_role("button", name=say("dash.standing.stop", "nl")).click()
    expect(page.get_by_text(say("dash.done.standing_stopped", "nl"))).to_be_visible(timeout=PATIENCE)
    becomes(anja, FILMS, 403)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_group_is_filled_in_and_its_teacher_looks_before_a_photo(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots = Shots(width, number=90)
    adopt(play, "regenboog")
    everybody = [one.id for one in play.store.people.persons(play.desk.school)]
    play.store.people.set_consents(play.desk.school, dict.fromkeys(everybody), "test", now())
    play.store.photos.answer(play.desk.school, dict.fromkeys(everybody), "test", now())
    page = browsers.staff("coordinator", width)
    sign_in(page, play, "coordinator", "/beheer/toestemming")
    shots.take(page, "coordinator", "toestemming")
    assert fits(page)
    page.goto(f"{play.dashboard_url}/beheer/toestemming/media/7")
    page.locator("input[name='a:p7-2'][value=no]").check()
    page.get_by_role("button", name=say("dash.consents.rest", "nl")).click()
    expect(page.get_by_text("5 ja · 1 nee")).to_be_visible(timeout=PATIENCE)
    told = {f"p7-{number}": number != 2 for number in range(1, 7)}
    assert play.store.people.consents(play.desk.school, now()) == told
    shots.take(page, "coordinator", "toestemming-media")
    assert fits(page)
    page.goto(f"{play.dashboard_url}/beheer/toestemming/foto/7")
    page.locator("input[name='a:p7-1'][value=unrecognisable]").check()
    page.locator("input[name='a:p7-3'][value=no]").check()
    shots.take(page, "coordinator", "toestemming-foto")
    assert fits(page)
    page.get_by_role("button", name=say("dash.consents.save", "nl"), exact=True).click()
    expect(page.get_by_text("1 onherkenbaar")).to_be_visible(timeout=PATIENCE)
    page = browsers.staff("anja", width)
    sign_in(page, play, "anja", "/fototoestemming")
    barred = page.locator("section", has=page.get_by_text(say("dash.photos.means.no", "nl")))
    expect(barred.get_by_text("Fatima")).to_be_visible(timeout=PATIENCE)
    shots.take(page, "juf", "fototoestemming")
    assert fits(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_account_without_a_manager_and_a_closed_means_for_parents_are_told(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots = Shots(width, number=100)
    adopt(play, "regenboog")
    for entry in play.store.registers.entries(play.desk.school):
        play.store.registers.remove(play.desk.school, entry.id, "test", now())
    play.store.people.put_people(play.desk.school, [Person("weg", Role.STAFF, "Wil de Weg")], "test", now())
    page = browsers.staff("directie", width)
    sign_in(page, play, "directie", "/beheer/registers")

    def fill(register: str, name: str, place: str, manager: str = "") -> None:
        card = page.locator(f"#register-{register} > details")
        card.locator("summary").click()
        card.locator("input[name=name]").fill(name)
        card.locator("input[name=place]").fill(place)
        if manager:
            card.locator("select[name=person]").select_option(label=manager)
        card.get_by_role("button").click()
        expect(page.get_by_text(say("dash.done.register_added", "nl"))).to_be_visible(timeout=PATIENCE)

    fill("means", "Ouderplein", "https://www.kletsplein.test/ouders")
    fill("official", "Facebook", "https://www.facebook.com/speeltuinschool/", "Wil de Weg")
    expect(page.get_by_text("beheer: Wil de Weg")).to_be_visible()
    play.store.people.remove_person(play.desk.school, "weg", "test", now())
    page.goto(f"{play.dashboard_url}/beheer/registers")
    expect(page.get_by_text(say("dash.registers.lacks.manager", "nl"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Dit middel is nu dicht voor leerlingen.")).to_be_visible()
    shots.take(page, "directie", "registers-aandacht")
    assert fits(page)
    page.locator("#register-official select[name=person]").first.select_option(label="juf Els")
    page.locator("#register-official").get_by_role("button", name=say("dash.registers.hand_over", "nl")).click()
    expect(page.get_by_text("beheer: juf Els")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Zet het open kletsplein.test").click()
    expect(page.get_by_text(say("dash.done.site_opened", "nl"))).to_be_visible(timeout=PATIENCE)
    assert page.get_by_text("vraagt aandacht").count() == 0
    becomes(play.device("Noor"), "https://kletsplein.test/", 200)
    shots.take(page, "directie", "registers")
    assert fits(page)
    page.locator("#past-niet input[name=site]").fill("onzeschool.test")
    page.locator("#past-niet").get_by_role("button", name=say("dash.registers.add", "nl")).click()
    expect(page.get_by_text(say("dash.done.site_closed", "nl"))).to_be_visible(timeout=PATIENCE)
    becomes(play.device("Noor"), "https://onzeschool.test/", 403)
    pupil = browsers.pupil("Noor", width)
    types(pupil, "https://onzeschool.test/")
    expect(pupil.locator("h1")).to_have_text(say("page.identity.title", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "past-niet")
    assert fits(pupil)
