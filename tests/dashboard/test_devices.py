"""The page of devices: registered, changed and found again; a cart at once; what cannot be names the other device."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask

from cli.ca.issuing import ensure_ca
from cli.chromebook import ChromebookDesk
from cli.home import Home
from config.settings import Listen, Settings
from dashboard.actions import devices
from dashboard.actions.desk import Desk
from dashboard.actions.devices import Form, No, Row
from policy.model import Device, DeviceClass
from store import Store
from store.self_tests import PAGES
from tests.cast import ANJA, COR, LESSON
from tests.dashboard.conftest import SCHOOL, Browser, Clock

type SignIn = Callable[[str], Browser]


def names(store: Store) -> list[str]:
    return [one.device.name for one in store.devices.registered(SCHOOL)]


def device(store: Store, name: str) -> Device:
    return next(one.device for one in store.devices.registered(SCHOOL) if one.device.name == name)


def test_a_device_is_changed_after_it_was_made_and_keeps_its_key(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/apparaat/chroom-1/sleutel")
    key = device(store, "Chromebook 1").key_hash
    assert key
    told = cor.post(
        "/beheer/apparaat/chroom-1", name="Chromebook 8-1", kind="pupil", group="8", person="bo", addresses="10.20.8.1"
    )
    assert "Het apparaat is opgeslagen." in told.text
    made = device(store, "Chromebook 8-1")
    assert (made.id, made.group, made.person, made.addresses) == ("chroom-1", "8", "bo", ("10.20.8.1/32",))
    assert made.key_hash == key


def test_what_was_typed_stays_on_the_form_after_a_refusal(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    typed = {"name": "Bord lokaal 3", "kind": "digiboard", "group": "7", "addresses": "10.20.300.1"}
    page = cor.post("/beheer/apparaat", **typed).text
    assert "«10.20.300.1» is geen adres" in page
    assert 'value="Bord lokaal 3"' in page and 'value="10.20.300.1"' in page
    assert '<option value="digiboard" selected>' in page
    page = cor.post("/beheer/apparaat/chroom-1", **{**typed, "name": "Nieuwe naam"}).text
    assert 'value="Nieuwe naam"' in page and "geen adres" in page
    assert names(store) == ["Chromebook 1"]


def test_an_address_that_is_anothers_names_the_other(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/apparaat", name="Kar 7", kind="pupil", group="7", addresses="10.20.7.0/24")
    page = cor.post("/beheer/apparaat", name="Kar 8", kind="pupil", group="8", addresses="10.20.7.128/25").text
    assert "10.20.7.128/25 is al van Kar 7 (10.20.7.0/24, Groep 7)" in page
    assert "Kar 8" not in names(store)
    # An address of its own inside the range of its own group, or of a printer, is none: the narrowest counts.
    cor.post("/beheer/apparaat", name="Bord 7", kind="digiboard", group="7", addresses="10.20.7.9")
    cor.post("/beheer/apparaat", name="Printer", kind="infrastructure", addresses="10.20.7.10")
    assert {"Bord 7", "Printer"} <= set(names(store))
    page = cor.post("/beheer/apparaat", name="Nog een printer", kind="infrastructure", addresses="10.20.7.10").text
    assert "is al van Printer" in page


def test_a_phone_may_be_registered_by_its_hardware_address_and_by_one_only_once(desk: Desk) -> None:
    made = devices.put(desk, COR, Form("Telefoon", "phone", addresses="3C-22-FB-01-02-03 10.20.9.9"), LESSON)
    assert isinstance(made, Device) and made.addresses == ("3c:22:fb:01:02:03", "10.20.9.9/32")
    for typed in ("3c:22:fb:01:02:03", "10.20.9.9"):
        again = devices.put(desk, COR, Form("Nog een", "phone", addresses=typed), LESSON)
        assert isinstance(again, No) and (again.code, again.values["name"]) == ("overlap", "Telefoon")
    for typed in ("ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "3c:22:fb:01:02"):
        none = devices.put(desk, COR, Form("Nog een", "phone", addresses=typed), LESSON)
        assert isinstance(none, No) and none.code == "address"


def test_a_whole_cart_counts_its_names_and_addresses(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post(
        "/beheer/apparaten/reeks",
        first="Chromebook 7-1",
        last="7-30",
        kind="pupil",
        group="7",
        address="10.20.7.250",
    ).text
    assert "De apparaten zijn opgeslagen." in page
    assert len(names(store)) == 31
    assert device(store, "Chromebook 7-1").addresses == ("10.20.7.250/32",)
    assert device(store, "Chromebook 7-30").addresses == ("10.20.8.23/32",)
    assert device(store, "Chromebook 7-30").group == "7"


def test_of_a_cart_that_cannot_be_nothing_is_kept_and_every_line_is_named(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/apparaat", name="Kast 2", kind="pupil", group="8", addresses="10.20.7.2")
    page = cor.post(
        "/beheer/apparaten/reeks", first="Kast 1", last="3", kind="pupil", group="7", address="10.20.7.1"
    ).text
    assert "Regel 2: 10.20.7.2/32 is al van Kast 2" in page
    assert 'value="Kast 1"' in page and 'value="10.20.7.1"' in page
    assert names(store) == ["Chromebook 1", "Kast 2"]
    page = cor.post("/beheer/apparaten/reeks", first="Zonder nummer", last="drie", kind="pupil").text
    assert "met een nummer aan het eind" in page and 'value="Zonder nummer"' in page


LIST = "naam;soort;groep;adres\nChromebook 21;leerling;7;10.30.7.21\nBord;digibord;Groep 8;\nLos;;;\n"


def test_a_list_may_be_pasted_or_be_a_file(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/apparaten/lijst", table=LIST)
    assert device(store, "Chromebook 21").addresses == ("10.30.7.21/32",)
    assert (device(store, "Bord").kind, device(store, "Bord").group) == (DeviceClass.DIGIBOARD, "8")
    assert device(store, "Los").kind is DeviceClass.PUPIL
    file = (BytesIO("﻿name,type\nÉén,staff\n".encode()), "apparaten.csv")
    cor.post("/beheer/apparaten/lijst", table="", file=file)
    assert device(store, "Één").kind is DeviceClass.STAFF


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("naam;soort;groep;adres\nA;koffiezet;7;\nB;;99;\nC;;;10.1\n", "Regel 2: «koffiezet»"),
        ("naam;soort;groep;adres\nA;koffiezet;7;\nB;;99;\nC;;;10.1\n", "Regel 4: «10.1» is geen adres"),
        ("naam;soort;groep;adres\nA;;7;\nB;;99;\n", "Regel 3: De groep «99» bestaat niet"),
        ("naam\nA\nA\n", "Regel 3: Er is al een apparaat dat A heet."),
        ("A;B\n1;2\n", "De eerste regel moet de kolommen noemen"),
        ("", "Er staat niets in de lijst"),
        ("naam\n<script>alert(1)</script>\n" * 2, "Regel 4"),
    ],
)
def test_a_bad_list_names_its_lines_keeps_its_text_and_saves_nothing(
    store: Store, signed_in: SignIn, table: str, problem: str
) -> None:
    page = signed_in("cor").post("/beheer/apparaten/lijst", table=table).text
    assert problem in page and "Er is niets opgeslagen." in page
    assert "<script>alert" not in page
    for line in table.splitlines():
        assert line.replace("<", "&lt;").replace(">", "&gt;") in page
    assert names(store) == ["Chromebook 1"]


def test_a_list_says_every_bad_line_and_not_only_the_first(desk: Desk) -> None:
    rows = devices.listed(b"naam;groep\nA;99\nB;98\n", {"7": "7"}, {})
    assert [(one.code, one.line) for one in rows if isinstance(one, No)] == [("group", 2), ("group", 3)]
    made = devices.put_many(desk, COR, [Row(1, Form("")), Row(2, Form("B", addresses="x"))], LESSON)
    assert [(one.code, one.line) for one in made if isinstance(one, No)] == [("name", 1), ("address", 2)]


def test_one_group_is_shown_or_what_was_not_seen_for_long(store: Store, signed_in: SignIn, clock: Clock) -> None:
    for name, group in (("zeven", "7"), ("acht", "8"), ("geen", None)):
        store.devices.put(SCHOOL, Device(name, f"Kast {name}", DeviceClass.PUPIL, group), "cor", LESSON)
    store.devices.seen(SCHOOL, {"zeven": LESSON - timedelta(days=40), "acht": LESSON})
    cor = signed_in("cor")
    page = cor.page("/beheer/apparaten?groep=7")
    assert "Kast zeven" in page and "Kast acht" not in page
    page = cor.page("/beheer/apparaten?groep=")
    assert "Kast geen" in page and "Kast zeven" not in page
    page = cor.page("/beheer/apparaten?groep=weg")
    assert "Kast zeven" in page and "lang niet gezien" in page and "Kast acht" not in page
    assert "nog niet gezien" in cor.page("/beheer/apparaten?groep=alle")


def test_a_printer_is_never_lost_for_nobody_looks_for_it(store: Store, signed_in: SignIn) -> None:
    store.devices.put(SCHOOL, Device("printer", "Printer", DeviceClass.INFRASTRUCTURE), "cor", LESSON)
    store.devices.seen(SCHOOL, {"printer": LESSON - timedelta(days=400)})
    assert "Lang niet gezien (0)" in signed_in("cor").page("/beheer/apparaten")


def test_the_outcome_of_a_self_test_stands_at_its_device(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "zelftest" not in cor.page("/beheer/apparaten")
    for probe in PAGES:
        store.self_tests.saw(SCHOOL, "chroom-1", probe, True, LESSON)
    assert "zelftest goed" in cor.page("/beheer/apparaten")
    store.self_tests.saw(SCHOOL, "chroom-1", PAGES[0], False, LESSON)
    assert "zelftest niet goed" in cor.page("/beheer/apparaten")
    store.self_tests.saw(SCHOOL, "", PAGES[0], True, LESSON)
    assert "een apparaat dat hier niet staat" in cor.page("/beheer/apparaten")


def test_a_teacher_registers_nothing_whatever_she_posts(store: Store, desk: Desk, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    for path in (
        "at",
        "at/chroom-1",
        "ten/reeks",
        "ten/lijst",
        "at/chroom-1/weg",
        "at/chroom-1/sleutel",
        "at/chroom-1/code",
    ):
        assert anja.post(f"/beheer/appara{path}", name="Mijn", first="A1", last="A2").status_code == 403
    assert devices.put(desk, ANJA, Form("Mijn"), LESSON) == No("role")
    assert devices.put_many(desk, ANJA, [Row(1, Form("Mijn"))], LESSON) == (No("role"),)
    assert names(store) == ["Chromebook 1"]


def test_a_device_that_is_gone_is_not_made_again_by_changing_it(store: Store, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    store.devices.remove(SCHOOL, "chroom-1", "cor", LESSON)
    page = cor.post("/beheer/apparaat/chroom-1", name="Terug", kind="pupil").text
    assert "staat er niet meer" in page and names(store) == []


# --- what goes into the Admin console --------------------------------------------------------------------------------

CONSOLE = "/beheer/apparaten/chromebook"


@pytest.fixture
def chromebooks(app: Flask, tmp_path: Path) -> Home:
    """A guard's home, where groups 7 and 8 have a port; without a CA yet."""
    home = Home(tmp_path / "home")
    home.ca_folder.mkdir(mode=0o700, parents=True)
    listen = Listen(address="10.0.0.2", groups={"7": 8107, "8": 8108}, page=80)
    app.extensions["klaswacht_chromebooks"] = ChromebookDesk(home, Settings(listen=listen))
    return home


def test_a_coordinator_takes_the_folder_of_a_group_along_for_the_admin_console(
    chromebooks: Home, signed_in: SignIn
) -> None:
    ensure_ca(chromebooks.ca_folder, "Onze school", LESSON)
    cor = signed_in("cor")
    page = cor.get("/beheer/apparaten").text
    assert f"{CONSOLE}/7.zip" in page and f"{CONSOLE}/8.zip" in page
    answer = cor.get(f"{CONSOLE}/8.zip")
    assert answer.status_code == 200 and answer.content_type == "application/zip"
    assert "klaswacht-groep-8-" in answer.headers["Content-Disposition"]
    with ZipFile(BytesIO(answer.data)) as archive:
        assert b"http://10.0.0.2/pac/8.pac" in archive.read("klaswacht-groep-8/chromebook-gebruikers.json")
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert b"PRIVATE" not in whole and b"Sam" not in whole, "no key and nobody's name"


@pytest.mark.parametrize("group", ["9", "..%2f7", "7.zip", "%00"])
def test_a_group_without_a_port_has_no_folder(chromebooks: Home, signed_in: SignIn, group: str) -> None:
    ensure_ca(chromebooks.ca_folder, "Onze school", LESSON)
    assert signed_in("cor").get(f"{CONSOLE}/{group}.zip").status_code == 404


def test_what_is_not_possible_yet_is_told_on_the_page(chromebooks: Home, signed_in: SignIn) -> None:
    told = signed_in("cor").get(f"{CONSOLE}/7.zip")
    assert "application/zip" not in told.content_type
    assert "Er is nog geen certificaat van de school" in told.text and "klaswacht up" in told.text


def test_a_guard_that_makes_no_folders_shows_none(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert CONSOLE not in cor.get("/beheer/apparaten").text
    assert cor.get(f"{CONSOLE}/7.zip").status_code == 404
