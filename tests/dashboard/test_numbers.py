"""Numbers and pictures: what the school learns of a week, and that nobody learns it of a child."""

from __future__ import annotations

import csv
import io
import random
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from dashboard.actions.disclosure import FEWEST, SMALLEST, Number, Shade, alone, protect
from dashboard.actions.numbers import Numbers, Split, Week, look, monday, trend, week_of
from dashboard.actions.reports import tell
from policy.model import Action, Effect, Group, Reason, ReportKind, ReportTo, Role
from store import Store
from store.events import Event, What
from store.incidents import AskState, Wish
from store.people import Person
from store.signals import Signal
from store.tallies import EXCEPTIONS, Kind, Tally
from tests.cast import COR, LESSON, RIA
from tests.dashboard.conftest import SCHOOL
from tests.dashboard.lessons import ask

MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def blocked(who: str, group: str | None = "7", category: str = "social", **more: object) -> Event:
    base = Event(What.BLOCKED, LESSON, Effect.DENY, Reason.PLACE, Action.VISIT, category=category, group=group)
    return replace(base, person=who, host="social.com", **more)


def class_of(store: Store, group: str, count: int) -> list[str]:
    """A group with so many pupils; their ids."""
    ids = [f"{group}-{number}" for number in range(count)]
    if group not in {one.id for one in store.people.groups(SCHOOL)}:
        store.people.put_group(SCHOOL, Group(group, f"Groep {group}", (4,)), "cor", LESSON)
    pupils = [Person(one, Role.PUPIL, f"Kind {one}", (group,)) for one in ids]
    store.people.put_people(SCHOOL, pupils, "cor", LESSON)
    return ids


def shown(desk, who=RIA, now=LESSON) -> Numbers:
    found = look(desk, who, now).value
    assert found is not None
    return found


def test_a_week_is_told_by_kind_by_category_and_for_the_management_by_group(store: Store, desk, signed_in) -> None:
    seven, four = class_of(store, "7", 12), class_of(store, "4", 12)
    events = [blocked(one) for one in seven] + [blocked(one, "4", "video") for one in four[:6]]
    events += [blocked(one, reason=Reason.WORDS, action=Action.SEARCH) for one in seven[:7]]
    store.events.add_batch(SCHOOL, events, LESSON)
    (week,) = shown(desk).weeks
    assert (week.total, week.kinds[Kind.PAGE], week.kinds[Kind.WORDS]) == (25, 18, 7)
    assert week.categories == {"social": 12, "video": 6}
    assert week.groups["7"] == 19 and week.groups["4"] == 6
    assert shown(desk, COR).weeks[0].groups == {}, "the coordinator sees the whole school"
    page = signed_in("ria").page("/beheer/cijfers")
    for part in ("Week 48, 23-11-2026", ">25<", "Sociale", "minder dan 5", "Groep 4", "<svg", "Hulp zoeken telt nooit"):
        assert part in page, part
    assert "Groep 4" not in signed_in("cor").page("/beheer/cijfers")
    assert "style=" not in page, "the policy of our pages has no inline style"


def test_little_is_less_than_five_and_two_children_are_not_shown(store: Store, desk, signed_in) -> None:
    store.events.add_batch(SCHOOL, [blocked("sam") for _ in range(4)], LESSON)
    (week,) = shown(desk).weeks
    assert week.total is Shade.LESS and set(week.kinds.values()) == {Shade.LESS}
    store.events.add_batch(SCHOOL, [blocked(who) for who in ("sam", "noor") for _ in range(20)], LESSON)
    (week,) = shown(desk).weeks
    assert week.total is Shade.KEPT and set(week.kinds.values()) == {Shade.KEPT}
    page = signed_in("ria").page("/beheer/cijfers")
    assert ">44<" not in page and "niet getoond" in page and "Pietersen" not in page


def test_of_a_small_group_nothing_is_told_also_not_as_what_is_left(store: Store, desk) -> None:
    seven = class_of(store, "7", 20)
    store.people.remove_person(SCHOOL, "bo", "cor", LESSON)
    eight = class_of(store, "8", 9)
    store.events.add_batch(SCHOOL, [blocked(one) for one in seven] + [blocked(one, "8") for one in eight], LESSON)
    found = shown(desk)
    assert (set(found.names), found.hidden) == ({"7"}, 1)
    assert found.weeks[0].total == 29
    assert found.weeks[0].groups == {"7": Shade.KEPT, None: Shade.KEPT}


def test_looking_for_help_and_what_counsellors_or_management_hear_is_in_no_number(store: Store, desk) -> None:
    everybody = class_of(store, "7", 12)
    store.events.add_batch(SCHOOL, [blocked(one) for one in everybody], LESSON)
    before = shown(desk)
    store.events.add_batch(SCHOOL, [blocked(one, effect=Effect.HELP, reason=Reason.HELP) for one in everybody], LESSON)
    store.signals.add_batch(SCHOOL, [Signal(LESSON, "7", person=one) for one in everybody])
    for one in everybody:
        for audience in (ReportTo.COUNSELLOR, ReportTo.MANAGEMENT):
            store.incidents.report(SCHOOL, "", LESSON, kind=ReportKind.BULLIED, audience=audience, person=one)
    tell(desk, RIA, ReportKind.OTHER.value, ReportTo.COUNSELLOR.value, "iets", LESSON)
    assert shown(desk) == before
    assert before.weeks[0].acts[Kind.REPORT] is Shade.LESS
    for one in everybody:
        store.incidents.report(SCHOOL, "eng.com", LESSON, person=one)
    assert shown(desk).weeks[0].acts[Kind.REPORT] == 12


def test_questions_and_answers_do_not_tell_that_one_waits(store: Store, desk) -> None:
    for one in class_of(store, "7", 8):
        made = ask(store, person=one)
        if one != "7-0":
            store.incidents.answer(SCHOOL, made.id, AskState.YES, "anja", LESSON)
        store.incidents.ask(SCHOOL, Wish("b.nl", "x", group="7", person=one), LESSON)
    acts = shown(desk).weeks[0].acts
    assert acts[Kind.ANSWERED] == 7 or acts[Kind.ANSWERED] is Shade.KEPT
    assert isinstance(acts[Kind.ASKED], int)


def test_the_numbers_outlive_the_events_and_go_with_the_school_year(store: Store, desk) -> None:
    store.events.add_batch(SCHOOL, [blocked(one) for one in class_of(store, "7", 12)], LESSON)
    before = shown(desk).weeks
    store.purge(SCHOOL, LESSON + 10 * DAY)
    store.purge(SCHOOL, LESSON + 40 * DAY)
    assert store.events.latest(SCHOOL) == ()
    later = shown(desk, now=LESSON + 40 * DAY)
    assert later.weeks[-1] == replace(before[0], whole=True) and len(later.weeks) == 6
    assert later.weeks[0].total is Shade.LESS and later.since == MONDAY
    store.purge(SCHOOL, LESSON.replace(year=2027, month=8, day=2))
    assert shown(desk, now=LESSON.replace(year=2027, month=8, day=2)).since is None


def test_purging_twice_or_early_counts_nothing_double(store: Store, desk) -> None:
    pupils = class_of(store, "7", 12)
    store.events.add_batch(SCHOOL, [blocked(one) for one in pupils], LESSON)
    for hours in (1, 20, 40, 44):
        store.purge(SCHOOL, LESSON + timedelta(hours=hours))
    store.events.add_batch(
        SCHOOL, [blocked(one) for one in pupils[:5]], LESSON
    )  # a laptop that was away sent them late
    store.purge(SCHOOL, LESSON + 3 * DAY)
    assert shown(desk, now=LESSON + 3 * DAY).weeks[0].total == 17


def test_the_trend_is_in_words_and_only_of_weeks_that_follow_each_other() -> None:
    def week(back: int, total: object, whole: bool = True) -> Week:
        return Week(MONDAY - 7 * back * DAY, whole, total, {}, {}, {}, {})

    running = week(0, 500, whole=False)
    assert trend([running, week(1, 40), week(2, 80)]) == -1
    assert trend([running, week(1, 84), week(2, 80)]) == 0
    assert trend([week(1, 99), week(2, 80)]) == 1
    assert trend([week(1, 40), week(3, 80)]) is None
    assert trend([week(1, Shade.LESS), week(2, 80)]) is None
    assert trend([running]) is None


@pytest.mark.full
def test_it_is_quick_with_thirty_thousand_events(store: Store, desk) -> None:
    pupils, chance = class_of(store, "7", 30), random.Random(1)
    events = [
        blocked(chance.choice(pupils), when=LESSON - timedelta(minutes=chance.randrange(13 * 1440)))
        for _ in range(30_000)
    ]
    store.events.add_batch(SCHOOL, events, LESSON)
    desk.snapshot(LESSON)
    began = time.perf_counter()
    assert sum(week.total for week in shown(desk).weeks if isinstance(week.total, int)) == 30_000
    assert time.perf_counter() - began < 2.0


def test_the_list_to_take_along_says_the_same_and_is_in_the_trail(store: Store, signed_in) -> None:
    store.events.add_batch(SCHOOL, [blocked(one) for one in class_of(store, "7", 12)], LESSON)
    ria = signed_in("ria")
    answer = ria.get("/beheer/cijfers.csv")
    head, row = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")
    assert "12" in row and "minder dan 5" in row and len(head) == len(row)
    assert store.audit.entries(SCHOOL, limit=1)[0].what == "export.cijfers"


@pytest.mark.parametrize("login", ["anja", "iris", "stan", "coen"])
def test_nobody_else_gets_the_numbers(signed_in, login: str) -> None:
    visitor = signed_in(login)
    assert visitor.get("/beheer/cijfers").status_code == visitor.get("/beheer/cijfers.csv").status_code == 403


def test_nothing_counted_yet_is_a_page_too(signed_in) -> None:
    assert "Er is nog niets geteld" in signed_in("cor").page("/beheer/cijfers?week=onzin")


# What follows from everything that is shown: the reader knows the sums and how we keep back, and solves for the rest.


def solutions(shown: dict[object, object], total: int) -> list[tuple[int, ...]]:
    """All ways in which the hidden parts can be, for a reader who knows that `less` lies under five."""
    hidden = [what for what in shown.values() if isinstance(what, Shade)]
    rest = total - sum(what for what in shown.values() if isinstance(what, int))
    ranges = [range(min(rest, SMALLEST - 1) + 1) if what is Shade.LESS else range(rest + 1) for what in hidden]
    return [one for one in product(*ranges) if sum(one) == rest]


@pytest.mark.parametrize("seed", range(40))
def test_no_small_number_follows_from_a_total_and_the_parts_that_are_shown(seed: int) -> None:
    """Every combination is tried that fits what is shown: of what tells of a few, more than one is always left."""
    chance = random.Random(seed)
    for _ in range(25):
        numbers = [chance.choice((0, 0, 1, 2, 3, 4, 4, 5, 6, 8, 11)) for _ in range(chance.randrange(1, 6))]
        parts = {key: Number(n, min(n, chance.choice((1, 2, 5)))) for key, n in enumerate(numbers)}
        total = alone(Number(sum(numbers), chance.choice((2, 9))))
        found = protect(parts, total)
        told = [what for what in found.values() if isinstance(what, int)]
        assert all(what >= SMALLEST for what in told)
        assert not any(isinstance(found[key], int) for key, part in parts.items() if part.people < FEWEST and part.n)
        if not isinstance(total, int):
            assert told == []
            continue
        fits = solutions(found, total)
        assert not 0 < total - sum(told) < SMALLEST or len(parts) == 1, (parts, found)
        hidden = [key for key, what in found.items() if isinstance(what, Shade)]
        if len(parts) == 1:
            continue  # one part is its total, and that may be told
        for place, key in enumerate(hidden):
            if parts[key].tells:
                assert len({one[place] for one in fits}) > 1, (parts, total, found)


@pytest.mark.parametrize("seed", range(20))
def test_no_small_number_follows_from_a_whole_week(seed: int) -> None:
    """Kinds, categories and groups share totals: each is solved by itself, with its total as it is shown."""
    chance = random.Random(seed)
    tallies = [
        Tally(
            MONDAY + chance.randrange(5) * DAY,
            kind,
            n := chance.choice((1, 2, 4, 5, 9)),
            min(n, chance.choice((1, 3, 4))),
            chance.choice(("7", "8", "klein", None)),
            chance.choice(("social", "video", "games", None)) if kind is Kind.PAGE else None,
        )
        for kind in EXCEPTIONS
        for _ in range(chance.randrange(5))
    ]
    week = week_of(MONDAY, tallies, True, Split(frozenset({"7", "8"}), 2))

    def true(of, key) -> int:
        return sum(one.n for one in tallies if of(one) == key)

    pages = week.kinds[Kind.PAGE]
    for table, total, of in (
        (week.kinds, week.total, lambda one: one.kind),
        (week.groups, week.total, lambda one: one.group if one.group in ("7", "8") else None),
        (week.categories, pages, lambda one: (one.category or "") if one.kind is Kind.PAGE else None),
    ):
        told = {key: what for key, what in table.items() if isinstance(what, int)}
        for key, what in told.items():
            assert what >= SMALLEST and what == true(of, key)
        if not isinstance(total, int):
            assert not told, "parts of a number that is kept back"
        elif len(table) > 1:
            rest = total - sum(told.values())
            assert not 0 < rest < SMALLEST, (week, rest)


def test_the_week_begins_on_monday() -> None:
    assert [monday(MONDAY + n * DAY) for n in (0, 6, 7)] == [MONDAY, MONDAY, MONDAY + 7 * DAY]
