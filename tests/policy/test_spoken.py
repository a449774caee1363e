"""Search words, what is written for others, and personal data: what is stopped, what lifts it, what is never told."""

from dataclasses import replace

import pytest

from policy.decide import decide
from policy.model import AccessRequest, Action, Decision, Effect, Facet, Hit, Reason, Snapshot, Term
from policy.terms import Lexicon
from tests.cast import KNOWLEDGE, LESSON, RULES, SNAPSHOT, grant, pupil, rule, search, visit, with_rules, with_state

COARSE, HELP = Hit("kut", "coarse"), Hit("dood", "help", 3)
SCHOOL = SNAPSHOT


def sent(*hits: Hit, personal: tuple[str, ...] = (), **changes: object) -> AccessRequest:
    """Sam sends a form to an ordinary site."""
    made = visit("leren.nl", action=Action.SUBMIT, said=hits, personal=frozenset(personal))
    return replace(made, **changes)


def answer(request: AccessRequest, snapshot: Snapshot = SCHOOL) -> tuple[Effect, Reason]:
    decision = decide(request, snapshot, LESSON)
    return decision.effect, decision.reason


def trace_of(decision: Decision) -> str:
    return " ".join(f"{step.at} {step.said} {step.rule} {step.detail}" for step in decision.trace)


def test_a_hurtful_text_waits_for_a_second_thought() -> None:
    decision = decide(sent(COARSE), SCHOOL, LESSON)
    assert (decision.effect, decision.reason, decision.types) == (Effect.HOLD, Reason.TEXT, ("coarse",))
    assert decision.rules == ("text",)
    assert "found text kut" in trace_of(decision)


def test_after_a_second_thought_it_goes_and_says_so() -> None:
    assert answer(sent(COARSE, released=True)) == (Effect.ALLOW, Reason.RELEASED)


def test_a_second_thought_releases_nothing_that_the_teacher_is_to_release() -> None:
    assert answer(sent(personal=("phone",), released=True)) == (Effect.HOLD, Reason.PERSONAL)
    assert answer(sent(COARSE, personal=("phone",), released=True)) == (Effect.HOLD, Reason.PERSONAL)


def test_words_for_a_search_are_no_words_in_a_text_and_the_other_way_round() -> None:
    assert answer(sent(Hit("moord", "aggression"))) == (Effect.ALLOW, Reason.OPEN)
    assert answer(search("kut")) == (Effect.DENY, Reason.WORDS)


def test_a_page_that_only_opens_is_not_judged_as_a_text() -> None:
    assert answer(visit("leren.nl", said=(COARSE,))) == (Effect.ALLOW, Reason.OPEN)


def test_who_asks_for_help_in_a_text_gets_help_and_is_not_told_off() -> None:
    assert answer(sent(COARSE, HELP)) == (Effect.HELP, Reason.HELP)


def test_a_paper_about_a_sad_thing_is_sent_as_it_is() -> None:
    assert answer(sent(Hit("gepest", "help", 2))) == (Effect.ALLOW, Reason.OPEN)


def test_a_cry_for_help_in_a_chat_that_goes_on_by_itself_is_not_stopped() -> None:
    assert answer(sent(COARSE, HELP, navigation=False)) == (Effect.ALLOW, Reason.OPEN)


def test_personal_data_is_held_by_its_kind_and_the_trace_has_no_data() -> None:
    decision = decide(sent(personal=("phone", "email")), SCHOOL, LESSON)
    assert (decision.effect, decision.reason, decision.types) == (Effect.HOLD, Reason.PERSONAL, ("phone",))
    assert "personal found personal phone" in trace_of(decision)
    assert answer(sent(personal=("email",))) == (Effect.ALLOW, Reason.OPEN)


def test_a_full_permission_for_a_site_is_no_permission_for_personal_data() -> None:
    full = grant(sites=("leren.nl",))
    given = replace(SCHOOL, state=replace(SCHOOL.state, grants=(full,)))
    assert answer(sent(personal=("phone",)), given) == (Effect.HOLD, Reason.PERSONAL)
    named = replace(full, facets=frozenset({Facet.PERSONAL}))
    given = replace(SCHOOL, state=replace(SCHOOL.state, grants=(named,)))
    assert answer(sent(personal=("phone",)), given) == (Effect.ALLOW, Reason.GRANTED)
    elsewhere = replace(named, sites=("games.com",))
    given = replace(SCHOOL, state=replace(SCHOOL.state, grants=(elsewhere,)))
    assert answer(sent(personal=("phone",)), given) == (Effect.HOLD, Reason.PERSONAL)


def test_a_permission_for_one_kind_of_data_or_words_is_for_that_kind() -> None:
    phone = grant(sites=("leren.nl",), facets=frozenset({Facet.PERSONAL}), kinds=frozenset({"phone"}))
    given = replace(SCHOOL, state=replace(SCHOOL.state, grants=(phone,)))
    assert answer(sent(personal=("phone",)), given) == (Effect.ALLOW, Reason.GRANTED)
    assert answer(sent(personal=("phone", "bsn")), given) == (Effect.HOLD, Reason.PERSONAL)
    coarse = grant(facets=frozenset({Facet.WORDS}), kinds=frozenset({"coarse"}))
    given = replace(SCHOOL, state=replace(SCHOOL.state, grants=(coarse,)))
    assert answer(search("kut"), given) == (Effect.ALLOW, Reason.GRANTED)
    assert answer(search("kut vermoord"), given) == (Effect.DENY, Reason.WORDS)


# --- topics ----------------------------------------------------------------------------------------------------------

BODY, WAR = frozenset({"body"}), frozenset({"war"})
LEXICON = Lexicon(
    (
        Term("piem", "coarse", "piemel", topics=BODY),
        Term("bloed", "coarse", "bloedbad", topics=WAR),
        Term("kut", "coarse", "kut"),
    )
)


def topical(*topics: str) -> Snapshot:
    words = grant(facets=frozenset({Facet.WORDS}), topics=frozenset(topics))
    return replace(with_state(grants=(words,)), knowledge=replace(KNOWLEDGE, lexicon=LEXICON))


@pytest.mark.parametrize(
    ("query", "topics", "effect"),
    [
        ("piemel", ("body",), Effect.ALLOW),
        ("piemel", ("war",), Effect.DENY),
        ("piemel bloedbad", ("body",), Effect.DENY),
        ("piemel bloedbad", ("body", "war"), Effect.ALLOW),
        ("piemel kut", ("body",), Effect.DENY),
        ("kut", (), Effect.ALLOW),
    ],
)
def test_a_permission_for_a_topic_lifts_the_words_of_that_topic_only(
    query: str, topics: tuple[str, ...], effect: Effect
) -> None:
    assert decide(search(query), topical(*topics), LESSON).effect is effect


# --- the school's own words ------------------------------------------------------------------------------------------


def test_a_word_of_the_schools_own_counts_and_one_that_it_lets_pass_does_not() -> None:
    own = replace(SCHOOL.policy, terms=(Term("school-kletskoek", "coarse", "kletskoek"),), passed_words=("kut",))
    school = replace(SCHOOL, policy=own)
    assert answer(search("wat een kletskoek"), school) == (Effect.DENY, Reason.WORDS)
    assert answer(search("kut"), school) == (Effect.ALLOW, Reason.OPEN)
    assert answer(search("kut kletskoek"), school) == (Effect.DENY, Reason.WORDS)
    assert answer(search("kut")) == (Effect.DENY, Reason.WORDS)


def test_help_is_never_let_pass() -> None:
    school = replace(SCHOOL, policy=replace(SCHOOL.policy, passed_words=("ik wil dood",)))
    assert answer(search("ik wil dood"), school) == (Effect.HELP, Reason.HELP)


def test_unknown_sites_wait_only_where_the_school_says_so() -> None:
    waits = rule("waits", facet=Facet.PLACE, categories=frozenset({"unknown"}), effect=Effect.HOLD)
    school = replace(with_rules(*RULES, waits), proposed={"nieuw-kletsen.nl": "social"})
    decision = decide(visit("www.nieuw-kletsen.nl"), school, LESSON)
    assert (decision.effect, decision.reason, decision.category) == (Effect.HOLD, Reason.PLACE, "unknown")
    assert answer(visit("www.ander-kletsen.nl"), school) == (Effect.ALLOW, Reason.OPEN)
    given = replace(school, state=replace(school.state, grants=(grant(sites=("nieuw-kletsen.nl",)),)))
    assert answer(visit("www.nieuw-kletsen.nl"), given) == (Effect.ALLOW, Reason.GRANTED)


def test_only_pupils_get_the_page_for_help() -> None:
    teacher = replace(pupil("anja"), role="teacher")
    assert answer(search("ik wil dood", teacher))[0] is not Effect.HELP
