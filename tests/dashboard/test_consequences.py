"""What a change of the school's own words and sites would do, told before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from config.corpus_file import rows
from dashboard.actions.consequences import LISTED, consequences
from dashboard.actions.desk import Desk
from dashboard.actions.ownlists import Change, What
from policy.model import Effect, Reason
from store import Store
from store.events import Event
from store.events import What as Fact
from tests.cast import COR, LESSON
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]


def stopped(store: Store, host: str, *terms: str, reason: Reason = Reason.WORDS, days: int = 3, times: int = 1) -> None:
    # Three days before this Monday is a school day too.
    event = Event(Fact.BLOCKED, LESSON - timedelta(days=days), Effect.DENY, reason, terms=terms, host=host, group="7")
    store.events.add_batch(SCHOOL, [event] * times, LESSON)


def test_the_preview_tells_how_it_goes_for_a_pupil_now_and_then(signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.post("/beheer/proef/wijziging", what="open", text="social.com").text
    assert "nu “Dit mag niet (afspraak van de school)”, straks “Dit mag”" in page
    assert "verandert er niets" in cor.post("/beheer/proef/wijziging", what="open", text="leren.nl").text


def test_kept_exceptions_of_a_word_are_counted_by_site_and_term(store: Store, signed_in: SignIn) -> None:
    stopped(store, "google.com", "kut", times=3)
    stopped(store, "google.com", "moord")
    stopped(store, "google.com", "kut", "moord")
    stopped(store, "google.com", "kut", days=15)
    page = signed_in("cor").post("/beheer/proef/wijziging", what="pass", text="kut").text
    assert "3 tegengehouden zoekopdrachten of berichtjes op google.com door kut zouden nu open zijn" in page
    assert "moord" not in page


def test_a_longer_phrase_is_only_said_to_open_perhaps(store: Store, signed_in: SignIn) -> None:
    stopped(store, "google.com", "kut")
    page = signed_in("cor").post("/beheer/proef/wijziging", what="pass", text="kut op dirk").text
    assert "op google.com door kut zou nu misschien open zijn" in page


def test_kept_exceptions_of_a_site_are_asked_again(store: Store, desk: Desk) -> None:
    stopped(store, "www.social.com", reason=Reason.PLACE, times=2)
    stopped(store, "social.com", "kut")
    stopped(store, "x.com", reason=Reason.PLACE)
    plan = consequences(desk, COR, Change(What.OPEN, "social.com"), LESSON).value
    assert plan
    assert [(kept.host, kept.count, kept.opens) for kept in plan.kept] == [("www.social.com", 2, True)]


def test_ordinary_school_queries_that_would_be_stopped_are_shown(desk: Desk, signed_in: SignIn) -> None:
    change = Change(What.TERM, "hond", "coarse")
    plan = consequences(desk, COR, change, LESSON).value
    assert plan
    # Only numbers: no row of a corpus may end up in the answer of a test.
    count = len(plan.rows.blocked)
    assert count > 0
    known = {row.text for row in rows("queries-school")}
    assert all(row.text in known for row in plan.rows.blocked)
    page = signed_in("cor").post("/beheer/proef/wijziging", what="term", text="hond", kind="coarse").text
    assert f"zouden worden tegengehouden: {count}" in page
    shown = page.partition('<div class="hits bad">')[2].partition("</div>")[0].count("<li>")
    assert shown == (count if count <= LISTED else LISTED + 1)


def test_bad_queries_that_would_be_lost_are_counted_and_help_stays_help(desk: Desk) -> None:
    plan = consequences(desk, COR, Change(What.LET, "kut"), LESSON).value
    assert plan
    assert len(plan.rows.missed) > 0
    assert plan.rows.unhelped == ()
    assert plan.rows.tried == sum(len(rows(f"queries-{name}")) for name in ("school", "bad", "help"))


def test_a_word_of_another_kind_than_the_rules_name_stops_nothing(desk: Desk) -> None:
    plan = consequences(desk, COR, Change(What.TERM, "hond", "discrimination"), LESSON).value
    assert plan
    assert len(plan.rows.blocked) == 0
