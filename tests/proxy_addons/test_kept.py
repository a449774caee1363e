"""What a browser keeps of a site: nothing where only a permission opens it, and a worker of a closed site goes away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.model import Decision, Effect, Reason
from proxy_addons.facts import Exchange
from proxy_addons.kept import closing
from tests.cast import LESSON
from tests.proxy_addons.asking import Guard, background, exchange

pytestmark = pytest.mark.evasion("E32")


def worker(url: str) -> Exchange:
    asked = background(url, "serviceworker")
    return replace(asked, headers={**asked.headers, "service-worker": "script"})


def test_no_worker_is_begun_where_only_a_permission_opens_the_site(guard: Guard) -> None:
    guard.grant(categories=("social",))
    ruling = guard.ask(worker("https://social.com/sw.js"))
    assert ruling.answer is not None and ruling.answer.status == 403


def test_a_site_that_is_open_by_itself_may_have_one(guard: Guard) -> None:
    assert guard.ask(worker("https://leren.nl/sw.js")).answer is None


def test_a_worker_of_a_closed_site_takes_itself_away_and_the_page_asks_again(guard: Guard) -> None:
    ruling = guard.ask(worker("https://social.com/sw.js"))
    assert ruling.answer is not None and ruling.answer.status == 200
    headers, script = dict(ruling.answer.headers), ruling.answer.body.decode()
    assert headers["Content-Type"].startswith("text/javascript") and headers["Cache-Control"] == "no-store"
    assert "unregister()" in script and "navigate(" in script


def test_in_a_pause_what_is_under_way_is_not_opened_anew(guard: Guard) -> None:
    guard.pause(LESSON + timedelta(minutes=5))
    ruling = guard.ask(worker("https://leren.nl/sw.js"))
    assert ruling.answer is not None and b"unregister()" in ruling.answer.body
    assert b"navigate(" not in ruling.answer.body


@pytest.mark.parametrize(("reason", "again"), [(Reason.PAUSE, 0), (Reason.BREAK, 0), (Reason.AGREEMENT, 1)])
def test_what_was_under_way_when_a_break_began_is_not_lost_by_being_opened_anew(reason: Reason, again: int) -> None:
    answer = closing(worker("https://leren.nl/sw.js"), Decision(Effect.DENY, reason))
    assert answer is not None and answer.body.count(b"navigate(") == again


def test_pages_that_only_a_permission_opens_are_not_kept_and_the_others_are(guard: Guard) -> None:
    guard.grant(categories=("social",))
    assert not guard.ask(exchange("https://social.com/")).kept
    assert guard.ask(background("https://social.com/foto.png", "image")).kept
    assert guard.ask(exchange("https://leren.nl/")).kept
