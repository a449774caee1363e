"""What a school does otherwise than its protocol: nothing that a person could notice is missed, nothing is made up."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policy.decide import decide
from policy.differences import Bearing, Difference, bearing, differences
from policy.match import HostIndex, Layers
from policy.model import (
    AccessRequest,
    Action,
    DeviceClass,
    Effect,
    Facet,
    Gate,
    Grant,
    Hit,
    HoldsIn,
    LiftableBy,
    PeriodKind,
    Policy,
    Principal,
    Role,
    Rule,
    Search,
    Snapshot,
    State,
    Strength,
    Term,
)
from policy.pair import is_reminder
from policy.weighing import STRICTNESS
from tests.cast import BREAK, DECISION, EVENING, FLOOR_RULE, KNOWLEDGE, LESSON, NO_COMPUTER, POLICY, RULES, rule


def told(*rules: Rule, adopted: Policy = POLICY, **changes: object) -> tuple[Difference, ...]:
    """The differences of a school with these rules in place of (by id) or beside those of its protocol."""
    return differences(adopted, school(*rules, adopted=adopted, **changes), KNOWLEDGE)


def school(*rules: Rule, adopted: Policy = POLICY, **changes: object) -> Policy:
    ids = {one.id for one in rules}
    kept = tuple(one for one in adopted.rules if one.id not in ids)
    return replace(adopted, rules=(*kept, *rules), **changes)


def own(name: str, **changes: object) -> Rule:
    return rule(name, basis=DECISION, **changes)


def test_a_school_that_changed_nothing_differs_in_nothing() -> None:
    assert told() == ()
    renamed = tuple(replace(one, basis=DECISION) for one in RULES)
    assert told(*renamed) == ()  # who said it is no difference to whom it is about


def test_a_rule_that_holds_in_the_lesson_only_is_looser_in_the_break_by_its_decision() -> None:
    video = own("video", facet=Facet.PLACE, categories=frozenset({"video"}), holds_in=HoldsIn.LESSON)
    (one,) = told(video)
    assert one.bearing is Bearing.LOOSER
    assert (one.subject.about, one.subject.categories) == (Facet.PLACE, {"video"})
    assert (one.periods, one.roles) == ({PeriodKind.BREAK}, {Role.PUPIL})
    assert (one.adopted.effect, one.adopted.liftable_by) == (Effect.DENY, LiftableBy.TEACHER)
    assert (one.own.effect, one.own.decided) == (Effect.ALLOW, DECISION.decided)


def test_a_reminder_for_staff_that_is_taken_away_is_looser_for_staff_also_where_the_place_is_closed() -> None:
    staff = {"roles": frozenset({Role.TEACHER}), "facet": Facet.PLACE, "categories": frozenset({"social"})}
    remind = rule("remind", effect=Effect.HOLD, second_thought=True, liftable_by=LiftableBy.NOBODY, **staff)
    shut = rule("shut", liftable_by=LiftableBy.MANAGEMENT, **staff)
    adopted = replace(POLICY, rules=(*RULES, shut, remind))
    (one,) = differences(adopted, replace(POLICY, rules=(*RULES, shut)), KNOWLEDGE)
    assert (one.bearing, one.subject.about, one.roles) == (Bearing.LOOSER, "reminder", {Role.TEACHER})


def test_what_the_school_adds_for_one_group_is_stricter_there_only() -> None:
    (one,) = told(own("print", facet=Facet.PRINT, groups=frozenset({"8"})))
    assert (one.bearing, one.subject.about, one.groups, one.but) == (Bearing.STRICTER, Facet.PRINT, {"8"}, frozenset())
    (other,) = told(own("social", facet=Facet.PLACE, categories=frozenset({"social"}), groups=frozenset({"8"})))
    assert (other.bearing, other.groups, other.but) == (Bearing.LOOSER, frozenset(), {"8"})


def test_the_same_change_of_several_kinds_is_told_once() -> None:
    hard = {"facet": Facet.PLACE, "liftable_by": LiftableBy.MANAGEMENT}
    changed = [own(name, categories=frozenset({name}), **hard) for name in ("games", "video")]
    (one,) = told(*changed)
    assert one.subject.categories == {"games", "video"}
    assert one.rules == {"games", "video"}


def test_closed_by_another_effect_and_more_easily_lifted_is_neither_stricter_nor_looser() -> None:
    held = replace(POLICY, rules=(rule("p", facet=Facet.PRINT, effect=Effect.HOLD, liftable_by=LiftableBy.NOBODY),))
    (one,) = told(own("p", facet=Facet.PRINT), adopted=held)
    assert one.bearing is Bearing.OTHER


@pytest.mark.parametrize(
    ("rules", "changes", "way", "about"),
    [
        ((), {"open_sites": ("social.com", "open-social.nl")}, Bearing.LOOSER, Facet.PLACE),
        ((), {"open_sites": ()}, Bearing.STRICTER, Facet.PLACE),
        ((), {"lists": {"games": ("eigenspel.nl", "nog-een.nl", "en-een.nl")}}, Bearing.STRICTER, Facet.PLACE),
        ((), {"lists": {}}, Bearing.LOOSER, Facet.PLACE),
        ((), {"passed_words": ("kut",)}, Bearing.LOOSER, "own-words"),
        ((), {"terms": (Term("x", "coarse", "kletskoek"),)}, Bearing.STRICTER, "own-words"),
        ((), {"interns_permit": True}, Bearing.LOOSER, "interns"),
        ((own("at", facet=Facet.PLACE, sites=("social.com",), effect=Effect.ALLOW),), {}, Bearing.LOOSER, Facet.PLACE),
        ((own("site", facet=Facet.PLACE, sites=("leren.nl",)),), {}, Bearing.STRICTER, Facet.PLACE),
        ((own("app", facet=Facet.APP, apps=frozenset({"minecraft"}), effect=Effect.ALLOW),), {}, Bearing.LOOSER, "app"),
        ((own("dev", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE})),), {}, Bearing.STRICTER, "connect"),
        ((replace(NO_COMPUTER, basis=DECISION),), {}, Bearing.STRICTER, Gate.BREAK),
        ((own("pii", facet=Facet.PERSONAL, effect=Effect.DENY),), {}, Bearing.STRICTER, Facet.PERSONAL),
        ((own("up", facet=Facet.ACTION, actions=frozenset({Action.UPLOAD})),), {}, Bearing.STRICTER, Facet.ACTION),
        ((replace(FLOOR_RULE, id="more", basis=DECISION, sites=("leren.nl",)),), {}, Bearing.STRICTER, Gate.LOCKED),
        ((own("text", facet=Facet.WORDS, kinds=frozenset({"coarse"}), effect=Effect.ALLOW,
              actions=frozenset({Action.POST, Action.SUBMIT})),), {}, Bearing.LOOSER, "written"),
    ],
)  # fmt: skip
def test_whatever_way_a_school_takes_is_found(
    rules: tuple[Rule, ...], changes: dict[str, object], way: Bearing, about: str
) -> None:
    found = told(*rules, **changes)
    assert found
    assert {(one.bearing, str(one.subject.about)) for one in found if one.subject.about == about} == {(way, str(about))}
    assert {one.bearing for one in found} == {way}


def test_own_words_are_counted_and_never_told() -> None:
    (one, *more) = told(passed_words=("kut",), terms=(Term("x", "coarse", "kletskoek"),))
    assert {each.subject.words for each in (one, *more)} == {1}
    assert "kletskoek" not in repr((one, more))


def test_a_site_that_differs_as_its_whole_kind_is_not_told_again() -> None:
    football = own("voetbal", facet=Facet.PLACE, categories=frozenset({"voetbal"}))
    (one,) = told(football, lists={**POLICY.lists, "voetbal": ("vi.nl", "fr12.nl")})
    assert (one.subject.categories, one.subject.sites) == ({"voetbal"}, frozenset())


@pytest.mark.parametrize(
    "changes",
    [{"open_sites": (*POLICY.open_sites, "breed.nl")}, {"rule": own("breed", facet=Facet.PLACE, sites=("breed.nl",))}],
)
def test_what_is_opened_along_with_the_site_above_it_is_told(changes: dict[str, object]) -> None:
    """The site itself is closed by nothing; below it there are chats that are."""
    listed = HostIndex.of({"chat": ["praat.breed.nl"], "education": ["leer.breed.nl"]})
    knowledge = replace(KNOWLEDGE, categories=Layers((KNOWLEDGE.categories, listed)))
    rules = [replace(one, effect=Effect.ALLOW) for one in (changes.pop("rule", None),) if isinstance(one, Rule)]
    (one,) = differences(POLICY, school(*rules, **changes), knowledge)
    assert (one.bearing, one.subject.sites) == (Bearing.LOOSER, {"praat.breed.nl"})


def test_a_list_of_the_school_that_takes_a_site_off_the_floor_is_told() -> None:
    """What gave itself away by its name is read no more once the school has it in a list."""
    (one,) = told(lists={**POLICY.lists, "education": ("gratis-vpn.nl",)})
    assert (one.bearing, one.subject.about, one.subject.sites) == (Bearing.LOOSER, Gate.LOCKED, {"gratis-vpn.nl"})


def test_in_a_break_without_computers_nothing_else_is_different() -> None:
    adopted = replace(POLICY, rules=(*RULES, NO_COMPUTER))
    video = own("video", facet=Facet.PLACE, categories=frozenset({"video"}), holds_in=HoldsIn.LESSON)
    assert told(video, adopted=adopted) == ()


# --- properties ----------------------------------------------------------------------------------------------------

EFFECTS = st.sampled_from([Effect.ALLOW, Effect.HOLD, Effect.DENY])
LIFTS = st.sampled_from(list(LiftableBy))
HOLDS = st.sampled_from(list(HoldsIn))
CATEGORIES = st.frozensets(st.sampled_from(["social", "chat", "games", "video"]), min_size=1, max_size=2)
PICTURE, PHONE = frozenset({"picture"}), frozenset({"phone"})
UPLOADS = frozenset({Action.UPLOAD})
APPS = st.sampled_from([frozenset({"games"}), frozenset({"minecraft"})])
SITES = st.lists(
    st.sampled_from(["social.com", "m.social.com", "film.com", "leren.nl", "nieuw.nl"]), min_size=1, max_size=2
)
ROLES = st.frozensets(st.sampled_from([Role.PUPIL, Role.TEACHER, Role.INTERN]), min_size=1)
GROUPS = st.sampled_from([frozenset[str](), frozenset({"7"}), frozenset({"8"})])
KINDS = st.frozensets(st.sampled_from(["coarse", "aggression"]), min_size=1)
ACTS = st.frozensets(st.sampled_from([Action.CHAT, Action.POST, Action.UPLOAD]), min_size=1, max_size=2)
TARGETS = st.one_of(
    st.fixed_dictionaries({"facet": st.just(Facet.PLACE), "categories": CATEGORIES}),
    st.fixed_dictionaries({"facet": st.just(Facet.PLACE), "sites": SITES.map(tuple)}),
    st.fixed_dictionaries({"facet": st.just(Facet.ACTION), "actions": ACTS}),
    st.fixed_dictionaries({"facet": st.just(Facet.ACTION), "actions": ACTS, "categories": CATEGORIES}),
    st.fixed_dictionaries(
        {"facet": st.just(Facet.ACTION), "actions": st.just(UPLOADS), "media": st.just(PICTURE)}
    ),
    st.fixed_dictionaries({"facet": st.just(Facet.WORDS), "kinds": KINDS}),
    st.fixed_dictionaries({"facet": st.just(Facet.WORDS), "kinds": KINDS, "actions": ACTS}),
    st.fixed_dictionaries({"facet": st.just(Facet.PERSONAL), "types": st.just(PHONE)}),
    st.fixed_dictionaries({"facet": st.just(Facet.APP), "apps": APPS}),
    st.fixed_dictionaries({"facet": st.just(Facet.PRINT)}),
    st.fixed_dictionaries({"facet": st.just(Facet.CONNECT), "devices": st.just(frozenset({DeviceClass.PHONE}))}),
    st.fixed_dictionaries({"gate": st.just(Gate.BREAK), "holds_in": st.just(HoldsIn.BREAK)}),
)  # fmt: skip


@st.composite
def some_rule(draw: st.DrawFn, number: int = 0) -> Rule:
    lift = draw(LIFTS)
    effect = draw(EFFECTS)
    target = draw(TARGETS)
    return own(
        f"own-{number}-{draw(st.integers(0, 99))}",
        **{
            "effect": effect,
            "liftable_by": lift,
            "holds_in": draw(HOLDS),
            "roles": draw(ROLES),
            "groups": draw(GROUPS),
            "consent": lift is not LiftableBy.NOBODY and effect is not Effect.ALLOW and draw(st.booleans()),
            "second_thought": effect is Effect.HOLD and draw(st.booleans()),
            **target,
        },
    )


ITS_ID = attrgetter("id")  # no file of rules can have one twice


@st.composite
def raised(draw: st.DrawFn, given_: Rule) -> Rule:
    """The same rule, and nowhere looser."""
    lifts = list(LiftableBy)
    lift = draw(st.sampled_from(lifts[lifts.index(given_.liftable_by) :]))
    effect = draw(
        st.sampled_from([e for e in (Effect.HOLD, Effect.DENY) if STRICTNESS[e] >= STRICTNESS[given_.effect]])
    )
    consent = lift is not LiftableBy.NOBODY and (given_.consent or draw(st.booleans()))
    return replace(given_, basis=DECISION, liftable_by=lift, effect=effect, consent=consent, second_thought=False)


@st.composite
def stricter_school(draw: st.DrawFn) -> tuple[Policy, Policy]:
    adopted = replace(POLICY, rules=(*RULES, *draw(st.lists(some_rule(), max_size=3, unique_by=ITS_ID))))
    # A reminder that becomes a rule takes the place of a less specific one: that is another rule, not a stricter one.
    kept = (one.gate is not None or is_reminder(one) for one in adopted.rules)
    rules = [
        one if keep or draw(st.booleans()) else draw(raised(one)) for one, keep in zip(adopted.rules, kept, strict=True)
    ]
    new = draw(st.lists(some_rule(1), max_size=3, unique_by=ITS_ID))
    hard = {"effect": Effect.DENY, "liftable_by": LiftableBy.NOBODY, "consent": False, "second_thought": False}
    added = [replace(one, **hard) for one in new]
    return adopted, replace(adopted, rules=(*rules, *added))


WHO = st.one_of(
    st.builds(Principal, st.just(Role.PUPIL), st.sampled_from(["sam", "noor"]), st.sampled_from([("7",), ("8",)]),
              device_class=st.sampled_from([DeviceClass.PUPIL, DeviceClass.PHONE]), strength=st.just(Strength.PROVED)),
    st.builds(Principal, st.sampled_from([Role.TEACHER, Role.INTERN]), st.just("x"), st.sampled_from([(), ("7",)]),
              device_class=st.just(DeviceClass.STAFF), strength=st.just(Strength.PROVED)),
)  # fmt: skip
HOSTS = st.sampled_from(
    ["social.com", "m.social.com", "chat.com", "games.com", "film.com", "filmcdn.com", "leren.nl", "nieuw.nl",
     "eigenspel.nl", "open-social.nl", "adult.com"]
)  # fmt: skip


MEDIA = st.sampled_from([frozenset[str](), PICTURE, frozenset({"file"})])
QUERIES = st.sampled_from(["kut", "hij is vermoord", "kat"])
TYPES = st.sampled_from([PHONE, frozenset({"bsn"})])


@st.composite
def request(draw: st.DrawFn) -> AccessRequest:
    who = draw(WHO)
    what = draw(st.sampled_from(["go", "do", "search", "write", "tell", "run", "print"]))
    host = draw(HOSTS)
    base = AccessRequest(Action.VISIT, who, (host,), released=draw(st.booleans()))
    act = draw(st.sampled_from([Action.CHAT, Action.POST, Action.UPLOAD]))
    hit = draw(st.sampled_from([Hit("kut", "coarse"), Hit("moord", "aggression")]))
    return {
        "go": base,
        "do": replace(base, action=act, media=draw(MEDIA)),
        "search": replace(base, action=Action.SEARCH, hosts=("zoek.nl",), search=Search("zoek", draw(QUERIES))),
        "write": replace(base, action=act, said=(hit,)),
        "tell": replace(base, action=Action.SUBMIT, personal=draw(TYPES)),
        "run": AccessRequest(Action.RUN, who, app=draw(st.sampled_from(["minecraft", "teken"]))),
        "print": AccessRequest(Action.PRINT, who),
    }[what]  # fmt: skip


GRANTS = st.builds(
    Grant,
    st.just("g"),
    st.just(LESSON),
    st.just(EVENING),
    st.sampled_from([Role.TEACHER, Role.MANAGEMENT, Role.INTERN]),
    groups=st.frozensets(st.sampled_from(["7", "8"]), min_size=1),
    sites=st.sampled_from([("social.com",), ("film.com",), ()]),
    categories=st.sampled_from([frozenset[str](), frozenset({"games"})]),
    facets=st.frozensets(st.sampled_from(list(Facet)), min_size=1),
)
STATES = st.builds(
    State, grants=st.lists(GRANTS, max_size=2).map(tuple), consents=st.sampled_from([{}, {"sam": True, "x": True}])
)
NOWS = st.sampled_from([LESSON, BREAK, EVENING])


def decided(policy: Policy, request: AccessRequest, state: State, now: object) -> tuple[Effect, LiftableBy | None]:
    answer = decide(request, Snapshot(1, "school", policy, KNOWLEDGE, state=state), now)
    return answer.effect, answer.liftable_by


@settings(max_examples=60, deadline=None)
@given(stricter_school(), st.lists(st.tuples(request(), NOWS), min_size=10, max_size=30), STATES)
def test_a_school_whose_own_rules_are_only_stricter_is_never_looser(
    both: tuple[Policy, Policy], asked: list[tuple[AccessRequest, object]], state: State
) -> None:
    adopted, stricter = both
    found = {one.bearing for one in differences(adopted, stricter, KNOWLEDGE)}
    assert Bearing.LOOSER not in found
    plain = Bearing.OTHER in found  # closed harder, but easier to lift: with a permission that may be looser
    for one, now in asked:
        given_state = State(consents=state.consents) if plain else state
        one = replace(one, released=one.released and not plain)
        mine, theirs = decided(stricter, one, given_state, now), decided(adopted, one, given_state, now)
        assert STRICTNESS[mine[0]] >= STRICTNESS[theirs[0]], one


@settings(max_examples=80, deadline=None)
@given(
    st.lists(some_rule(), max_size=3, unique_by=ITS_ID),
    st.lists(some_rule(1), max_size=2, unique_by=ITS_ID),
    st.lists(st.tuples(request(), NOWS), min_size=10, max_size=30),
    STATES,
)
def test_a_school_without_differences_decides_the_same_and_one_with_only_stricter_ones_never_looser(
    basis: list[Rule], more: list[Rule], asked: list[tuple[AccessRequest, object]], state: State
) -> None:
    adopted = replace(POLICY, rules=(*RULES, *basis))
    mine = replace(adopted, rules=(*adopted.rules, *more))
    found = {one.bearing for one in differences(adopted, mine, KNOWLEDGE)}
    assume(found <= {Bearing.STRICTER})
    for one, now in asked:
        here, there = decided(mine, one, state, now), decided(adopted, one, state, now)
        assert STRICTNESS[here[0]] >= STRICTNESS[there[0]], one
        if not found:
            assert here == there, one


@settings(max_examples=40, deadline=None)
@given(st.lists(some_rule(), max_size=2, unique_by=ITS_ID), st.lists(some_rule(1), max_size=2, unique_by=ITS_ID))
def test_seen_from_the_other_side_every_difference_is_the_other_way(basis: list[Rule], more: list[Rule]) -> None:
    adopted = replace(POLICY, rules=(*RULES, *basis))
    mine = replace(adopted, rules=(*adopted.rules, *more))
    turned = {Bearing.LOOSER: Bearing.STRICTER, Bearing.STRICTER: Bearing.LOOSER, Bearing.OTHER: Bearing.OTHER}
    there = {turned[one.bearing] for one in differences(adopted, mine, KNOWLEDGE)}
    assert there == {one.bearing for one in differences(mine, adopted, KNOWLEDGE)}
    assert all(bearing(one.adopted, one.own) is one.bearing for one in differences(adopted, mine, KNOWLEDGE))
