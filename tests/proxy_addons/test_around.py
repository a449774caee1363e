"""Which devices are in use: one moment a device, in school hours, and nothing of what was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.private_folder import columns_key
from policy.model import Device, DeviceClass
from proxy_addons.around import AGAIN, Around
from proxy_addons.gate import Gate
from store import Store, StoreUnavailable, open_store
from tests.cast import EVENING, LESSON
from tests.proxy_addons.asking import Exchange, Guard, background, exchange, peer
from tests.store.school import SCHOOL


def seen(guard: Guard) -> dict[str, datetime]:
    devices = [one.device.id for one in guard.store.devices.registered(SCHOOL)]
    return guard.store.devices.last_seen(SCHOOL, devices)


def happen(guard: Guard, *asked: Exchange) -> None:
    async def work(gate: Gate) -> None:
        for one in asked:
            await gate.ask(one)

    guard.run(work)


def test_a_pupils_device_that_is_used_is_seen_whatever_it_does(guard: Guard) -> None:
    assert seen(guard) == {}
    happen(guard, background("https://leren.nl/"))
    assert seen(guard) == {"chroom-1": LESSON}


def test_staff_and_evenings_are_nobodys_business(guard: Guard) -> None:
    happen(guard, exchange("https://leren.nl/", peer=peer(name="laptop-anja")))
    assert seen(guard) == {}
    guard.clock.now = EVENING
    happen(guard, exchange("https://leren.nl/"))
    assert seen(guard) == {}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "k.db"), key=columns_key(tmp_path), migrate=True)
    for number in (1, 2):
        opened.devices.put(SCHOOL, Device(f"d{number}", f"D {number}", DeviceClass.PUPIL, "7"), "setup", LESSON)
    yield opened
    opened.close()


def test_a_device_that_goes_on_is_written_every_few_minutes_and_a_class_together(store: Store) -> None:
    around = Around(store, SCHOOL)
    assert around.heard("d1", LESSON)
    around.write(LESSON)
    # Somebody starts just after: that is written with the next ones.
    assert not around.heard("d2", LESSON + timedelta(seconds=5)) and around.waits
    assert around.heard("d1", LESSON + timedelta(seconds=20))
    around.write(LESSON + timedelta(seconds=20))
    assert store.devices.last_seen(SCHOOL, ["d1", "d2"]) == {"d1": LESSON, "d2": LESSON + timedelta(seconds=5)}
    assert not around.heard("d1", LESSON + AGAIN - timedelta(seconds=1))
    assert around.heard("d1", LESSON + AGAIN)


def test_what_could_not_be_written_is_told_by_the_next_request(store: Store) -> None:
    around = Around(store, SCHOOL)
    around.heard("d1", LESSON)
    url = store.database.url
    store.close()
    Path(str(url.database)).unlink()
    with pytest.raises(StoreUnavailable):
        around.write(LESSON)
    assert not around.waits
    assert around.heard("d1", LESSON + timedelta(seconds=30)) and around.waits
