"""What is kept of what happened, and what never is."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from policy.counsel import Told
from policy.model import Decision, Effect, Member, Reason, Role
from proxy_addons.facts import Answer, Exchange, Peer
from proxy_addons.gate import Gate
from proxy_addons.quiet import MOST_WAITING
from proxy_addons.recorder import Recorder
from store import Store, StoreUnavailable
from store.events import Events
from store.signals import Signals
from tests.cast import EVENING, LESSON, SNAPSHOT, at, pupil, visit
from tests.proxy_addons.asking import NEVER, SAMS, STRANGERS, Clock, Guard, background, exchange, peer
from tests.store.school import SCHOOL

ANJAS = peer(name="laptop-anja")
DENIED = Decision(Effect.DENY, Reason.PLACE, category="social", rules=("social",))


def happen(guard: Guard, *asked: Exchange) -> None:
    async def work(gate: Gate) -> None:
        for one in asked:
            await gate.ask(one)

    guard.run(work)


def counted(guard: Guard) -> dict[str, int]:
    found: dict[str, int] = {}
    for count in guard.store.events.counts(SCHOOL, LESSON - timedelta(days=1)):
        found[count.name] = found.get(count.name, 0) + count.n
    return found


def test_a_closed_page_is_kept_with_its_ground_and_nothing_more(guard: Guard) -> None:
    happen(guard, exchange("https://www.social.com/geheim?x=1"))
    (stored,) = guard.store.events.since(SCHOOL, 0)
    event = stored.event
    assert (event.what, event.host, event.category, event.rules) == ("blocked", "www.social.com", "social", ("social",))
    assert (event.group, event.device, event.person, event.when) == ("7", "chroom-1", "sam", LESSON)


def test_ordinary_browsing_is_not_kept(guard: Guard) -> None:
    happen(
        guard, exchange("https://leren.nl/"), exchange("https://zoek.nl/s?q=vulkanen"), background("https://leren.nl/")
    )
    assert guard.events() == [] and counted(guard) == {}


def test_a_page_that_a_permission_opened_is_kept_with_the_permission(guard: Guard) -> None:
    given = guard.grant(categories=("social",))
    happen(guard, exchange("https://social.com/"))
    stored = guard.store.events.since(SCHOOL, 0)[-1]
    assert (stored.event.what, stored.event.host, stored.event.grant) == ("granted", "social.com", given.id)


def test_what_the_door_turned_away_is_counted_by_kind_and_hour_and_is_nobodys(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for kind in ("huge-head", "slow-head", "huge-head"):
            gate.turned_away(kind)

    guard.run(work)
    rows = guard.store.events.counts(SCHOOL, LESSON - timedelta(days=1))
    assert sorted((row.name, row.category, row.group, row.n) for row in rows) == [
        ("door", "huge-head", None, 2),
        ("door", "slow-head", None, 1),
    ]
    assert {row.hour for row in rows} == {LESSON.replace(minute=0, second=0, microsecond=0)}
    assert guard.events() == []


def test_a_search_is_kept_as_the_id_of_a_term(guard: Guard) -> None:
    happen(guard, exchange("https://zoek.nl/s?q=hele+kut+vraag"))
    (stored,) = guard.store.events.since(SCHOOL, 0)
    assert stored.event.terms == ("kut",) and stored.event.reason is Reason.WORDS and stored.event.host == "zoek.nl"


def test_an_upload_is_kept_though_no_person_opened_a_page(guard: Guard) -> None:
    asked = background("https://social.com/send")
    asked = replace(asked, method="POST", headers={**asked.headers, "content-type": "image/png"})
    happen(guard, asked)
    (stored,) = guard.store.events.since(SCHOOL, 0)
    assert stored.event.thing == "picture" and stored.event.action == "upload"


def test_what_a_page_loads_by_itself_is_only_counted(guard: Guard) -> None:
    happen(guard, *(background(f"https://social.com/{n}.png", "image") for n in range(5)))
    assert guard.events() == [] and counted(guard) == {"background": 5}


def test_personal_data_is_kept_though_a_script_sent_it_and_a_text_that_was_held_is_only_counted(guard: Guard) -> None:
    sent = background("https://prikbord.nl/plaats")
    headers = {**sent.headers, "content-type": "application/json"}
    number, hurt = (b'{"bericht": "%s"}' % text for text in (b"bel 06 12345678", b"wat een kut spel"))
    happen(guard, *(replace(sent, method="POST", headers=headers, body=body) for body in (number, hurt)))
    (stored,) = guard.store.events.since(SCHOOL, 0)
    event = stored.event
    assert (event.what, event.reason, event.terms, event.host) == ("held", Reason.PERSONAL, ("phone",), "prikbord.nl")
    assert counted(guard) == {"thought": 1}


def test_what_a_page_tells_those_who_count_its_visitors_is_no_childs_doing(guard: Guard) -> None:
    made = background("https://telt-bezoek.com/collect?link=Bel+06-12345678")
    other = replace(made, headers={**made.headers, "sec-fetch-site": "cross-site"})
    form = {**other.headers, "content-type": "application/json"}
    told = replace(other, method="POST", headers=form, body=b'{"link": "Bel 06-12345678"}')

    async def work(gate: Gate) -> None:
        assert (await gate.ask(other)).answer is None
        await gate.ask(told)

    guard.run(work)
    assert guard.events() == [] and counted(guard) == {"background": 1}


def test_staff_and_the_evening_are_only_counted(guard: Guard) -> None:
    happen(guard, exchange("https://adult.com/", ANJAS))
    guard.clock.now = EVENING
    happen(guard, exchange("https://adult.com/"))
    assert guard.events() == [] and counted(guard) == {"staff": 1, "outside": 1}


def test_help_the_guards_own_pages_machines_and_agreements_are_nothing_at_all(guard: Guard) -> None:
    guard.agree(at("09:30"), "leren.nl")
    pages = ("https://zoek.nl/s?q=ik+wil+dood", "https://kindertelefoon.nl/", "https://wacht.school/")
    more = ("https://tijd.system.com/", "https://dieren.nl/", "https://social.com/_klaswacht/help")
    happen(guard, *(exchange(url) for url in (*pages, *more)), exchange("https://adult.com/", peer("10.0.8.5")))
    assert guard.events() == [] and counted(guard) == {}


def test_the_same_page_again_within_half_a_minute_is_one_exception(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for seconds in (0, 10, 29, 31, 40):
            guard.clock.now = LESSON + timedelta(seconds=seconds)
            await gate.ask(exchange(f"https://social.com/{seconds}"))
        await gate.ask(exchange("https://games.com/"))
        await gate.ask(exchange("https://social.com/", peer(name="chroom-2")))

    guard.run(work)
    hosts = [host for _, host, _ in guard.events()]
    assert hosts == ["social.com", "social.com", "games.com", "social.com"]


def test_strangers_behind_one_address_are_kept_without_a_name(guard: Guard) -> None:
    happen(guard, exchange("https://social.com/", STRANGERS))
    (stored,) = guard.store.events.since(SCHOOL, 0)
    assert (stored.event.group, stored.event.device, stored.event.person) == (None, None, None)


def test_a_fault_of_the_guard_itself_is_told_once(guard: Guard) -> None:
    async def work(gate: Gate) -> None:
        for _ in range(5):
            gate.failed(None)

    guard.run(work)
    assert guard.events() == [("fault", None, "failed")]


def test_a_request_that_makes_no_sense_is_no_fault_of_the_guard(guard: Guard) -> None:
    async def work(gate: Gate) -> Answer:
        return gate.failed(None, ours=False)

    assert guard.run(work).status == 503
    assert guard.events() == []


# --- the database gone ---------------------------------------------------------------------------------------------


def _flood(recorder: Recorder, clock: Clock, start: int, stop: int) -> None:
    for n in range(start, stop):
        clock.now = LESSON + timedelta(milliseconds=n)
        recorder.note(visit(f"host{n}.social.com", who=pupil()), DENIED, SNAPSHOT)


@pytest.mark.evasion("S14")
def test_with_the_database_gone_events_wait_and_the_oldest_are_dropped_and_counted(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gone = Events.add_batch, [True]

    def add_batch(self: Events, *args: object, **more: object) -> int:
        if gone[0]:
            raise StoreUnavailable("gone")
        return real(self, *args, **more)

    monkeypatch.setattr(Events, "add_batch", add_batch)
    monkeypatch.setattr("proxy_addons.recorder._BACK_OFF", (0.05,))

    async def main() -> None:
        recorder = Recorder(guard.store, SCHOOL, guard.clock, most_waiting=10)
        recorder.start()
        _flood(recorder, guard.clock, 0, 4)
        await asyncio.sleep(0.5)
        assert recorder.waiting == 4 and recorder.lost == 0
        _flood(recorder, guard.clock, 4, 13)
        for _ in range(100):
            if recorder.lost == 3 and recorder.waiting == 10:
                break
            await asyncio.sleep(0.05)
        assert (recorder.lost, recorder.waiting) == (3, 10)
        gone[0] = False
        await recorder.stop(NEVER)
        assert recorder.waiting == 0

    asyncio.run(main())
    assert [host for _, host, _ in guard.events()] == [f"host{n}.social.com" for n in range(3, 13)]
    assert guard.store.events.lost(SCHOOL, LESSON - timedelta(hours=1)) == 3


def test_noting_never_waits_for_the_database(guard: Guard, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "klaswacht.db", isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")

        async def main() -> float:
            recorder = Recorder(guard.store, SCHOOL, guard.clock)
            recorder.start()
            before = asyncio.get_running_loop().time()
            _flood(recorder, guard.clock, 0, 500)
            took = asyncio.get_running_loop().time() - before
            assert recorder.waiting + recorder.lost > 0 or took < NEVER
            db.execute("ROLLBACK")
            await recorder.stop(2 * NEVER)
            return took

        assert asyncio.run(main()) < 2.0
    assert len(guard.events()) == 200  # what `since` gives at once


def test_with_the_database_gone_a_quiet_signal_waits_and_the_lost_ones_are_counted(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, gone = Signals.add_batch, [True]

    def add_batch(self: Signals, *args: object) -> int:
        if gone[0]:
            raise StoreUnavailable("gone")
        return real(self, *args)

    monkeypatch.setattr(Signals, "add_batch", add_batch)
    monkeypatch.setattr("proxy_addons.recorder._BACK_OFF", (0.05,))
    named = {one: Member(one, Role.COUNSELLOR) for one in ("coen", "fay")}
    snapshot = replace(SNAPSHOT, people={**SNAPSHOT.people, **named}, inbox=True)

    def confide(recorder: Recorder, numbers: range) -> None:
        for n in numbers:
            guard.clock.now = LESSON + timedelta(seconds=n)
            assert recorder.confide(pupil(f"p{n}"), "10.0.0.1", snapshot) is Told.PERSON

    async def main() -> None:
        recorder = Recorder(guard.store, SCHOOL, guard.clock)
        recorder.start()
        confide(recorder, range(3))
        recorder.note(visit("x.com", who=pupil()), DENIED, SNAPSHOT)
        await asyncio.sleep(0.5)
        # What can be written is: a signal in trouble keeps no event waiting, nor the other way round.
        assert recorder.waiting == 3 and len(guard.events()) == 1
        confide(recorder, range(3, MOST_WAITING + 2))
        for _ in range(100):
            if recorder.lost == 2:
                break
            await asyncio.sleep(0.05)
        assert (recorder.lost, recorder.waiting) == (2, MOST_WAITING)
        gone[0] = False
        await recorder.stop(4 * NEVER)
        assert recorder.waiting == 0

    asyncio.run(main())
    people = [kept.signal.person for kept in guard.store.signals.newest(SCHOOL, limit=2000)]
    assert people == [f"p{n}" for n in range(MOST_WAITING + 1, 1, -1)]
    assert guard.store.events.lost(SCHOOL, LESSON - timedelta(hours=1)) == 2
    assert "help" not in caplog.text and "signal" not in caplog.text


# --- nothing that is nobody's business -----------------------------------------------------------------------------

CANARIES = ("hunter2canary", "liefdagboekcanary", "vulkanencanary", "padcanary", "cookiecanary", "scheldcanary")


def _everything(file: Path) -> str:
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return "\n".join(db.iterdump())


def _posted(url: str, body: bytes, content_type: str, who: Peer = SAMS) -> Exchange:
    page = exchange(url, who, method="POST", body=body)
    return replace(page, headers={**page.headers, "content-type": content_type, "cookie": "a=cookiecanary"})


def test_a_password_a_form_and_a_search_never_reach_the_store(
    guard: Guard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    form = "application/x-www-form-urlencoded"
    upload = b'--s\r\nContent-Disposition: form-data; name="f"; filename="liefdagboekcanary.jpg"\r\n\r\nx\r\n--s--\r\n'
    search = quote("kut scheldcanary vulkanencanary")
    with caplog.at_level("DEBUG"):
        happen(
            guard,
            _posted("https://leren.nl/login", b"user=sam&password=hunter2canary", form),
            _posted("https://social.com/login", b"user=sam&password=hunter2canary", form),
            _posted("https://social.com/padcanary", upload, "multipart/form-data; boundary=s"),
            exchange("https://zoek.nl/s?q=vulkanencanary"),
            exchange(f"https://zoek.nl/s?q={search}"),
            _posted("https://zoek.nl/s", f"q={search}".encode(), form),
            exchange("https://social.com/padcanary?q=vulkanencanary#liefdagboekcanary"),
            exchange("https://user:hunter2canary@games.com/padcanary"),
        )
    kept = _everything(tmp_path / "klaswacht.db")
    assert "social.com" in kept and len(guard.events()) >= 3
    for canary in CANARIES:
        assert canary not in kept, canary
        assert canary not in caplog.text, canary
    for file in tmp_path.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert not [canary for canary in CANARIES if canary.encode() in data], file


def test_the_bound_is_generous_but_there(guard: Guard) -> None:
    store: Store = guard.store
    recorder = Recorder(store, SCHOOL, guard.clock)
    _flood(recorder, guard.clock, 0, 10_050)
    assert (recorder.waiting, recorder.lost) == (10_000, 50)


def test_what_fails_while_it_is_told_to_stop_is_tried_once_more(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = Events.add_batch, []
    trying, told = threading.Event(), threading.Event()

    def add_batch(self: Events, *args: object, **more: object) -> object:
        tries.append(1)
        if len(tries) == 1:
            trying.set()
            told.wait(NEVER)
            raise StoreUnavailable("gone for a moment")
        return real(self, *args, **more)

    monkeypatch.setattr(Events, "add_batch", add_batch)

    async def main() -> None:
        recorder = Recorder(guard.store, SCHOOL, guard.clock)
        recorder.start()
        recorder.note(visit("x.com", who=pupil()), DENIED, SNAPSHOT)
        assert await asyncio.to_thread(trying.wait, NEVER)
        stopping = asyncio.ensure_future(recorder.stop(2 * NEVER))
        await asyncio.sleep(0.1)
        told.set()
        await stopping
        assert recorder.waiting == 0

    asyncio.run(main())
    assert len(guard.events()) == 1
