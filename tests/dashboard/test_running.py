"""What was left running is told where it is seen: on another group's page, before the bell, and at signing out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dashboard import stream
from dashboard.actions import running
from dashboard.actions.desk import Desk
from dashboard.actions.running import Kind
from policy.model import Agreement, Grant, Role, Span
from store import Store
from store.people import Person
from tests.cast import ANJA, BRAM, COR, LESSON, RIA, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock

type SignIn = Callable[[str], Browser]

END = LESSON + timedelta(minutes=30)
EIGHT = frozenset({"8"})


def permit(store: Store, by: str = "bram", group: str = "8", end=END, people: frozenset[str] = frozenset()) -> Grant:
    groups = frozenset() if people else frozenset({group})
    return store.grants.add(
        SCHOOL, Grant("", LESSON, end, Role.TEACHER, by, groups, people, sites=("social.com",)), LESSON
    )


def begin_test(store: Store, by: str = "bram", end=END) -> Agreement:
    made = Agreement("", LESSON, end, EIGHT, sites=("leren.nl",), goal="rekentoets", by=by, test=True)
    return store.measures.start_agreement(SCHOOL, made, LESSON)


@pytest.fixture
def two_groups(store: Store) -> None:
    """Bram has both groups."""
    store.people.put_people(SCHOOL, [Person("bram", Role.TEACHER, "Bram Smit", ("7", "8"))], "setup", LESSON)


def test_everything_that_runs_by_ones_own_hand_is_found_and_nothing_of_a_colleague(store: Store, desk: Desk) -> None:
    permit(store)
    permit(store, people=frozenset({"bo"}))
    begin_test(store)
    store.measures.pause(SCHOOL, Span("8", LESSON, END, "bram"), LESSON)
    store.measures.rain(SCHOOL, Span("8", LESSON, END, "bram"), LESSON)
    permit(store, by="iemand anders")
    permit(store, by="anja", group="7")
    left = running.left_by(desk, BRAM, LESSON)
    kinds = [Kind.PERMISSION, Kind.PERMISSION, Kind.TEST, Kind.ATTENTION, Kind.RAIN]
    assert sorted(one.kind for one in left) == sorted(kinds)
    assert {one.group for one in left} == {"8"}
    assert running.left_by(desk, BRAM, LESSON, beside="8") == ()
    assert running.left_by(desk, BRAM, END) == ()
    assert running.left_by(desk, COR, LESSON) == ()  # of a whole school only what is one's own


def test_it_is_stopped_one_by_one_by_whoever_may_act_for_the_group(store: Store, desk: Desk) -> None:
    permit(store)
    store.measures.pause(SCHOOL, Span("8", LESSON, END, "bram"), LESSON)
    first, second = running.left_by(desk, BRAM, LESSON)
    assert running.stop(desk, ANJA, "8", first.key, LESSON).code == "dash.no.not_yours"
    assert running.stop(desk, BRAM, "8", "permission:geen", LESSON).code == "dash.no.ended"
    assert running.stop(desk, RIA, "8", first.key, LESSON).ok
    assert running.left_by(desk, BRAM, LESSON) == (second,)
    assert running.stop_all(desk, BRAM, LESSON) == 1
    assert running.left_by(desk, BRAM, LESSON) == ()
    assert store.measures.pauses(SCHOOL, LESSON) == ()


def test_the_other_groups_page_says_it_and_stops_it(store: Store, two_groups: None, signed_in: SignIn) -> None:
    begin_test(store)
    bram = signed_in("bram")
    page = bram.page("/les/7")
    assert "In Groep 8 loopt nog: de toets “rekentoets”." in page
    assert "loopt nog" not in bram.page("/les/8")
    (left,) = store.measures.agreements(SCHOOL, LESSON)
    answer = bram.post("/les/8/loopt-nog", here="7", key=f"test:{left.id}")
    assert answer.request.path == "/les/7" and "loopt nog" not in answer.text
    assert store.measures.agreements(SCHOOL, LESSON) == ()


def test_a_teacher_stops_nothing_of_a_group_that_is_not_theirs(store: Store, signed_in: SignIn) -> None:
    grant = permit(store)
    anja = signed_in("anja")
    for path, here in (("8", "7"), ("7", "8"), ("8", "8")):
        assert anja.post(f"/les/{path}/loopt-nog", here=here, key=f"permission:{grant.id}").status_code == 404
    assert store.grants.live(SCHOOL, LESSON) == (grant,)


def test_a_board_tells_it_without_a_name(store: Store, two_groups: None, signed_in: SignIn) -> None:
    permit(store, people=frozenset({"bo"}))
    bram = signed_in("bram")
    bram.post("/bord", board="1")
    page = bram.page("/les/7")
    assert "In Groep 8 loopt nog: social.com (een leerling)." in page
    assert "Bo de Boer" not in page


def test_who_signs_out_is_asked_first_and_goes_either_way(store: Store, signed_in: SignIn) -> None:
    permit(store)
    bram = signed_in("bram")
    asked = bram.post("/uitloggen")
    assert asked.request.path == "/afmelden"
    assert "In Groep 8 loopt nog: social.com." in asked.text and "Laat lopen tot 09:30 en meld af" in asked.text
    assert bram.get("/les/8").status_code == 200  # nothing happened yet
    assert bram.post("/uitloggen", how="keep").request.path == "/inloggen"
    assert len(store.grants.live(SCHOOL, LESSON)) == 1
    again = signed_in("bram")
    assert again.post("/uitloggen", how="stop").request.path == "/inloggen"
    assert store.grants.live(SCHOOL, LESSON) == ()
    assert again.get("/les/8").status_code == 303


def test_who_left_nothing_signs_out_with_one_tap(store: Store, signed_in: SignIn) -> None:
    permit(store, by="anja", group="7")
    bram = signed_in("bram")
    assert bram.get("/afmelden").headers["Location"] == "/"
    assert bram.post("/uitloggen").request.path == "/inloggen"
    coen = signed_in("coen")
    assert coen.post("/uitloggen", how="stop").request.path == "/inloggen"
    assert len(store.grants.live(SCHOOL, LESSON)) == 1


def test_five_minutes_before_the_bell_the_page_says_what_closes(store: Store, signed_in: SignIn, clock: Clock) -> None:
    permit(store, by="anja", group="7", end=at("10:15"))
    clock.now = at("10:09")
    anja = signed_in("anja")
    assert "sluit vanzelf:" not in anja.page("/les/7")
    clock.now = at("10:10")
    assert "Om 10:15 sluit vanzelf: social.com." in anja.page("/les/7")


def test_a_test_that_nobody_looks_after_is_told_to_the_colleague(
    store: Store, two_groups: None, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.people.put_people(SCHOOL, [Person("anja", Role.TEACHER, "Anja de Vries", ("7", "8"))], "setup", LESSON)
    begin_test(store)
    anja, line = signed_in("anja"), "Bram Smit heeft Mijn les nu niet open."
    assert line not in anja.page("/les/8")  # the guard has just started: everybody gets some minutes
    monkeypatch.setattr(stream, "AWAY", 0.0)
    assert line in anja.page("/les/8")
    assert line not in anja.page("/les/7")
    assert "niet open" not in signed_in("bram").page("/les/8")
    anja.post("/bord", board="1")
    board = anja.page("/les/8")
    assert "Bram Smit" not in board and "De toets loopt nog tot 09:30." in board
