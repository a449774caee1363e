"""The golden cases for programs, from a process on the device to the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.observe import Observation, Process
from agent.translate import programs
from cli.check import Checker, plain
from cli.question import read_question
from config.factory import program_knowledge
from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.decide import decide
from policy.model import Device, DeviceClass, Member, Role
from policy.projection import project
from policy.seat import seated
from tests.golden import CASES

APPS = [case for case in CASES if "app" in case.input]
DEVICE = "laptop"


def seen(name: str, now: datetime) -> Observation:
    """The program as the device shows it; a path is a file, a bare name is only what it calls itself."""
    path = name if "/" in name else None
    return Observation(now, "lena", 1, (Process(10, name.rpartition("/")[2], path, 1, "lena", 1.0),))


@pytest.mark.parametrize("case", APPS, ids=[case.id for case in APPS])
def test_the_laptop_answers_as_the_golden_cases_say(case) -> None:
    question = read_question(case.input)
    request, _ = (checker := Checker()).ask(question)
    whole = checker._snapshot(question)
    now = question.at or datetime.now(UTC)
    who = request.who
    kind = DeviceClass.PUPIL if who.role is Role.PUPIL else DeviceClass.STAFF
    person = who.person or ("teacher" if who.role is not Role.PUPIL else None)
    people = {person: Member(person, who.role, who.groups)} if person else {}
    device = Device(DEVICE, "Laptop", kind, who.groups[0] if who.groups else None, person)
    whole = replace(whole, devices={DEVICE: device}, people=people)
    # As it travels: cut, written down, read back; and with the little that a laptop knows.
    snapshot = snapshot_from_dict(snapshot_to_dict(project(whole, DEVICE, now)), program_knowledge())
    (program,) = programs(seen(case.input["app"], now), seated(snapshot, snapshot.devices[DEVICE], now))
    answer = plain(program.request, decide(program.request, snapshot, now))
    assert not case.differs(answer)


def test_there_are_golden_cases_for_programs() -> None:
    assert len(APPS) >= 20
