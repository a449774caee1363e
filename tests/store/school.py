"""The cast, written into a store."""

from __future__ import annotations

from datetime import datetime

from policy.model import Device, DeviceClass
from store import Store
from store.people import Person
from tests.cast import PEOPLE, POLICY, SNAPSHOT, at

SCHOOL = "school"
NOW = at("09:00")
NAMES = {"sam": "Sam de Vries", "noor": "Noor Özdemir", "bo": "bo Jansen", "anja": "Anja Bakker"}


def settle(store: Store, now: datetime = NOW, school: str = SCHOOL) -> None:
    """Groups, people, policy, a device and consents of the cast."""
    for group in SNAPSHOT.groups.values():
        store.people.put_group(school, group, "cor", now)
    persons = [Person(m.id, m.role, NAMES.get(m.id, m.id.title()), m.groups) for m in PEOPLE.values()]
    store.people.put_people(school, persons, "cor", now)
    store.people.set_consent(school, "sam", True, "cor", now)
    store.people.set_consent(school, "noor", False, "cor", now)
    store.policies.add(school, POLICY, "file", "cor", now)
    store.devices.put(school, Device("chroom-1", "Chromebook 1", DeviceClass.PUPIL, "7", "sam"), "cor", now)
