"""The lesson page keeps itself up to date: what comes over the stream, when, and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread, Timer
from time import monotonic, sleep

import pytest
from flask import Flask

from dashboard import close_app, stream
from dashboard.stream import IN_ALL, Streams
from dashboard.views.watching import Live
from policy.model import Effect, Grant, Reason
from store import Store
from store.events import Event, What
from store.incidents import Wish
from tests.cast import ANJA, LESSON, at
from tests.dashboard.conftest import BASE, SCHOOL, Browser, Clock

type SignIn = Callable[[str], Browser]


class Listener:
    """One tab that listens."""

    def __init__(self, browser: Browser, last_id: str = "", path: str = "/les/7/stroom") -> None:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        self.answer = browser.client.get(path, base_url=BASE, headers=headers, buffered=False)
        self._chunks: Iterator[bytes] = iter(self.answer.response)

    def next(self, kind: str = "") -> dict[str, str]:
        """The next event of a kind (no name: new parts for the page); a heartbeat is passed over."""
        while True:
            fields: dict[str, str] = {}
            chunk = next(self._chunks)
            for line in (chunk if isinstance(chunk, str) else chunk.decode()).splitlines():
                name, _, value = line.partition(": ")
                fields[name] = fields.get(name, "") + value + "\n"
            fields = {name: value.strip() for name, value in fields.items()}
            if fields.get("event", "") == kind:
                return fields

    def close(self) -> None:
        self.answer.close()


@pytest.fixture
def listen(signed_in: SignIn) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []
    browsers: dict[str, Browser] = {}

    def start(login: str = "anja", **more: str) -> Listener:
        browsers.setdefault(login, signed_in(login)) if login not in browsers else None
        opened.append(Listener(browsers[login], **more))
        return opened[-1]

    yield start
    for listener in opened:
        listener.close()


def test_a_request_appears_by_itself_in_its_own_part_only(store: Store, listen: Callable[..., Listener]) -> None:
    tab = listen()
    assert tab.answer.mimetype == "text/event-stream"
    first = tab.next()
    assert 'hx-target="#part-open"' in first["data"]
    store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    second = tab.next()
    assert "Sam Pietersen vraagt social.com" in second["data"]
    assert 'hx-target="#part-asks"' in second["data"]
    assert 'hx-target="#part-lengths"' not in second["data"]
    assert second["id"] != first["id"]


def test_however_much_pupils_do_a_screen_is_drawn_a_few_times_a_second_and_ends_up_right(
    store: Store, listen: Callable[..., Listener]
) -> None:
    tab = listen()
    tab.next()
    began = monotonic()

    def much() -> None:
        for number in range(40):
            tried = Event(What.BLOCKED, LESSON, Effect.DENY, Reason.PLACE, host=f"s{number}.com", group="7")
            store.events.add_batch(SCHOOL, [tried], LESSON)
            sleep(0.05)

    pupils = Thread(target=much)
    pupils.start()
    drawn = 1
    while "s39.com" not in tab.next()["data"]:
        drawn += 1
    took = monotonic() - began
    pupils.join()
    assert 1 < drawn <= took / stream._CALM + 2


def test_a_permission_is_on_the_screen_at_once_whatever_pupils_do(
    store: Store, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_CALM", 600.0)
    tab = listen()
    tab.next()
    store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    end = LESSON + timedelta(hours=1)
    Timer(
        0.5,
        lambda: store.grants.add(
            SCHOOL, Grant("", LESSON, end, ANJA.role, "anja", frozenset({"7"}), sites=("tekenen.com",)), LESSON
        ),
    ).start()
    seen = tab.next()["data"]
    assert "social.com" in seen
    assert "tekenen.com" in seen


def test_another_groups_request_does_not_appear(store: Store, listen: Callable[..., Listener]) -> None:
    tab = listen()
    tab.next()
    store.incidents.ask(SCHOOL, Wish("x.com", "lesson", "social", "", "8", "chroom-8", "bo"), LESSON)
    store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    seen = tab.next()["data"]
    assert "social.com" in seen
    assert "x.com" not in seen


def test_a_tab_that_comes_back_and_missed_nothing_is_sent_nothing_twice(listen: Callable[..., Listener]) -> None:
    first = listen()
    last = first.next()["id"]
    first.close()
    again = listen(last_id=last)
    chunk = next(again._chunks)
    assert (chunk if isinstance(chunk, str) else chunk.decode()).startswith("event: klok")


def test_a_tab_that_missed_something_gets_what_is_now(store: Store, listen: Callable[..., Listener]) -> None:
    first = listen()
    last = first.next()["id"]
    first.close()
    store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "sam"), LESSON)
    assert "social.com" in listen(last_id=last).next()["data"]


def test_what_is_open_goes_from_the_screen_when_its_time_is_over(
    store: Store, clock: Clock, listen: Callable[..., Listener]
) -> None:
    end = LESSON + timedelta(seconds=1)
    store.grants.add(SCHOOL, Grant("", LESSON, end, ANJA.role, "anja", frozenset({"7"}), sites=("social.com",)), LESSON)
    tab = listen()
    assert "Stop nu" in tab.next()["data"]
    tab.next("klok")
    clock.now = end
    assert "Er staat nu niets extra open" in tab.next()["data"]


def test_the_heartbeat_tells_the_servers_time(listen: Callable[..., Listener]) -> None:
    assert int(listen().next("klok")["data"]) == int(LESSON.timestamp() * 1000)


def test_the_stream_ends_when_the_session_does(store: Store, listen: Callable[..., Listener]) -> None:
    tab = listen()
    tab.next()
    account = store.accounts.find(SCHOOL, "anja")
    assert account
    store.accounts.close_sessions(SCHOOL, account.id, LESSON)
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    tab.next("weg")
    with pytest.raises(StopIteration):
        next(tab._chunks)


def test_the_stream_ends_when_the_teacher_loses_the_group(store: Store, listen: Callable[..., Listener]) -> None:
    tab = listen()
    tab.next()
    store.people.remove_group(SCHOOL, "7", "cor", LESSON)
    tab.next("weg")


def test_a_page_that_is_only_looked_on_does_not_keep_the_session_alive(
    store: Store, clock: Clock, listen: Callable[..., Listener]
) -> None:
    tab = listen()
    tab.next()
    for _ in range(2):
        clock.on(minutes=16)
        store.people.set_consent(SCHOOL, "noor", clock.now.minute % 2 == 0, "cor", clock.now)
        tab.next("klok") if clock.now < LESSON + timedelta(minutes=30) else tab.next("weg")


def test_a_screen_in_the_class_gets_no_names_over_the_stream_either(store: Store, signed_in: SignIn) -> None:
    store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "geheim", "7", "chroom-1", "sam"), LESSON)
    anja = signed_in("anja")
    anja.post("/bord", board="1")
    tab = Listener(anja, path="/les/7/stroom?namen=1")
    data = tab.next()["data"]
    tab.close()
    assert "Er wacht 1 vraag" in data
    assert "Sam " not in data
    assert "geheim" not in data


def test_the_newest_tab_of_a_person_is_live_and_the_oldest_is_told_to_stop(listen: Callable[..., Listener]) -> None:
    tabs = [listen() for _ in range(6)]
    for tab in tabs:
        tab.next("klok")
    newest = listen()
    assert newest.answer.status_code == 200
    assert newest.next("klok")
    tabs[0].next("vol")
    with pytest.raises(StopIteration):
        next(tabs[0]._chunks)


@pytest.mark.evasion("S11")
def test_places_are_counted_per_person_and_in_all() -> None:
    streams = Streams(per_person=2, in_all=4)
    first, second, third = (streams.take("a") for _ in range(3))
    assert first and second and third
    assert [place.taken_over for place in (first, second, third)] == [True, False, False]
    assert streams.take("b")
    assert streams.take("c") is None
    streams.give_back(first)
    streams.give_back(first)
    assert streams.take("c")
    assert streams.count == 4


def test_who_has_no_page_open_for_some_minutes_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(stream, "monotonic", lambda: now[0])
    streams = Streams()
    assert not streams.away("a")  # the guard has just started
    first, second = streams.take("a"), streams.take("a")
    assert first and second
    now[0] += stream.AWAY
    assert not streams.away("a") and streams.away("b")
    streams.give_back(first)
    now[0] += stream.AWAY
    assert not streams.away("a")
    streams.give_back(second)
    assert not streams.away("a")
    now[0] += stream.AWAY
    assert streams.away("a")
    assert streams.take("a") and not streams.away("a")


def test_when_everybody_together_has_too_many_a_stream_is_refused(app: Flask, listen: Callable[..., Listener]) -> None:
    live: Live = app.extensions["klaswacht_live"]
    taken = [live.streams.take(f"iemand {number}") for number in range(IN_ALL)]
    assert all(taken)
    assert listen().answer.status_code == 429


def test_a_stream_without_a_session_is_refused_without_a_page(browser: Callable[[], Browser]) -> None:
    tab = Listener(browser())
    assert tab.answer.status_code == 401
    tab.close()


@pytest.mark.full
def test_a_server_that_stops_lets_the_streams_end(
    app: Flask, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 600.0)  # nobody waits for the next beat
    tab = listen()
    tab.next()
    live: Live = app.extensions["klaswacht_live"]
    Timer(0.2, close_app, (app,)).start()
    with pytest.raises(StopIteration):
        tab.next("never")
    tab.close()
    assert live.streams.count == 0
    assert at("09:00") == LESSON
