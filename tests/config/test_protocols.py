"""Every rule has a ground, and the two protocols say what their schools agreed."""

import re

import pytest

from config.load import factory_policy, protocol_names
from config.rulebook import default_rules, is_default, protocol_with_rules
from policy.model import Action, BasisKind, Effect, Facet, Gate, HoldsIn, LiftableBy, Role

PROTOCOLS = protocol_names()


def by_id(name):
    return {rule.id: rule for rule in protocol_with_rules(name)[1]}


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


def test_kalisto_has_every_article_of_both_parts():
    ids = {clause.id for clause in protocol_with_rules("kalisto")[0].clauses}
    assert ids == {f"kalisto.pupils.{n}" for n in range(11)} | {f"kalisto.staff.{n}" for n in range(13)}


def test_kalisto_opens_social_media_in_the_lesson_when_the_teacher_permits_it():
    (rule,) = by_id("kalisto").values()
    assert rule.basis.clause == "kalisto.pupils.8"
    assert rule.categories == {"social", "video", "chat"}
    assert (rule.effect, rule.liftable_by) == (Effect.DENY, LiftableBy.TEACHER)
    assert not rule.consent


def test_regenboog_has_nobody_who_lifts_chat_photos_or_the_break():
    rules = by_id("regenboog")
    for name in ("regenboog-no-chat", "regenboog-chat-sites", "regenboog-no-photos", "regenboog-no-computer-in-breaks"):
        assert rules[name].liftable_by is LiftableBy.NOBODY
    assert rules["regenboog-no-chat"].actions == {Action.CHAT}
    assert rules["regenboog-no-photos"].media == {"picture", "sound", "video"}
    assert rules["regenboog-no-computer-in-breaks"].gate is Gate.BREAK


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
    for category in ("social", "video", "chat", "games", "game-chat", "ai-chat", "mail", "file-sharing"):
        assert closed[category].liftable_by is LiftableBy.TEACHER
        assert closed[category].holds_in is HoldsIn.SCHOOL_HOURS
    assert "dating" in closed
