"""What goes through unseen and what is looked into: asked of the name alone, as the door asks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.address import canonical
from policy.inspection import Inspection, Why, of_page
from policy.model import AccessRequest, Action, DeviceClass, Principal, Role, Snapshot, Strength
from tests.cast import BREAK, EVENING, KNOWLEDGE, LESSON, NO_COMPUTER, SNAPSHOT, pupil, with_rules

BANK = "https://mijn.bank.nl/saldo?rekening=1"
LISTED = {"mijn.bank.nl": "bank", "social.com": "written down by mistake", "film.com": "by mistake"}
SCHOOL = replace(SNAPSHOT, knowledge=replace(KNOWLEDGE, tunnels=LISTED))
TEACHER = Principal(Role.TEACHER, "anja", device_class=DeviceClass.STAFF, strength=Strength.PROVED)
PRINTER = Principal(Role.PUPIL, device_class=DeviceClass.INFRASTRUCTURE)


def page(url: str, who: Principal | None = None) -> AccessRequest:
    """Somebody (Sam, unless told) opens an address."""
    address = canonical(url)
    assert address is not None
    return AccessRequest(Action.VISIT, who or pupil(), (address.host,), address)


def found(url: str, who: Principal | None = None, school: Snapshot = SCHOOL) -> Inspection | None:
    return of_page(page(url, who), school, LESSON)


def test_a_listed_name_goes_through_with_the_reason_of_the_list() -> None:
    assert found(BANK) == Inspection(True, Why.LISTED, "bank")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://www.mijn.bank.nl/", Why.UNLISTED),
        ("https://bank.nl/", Why.UNLISTED),
        ("https://leren.nl/", Why.UNLISTED),
        ("https://mijn.bank.nl:8443/", Why.PORT),
        ("http://mijn.bank.nl/", Why.PLAIN),
        ("http://mijn.bank.nl:443/", Why.PLAIN),
        ("ws://mijn.bank.nl/", Why.PLAIN),
        ("https://social.com/", Why.CLOSED),
        ("https://film.com/", Why.CLOSED),
    ],
)
def test_another_name_port_or_scheme_and_what_is_closed_is_looked_into(url: str, why: Why) -> None:
    assert found(url) == Inspection(False, why)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://kindertelefoon.nl/chat", Why.HELP),
        ("https://chat.kindertelefoon.nl/", Why.HELP),
        ("https://tijd.system.com/", Why.SYSTEM),
        ("https://wacht.school:8443/", Why.OWN),
    ],
)
def test_help_the_device_itself_and_the_guards_screens_are_never_looked_into(url: str, why: Why) -> None:
    assert found(url) == Inspection(True, why)


def test_a_child_without_a_proved_device_has_the_same_peace_at_a_help_line() -> None:
    unknown = Principal(Role.PUPIL, device_class=DeviceClass.UNKNOWN)
    assert found("https://kindertelefoon.nl/", unknown) == Inspection(True, Why.HELP)


def test_staff_at_a_device_of_their_own_is_not_looked_into_but_on_a_pupils_device_is() -> None:
    assert found("https://leren.nl/", TEACHER) == Inspection(True, Why.STAFF)
    for kind in (DeviceClass.DIGIBOARD, DeviceClass.PHONE):
        assert found("https://leren.nl/", replace(TEACHER, device_class=kind)) == Inspection(True, Why.STAFF)
    shared = replace(TEACHER, device_class=DeviceClass.PUPIL)
    assert found("https://leren.nl/", shared) == Inspection(False, Why.SHARED)
    assert found(BANK, shared) == Inspection(True, Why.LISTED, "bank")
    assert found("https://adult.com/", TEACHER) == Inspection(False, Why.CLOSED)


def test_a_printer_is_not_looked_into() -> None:
    assert found("https://leren.nl/", PRINTER) == Inspection(True, Why.INFRASTRUCTURE)


def test_a_listed_name_is_looked_into_while_it_is_closed() -> None:
    calm = with_rules(NO_COMPUTER)
    calm = replace(calm, knowledge=SCHOOL.knowledge)
    assert of_page(page(BANK), calm, BREAK) == Inspection(False, Why.CLOSED)
    assert of_page(page(BANK), calm, LESSON) == Inspection(True, Why.LISTED, "bank")
    assert of_page(page("https://social.com/"), SCHOOL, EVENING) == Inspection(
        True, Why.LISTED, "written down by mistake"
    )


def test_two_names_in_play_are_never_a_tunnel() -> None:
    two = replace(page(BANK), hosts=("mijn.bank.nl", "film.com"))
    assert of_page(two, SCHOOL, EVENING) == Inspection(False, Why.NAMES)
    for who in (TEACHER, PRINTER):
        both = replace(page(BANK, who), hosts=("mijn.bank.nl", "leren.nl"))
        assert of_page(both, SCHOOL, LESSON) == Inspection(False, Why.NAMES)


def test_of_a_program_and_of_an_unreadable_name_nothing_is_told() -> None:
    assert of_page(AccessRequest(Action.RUN, pupil(), app="minecraft"), SCHOOL, LESSON) is None
    assert of_page(AccessRequest(Action.PRINT, pupil()), SCHOOL, LESSON) is None
    assert of_page(replace(page(BANK), unreadable=True), SCHOOL, LESSON) is None


def test_the_path_changes_nothing_for_the_door_has_not_seen_it() -> None:
    translated = "https://translate.google.com/translate?u=https://social.com"
    assert found(translated) == found("https://translate.google.com/") == Inspection(False, Why.UNLISTED)
