"""A laptop tells the guard that it is there, hears when there is news, and does without where that cannot be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent.beat import Beat, Way, ways
from agent.home import Home
from agent.link import Link, LinkError
from agent.loop import carry, fetch
from agent.school import School
from config.factory import program_knowledge
from policy.model import Strength
from tests.agent.guard import Guard, guarding
from tests.agent.school import LESSON, Dashboard
from tests.agent.test_loop import eventually

HELD = 15.0  # seconds: less than a beat is held, so that what comes earlier was told


class Laptop:
    """The parts of an agent that are about news."""

    def __init__(self, at_school: Dashboard, home: Home, told: object) -> None:
        self.link: Link = at_school.link(home)
        self.school = School(home, program_knowledge(), lambda: LESSON)
        self.school.refresh(self.link)
        self.school.guard = told
        enrolment = home.enrolment()
        assert enrolment is not None
        self.beat = Beat(enrolment, home.ca, self.school)


@pytest.fixture
def guard(at_school: Dashboard) -> Iterator[Guard]:
    with guarding(at_school) as running:
        yield running


@pytest.fixture
def laptop(at_school: Dashboard, home: Home, guard: Guard) -> Laptop:
    return Laptop(at_school, home, guard.told)


@contextmanager
def going_on(laptop: Laptop) -> Iterator[threading.Event]:
    """Its beats go on, as in the agent, until the event that this gives is set."""
    stop = threading.Event()
    threading.Thread(target=carry, args=(laptop.beat.once, stop), daemon=True).start()
    try:
        yield stop
    finally:
        stop.set()


def known(guard: Guard) -> bool:
    return guard.who().strength is Strength.PROVED


def test_the_school_says_how_its_guard_is_reached(at_school: Dashboard, home: Home) -> None:
    laptop = Laptop(at_school, home, None)
    laptop.school.snapshot = None
    laptop.school.refresh(laptop.link)
    assert ways(laptop.school.guard, "10.0.0.2:8443") == (
        Way("127.0.0.1", 8080, "wacht.klaswacht.internal", secure=True),
        Way("wacht.klaswacht.internal", 80, "wacht.klaswacht.internal", secure=False),
    )
    again = School(home, program_knowledge(), lambda: LESSON)
    assert again.guard == laptop.school.guard, "also by the copy on disk"


def test_a_proxy_without_a_name_is_where_the_dashboard_is() -> None:
    told = {"host": "wacht.test", "proxies": [["", 8080], ["proxy.test", 3128]], "page": 8000}
    assert [(one.address, one.port, one.secure) for one in ways(told, "[fd00::2]:8443")] == [
        ("fd00::2", 8080, True),
        ("proxy.test", 3128, True),
        ("wacht.test", 8000, False),
    ]


@pytest.mark.parametrize("odd", [None, [], "x", {}, {"host": ""}, {"host": 3, "proxies": [["a", 1]]}])
def test_what_cannot_be_read_leads_nowhere(odd: object) -> None:
    assert ways(odd, "10.0.0.2:8443") == ()


@pytest.mark.parametrize("odd", [3, [["a"]], [["a", 0]], [["a", "80"]], [[3, 80]], [["a", 65536]], ["ab"]])
def test_a_proxy_that_cannot_be_read_is_left_out(odd: object) -> None:
    assert [one.secure for one in ways({"host": "wacht.test", "proxies": odd}, "10.0.0.2:8443")] == [False]


def test_a_beat_proves_the_laptop_at_its_address(laptop: Laptop, guard: Guard) -> None:
    assert not known(guard)
    with going_on(laptop):
        assert eventually(lambda: known(guard))
        assert guard.who().person == "sam"


def test_a_clock_that_is_a_day_wrong_makes_no_difference(laptop: Laptop, guard: Guard) -> None:
    laptop.beat._clock.hear(LESSON + timedelta(days=1))
    with going_on(laptop):
        assert eventually(lambda: known(guard))


def test_news_are_asked_for_when_the_guard_says_so_and_no_line_waits_at_the_school(
    at_school: Dashboard, laptop: Laptop, guard: Guard
) -> None:
    asked: list[float] = []
    school, answer = laptop.school, laptop.link.fetch

    def ask(revision: int, wait: float = 0.0) -> object:
        asked.append(wait)
        return answer(revision, wait)

    laptop.link.fetch = ask
    with going_on(laptop) as stop:
        assert eventually(lambda: laptop.beat.carries)
        news = threading.Thread(
            target=carry, args=(lambda: fetch(school, laptop.link, None, laptop.beat), stop), daemon=True
        )
        news.start()
        grant = at_school.permit(LESSON + timedelta(minutes=30))

        def heard() -> bool:
            return school.snapshot is not None and grant.id in {one.id for one in school.snapshot.state.grants}

        assert eventually(heard, HELD)
        assert set(asked) == {0.0}, "no thread of the dashboard waits"


def test_without_a_guard_the_laptop_waits_at_the_school_as_before(at_school: Dashboard, home: Home) -> None:
    nowhere = Laptop(at_school, home, {"host": "127.0.0.1", "proxies": [["127.0.0.1", 1]], "page": 1})
    with pytest.raises(LinkError, match="cannot be reached") as no:
        nowhere.beat.once()
    assert not no.value.permanent and not nowhere.beat.carries and not nowhere.beat.wait()
    nowhere.school.guard = None
    assert nowhere.beat.once() > 0, "nothing is known of it: nothing is asked"


def test_a_guard_that_holds_nothing_is_told_every_now_and_then_and_news_come_from_the_school(
    at_school: Dashboard, home: Home
) -> None:
    with guarding(at_school, holds=False) as guard:
        laptop = Laptop(at_school, home, guard.told)
        assert laptop.beat.once() == 20.0
        assert known(guard) and not laptop.beat.carries and not laptop.beat.wait()


def test_a_guard_that_comes_back_is_found_again(at_school: Dashboard, home: Home) -> None:
    first = Guard(at_school, holds=False)
    laptop = Laptop(at_school, home, first.told)
    laptop.beat.once()
    first.stop()
    with pytest.raises(LinkError):
        laptop.beat.once()
    again = Guard(at_school, holds=False, port=first.port)
    try:
        laptop.beat.once()
        assert known(again)
    finally:
        again.stop()


def test_whoever_else_answers_in_the_guards_place_changes_nothing(at_school: Dashboard, home: Home) -> None:
    class Liar(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            said = {"revision": 9999, "held": True, "now": "2031-01-01T00:00:00+00:00", "nonce": "x", "after": 10**16}
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("X-Klaswacht", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as liar:
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        laptop = Laptop(at_school, home, {"host": "127.0.0.1", "proxies": [], "page": liar.server_port})
        before = laptop.school.snapshot
        assert laptop.beat.once() >= 0.5
        assert laptop.beat.wait(), "a hint: the school is asked"
        assert laptop.school.refresh(laptop.link).body is None and laptop.school.snapshot is before
        assert abs(laptop.school.clock.now() - LESSON) < timedelta(minutes=5), "its time is believed by nobody"
        liar.shutdown()
