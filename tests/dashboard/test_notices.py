"""Storing: who teaches sees at once what is in the way and what to do, and the coordinator what to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from store import Store
from store.notices import LASTS, Condition
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.test_stream import Listener, listen

SignIn = Callable[[str], Browser]
__all__ = ["listen"]


def tell(store: Store, *kinds: Condition, now=LESSON, since=LESSON) -> None:
    store.notices.tell(SCHOOL, "worker", dict.fromkeys(kinds, since), now)


@pytest.mark.parametrize("kind", [kind for kind in Condition if kind is not Condition.LISTS])
def test_whoever_teaches_reads_what_it_is_and_what_to_do(
    store: Store, signed_in: SignIn, clock: Clock, kind: Condition
) -> None:
    anja = signed_in("anja")
    assert "note care storing" not in anja.page("/les/7")
    tell(store, kind, since=LESSON - timedelta(minutes=5))
    page = anja.page("/les/7")
    assert 'class="note care storing"' in page and "Sinds 08:55." in page
    assert "klaswacht doctor" not in page, "a teacher is not sent to a command"
    clock.on(seconds=1)
    tell(store, now=clock.now)
    assert "note care storing" not in anja.page("/les/7")


def test_it_stands_on_the_board_too_with_no_name_in_it(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/bordmodus", on="1")
    tell(store, Condition.UPSTREAM)
    assert "Het internet doet het even niet." in anja.page("/les/7")


def test_what_nobody_in_a_class_can_notice_is_only_for_the_office(store: Store, signed_in: SignIn) -> None:
    tell(store, Condition.LISTS)
    assert "note care storing" not in signed_in("anja").page("/les/7")
    assert "De lijsten van anderen kunnen niet worden gelezen." in signed_in("cor").page("/beheer/groepen")


def test_the_coordinator_reads_what_to_look_at_and_what_was_there_today(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    cor = signed_in("cor")
    assert 'id="storing"' not in cor.page("/beheer/")
    tell(store, Condition.NAMES)
    page = cor.page("/beheer/leerlingen")
    assert "Namen van sites worden niet gevonden." in page and "Sinds 09:00." in page
    assert "<code>klaswacht doctor</code>" in page
    clock.on(minutes=6)
    tell(store, now=clock.now - timedelta(minutes=5, seconds=45))
    page = cor.page("/beheer/")
    assert "<code>" not in page
    assert "Vandaag eerder: Namen van sites worden niet gevonden. Van 09:00 tot 09:00." in page


def test_it_comes_by_itself_and_goes_by_itself(store: Store, listen: Callable[..., Listener], clock: Clock) -> None:
    tab = listen()
    tab.next()
    tell(store, Condition.UPSTREAM)
    data = tab.next()["data"]
    assert 'hx-target="#part-storing"' in data and "Het internet doet het even niet." in data
    assert "part-seen" not in data
    clock.on(seconds=1)
    tell(store, now=clock.now)
    data = tab.next()["data"]
    assert 'hx-target="#part-storing"' in data and "internet" not in data


def test_of_a_worker_that_is_gone_nothing_stays_on_the_page(store: Store, signed_in: SignIn, clock: Clock) -> None:
    tell(store, Condition.OVERLOADED)
    anja = signed_in("anja")
    assert "note care storing" in anja.page("/les/7")
    clock.on(seconds=LASTS.total_seconds())
    assert "note care storing" not in anja.page("/les/7")


def test_the_gravest_comes_first(store: Store, signed_in: SignIn) -> None:
    tell(store, Condition.OVERLOADED, Condition.RULES)
    page = signed_in("anja").page("/les/7")
    assert page.index("De regels kunnen niet worden gelezen.") < page.index("Het is heel druk")
