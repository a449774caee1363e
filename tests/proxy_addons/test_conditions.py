"""When pages of several sites fail and hardly any answers, something is in the way; one dead site is only that."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons import conditions
from proxy_addons.conditions import QUIET, WINDOW, Conditions
from store.notices import Condition
from tests.cast import LESSON

UP, NAMES, CERTIFICATES = Condition.UPSTREAM, Condition.NAMES, Condition.CERTIFICATES
SECOND = timedelta(seconds=1)


class Day:
    """Conditions with a clock that every step turns a little."""

    def __init__(self) -> None:
        self.now, self.all = LESSON, Conditions()

    def miss(self, *sites: str, kind: str = "unreachable", after: float = 2.0) -> Day:
        for site in sites:
            self.now += after * SECOND
            self.all.missed(site, kind, self.now)
        return self

    def reach(self, *sites: str, after: float = 0.5, secure: bool = True) -> Day:
        for site in sites:
            self.now += after * SECOND
            self.all.reached(site, self.now, secure=secure)
        return self

    def wait(self, span: timedelta) -> Day:
        self.now += span
        return self

    @property
    def kinds(self) -> set[Condition]:
        return set(self.all.standing(self.now))


def test_three_sites_that_fail_one_after_another_are_the_internet():
    day = Day().miss("a.nl", "b.nl")
    assert day.kinds == set()
    assert day.miss("c.nl", kind="timeout").kinds == {UP}
    assert day.all.standing(day.now)[UP] == day.now


def test_right_after_a_busy_moment_too():
    assert Day().reach(*(f"{n}.nl" for n in range(40))).miss("a.nl", "b.nl", "c.nl").kinds == {UP}


def test_one_site_that_is_tried_again_and_again_is_that_site():
    assert Day().miss(*["a.nl"] * 20).kinds == set()


def test_one_page_that_wants_three_dead_sites_at_once_is_nothing():
    assert Day().miss("a.nl", "b.nl", "c.nl", after=0.2).kinds == set()


def test_sites_that_fail_among_many_that_answer_are_nothing():
    day = Day()
    for n in range(20):
        day.miss(f"dead{n}.nl").reach("x.nl", "y.nl")
        assert day.kinds == set()


def test_one_machine_that_answers_is_not_the_internet():
    day = Day()
    for n in range(3):
        day.reach("printer.school").miss(f"{n}.nl").reach("printer.school")
    assert day.kinds == {UP}


def test_it_is_over_as_soon_as_two_other_sites_answer():
    day = Day().miss("a.nl", "b.nl", "c.nl")
    assert day.kinds == {UP}
    assert day.reach("a.nl").kinds == {UP}
    assert day.reach("b.nl").kinds == set()


def test_it_is_over_when_the_one_site_that_is_used_answers_and_nothing_fails():
    day = Day().miss("a.nl", "b.nl", "c.nl")
    assert day.kinds == {UP}
    assert day.reach("a.nl").wait(QUIET).kinds == set()


def test_it_is_over_after_a_minute_in_which_nobody_tried():
    day = Day().miss("a.nl", "b.nl", "c.nl")
    assert day.kinds == {UP}
    assert day.wait(WINDOW).kinds == set()


def test_names_that_are_not_found_are_told_apart_and_give_way_to_no_internet():
    assert Day().miss("a.nl", "b.nl", "c.nl", kind="unanswered").kinds == {NAMES}
    both = Day().miss("a.nl", "b.nl", "c.nl", kind="unanswered").miss("d.nl", "e.nl", "f.nl")
    assert both.kinds == {UP}


def test_some_names_with_a_slip_in_them_are_nothing_and_many_that_nobody_knows_are():
    day = Day().miss("jeugdjoernaal.nl", "jeugdjournal.nl", "jeugtjournaal.nl", "x.nl", "y.nl", kind="dns")
    assert day.kinds == set()
    assert day.miss("z.nl", kind="dns").kinds == {NAMES}


def test_many_bad_certificates_are_the_clock_also_while_plain_pages_answer():
    day = Day()
    for n in range(3):
        day.miss(f"{n}.nl", kind="certificate").reach("p.nl", "q.nl", secure=False)
    assert day.kinds == {CERTIFICATES}
    assert day.reach("p.nl", "q.nl").kinds == set()


def test_a_kind_that_nobody_knows_is_nothing():
    assert Day().miss("a.nl", "b.nl", "c.nl", kind="weather").kinds == set()


def test_since_when_stays_the_first_moment():
    day = Day().miss("a.nl", "b.nl", "c.nl")
    began = day.all.standing(day.now)[UP]
    assert day.miss("d.nl", "e.nl").all.standing(day.now)[UP] == began


def test_many_sent_away_within_half_a_minute_is_overload():
    day = Day()
    for n in range(5):
        assert day.kinds == set(), n
        day.wait(2 * SECOND).all.crowded(day.now)
    assert day.kinds == {Condition.OVERLOADED}
    assert day.wait(conditions.CROWDED_WITHIN).kinds == set()


def test_a_loop_that_runs_late_again_and_again_is_overload_and_one_hiccup_is_not():
    day = Day()
    day.all.lagged(20.0, day.now)
    assert day.kinds == set()
    assert not day.all.choked(day.now)
    for _ in range(2):
        day.wait(2 * SECOND).all.lagged(1.2, day.now)
    assert day.kinds == {Condition.OVERLOADED}
    assert not day.all.choked(day.now), "late, but not so late that nobody may come in"
    assert day.all.pressed(day.now), "but no page is begun"
    assert day.wait(conditions.LATE_WITHIN).kinds == set()


def test_a_loop_that_stands_still_sends_away_until_it_moves():
    day = Day()
    for _ in range(2):
        day.wait(4 * SECOND).all.lagged(conditions.CHOKED, day.now)
    assert day.all.choked(day.now)
    day.wait(SECOND).all.lagged(0.0, day.now)
    assert not day.all.choked(day.now)


def test_a_loop_of_which_nothing_is_heard_any_more_sends_nobody_away():
    day = Day()
    for _ in range(2):
        day.all.lagged(9.0, day.now)
    assert day.all.choked(day.now)
    assert not day.all.choked(day.now + conditions.CHOKED_FOR)


def test_three_faults_within_a_minute_are_told():
    day = Day()
    for _ in range(2):
        day.all.broke(day.now)
    assert day.kinds == set()
    day.all.broke(day.now)
    assert day.kinds == {Condition.FAULTS}
    assert day.wait(WINDOW).kinds == set()


def test_rules_that_are_not_there_are_told_after_some_seconds_and_lists_at_once():
    day = Day()
    day.all.loaded(day.now, rules=False, lists=False)
    assert day.kinds == {Condition.LISTS}
    day.wait(conditions.UNREAD).all.loaded(day.now, rules=False)
    assert day.kinds == {Condition.RULES}
    day.all.loaded(day.now, rules=True)
    assert day.kinds == set()


SEEN = st.one_of(
    st.tuples(st.just("reach"), st.integers(0, 4), st.booleans()),
    st.tuples(st.just("miss"), st.integers(0, 9), st.sampled_from(sorted(conditions._ABOUT))),
)


@given(st.lists(st.tuples(SEEN, st.floats(0, 70)), max_size=60))
def test_nothing_stands_that_fewer_than_three_sites_failed_for_within_a_minute(seen):
    day, failed, about = Day(), {}, {kind: one for kind, (one, _) in conditions._ABOUT.items()}
    for (what, site, more), seconds in seen:
        day.wait(timedelta(seconds=seconds))
        if what == "reach":
            day.all.reached(f"{site}.nl", day.now, secure=more)
        else:
            day.all.missed(f"{site}.nl", more, day.now)
            failed.setdefault(about[more], []).append((day.now, site))
        stands = day.all.standing(day.now)
        for kind, since in stands.items():
            assert since <= day.now
            lately = [(when, site) for when, site in failed[kind] if when > day.now - WINDOW]
            assert lately, "it stands on nothing"
            first = {site for when, site in failed[kind] if since - WINDOW < when <= since}
            assert len(first) >= conditions.SITES


@given(st.lists(st.integers(0, 30), max_size=80), st.floats(0.01, 5))
def test_as_long_as_two_sites_answer_between_failures_no_internet_is_ever_said(sites, after):
    day = Day()
    for site in sites:
        day.miss(f"{site}.nl", after=after).reach("x.nl", "y.nl", after=after)
        assert day.kinds == set()


def test_a_thousand_sites_that_fail_take_no_more_room_than_a_few():
    day = Day()
    for n in range(5000):
        day.all.missed(f"site{n}.nl", "unreachable", day.now)
        day.all.reached(f"site{n}.nl", day.now, secure=True)
    kept = day.all._failures[UP, conditions.SITES]._sites
    assert len(kept) <= conditions._MOST_SITES
    assert all(isinstance(site, int) for site in kept), "a number, and no name"
    assert sys.getsizeof(kept) < 20_000


@pytest.mark.parametrize("kind", sorted(conditions._ABOUT))
def test_no_name_of_a_site_is_anywhere_in_it(kind):
    day = Day().miss("kanarie.nl", kind=kind).reach("kanarie.nl")
    assert "kanarie" not in repr(vars(day.all))
    for failures in day.all._failures.values():
        assert "kanarie" not in repr(failures._sites)
