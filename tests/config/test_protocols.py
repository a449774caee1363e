"""Every rule has a ground, every clause is accounted for, and the five protocols say what their schools agreed."""

import re
from collections import Counter
from pathlib import Path

import pytest

from config.load import factory_policy, protocol_names
from config.rulebook import default_rules, is_default, protocol_with_rules
from policy.model import (
    Action,
    BasisKind,
    ClauseKind,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    HoldsIn,
    LiftableBy,
    Means,
    Role,
)

PROTOCOLS = protocol_names()
STAFF = set(Role) - {Role.PUPIL}
HANDBOOK = Path(__file__).parents[2] / "docs" / "handboek"

# What is asked of Klaswacht by name, so that it may not be left to people: by rules, or by a screen or register.
ASKED = {
    "kalisto": {
        "enforced": ("pupils.7", "pupils.8"),
        "supported": ("pupils.1", "pupils.9", "pupils.10", "staff.9", "staff.10"),
    },
    "kardinaal-de-jong": {
        "enforced": ("a.1", "a.5"),
        "supported": ("a.7", "b.1", "sanctions.3", "sanctions.4"),
    },
    "regenboog": {
        "enforced": (
            *(f"pupils.{number}" for number in (1, 5, 6, 8, 9)),
            "phones.1",
            "guidelines.12",
            "staff.3",
        ),
        "supported": (
            *(f"pupils.{number}" for number in (2, 3, 4, 7, 10)),
            *(f"staff.{number}" for number in (2, 4, 5, 7, 8, 9, 10)),
            *(f"guidelines.{number}" for number in (2, 8, 9, 11, 13)),
            "phones.2",
            "consequence.1",
        ),
    },
    "martinus-twello": {
        "enforced": (),
        "supported": ("1.b", "1.c", "1.e", "2.b", "2.c", "2.e", "3.a", "3.c", "3.e", "3.f", "4.a"),
    },
    "verkruisen": {
        "enforced": (),
        "supported": ("intro.3", *(f"guidelines.{number}" for number in (2, 4, 9, 10, 12))),
    },
}


def by_id(name):
    return {rule.id: rule for rule in protocol_with_rules(name)[1]}


def clauses_of(name):
    return {clause.id.removeprefix(f"{name}."): clause for clause in protocol_with_rules(name)[0].clauses}


def test_the_five_protocols_come_with_the_product():
    assert set(PROTOCOLS) == set(ASKED)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_clause_says_what_is_done_with_it(name):
    rules = protocol_with_rules(name)[1]
    spoken = {rule.basis.clause for rule in rules}
    kept = {rule.basis.clause for rule in rules if not rule.second_thought}
    for clause in protocol_with_rules(name)[0].clauses:
        assert clause.id in kept or clause.kind is not ClauseKind.ENFORCED, clause.id
        assert clause.id not in spoken or clause.kind is not ClauseKind.HUMAN, clause.id
        # A rule that does more than remind, and still does not keep its clause, says what is left to people.
        assert clause.kind is ClauseKind.ENFORCED or clause.id not in kept or clause.why, clause.id
        assert bool(clause.means) or clause.kind is not ClauseKind.SUPPORTED, clause.id
        assert bool(clause.why) or clause.kind is not ClauseKind.HUMAN, clause.id
        assert not (clause.means and clause.kind is ClauseKind.HUMAN), clause.id


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("kind", ["enforced", "supported"])
def test_what_was_asked_for_by_name_is_not_left_to_people(name, kind):
    clauses = clauses_of(name)
    for clause in ASKED[name][kind]:
        assert clauses[clause].kind == kind, clause


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_clause_is_told_in_words_of_its_own(name):
    told = [clause.adult for clause in protocol_with_rules(name)[0].clauses]
    again = {text for text in told if told.count(text) > 1}
    # Two guidelines of one protocol may say one thing; a copied line would be a slip.
    assert not again


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_rule_of_a_protocol_rests_on_one_of_its_clauses(name):
    protocol, rules = protocol_with_rules(name)
    clauses = {clause.id: clause for clause in protocol.clauses}
    assert rules
    for rule in rules:
        assert rule.basis.kind is BasisKind.CLAUSE
        assert rule.roles <= clauses[rule.basis.clause].binds


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_rule_that_a_school_has_states_its_basis(name):
    for rule in factory_policy(name).rules:
        assert rule.basis.clause or rule.basis.decided or rule.basis.note


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_clause_is_told_to_an_adult_and_in_short_sentences_to_a_child(name):
    for clause in protocol_with_rules(name)[0].clauses:
        assert clause.adult
        for sentence in re.split(r"(?<=[.!?])\s+", clause.child):
            assert len(sentence.split()) <= 12, sentence


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_says_whose_text_it_follows_and_that_they_did_not_endorse_it(name):
    source = protocol_with_rules(name)[0].source
    assert "eigen woorden" in source
    assert "niet gemaakt of goedgekeurd" in source


def test_the_handbook_says_once_what_a_school_does_for_each_clause_that_is_for_people():
    page = (HANDBOOK / "mensenwerk.md").read_text(encoding="utf-8")
    named = Counter(
        f"{protocol}.{clause}"
        for protocol, clauses in re.findall(r"^- ([a-z-]+): (`.*`)$", page, re.M)
        for clause in re.findall(r"`([^`]+)`", clauses)
    )
    human = [c.id for name in PROTOCOLS for c in protocol_with_rules(name)[0].clauses if c.kind is ClauseKind.HUMAN]
    assert named == Counter(human)
    for theme in page.split("\n## ")[1:]:
        said, _, listed = theme.partition("\n- ")
        assert len(said.split()) > 15 and listed, said
    assert "(mensenwerk.md)" in (HANDBOOK / "README.md").read_text(encoding="utf-8")


def test_kalisto_has_every_article_of_both_parts():
    ids = {clause.id for clause in protocol_with_rules("kalisto")[0].clauses}
    assert ids == {f"kalisto.pupils.{n}" for n in range(11)} | {f"kalisto.staff.{n}" for n in range(13)}


def test_kalisto_opens_social_media_in_the_lesson_when_the_teacher_permits_it():
    rule = by_id("kalisto")["kalisto-social"]
    assert rule.basis.clause == "kalisto.pupils.8"
    assert rule.categories == {"social", "video", "chat"}
    assert (rule.effect, rule.liftable_by, rule.holds_in) == (Effect.DENY, LiftableBy.TEACHER, HoldsIn.LESSON)
    assert not rule.consent


def test_kardinaal_de_jong_has_every_article():
    wanted = {"intro": 3, "principles": 5, "scope": 2, "a": 7, "b": 3, "c": 3, "sanctions": 5, "background": 4}
    assert set(clauses_of("kardinaal-de-jong")) == numbered(wanted)


def test_regenboog_has_every_guideline_example_and_rule():
    wanted = {"intro": 3, "guidelines": 13, "examples": 8, "staff": 11, "pupils": 10, "phones": 4, "consequence": 1}
    assert set(clauses_of("regenboog")) == numbered(wanted)


def test_martinus_has_every_letter_and_no_rule_for_pupils():
    letters = {f"{article}.{letter}" for article in (1, 2, 3) for letter in "abcdef"} | {"4.a", "4.b", "mr.1"}
    assert set(clauses_of("martinus-twello")) == letters
    assert not any("pupil" in clause.binds for clause in clauses_of("martinus-twello").values())


def test_verkruisen_has_every_guideline_and_no_permission():
    assert set(clauses_of("verkruisen")) == numbered({"intro": 3, "guidelines": 12, "mr": 1}) | {
        "guidelines.4b",
        "guidelines.12b",
        "guidelines.12c",
    }
    assert not any(Role.PUPIL in rule.roles for rule in by_id("verkruisen").values())


def numbered(parts):
    return {f"{part}.{number}" for part, most in parts.items() for number in range(1, most + 1)}


def test_kardinaal_de_jong_asks_the_teacher_for_pupils_and_the_management_for_staff():
    rules = by_id("kardinaal-de-jong")
    for name, liftable in (("kdj-social", LiftableBy.TEACHER), ("kdj-staff-social", LiftableBy.MANAGEMENT)):
        assert rules[name].basis.clause == "kardinaal-de-jong.a.1"
        assert rules[name].categories == {"social", "video", "chat"}
        assert (rules[name].holds_in, rules[name].liftable_by) == (HoldsIn.SCHOOL_HOURS, liftable)
    assert rules["kdj-staff-social"].roles == STAFF - {Role.MANAGEMENT}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_staff_are_reminded_of_photos_and_kept_from_nothing_by_it(name):
    reminders = [rule for rule in by_id(name).values() if rule.facet is Facet.PLACE and rule.second_thought]
    assert reminders
    clauses = protocol_with_rules(name)[0].clauses
    means = {clause.id: clause.means for clause in clauses}
    for rule in reminders:
        assert (rule.effect, rule.liftable_by, rule.roles) == (Effect.HOLD, LiftableBy.NOBODY, STAFF)
        assert Means.PHOTO_REMINDER in means[rule.basis.clause]


def test_regenboog_has_nobody_who_lifts_chat_photos_or_the_break():
    rules = by_id("regenboog")
    for name in ("regenboog-no-chat", "regenboog-chat-sites", "regenboog-no-photos", "regenboog-no-computer-in-breaks"):
        assert rules[name].liftable_by is LiftableBy.NOBODY
    assert rules["regenboog-no-chat"].actions == {Action.CHAT}
    assert rules["regenboog-no-photos"].media == {"picture", "sound", "video"}
    assert rules["regenboog-no-computer-in-breaks"].gate is Gate.BREAK


def test_regenboog_waits_with_what_hurts_and_with_personal_data_and_turns_phones_off():
    rules = by_id("regenboog")
    assert (rules["regenboog-text"].effect, rules["regenboog-text"].second_thought) == (Effect.HOLD, True)
    assert (rules["regenboog-personal"].effect, rules["regenboog-personal"].second_thought) == (Effect.HOLD, False)
    assert rules["regenboog-personal"].liftable_by is LiftableBy.TEACHER
    assert (rules["regenboog-phones"].facet, rules["regenboog-phones"].devices) == (Facet.CONNECT, {DeviceClass.PHONE})
    assert (rules["regenboog-identity"].roles, rules["regenboog-identity"].liftable_by) == (
        set(Role),
        LiftableBy.MANAGEMENT,
    )


def test_regenboog_asks_the_parents_for_social_media_and_the_teacher_for_contact_and_words():
    rules = by_id("regenboog")
    assert rules["regenboog-social"].consent
    assert rules["regenboog-contact"].categories == {"mail"}
    assert rules["regenboog-words"].kinds == {"coarse", "aggression", "sex", "discrimination"}
    for name in ("regenboog-social", "regenboog-contact", "regenboog-words"):
        assert rules[name].liftable_by is LiftableBy.TEACHER


def test_the_safety_floor_is_for_everybody_at_any_time_and_nobody_lifts_it():
    floor = next(rule for rule in default_rules() if rule.id == "floor-places")
    assert floor.categories == {"adult", "malware", "bypass", "illegal"}
    assert floor.roles == set(Role)
    assert (floor.gate, floor.holds_in, floor.liftable_by) == (Gate.LOCKED, HoldsIn.AT_SCHOOL, LiftableBy.NOBODY)
    assert floor.basis.kind is BasisKind.SAFETY


def test_only_pupils_have_defaults_beyond_the_floor():
    for rule in default_rules():
        assert is_default(rule) == rule.id.startswith("default-")
        if is_default(rule):
            assert rule.roles == {Role.PUPIL}


def test_the_default_keeps_what_distracts_closed_until_a_teacher_opens_it():
    closed = {c: r for r in default_rules() if r.facet is Facet.PLACE for c in r.categories}
    places = ("social", "video", "chat", "games", "game-chat", "ai-chat", "mail", "file-sharing", "dating", "bare-ip")
    for category in places:
        assert closed[category].liftable_by is LiftableBy.TEACHER
        assert closed[category].holds_in is HoldsIn.SCHOOL_HOURS
    for category in ("education", "school-admin", "news-children", "help"):
        assert category not in closed
