"""What is different between two versions of the rules, as the person reads it who decides about them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest

from config.changes import changes, in_short
from config.load import factory_policy, parse_school
from policy.model import Basis, BasisKind, HoldsIn, Policy
from policy.ownwords import own_term

BASE = (
    "protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n    tue: {lessons: ['08:30-14:00']}\n"
)
FACTORY = factory_policy()


def school(more: str = "", base: str = BASE) -> Policy:
    return parse_school((base + more).encode()).policy


def test_two_that_are_the_same_differ_in_nothing():
    assert changes(FACTORY, FACTORY) == ()
    assert in_short(FACTORY, FACTORY).startswith("geen verschil")


def test_a_rule_of_the_school_is_told_by_its_name_and_what_it_says():
    rules = "rules:\n  - {id: eigen, basis: {decided: 2026-09-01}, facet: place, sites: [a.test], holds_in: %s}\n"
    old, new = school(rules % "lesson"), school(rules % "break")
    assert changes(school(), old) == ("regel eigen: nieuw (facet: place; holds_in: lesson; sites: a.test)",)
    assert changes(old, school()) == ("regel eigen: vervalt",)
    assert changes(old, new) == ("regel eigen: holds_in: lesson → break",)
    assert changes(old, new, "en") == ("rule eigen: holds_in: lesson → break",)


def test_a_decision_in_the_place_of_a_standard_rule_says_that_its_ground_is_another_one():
    was = next(rule for rule in FACTORY.rules if rule.id == "default-games")
    own = replace(was, basis=Basis(BasisKind.SCHOOL, decided=date(2026, 9, 1)), holds_in=HoldsIn.LESSON)
    rules = tuple(own if rule is was else rule for rule in FACTORY.rules)
    assert changes(FACTORY, replace(FACTORY, rules=rules)) == (
        "regel default-games: holds_in: school hours → lesson; andere grond",
    )


def test_another_protocol_is_told_without_every_rule_of_it():
    told = changes(FACTORY, factory_policy("regenboog"))
    assert told[0] == "protocol: kalisto → regenboog"
    assert len(told) < 8


def test_words_and_sites_are_told_one_by_one_and_a_long_list_is_cut():
    new = replace(
        FACTORY,
        terms=(own_term("kletskoek", "coarse", part=True),),
        lists={"social": tuple(f"s{n}.test" for n in range(20))},
        open_sites=("bieb.nl",),
        hold_unknown=True,
    )
    told = changes(FACTORY, new)
    assert "altijd open: erbij bieb.nl" in told
    assert "onbekende sites laten wachten: nee → ja" in told
    assert any(line.startswith("eigen zoekwoorden: erbij kletskoek (coarse") for line in told)
    (sites,) = (line for line in told if line.startswith("eigen lijst social"))
    assert "s0.test" in sites
    assert "s19.test" not in sites
    assert sites.endswith("(en nog 8)")
    assert "altijd open: eraf bieb.nl" in changes(new, FACTORY)
    assert in_short(FACTORY, new).endswith("(en nog 3)")


def test_another_order_is_a_difference_too():
    one, other = (replace(FACTORY, open_sites=sites) for sites in (("a.nl", "b.nl"), ("b.nl", "a.nl")))
    assert changes(one, other) == ("altijd open: andere volgorde",)


def test_times_are_told_by_day_for_the_school_and_only_what_is_a_groups_own_for_a_group():
    old = school("  groups:\n    7:\n      tue: {lessons: ['09:00-12:00']}\n")
    new = school(
        "  groups:\n    7:\n      tue: {lessons: ['09:00-11:00']}\n"
        "  closed: [{from: 2026-12-21, to: 2026-12-22, name: vrij}]\n",
        BASE.replace("mon: {lessons: ['08:30-14:00']}", "mon: {lessons: ['08:30-13:00'], breaks: ['10:00-10:15']}"),
    )
    assert changes(old, new) == (
        "rooster, maandag, hele school: les 08:30-14:00 → les 08:30-10:00, pauze 10:00-10:15, les 10:15-13:00",
        "rooster, dinsdag, groep 7: les 09:00-12:00 → les 09:00-11:00",
        "dagen zonder school: erbij 21-12-2026 - 22-12-2026 (vrij)",
    )


@pytest.mark.parametrize("name", [field.name for field in fields(Policy)])
def test_no_part_of_the_rules_changes_without_a_word(name):
    """Also for a part that is added later: what is not told by name is told in general."""
    other = {
        "protocol": replace(FACTORY.protocol, title="anders"),
        "rules": FACTORY.rules[1:],
        "schedule": replace(FACTORY.schedule, zone="Europe/Brussels"),
        "lists": {"social": ("a.test",)},
        "terms": (own_term("kletskoek", "coarse"),),
        "print_pages": 5,
    }
    was = getattr(FACTORY, name)
    new = other.get(name, not was if isinstance(was, bool) else ("iets",))
    assert changes(FACTORY, replace(FACTORY, **{name: new})) != ()
