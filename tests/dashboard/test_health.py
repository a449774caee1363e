"""Beheer, Gezondheid: every part a line, in words; a supervisor that is silent is told first; no names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from config.texts import has
from dashboard.actions import health
from dashboard.actions.desk import Desk
from dashboard.actions.health import PARTS, SILENT_AFTER, Fact, Level, Told
from policy.devicefact import DeviceFact
from policy.model import Action, Device, DeviceClass, Effect, Reason
from store import Store
from store.devices import Devices
from store.events import Event, What
from store.notices import Condition
from tests.cast import LESSON
from tests.dashboard.conftest import NAMES, SCHOOL, STAFF, Browser, own

SignIn = Callable[[str], Browser]
PATH = "/beheer/gezondheid"
GOOD = (
    Fact("workers", Level.OK, "workers", {"count": 2, "deaths": 0}),
    Fact("clock", Level.OK, "clock", {"time": "09:00"}),
    Fact("disk", Level.OK, "disk", {"free": 9000}),
)


class Said:
    """A supervisor that said this."""

    def __init__(self, told: Told | None) -> None:
        self._told = told

    def told(self) -> Told | None:
        return self._told


def tell(app: Flask, *facts: Fact, ago: timedelta = timedelta(seconds=3)) -> None:
    app.extensions["klaswacht_vitals"] = Said(Told(LESSON - ago, facts))


def test_all_is_well_in_words_and_with_numbers(app: Flask, store: Store, signed_in: SignIn) -> None:
    tell(app, *GOOD)
    store.emergencies.make_code(SCHOOL, "cor", LESSON)
    page = signed_in("cor").page(PATH)
    assert "Alles is in orde." in page and "2 werkers luisteren" in page and "9000 MB vrij." in page
    assert "Versie 1 van de regels geldt." in page and "kapot" not in page


def test_what_is_not_well_says_what_to_do_and_since_when(app: Flask, store: Store, signed_in: SignIn) -> None:
    since = LESSON - timedelta(minutes=20)
    away = Fact("workers", Level.BROKEN, "process_away", {"name": "proxy 2"}, since)
    tell(app, away, Fact("clock", Level.LOOK, "clock_free", {"time": "09:00"}, since))
    store.notices.tell(SCHOOL, "w1", {Condition.UPSTREAM: since}, LESSON)
    page = signed_in("ria").page(PATH)
    assert "proxy 2 luistert niet." in page and "sinds 08:40" in page and "klaswacht doctor" in page
    assert "timedatectl set-ntp true" in page and "Het internet doet het even niet." in page
    assert page.index("proxy 2 luistert niet") < page.index("Het internet doet") < page.index("De klok staat")
    assert "Kapot: 2." in page and "Wat u kunt nakijken: de router" in page


@pytest.mark.parametrize("ago", [SILENT_AFTER + timedelta(seconds=1), -SILENT_AFTER - timedelta(hours=1)])
def test_a_supervisor_that_is_silent_or_of_another_clock_is_the_first_thing_to_look_at(
    app: Flask, signed_in: SignIn, ago: timedelta
) -> None:
    tell(app, *GOOD, ago=ago)
    page = signed_in("cor").page(PATH)
    assert "Klaswacht zegt niets meer over zichzelf." in page and "9000 MB" not in page
    app.extensions["klaswacht_vitals"] = None
    assert "Klaswacht zegt niet hoe het ermee is." in signed_in("cor").page(PATH)


def test_devices_that_nobody_saw_are_counted_and_not_named(
    app: Flask, store: Store, signed_in: SignIn, desk: Desk
) -> None:
    tell(app, *GOOD)
    for name in ("boek-sam", "boek-noor"):
        store.devices.put(SCHOOL, own(name), "cor", LESSON)
    devices: Devices = store.devices
    devices.seen(SCHOOL, {"boek-sam": LESSON - timedelta(days=1), "boek-noor": LESSON - timedelta(days=8)})
    page = signed_in("cor").page(PATH)
    assert "1 van 2 zijn langer dan een week niet gezien." in page
    assert "boek-noor" not in page.lower()


def test_it_names_nobody(app: Flask, signed_in: SignIn) -> None:
    tell(app, *GOOD)
    page = signed_in("cor").page(PATH)
    for name in (*NAMES.values(), *(one.name for one in STAFF.values())):
        assert name not in page


@pytest.mark.parametrize("login", ["anja", "iris", "stan", "coen"])
def test_it_is_for_the_office(app: Flask, signed_in: SignIn, login: str) -> None:
    tell(app, *GOOD)
    assert signed_in(login).get(PATH).status_code == 403


def test_every_part_has_a_name_and_the_database_side_only_known_sentences(desk: Desk) -> None:
    for lang in ("nl", "en"):
        assert all(has(f"dash.health.part.{part}", lang) for part in PARTS)
        for fact in health.see(desk, None, LESSON):
            assert has(f"dash.health.say.{fact.code}", lang), fact


def noticed(fact: DeviceFact, device: str, *, ago: timedelta, put_back: bool = False) -> Event:
    effect = Effect.DENY if put_back else Effect.ALLOW
    return Event(What.DEVICE, LESSON - ago, effect, Reason.CONNECT, category=fact.value, thing="tun0", device=device)


def test_what_laptops_noticed_today_is_a_fact_about_the_laptops(app: Flask, store: Store, signed_in: SignIn) -> None:
    tell(app, *GOOD)
    for name in ("laptop-1", "laptop-2"):
        store.devices.put(SCHOOL, Device(name, name.title(), DeviceClass.PUPIL, "7", "sam"), "cor", LESSON)
    hour = timedelta(hours=1)
    told = [noticed(DeviceFact.TUNNEL, name, ago=hour) for name in ("laptop-1", "laptop-2", "laptop-1", "gone")]
    told += [
        noticed(DeviceFact.PROXY, "laptop-1", ago=hour, put_back=True),
        noticed(DeviceFact.CLOCK, "laptop-1", ago=30 * hour),
    ]
    store.events.add_batch(SCHOOL, told, LESSON)
    page = signed_in("cor").page(PATH)
    assert "Een nieuwe tunnel (VPN) op: Laptop-1, Laptop-2." in page and "sinds 08:00" in page
    assert "proxy is ingesteld" not in page, "what was put back needs nobody"
    assert "klok is versprongen" not in page, "yesterday"
    assert not any(name in page for key, name in NAMES.items() if key != "cor")


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_fact_of_a_device_has_its_sentence(lang: str) -> None:
    assert [fact for fact in DeviceFact if not has(f"dash.health.say.device_{fact.value}", lang)] == []


def turned_away(ago: timedelta, *, group: str | None = None, action: Action = Action.CONNECT) -> Event:
    return Event(What.BLOCKED, LESSON - ago, Effect.DENY, Reason.PHONE, action, ("phones",), group=group)


def test_devices_in_no_group_are_counted_for_today_with_what_to_do(app: Flask, store: Store, signed_in: SignIn) -> None:
    tell(app, *GOOD)
    store.emergencies.make_code(SCHOOL, "cor", LESSON)
    assert "Toestellen die school niet kent" not in signed_in("cor").page(PATH)
    minutes = timedelta(minutes=1)
    others = [turned_away(9 * minutes, group="7"), turned_away(9 * minutes, action=Action.VISIT)]
    store.events.add_batch(SCHOOL, [turned_away(40 * minutes), turned_away(600 * minutes), *others], LESSON)
    page = signed_in("cor").page(PATH)
    assert "Vandaag is 1 toestel dat in geen groep hoort op het netwerk geweest." in page and "sinds 08:20" in page
    store.events.add_batch(SCHOOL, [turned_away(30 * minutes)], LESSON)
    page = signed_in("cor").page(PATH)
    assert "Vandaag zijn 2 toestellen" in page and "zet het dan bij Apparaten" in page
    assert "Alles is in orde." in page, "they stayed closed"
