"""A page that is open costs work only when something of its own group moves, or with a heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask, g

from dashboard.auth import find_visitor, house
from dashboard.present.words import Words
from dashboard.views import watching
from dashboard.views.watching import Live, Watch
from policy.model import Action, Effect, Grant, Reason
from store import Store
from store.events import Event, What
from tests.cast import ANJA, LESSON
from tests.dashboard.conftest import BASE, SCHOOL, Browser
from tests.dashboard.lessons import ask

type SignIn = Callable[[str], Browser]


def blocked(group: str) -> Event:
    return Event(What.BLOCKED, LESSON, Effect.DENY, Reason.PLACE, Action.VISIT, host="x.com", group=group)


@pytest.fixture
def watch(app: Flask, signed_in: SignIn) -> Iterator[Watch]:
    token = signed_in("anja").cookie()
    shared: Live = app.extensions["klaswacht_live"]
    with app.test_request_context("/les/7/stroom", base_url=BASE):
        g.visitor = find_visitor(token, house().clock())
        yield Watch("7", token, Words("nl"), False, False, shared)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were drawn."""
    parts: list[str] = []
    draw = watching.render_template

    def counted(name: str, **more: object) -> str:
        parts.append(name)
        return draw(name, **more)

    monkeypatch.setattr(watching, "render_template", counted)
    return parts


def test_what_happens_in_another_group_draws_nothing_here(store: Store, watch: Watch, drawn: list[str]) -> None:
    first = watch.look(LESSON)
    drawn.clear()
    store.events.add_batch(SCHOOL, [blocked("8")], LESSON)
    assert watch.look(LESSON) is first and drawn == []
    store.events.add_batch(SCHOOL, [blocked("7")], LESSON)
    look = watch.look(LESSON)
    assert look is not None and "x.com" in look.parts["part-seen"] and drawn


def test_a_permission_for_another_group_draws_nothing_here(store: Store, watch: Watch, drawn: list[str]) -> None:
    first = watch.look(LESSON)
    drawn.clear()
    end = LESSON + timedelta(minutes=5)
    store.grants.add(SCHOOL, Grant("", LESSON, end, ANJA.role, "bram", frozenset({"8"}), sites=("social.com",)), LESSON)
    look = watch.look(LESSON)
    assert first is not None and look is not None and look.parts == first.parts and drawn == []


def test_what_is_over_goes_at_its_second_and_a_heartbeat_without_news_draws_nothing(
    store: Store, watch: Watch, drawn: list[str]
) -> None:
    end = LESSON + timedelta(seconds=5)
    store.grants.add(SCHOOL, Grant("", LESSON, end, ANJA.role, "anja", frozenset({"7"}), sites=("social.com",)), LESSON)
    look = watch.look(LESSON)
    assert look is not None and look.changes == end and "social.com" in look.parts["part-open"]
    drawn.clear()
    assert watch.look(end - timedelta(seconds=1)) is look and drawn == []
    after = watch.look(end)
    assert after is not None and "social.com" not in after.parts["part-open"]
    drawn.clear()
    still = watch.look(end + timedelta(seconds=15))
    assert still is not None and still.parts == after.parts and drawn == []


def test_whoever_loses_the_session_or_the_group_sees_nothing_more(store: Store, watch: Watch) -> None:
    assert watch.look(LESSON) is not None
    store.people.remove_group(SCHOOL, "7", "cor", LESSON)
    assert watch.look(LESSON) is None


def test_a_session_that_ended_is_noticed_with_the_next_heartbeat(store: Store, watch: Watch) -> None:
    assert watch.look(LESSON) is not None
    store.accounts.close_session(SCHOOL, watch.token, LESSON)
    assert watch.look(LESSON + timedelta(seconds=15)) is None


def test_a_request_is_there_for_all_who_look_at_the_group(store: Store, watch: Watch) -> None:
    other = Watch("7", watch.token, Words("nl"), True, False, watch.shared)
    assert watch.look(LESSON) and other.look(LESSON)
    ask(store)
    mine, board = watch.look(LESSON), other.look(LESSON)
    assert mine is not None and "Sam Pietersen vraagt" in mine.parts["part-asks"]
    assert board is not None and not [part for part in board.parts.values() if "Sam " in part]
    assert "Er wacht 1 vraag." in board.parts["part-asks"]
