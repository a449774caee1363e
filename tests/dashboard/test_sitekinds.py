"""Kinds of sites in Beheer: what holds for each, the school's own decision about one, and the lists of others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from config.export import school_text
from config.feeds.packed import FeedError
from config.feeds.subscriptions import Subscription, Version
from config.load import factory_policy, knowledge, parse_school, protocol_names
from dashboard.actions.desk import Desk
from dashboard.actions.sitekinds import Kind, Wish, decided, kinds, planned, save
from policy.model import Policy, Snapshot
from store import Store
from tests.cast import ANJA, COR, LESSON
from tests.dashboard.conftest import SCHOOL, Browser
from tests.dashboard.rules_in_force import policy


@pytest.fixture(autouse=True)
def real_rules(store: Store) -> None:
    """Decisions are about the rules of a protocol that is ours."""
    store.policies.add(SCHOOL, factory_policy("kardinaal-de-jong"), "test", "setup", LESSON)


SignIn = Callable[[str], Browser]
TODAY = date(2026, 11, 23)
OWN = [Wish.TEACHER, Wish.MANAGEMENT, Wish.OPEN]


def found(rules: Policy) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds(Snapshot(1, SCHOOL, rules, knowledge()))}


@pytest.mark.parametrize("protocol", protocol_names())
def test_every_decision_holds_and_can_be_taken_back(protocol: str) -> None:
    adopted = factory_policy(protocol)
    mine = [name for name, kind in found(adopted).items() if not kind.fixed]
    assert {"social", "games", "education", "look-alike"} <= set(mine)
    for name in mine:
        for wish in OWN:
            made = decided(adopted, name, wish, TODAY)
            kind = found(made)[name]
            assert (kind.wish, kind.lesson.open) == (wish, wish is Wish.OPEN), (name, wish)
            others = {one: (k.lesson.effect, k.pause.effect, k.wish) for one, k in found(made).items() if one != name}
            assert others == {
                one: (k.lesson.effect, k.pause.effect, k.wish) for one, k in found(adopted).items() if one != name
            }, f"{name} is decided, and nothing else"
            assert decided(made, name, Wish.GIVEN, TODAY) == adopted


@pytest.mark.parametrize("protocol", protocol_names())
def test_a_decision_reads_back_from_the_file_that_it_is_written_to(protocol: str) -> None:
    made = factory_policy(protocol)
    for name, wish in (("social", Wish.OPEN), ("chat", Wish.MANAGEMENT), ("education", Wish.TEACHER)):
        made = decided(made, name, wish, TODAY)
    read = parse_school(school_text(made).text.encode()).policy
    assert set(read.rules) == set(made.rules)


def test_two_decisions_about_one_rule_do_not_undo_each_other() -> None:
    adopted = factory_policy("kardinaal-de-jong")  # one clause about chat, social and video
    both = decided(decided(adopted, "social", Wish.OPEN, TODAY), "video", Wish.OPEN, TODAY)
    assert (found(both)["social"].lesson.open, found(both)["video"].lesson.open) == (True, True)
    assert not found(both)["chat"].lesson.open
    one = decided(both, "social", Wish.GIVEN, TODAY)
    assert (found(one)["social"].lesson.open, found(one)["video"].lesson.open) == (False, True)
    assert decided(one, "video", Wish.GIVEN, TODAY) == adopted


def test_what_asks_for_consent_goes_on_asking_it() -> None:
    made = decided(factory_policy("regenboog"), "social", Wish.MANAGEMENT, TODAY)
    assert all(rule.consent for rule in made.rules if rule.id == "own-kind-social")


@pytest.mark.parametrize(
    ("kind", "code"), [("adult", "kind_floor"), ("help", "kind_always"), ("system", "kind_always"), ("zzz", "gone")]
)
def test_nobody_decides_about_the_safety_floor_or_about_help(desk: Desk, kind: str, code: str) -> None:
    outcome = planned(desk, COR, kind, Wish.OPEN, LESSON)
    assert not outcome.ok and outcome.code == f"dash.no.{code}"
    assert planned(desk, ANJA, "games", Wish.OPEN, LESSON).code == "dash.no.role"


def test_a_decision_is_looked_at_first_and_holds_after_saving(store: Store, signed_in: SignIn) -> None:
    cor, before = signed_in("cor"), policy(store)
    page = cor.post("/beheer/lijsten/soort", kind="games", wish="management").text
    assert "Er is nog niets veranderd" in page and policy(store) == before
    fields = dict(re.findall(r'name="(kind|wish|based_on)" value="([^"]+)"', page))
    assert "Het besluit geldt vanaf nu." in cor.post("/beheer/lijsten/besluit", **fields).text
    kept = store.policies.current(SCHOOL)
    assert kept and kept.who == "cor"
    assert kept.policy == decided(before, "games", Wish.MANAGEMENT, TODAY)
    assert "eigen besluit" in cor.page("/beheer/lijsten/")
    again = cor.post("/beheer/lijsten/soort", kind="games", wish="management").text
    assert "eigen besluit" in again and policy(store) == kept.policy


def test_a_decision_on_rules_that_moved_meanwhile_is_not_saved(store: Store, desk: Desk) -> None:
    based_on = planned(desk, COR, "games", Wish.OPEN, LESSON).value
    assert based_on
    assert save(desk, COR, "games", Wish.OPEN, based_on.based_on, LESSON).ok
    late = save(desk, COR, "video", Wish.OPEN, based_on.based_on, LESSON)
    assert late.code == "dash.no.list_moved"


@pytest.mark.parametrize("wish", ["", "everything", "given; drop"])
def test_a_wish_that_is_none_of_ours_changes_nothing(store: Store, signed_in: SignIn, wish: str) -> None:
    before = policy(store)
    cor = signed_in("cor")
    assert cor.post("/beheer/lijsten/soort", kind="games", wish=wish).status_code == 200
    cor.post("/beheer/lijsten/besluit", kind="games", wish=wish, based_on="1")
    cor.post("/beheer/lijsten/besluit", kind="games", wish="open", based_on="x")
    assert policy(store) == before


def test_the_sheet_has_the_schools_own_sites_and_runs_nothing(store: Store, signed_in: SignIn) -> None:
    rules = replace(policy(store), lists={"games": ("spel.example.nl",)})
    store.policies.add(SCHOOL, rules, "test", "cor", LESSON)
    answer = signed_in("cor").get("/beheer/lijsten/lijsten.csv")
    assert "spel.example.nl" in answer.text and "attachment" in answer.headers["Content-Disposition"]
    assert signed_in("anja").get("/beheer/lijsten/lijsten.csv").status_code == 403


class Shelf:
    """Lists of others as the dashboard is handed them."""

    def __init__(self, *feeds: Subscription, broken: bool = False) -> None:
        self.feeds, self.broken, self.taken = feeds, broken, list[str]()

    def all(self) -> tuple[Subscription, ...]:
        if self.broken:
            raise FeedError("`subscriptions.json` is damaged")
        return self.feeds

    def take(self, feed: str) -> None:
        self.taken.append(feed)


FEED = Subscription(
    "ut1-games",
    "https://lijsten.example/games.tar.gz?key=geheim",
    "games",
    licence="CC BY-SA 4.0",
    now=Version("2026-11-20T21:00:00Z", 12_345),
    waits=Version("2026-11-22T21:00:00Z", 3),
)


def test_a_version_that_waits_is_taken_by_one_tap(app: Flask, store: Store, signed_in: SignIn) -> None:
    shelf = app.extensions["klaswacht_lists"] = Shelf(FEED, replace(FEED, id="rustig", waits=None))
    cor = signed_in("cor")
    page = cor.page("/beheer/lijsten/")
    assert "heeft 3 namen in plaats van 12.345" in page and "geheim" not in page
    assert "binnen een minuut" in cor.post("/beheer/lijsten/neem/ut1-games").text
    assert "bestaat niet meer" in cor.post("/beheer/lijsten/neem/rustig").text
    assert "bestaat niet meer" in cor.post("/beheer/lijsten/neem/andere").text
    assert shelf.taken == ["ut1-games"]
    assert "list.take" in [entry.what for entry in store.audit.entries(SCHOOL, limit=3)]


def test_lists_that_cannot_be_read_are_told_and_the_kinds_stay(app: Flask, signed_in: SignIn) -> None:
    app.extensions["klaswacht_lists"] = Shelf(broken=True)
    page = signed_in("cor").page("/beheer/lijsten/")
    assert "niet te lezen" in page and "Sociale media" in page
