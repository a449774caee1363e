"""Voorstellen: an app that refuses the certificate is told for what it is, and opened by nobody but the coordinator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from store import Store
from store.refusals import About, Refusal, RefusalState
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]
APP = "api.rekenapp.example.nl"
VOORSTELLEN = "/beheer/voorstellen"


@pytest.fixture
def waiting(store: Store) -> Store:
    store.refusals.suggest(SCHOOL, Refusal(About.HOST, APP, 2), LESSON - timedelta(hours=2))
    store.refusals.suggest(SCHOOL, Refusal(About.HOST, APP, 3), LESSON - timedelta(hours=1))
    return store


def test_the_coordinator_reads_what_it_means_and_whom_it_hits(waiting: Store, signed_in: SignIn) -> None:
    page = signed_in("cor").page(VOORSTELLEN)
    assert f"De app achter {APP} weigert ons certificaat." in page
    assert "Op 3 apparaten, tussen 07:00 en 08:00." in page
    assert "<code>tunnels</code>" in page and "<code>school.yaml</code>" in page
    assert "wachten op u" in page


@pytest.mark.parametrize(
    ("listed", "state", "told"),
    [("1", RefusalState.LISTED, "zodra de regel in school.yaml staat"), ("0", RefusalState.SHUT, "Het blijft dicht")],
)
def test_what_is_decided_is_noted_and_opens_nothing(
    waiting: Store, signed_in: SignIn, listed: str, state: RefusalState, told: str
) -> None:
    revision = waiting.revision(SCHOOL)
    cor = signed_in("cor")
    assert told in cor.post("/beheer/voorstellen/app", host=APP, listed=listed).text
    assert waiting.revision(SCHOOL) == revision
    assert waiting.audit.entries(SCHOOL)[0].what == f"refusal.{state.value}"
    assert APP not in cor.page(VOORSTELLEN)


def test_a_teacher_decides_nothing_and_sees_nothing_of_it(waiting: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert anja.post("/beheer/voorstellen/app", follow=False, host=APP, listed="1").status_code in (302, 303, 403, 404)
    assert APP not in anja.page("/les/7")
    assert waiting.refusals.open(SCHOOL, LESSON)


def test_a_device_without_the_certificate_is_told_by_the_name_on_the_devices_page(
    store: Store, signed_in: SignIn
) -> None:
    store.refusals.suggest(SCHOOL, Refusal(About.DEVICE, "chroom-1"), LESSON - timedelta(minutes=5))
    cor = signed_in("cor")
    page = cor.page(VOORSTELLEN)
    assert "Chromebook 1 mist het certificaat van de school." in page and "Laatst gezien: 08:55." in page
    assert "mist het certificaat" not in signed_in("anja").page("/les/7")
    store.devices.remove(SCHOOL, "chroom-1", "cor", LESSON)
    assert "mist het certificaat" not in cor.page(VOORSTELLEN)
