"""Who is there: from who sits where and whose device was heard of, and nothing of what anybody does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from dashboard.actions.desk import Desk
from dashboard.actions.lesson import see_lesson
from dashboard.actions.presence import STILL_HERE, Here, Presence
from policy.model import DeviceClass, Lease
from store import Store
from tests.cast import ANJA, LESSON, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock, own
from tests.dashboard.lessons import ask

type SignIn = Callable[[str], Browser]


def here(desk: Desk, now=LESSON) -> dict[str, Here]:
    lesson = see_lesson(desk, ANJA, "7", now).value
    assert lesson is not None
    return {tile.person: tile.here for tile in lesson.presence.tiles}


def test_whoever_was_put_at_a_device_is_there_until_the_lease_ends(store: Store, desk: Desk) -> None:
    end = LESSON + timedelta(minutes=30)
    store.devices.lease(SCHOOL, Lease("chroom-1", "noor", LESSON, end, "anja"), LESSON)
    assert here(desk) == {"noor": Here.PRESENT, "sam": Here.UNSEEN}
    assert here(desk, end) == {}


def test_a_device_of_ones_own_that_was_heard_of_just_now_says_so_for_some_minutes(store: Store, owned: Desk) -> None:
    assert here(owned) == {"noor": Here.UNSEEN, "sam": Here.UNSEEN}
    store.devices.seen(SCHOOL, {"boek-sam": LESSON})
    assert here(owned)["sam"] is Here.PRESENT
    assert here(owned, LESSON + STILL_HERE - timedelta(seconds=1))["sam"] is Here.PRESENT
    assert here(owned, LESSON + STILL_HERE)["sam"] is Here.UNSEEN
    lesson = see_lesson(owned, ANJA, "7", LESSON).value
    assert lesson is not None and lesson.changes == LESSON + STILL_HERE


def test_a_device_that_was_lent_says_nothing_of_its_owner(store: Store, owned: Desk) -> None:
    store.devices.seen(SCHOOL, {"boek-sam": LESSON})
    store.devices.lease(SCHOOL, Lease("boek-sam", "noor", LESSON, at("10:15"), "anja"), LESSON)
    assert here(owned) == {"noor": Here.PRESENT, "sam": Here.UNSEEN}


def test_a_device_of_another_group_or_of_staff_is_nobodys_tile(store: Store, owned: Desk) -> None:
    store.devices.put(SCHOOL, replace(own("boek-bo"), person="bo"), "setup", LESSON)
    store.devices.put(SCHOOL, own("laptop", DeviceClass.STAFF, "anja"), "setup", LESSON)
    store.devices.seen(SCHOOL, {"boek-bo": LESSON, "laptop": LESSON})
    assert set(here(owned)) == {"sam", "noor"}


def test_where_nothing_tells_it_there_are_no_tiles_and_the_page_says_why(desk: Desk, signed_in: SignIn) -> None:
    lesson = see_lesson(desk, ANJA, "7", LESSON).value
    assert lesson is not None and lesson.presence == Presence()
    page = signed_in("anja").page("/les/7")
    assert "Daarom is niet te zien wie er is." in page and 'class="tile ' not in page


def test_who_waits_for_an_answer_is_told_from_who_was_told_later(store: Store, owned: Desk, signed_in: SignIn) -> None:
    waiting = ask(store)
    assert here(owned)["sam"] is Here.WAITS
    page = signed_in("anja")
    assert "1 van 2 aanwezig · 1 wacht op antwoord" in page.page("/les/7")
    page.post(f"/les/7/vraag/{waiting.id}", answer="later")
    assert here(owned)["sam"] is Here.UNSEEN


def test_outside_school_nobody_is_looked_for(store: Store, owned: Desk, signed_in: SignIn, clock: Clock) -> None:
    clock.now = at("19:00")
    store.devices.seen(SCHOOL, {"boek-sam": clock.now})
    page = signed_in("anja").page("/les/7")
    assert 'class="tile ' not in page and "Sam Pietersen</span>" not in page
