"""Remembered answers: never another answer than one that is thought out anew, and nothing of a child in them."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from policy import remembered
from policy.address import canonical
from policy.decide import decide
from policy.match import HostIndex, Layers
from policy.model import (
    AccessRequest,
    Action,
    Care,
    Decision,
    Effect,
    PeriodKind,
    Principal,
    Reason,
    Role,
    Sanction,
    SanctionTarget,
    Schedule,
    Search,
    Slot,
    Snapshot,
    Span,
    Special,
    State,
    Strength,
)
from policy.remembered import Answers
from tests.cast import (
    BREAK,
    LESSON,
    NO_COMPUTER,
    RULES,
    SNAPSHOT,
    SOCIAL,
    at,
    grant,
    pupil,
    visit,
    with_rules,
    with_state,
)

_HOSTS = ("social.com", "leren.nl", "nieuws.nl", "www.kindertelefoon.nl", "vpn.com", "chat.com", "games.com", "1.2.3.4")
_PATHS = ("", "/", "/chat/", "/a/b.js?v=1", "/?u=https://vpn.com/", "/x?next=https%3A%2F%2Fsocial.com%2F", "/~vpn")
_WHO = (
    pupil(),
    pupil("noor"),
    pupil("bo", "8"),
    pupil(None, strength=Strength.GROUP),
    pupil("sam", strength=Strength.CLAIMED),
    Principal(Role.TEACHER, "anja", ("7",), strength=Strength.PROVED),
    Principal(Role.PUPIL),
)
_MOMENTS = st.integers(-60, 240).map(lambda minutes: LESSON + timedelta(minutes=minutes))
_STATES = st.sampled_from(
    [
        State(),
        State(grants=(grant(sites=("social.com",)),), consents={"sam": True, "noor": False}),
        State(grants=(grant(sites=("social.com",), groups=frozenset(), people=frozenset({"sam"})),)),
        State(grants=(grant(sites=("social.com",), without=frozenset({"noor"})),), consented_groups=frozenset({"7"})),
        State(sanctions=(Sanction("b", "sam", SanctionTarget.CHROMEBOOK, at("08:00"), at("09:10")),)),
        State(care=(Care("c", "noor", sites=("social.com",)),), pauses=(Span("7", at("09:00"), at("09:05")),)),
        State(rainy=(Span("7", at("10:00"), at("10:25")),)),
    ]
)


def question(who: Principal, host: str, path: str, action: Action, *, navigation: bool) -> AccessRequest:
    address = canonical(f"https://{host}{path}") if path else None
    return AccessRequest(action, who, (host,), address=address, navigation=navigation)


_QUESTIONS = st.builds(
    question,
    st.sampled_from(_WHO),
    st.sampled_from(_HOSTS),
    st.sampled_from(_PATHS),
    st.sampled_from([Action.VISIT, Action.CONNECT, Action.SUBMIT]),
    navigation=st.booleans(),
)


@given(_STATES, st.lists(st.tuples(_QUESTIONS, _MOMENTS), min_size=2, max_size=25), st.booleans())
def test_an_answer_that_is_remembered_is_the_one_that_would_be_thought_out_now(
    state: State, asked: list[tuple[AccessRequest, datetime]], consent: bool
) -> None:
    rules = (*RULES, NO_COMPUTER, replace(SOCIAL, consent=True)) if consent else RULES
    school = replace(with_rules(*rules), state=state)
    for request, now in asked + asked:
        assert decide(request, school, now) == decide(request, replace(school), now)


def test_what_a_class_asks_again_is_not_thought_out_again() -> None:
    school = replace(SNAPSHOT)
    assert decide(visit("social.com"), school, LESSON) is decide(visit("social.com", who=pupil("noor")), school, LESSON)


def test_no_child_is_in_what_is_remembered_unless_something_names_that_child() -> None:
    school = replace(SNAPSHOT)
    for who, host in product(_WHO, _HOSTS):
        decide(visit(host, who=who), school, LESSON)
    assert not {"sam", "noor", "bo", "anja"} & set(_words(list(school.answers)))
    named = with_state(grants=(grant(groups=frozenset(), people=frozenset({"sam"}), sites=("social.com",)),))
    decide(visit("social.com"), named, LESSON)
    decide(visit("social.com", who=pupil("noor")), named, LESSON)
    assert {"sam", "noor"} & set(_words(list(named.answers))) == {"sam"}


def _words(keys: list[Hashable]) -> list[str]:
    found: list[str] = []
    for key in keys:
        if isinstance(key, tuple):
            found += _words(list(key))
        elif isinstance(key, str):
            found.append(key)
    return found


def test_words_forms_and_paths_are_never_remembered() -> None:
    school = replace(SNAPSHOT)
    private = [
        AccessRequest(Action.SEARCH, pupil(), ("zoek.nl",), search=Search("zoek", "geheim")),
        visit("social.com", websocket=True),
        visit("social.com", personal=frozenset({"phone"})),
        replace(visit("social.com"), action=Action.SUBMIT),
        replace(visit("social.com"), released=True),
    ]
    for request in private:
        decide(request, school, LESSON)
    assert not list(school.answers)
    decide(question(pupil(), "nieuws.nl", "/over/geheim?van=sam", Action.VISIT, navigation=True), school, LESSON)
    assert not {"geheim", "sam"} & set("/".join(_words(list(school.answers))).replace("=", "/").split("/"))


@dataclass
class Following:
    """Lists that are replaced while somebody asks, as those of feeds are."""

    names: HostIndex = field(default_factory=lambda: HostIndex.of({}))
    edition: int = 0

    def categories(self, host: str) -> frozenset[str]:
        return self.names.categories(host)

    def known(self) -> frozenset[str]:
        return self.names.known()

    def __len__(self) -> int:
        return len(self.names)


def test_a_list_that_is_replaced_counts_at_once() -> None:
    lists = Following()
    knowledge = replace(SNAPSHOT.knowledge, categories=Layers((SNAPSHOT.knowledge.categories, lists)))
    school: Snapshot = replace(SNAPSHOT, knowledge=knowledge)
    assert decide(visit("nieuwkletsplein.nl"), school, LESSON).effect is Effect.ALLOW
    lists.names, lists.edition = HostIndex.of({"social": ["nieuwkletsplein.nl"]}), 1
    assert decide(visit("nieuwkletsplein.nl"), school, LESSON).reason is Reason.PLACE


def test_an_answer_is_forgotten_when_there_are_too_many(monkeypatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 3)
    school = replace(SNAPSHOT)
    for number in range(20):
        decide(visit(f"site{number}.nl"), school, LESSON)
        assert len(list(school.answers)) <= 6


def test_the_clock_may_be_put_back() -> None:
    school = replace(with_rules(*RULES, NO_COMPUTER))
    assert decide(visit("nieuws.nl"), school, BREAK).reason is Reason.BREAK
    assert decide(visit("nieuws.nl"), school, LESSON).effect is Effect.ALLOW
    assert decide(visit("nieuws.nl"), school, BREAK).reason is Reason.BREAK


class Edition(int):
    """An edition of the lists; while it is compared, another thread asks by newer ones."""

    answers: Answers

    def __ne__(self, other: object) -> bool:
        self.answers.get("key", LESSON, 1)
        return int(self) != other

    __hash__ = int.__hash__


def test_an_answer_by_older_lists_is_never_given_by_newer_ones() -> None:
    answers, older = Answers(), Edition(0)
    answers.get("key", LESSON, 0)
    older.answers = answers
    answers.keep("key", LESSON, older, Decision(Effect.ALLOW, Reason.OPEN))
    assert answers.get("key", LESSON, 1) is None


def test_an_answer_without_an_end_is_thought_out_again_when_the_timetable_sees_further() -> None:
    first = Special(date(2027, 6, 1), Slot(PeriodKind.LESSON, time(9), time(12)))
    policy = replace(SNAPSHOT.policy, schedule=Schedule(specials=(first,)))
    school = replace(SNAPSHOT, policy=policy)
    early, then = at("09:00"), at("09:30", "2027-06-01")
    assert decide(visit("social.com"), school, early).valid_until is None
    assert decide(visit("social.com"), school, then) == decide(visit("social.com"), replace(school), then)
    assert decide(visit("social.com"), school, then).reason is Reason.PLACE
