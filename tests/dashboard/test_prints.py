"""A print that waits is on the teacher's screen, gets its answer there, and no other adult's; nobody is guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.actions import devices, prints
from dashboard.actions.desk import Desk
from dashboard.actions.devices import Form, No
from dashboard.told_prints import read_job
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Device,
    DeviceClass,
    Facet,
    Principal,
    Role,
    Sanction,
    SanctionTarget,
    Strength,
)
from policy.printer import for_one_job, item_of
from store import Store
from store.print_jobs import WaitingJob
from tests.cast import LESSON, PEOPLE, at, rule
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.rules_in_force import hold_to, policy

type SignIn = Callable[[str], Browser]

ANJA, BRAM, COR = PEOPLE["anja"], PEOPLE["bram"], PEOPLE["cor"]
QUEUE = Device("rij", "Printserver", DeviceClass.INFRASTRUCTURE, prints=True)
JOB = WaitingJob("u-7", QUEUE.id, LESSON, "sam", "7", pages=3, counted=True, colour=True)
TOLD = {"id": "u-7", "user": "s.devries", "pages": 3, "counted": True, "colour": True, "at": LESSON.isoformat()}


@pytest.fixture
def queue(store: Store) -> Device:
    """A print server, and printing needs a yes."""
    store.devices.put(SCHOOL, QUEUE, "cor", LESSON)
    hold_to(store, rules=(*policy(store).rules, rule("print", facet=Facet.PRINT)))
    return QUEUE


def waiting(store: Store, *jobs: WaitingJob) -> None:
    store.print_jobs.tell(SCHOOL, QUEUE.id, jobs or (JOB,))


def may(desk: Desk, uuid: str, person: str = "sam") -> bool:
    who = Principal(Role.PUPIL, person, ("7",), strength=Strength.CLAIMED)
    return decide(AccessRequest(Action.PRINT, who, job=item_of(uuid)), desk.snapshot(LESSON), LESSON).open


@pytest.mark.usefixtures("queue")
class TestYes:
    def test_a_yes_lets_that_one_job_through_and_no_other(self, store: Store, desk: Desk) -> None:
        waiting(store, JOB, replace(JOB, id="u-8"))
        assert not may(desk, "u-7")
        outcome = prints.say_yes(desk, ANJA, "7", "u-7", LESSON)
        assert outcome.ok, outcome
        assert outcome.value is not None and outcome.value.people == {"sam"} and for_one_job(outcome.value)
        assert may(desk, "u-7")
        assert not may(desk, "u-8") and not may(desk, "") and not may(desk, "u-7", "noor")
        assert [one.id for one in store.print_jobs.waiting(SCHOOL, ("7",))] == ["u-8"]

    def test_it_ends_with_the_lesson(self, store: Store, desk: Desk) -> None:
        waiting(store)
        outcome = prints.say_yes(desk, ANJA, "7", "u-7", LESSON)
        assert outcome.value is not None and outcome.value.end == at("10:15")
        waiting(store, replace(JOB, id="u-9"))
        assert prints.say_yes(desk, ANJA, "7", "u-9", at("19:00")).code == "dash.no.no_lesson"

    def test_of_two_answers_the_first_counts(self, store: Store, desk: Desk) -> None:
        waiting(store)
        assert prints.say_no(desk, ANJA, "7", "u-7", LESSON).ok
        assert prints.say_yes(desk, ANJA, "7", "u-7", LESSON).code == "dash.no.print_gone"
        assert prints.say_no(desk, ANJA, "7", "u-7", LESSON).code == "dash.no.print_gone"
        assert not may(desk, "u-7")

    def test_another_group_s_teacher_answers_nothing(self, store: Store, desk: Desk) -> None:
        waiting(store)
        for answer in (prints.say_yes, prints.say_no):
            assert answer(desk, BRAM, "7", "u-7", LESSON).code == "dash.no.not_yours"
            assert answer(desk, BRAM, "8", "u-7", LESSON).code == "dash.no.print_gone"

    def test_a_pupil_with_a_ban_on_the_printer_gets_no_yes(self, store: Store, desk: Desk) -> None:
        store.measures.add_sanction(
            SCHOOL, Sanction("s", "sam", SanctionTarget.PRINTER, LESSON, at("12:00"), "ria"), LESSON
        )
        waiting(store)
        assert prints.say_yes(desk, ANJA, "7", "u-7", LESSON).code == "dash.no.print_banned"
        assert prints.say_no(desk, ANJA, "7", "u-7", LESSON).ok


@pytest.mark.usefixtures("queue")
class TestTold:
    def test_the_print_server_hears_which_were_refused_until_they_are_gone(self, store: Store, desk: Desk) -> None:
        waiting(store, JOB, replace(JOB, id="u-8"))
        before = store.revision(SCHOOL)
        prints.say_no(desk, ANJA, "7", "u-7", LESSON)
        assert store.revision(SCHOOL) > before  # so it hears at once
        assert store.print_jobs.tell(SCHOOL, QUEUE.id, (JOB, replace(JOB, id="u-8"))) == {"u-7"}
        assert store.print_jobs.tell(SCHOOL, QUEUE.id, (replace(JOB, id="u-8"),)) == frozenset()
        assert store.print_jobs.get(SCHOOL, "u-7") is None

    def test_the_same_list_again_wakes_no_screen(self, store: Store) -> None:
        waiting(store)
        before = store.pulse(SCHOOL)
        waiting(store)
        assert store.pulse(SCHOOL) == before

    def test_another_print_server_cannot_take_over_a_job(self, store: Store) -> None:
        waiting(store)
        store.print_jobs.tell(SCHOOL, "andere", [replace(JOB, device="andere", person="noor", pages=1)])
        assert store.print_jobs.get(SCHOOL, "u-7") == JOB
        store.print_jobs.tell(SCHOOL, "andere", [])
        assert store.print_jobs.get(SCHOOL, "u-7") == JOB

    def test_whose_it_is_is_looked_up_at_school(self, store: Store, desk: Desk) -> None:
        store.print_accounts.put(SCHOOL, {"sam": "S.deVries"}, "cor", LESSON)
        for name in ("s.devries", "S.DeVries@school.nl", "SCHOOL\\s.devries", "sam"):
            job = read_job({**TOLD, "user": name}, QUEUE, desk.snapshot(LESSON), LESSON)
            assert job is not None and (job.person, job.group, job.account) == ("sam", "7", ""), name

    def test_staff_and_strangers_are_nobody_s_pupil(self, desk: Desk) -> None:
        for name in ("anja", "root", "vreemde"):
            job = read_job({**TOLD, "user": name}, QUEUE, desk.snapshot(LESSON), LESSON)
            assert job is not None and (job.person, job.group, job.account) == (None, None, name)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": "brief aan oma"},
            {"id": "../x"},
            {"pages": -1},
            {"at": (LESSON + timedelta(hours=1)).isoformat()},
            {"at": (LESSON - timedelta(days=30)).isoformat()},
            {"user": "x" * 500},
        ],
    )
    def test_what_cannot_be_is_no_job(self, desk: Desk, wrong: dict[str, object]) -> None:
        assert read_job({**TOLD, **wrong}, QUEUE, desk.snapshot(LESSON), LESSON) is None

    def test_a_job_that_its_server_forgot_is_gone_the_next_day(self, store: Store) -> None:
        waiting(store)
        assert store.purge(SCHOOL, LESSON + timedelta(hours=23)).print_jobs == 0
        assert store.purge(SCHOOL, LESSON + timedelta(hours=25)).print_jobs == 1


@pytest.mark.usefixtures("queue")
class TestScreen:
    def test_the_teacher_sees_who_pages_and_colour(self, store: Store, signed_in: SignIn) -> None:
        waiting(store, JOB, replace(JOB, id="u-8", person="noor", pages=None, colour=None, counted=False))
        page = signed_in("anja").page("/les/7")
        assert "Sam Pietersen wil 3 bladzijden printen · in kleur" in page
        assert "Noor Jansen wil printen" in page and "is niet bekend" in page
        assert "Ja, print" in page

    def test_one_tap_is_the_yes(self, store: Store, desk: Desk, signed_in: SignIn) -> None:
        waiting(store)
        anja = signed_in("anja")
        assert "De print gaat naar de printer" in anja.post("/les/7/print/u-7", answer="yes").text
        assert may(desk, "u-7")
        page = anja.page("/les/7")
        assert "wil 3 bladzijden printen" not in page

    def test_a_class_never_reads_who_prints_on_the_board(self, store: Store, signed_in: SignIn) -> None:
        waiting(store)
        anja = signed_in("anja")
        anja.post("/bord", board="1")
        assert "bladzijden printen" not in anja.page("/les/7")

    def test_a_long_one_says_that_it_is_and_when_it_goes(self, store: Store, signed_in: SignIn) -> None:
        hold_to(store, print_pages=2)
        waiting(store, replace(JOB, gone=at("10:15")))
        page = signed_in("anja").page("/les/7")
        assert "Langer dan de school afsprak (2)" in page
        assert "Gaat weg om 10:15" in page


class TestRegister:
    def test_only_a_machine_can_be_the_print_server(self, desk: Desk) -> None:
        assert devices.put(desk, COR, Form("Boek", "pupil", prints=True), LESSON) == No("prints")
        made = devices.put(desk, COR, Form("Rij", "infrastructure", prints=True), LESSON)
        assert isinstance(made, Device) and made.prints
        assert desk.snapshot(LESSON).devices[made.id].prints

    def test_a_name_that_nobody_knew_is_a_pupil_from_then_on(self, store: Store, desk: Desk, queue: Device) -> None:
        waiting(store, replace(JOB, person=None, group=None, account="kar-12"))
        assert prints.name_account(desk, ANJA, "kar-12", "sam", LESSON).code == "dash.no.role"
        assert prints.name_account(desk, COR, "kar-12", "anja", LESSON).code == "dash.no.print_account"
        assert prints.name_account(desk, COR, "kar-12", "sam", LESSON).ok
        job = read_job({**TOLD, "user": "kar-12"}, queue, desk.snapshot(LESSON), LESSON)
        assert job is not None and job.person == "sam"

    def test_one_account_is_one_pupil_s(self, store: Store) -> None:
        put = store.print_accounts.put
        assert put(SCHOOL, {"sam": "a", "noor": "b"}, "cor", LESSON) == 2
        assert put(SCHOOL, {"noor": "a"}, "cor", LESSON) == 1
        assert store.print_accounts.all(SCHOOL) == {"a": "noor"}
        assert put(SCHOOL, {"sam": "x", "noor": "x", "anja": "leraar"}, "cor", LESSON) == 1
        assert store.print_accounts.all(SCHOOL) == {}

    def test_a_pupil_who_leaves_takes_the_account_along(self, store: Store) -> None:
        store.print_accounts.put(SCHOOL, {"sam": "a"}, "cor", LESSON)
        store.people.remove_person(SCHOOL, "sam", "cor", LESSON)
        assert store.print_accounts.all(SCHOOL) == {}

    def test_the_coordinator_sees_the_name_and_says_who_it_is(
        self, store: Store, signed_in: SignIn, queue: Device
    ) -> None:
        waiting(store, replace(JOB, person=None, group=None, account="kar-12"))
        cor = signed_in("cor")
        assert "Wie is «kar-12»?" in cor.page("/beheer/apparaten")
        cor.post("/beheer/apparaten/printnaam", account="kar-12", person="sam")
        assert store.print_accounts.all(SCHOOL) == {"kar-12": "sam"}
