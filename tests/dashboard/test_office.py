"""Beheer: what the coordinator keeps and is told."""

import re
from datetime import UTC, datetime

import pytest

from cli.ca import ensure_ca, ensure_dashboard, rotation
from policy.model import Role
from store import Store
from store.people import Person
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL


def test_the_coordinator_is_told_when_events_were_lost(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    assert "Niet opgeslagen" not in cor.page("/beheer/groepen")
    store.events.add_batch("school", [], LESSON, lost=3)
    assert "Niet opgeslagen in de laatste 7 dagen: 3." in cor.page("/beheer/leerlingen")


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
        ("leerlingen?wie=sam", "verwijderen? Ook toestemming van thuis"),
        ("medewerkers?wie=anja", "Het account werkt dan niet meer"),
        ("apparaten?wie=chroom-1", "wordt dan niet meer herkend"),
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


@pytest.mark.evasion("S03")
def test_no_page_and_no_download_of_anybody_has_a_private_key(app, signed_in, tmp_path):
    """Everything that can be asked for without more in its address, beside a folder with the real keys in it."""
    now = datetime.now(UTC)
    (tmp_path / "klaswacht-ca.crt").unlink()  # the app's, not a real one
    files = ensure_ca(tmp_path, "De Regenboog", now)  # where the app has its certificate
    ensure_dashboard(files, ("localhost",), now)
    rotation.begin(files, "De Regenboog", now)
    asked = [one.rule for one in app.url_map.iter_rules() if "GET" in (one.methods or ()) and not one.arguments]
    assert {"/beheer/ca.crt", "/beheer/ca-volgende.crt"} <= set(asked)
    for login in ("cor", "ria", "anja"):
        browser = signed_in(login)
        for path in asked:
            answer = browser.get(path)
            if answer.mimetype != "text/event-stream":  # a stream has no end
                assert b"PRIVATE KEY" not in answer.data, path
        assert browser.get("/beheer/ca-volgende.crt").data == files.next_public.read_bytes()
    assert b"ca-volgende.crt" in signed_in("cor").get("/beheer/apparaten").data


def test_a_large_school_sees_one_group_at_a_time_and_the_form_of_who_was_chosen(store: Store, signed_in) -> None:
    more = [Person(f"l{n}", Role.PUPIL, f"Leerling {n:03}", ("8",) if n % 2 else ("7",)) for n in range(200)]
    store.people.put_people(SCHOOL, more, "setup", LESSON)
    cor = signed_in("cor")
    first = cor.page("/beheer/leerlingen")
    assert "Leerling 000" in first and "Leerling 001" not in first and "mens/l0/" not in first
    other = cor.page("/beheer/leerlingen?groep=8&wie=l1")
    assert "Leerling 001" in other and "Leerling 000" not in other
    assert "mens/l1/groepen" in other and "mens/l3/" not in other
    assert len(first) < 25_000 and len(other) < 25_000


def test_a_pupil_is_found_by_a_piece_of_the_name_whatever_the_accents(store: Store, signed_in) -> None:
    more = [Person(f"l{n}", Role.PUPIL, f"Leerling {n:03}", ("7",)) for n in range(100)]
    store.people.put_people(SCHOOL, [*more, Person("z", Role.PUPIL, "Zoë van 't Hof", ("8",))], "setup", LESSON)
    cor = signed_in("cor")
    for wanted in ("zoe", "hof", "HOF zo", "van t"):
        page = cor.page(f"/beheer/leerlingen?zoek={wanted}")
        assert "Zoë van" in page and "Leerling 001" not in page, wanted
    assert "mens/z/groepen" in cor.page("/beheer/leerlingen?zoek=zoe&wie=z")
    assert "Niemand heet zo" in cor.page("/beheer/leerlingen?zoek=%3Cscript%3E")
    assert "En nog 40" in cor.page("/beheer/leerlingen?zoek=leerling")


def test_what_was_typed_stays_on_the_form_that_was_refused(signed_in) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/groep", id="Groep 5!", name="Vijf <b>", years="5").text
    assert 'value="Groep 5!"' in page and 'value="Vijf &lt;b&gt;"' in page and 'value="5"' in page
    assert '<option value="7" selected>' in cor.post("/beheer/leerling", name=" ", group="7").text
    page = cor.post("/beheer/medewerker", name="Els Prins", login="te kort!", role="intern", groups="8").text
    assert 'value="Els Prins"' in page and 'value="te kort!"' in page and 'value="intern" selected' in page
    assert re.search(r'name="groups" value="8"[^>]* checked', page)
