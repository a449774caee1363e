"""The golden cases for printing, from a job at the print server to the answer; and what a name on a job changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.print_asking import allowed, asker, print_request
from cli.check import Checker, plain
from cli.question import read_question
from config.factory import program_knowledge
from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.decide import decide
from policy.model import Device, DeviceClass, Member, Role, Snapshot, Strength
from policy.projection import project
from tests.golden import CASES

PRINTS = [case for case in CASES if case.input.get("action") == "print" and case.input.get("role") != "teacher"]
QUEUE = Device("rij", "Printserver", DeviceClass.INFRASTRUCTURE, prints=True)
ACCOUNT = "een.leerling"


def at_the_queue(case) -> tuple[Snapshot, datetime, Strength]:
    """The case's school as a print server holds it: cut, written down, read back; and how sure the case is of who."""
    question = read_question(case.input)
    request, _ = (checker := Checker()).ask(question)
    whole, who = checker._snapshot(question), request.who
    person = who.person or "somebody"
    whole = replace(
        whole,
        devices={QUEUE.id: QUEUE},
        people={person: Member(person, Role.PUPIL, who.groups)},
        accounts={ACCOUNT: person},
    )
    now = question.at or datetime.now(UTC)
    cut = snapshot_from_dict(snapshot_to_dict(project(whole, QUEUE.id, now)), program_knowledge())
    return cut, now, who.strength


@pytest.mark.parametrize("case", PRINTS, ids=[case.id for case in PRINTS])
def test_the_print_server_answers_as_the_golden_cases_say(case) -> None:
    snapshot, now, strength = at_the_queue(case)
    who = asker(snapshot, "SCHOOL\\Een.Leerling", {})
    assert who.strength is Strength.CLAIMED
    # As sure as the case is: a print server itself is never surer than a claim.
    request = print_request(replace(who, strength=strength), "u-7")
    answer = plain(request, decide(request, snapshot, now))
    assert not case.differs(answer)
    # What comes out of the printer is what the case lets through, also where the name is only a claim.
    assert allowed(lambda asked, moment: decide(asked, snapshot, moment), who, "u-7", now) is (
        case.expect["effect"] == "allow"
    )


@pytest.mark.parametrize("case", PRINTS, ids=[case.id for case in PRINTS])
def test_somebody_unknown_never_gets_more_than_the_case(case) -> None:
    snapshot, now, _ = at_the_queue(case)
    who = asker(snapshot, "vreemde", {})
    may = allowed(lambda asked, moment: decide(asked, snapshot, moment), who, "u-7", now)
    assert who.person is None and (not may or case.expect["effect"] == "allow")


def test_there_are_golden_cases_for_printing() -> None:
    assert len(PRINTS) >= 5
