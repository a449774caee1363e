"""Beheer: what the coordinator keeps and is told."""

import re

from store import Store
from tests.cast import LESSON


def test_the_coordinator_is_told_when_events_were_lost(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    assert "Niet opgeslagen" not in cor.page("/beheer/groepen")
    store.events.add_batch("school", [], LESSON, lost=3)
    assert "Niet opgeslagen in de laatste 7 dagen: 3." in cor.page("/beheer/apparaten")


def test_a_coordinator_makes_a_group_a_teacher_a_pupil_and_a_device(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/groep", id="6", name="Groep 6", years="6")
    assert "Groep 6" in cor.page("/beheer/groepen")
    told = cor.post("/beheer/medewerker", name="Els Prins", login="els", role="teacher", groups="6").text
    assert "/wachtwoord/" in told
    assert "/wachtwoord/" not in cor.page("/beheer/medewerkers")
    cor.post("/beheer/leerling", name="Kim de Wit", group="6")
    assert "Kim de Wit" in cor.page("/beheer/leerlingen")
    people = {person.name: person for person in store.people.persons("school")}
    assert people["Els Prins"].groups == people["Kim de Wit"].groups == ("6",)


def test_a_code_of_a_group_that_cannot_be_is_told_as_such(store: Store, signed_in) -> None:
    told = signed_in("cor").post("/beheer/groep", id="Groep 5!", name="Vijf").text
    assert "Een code heeft alleen kleine letters" in told
    assert "Vijf" not in {group.name for group in store.people.groups("school")}


def test_what_goes_for_good_takes_a_second_tap_after_a_sentence_about_it(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    for tab, of in (
        ("groepen", "Groep 7 verwijderen? De leerlingen blijven"),
        ("leerlingen", "verwijderen? Ook toestemming van thuis"),
        ("medewerkers", "Het account werkt dan niet meer"),
        ("apparaten", "wordt dan niet meer herkend"),
    ):
        page = cor.page(f"/beheer/{tab}")
        assert of in page
        # No form that removes stands outside a closed fold.
        outside = re.sub(r'<details class="sure">.*?</details>', "", page, flags=re.DOTALL)
        assert "/weg" in page
        assert "/weg" not in outside


def test_a_device_is_not_the_whole_world(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    for wide in ("0.0.0.0/0", "10.0.0.0/8", "::/0", "geen adres"):
        told = cor.post("/beheer/apparaat", name="Alarm", kind="infrastructure", addresses=wide).text
        assert "adresbereik klopt niet" in told
    cor.post("/beheer/apparaat", name="Alarm", kind="infrastructure", addresses="10.7.0.9 10.8.0.0/24")
    found = [r.device for r in store.devices.registered("school") if r.device.name == "Alarm"]
    assert [d.addresses for d in found] == [("10.7.0.9/32", "10.8.0.0/24")]


def test_a_report_from_a_device_of_no_group_reaches_the_office(store: Store, signed_in) -> None:
    report = store.incidents.report("school", "eng.nl", LESSON, note="Iets engs")
    store.incidents.report("school", "anders.nl", LESSON, group="7")
    cor, anja = signed_in("cor"), signed_in("anja")
    page = cor.page("/beheer/groepen")
    assert "eng.nl" in page
    assert "anders.nl" not in page
    assert "eng.nl" not in anja.page("/les/7")
    assert anja.post(f"/beheer/melding/{report.id}").status_code == 403
    assert "Melding is gezien" in cor.post(f"/beheer/melding/{report.id}").text
    assert "eng.nl" not in cor.page("/beheer/groepen")
