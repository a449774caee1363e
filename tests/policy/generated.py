"""Schools made up by hypothesis: timetables, rules and what is going on. The names are those of the cast."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import strategies as st

from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Care,
    Closure,
    DeviceClass,
    Effect,
    Emergency,
    Facet,
    Gate,
    Grant,
    HoldsIn,
    LiftableBy,
    PeriodKind,
    Principal,
    Role,
    Rule,
    Sanction,
    SanctionTarget,
    Schedule,
    Search,
    Slot,
    Snapshot,
    Span,
    State,
    Strength,
)
from tests.cast import FLOOR_RULE, NO_COMPUTER, RULES, SNAPSHOT, STRANGER, at, pupil, rule

HOSTS = st.sampled_from(
    ["social.com", "x.com", "chat.com", "adult.com", "vpn.com", "games.com", "leren.nl", "nieuws.nl", "open-social.nl"]
)
WHEN = st.integers(0, 14 * 60).map(lambda minutes: at("07:00") + timedelta(minutes=minutes))
_PERSONS = ["sam", "noor", "bo"]
PEOPLE = st.frozensets(st.sampled_from(_PERSONS), max_size=2)
GROUPS = st.frozensets(st.sampled_from(["7", "8"]), max_size=2)
_CATEGORIES = st.frozensets(st.sampled_from(["social", "chat", "adult", "games"]), max_size=2)
_SOME_CATEGORIES = st.frozensets(st.sampled_from(["social", "chat", "games"]), min_size=1, max_size=2)
_ROLES = st.frozensets(st.sampled_from(Role), min_size=1, max_size=3)

WHO = st.sampled_from(
    [pupil(), pupil("noor"), pupil("bo", "8"), pupil(None, strength=Strength.GROUP), STRANGER]
    + [replace(pupil("sam"), device="chroom-1"), replace(pupil("sam"), device_class=DeviceClass.PHONE)]
    + [Principal(role, "x", ("7",), strength=Strength.PROVED) for role in Role]
)
REQUESTS = st.builds(
    AccessRequest,
    action=st.sampled_from([Action.VISIT, Action.CONNECT, Action.SUBMIT, Action.CHAT, Action.UPLOAD, Action.SEARCH]),
    who=WHO,
    hosts=st.lists(HOSTS, min_size=1, max_size=3, unique=True).map(tuple),
    navigation=st.booleans(),
    websocket=st.booleans(),
    search=st.none() | st.sampled_from(["kat", "kut", "vermoord", "ik wil dood"]).map(lambda t: Search("zoek", t)),
    personal=st.sampled_from([frozenset(), frozenset({"phone"})]),
    released=st.booleans(),
    asker=st.sampled_from(["", "leren.nl", "nieuws.nl"]),
)

# --- what is going on ------------------------------------------------------------------------------------------------

GRANTS = st.builds(
    Grant,
    id=st.uuids().map(str),
    start=WHEN,
    end=WHEN,
    role=st.sampled_from(Role),
    groups=GROUPS,
    people=PEOPLE,
    without=PEOPLE,
    sites=st.lists(HOSTS, max_size=3).map(tuple),
    categories=_CATEGORIES,
    facets=st.frozensets(st.sampled_from(Facet)),
    roles=st.sampled_from([frozenset(), frozenset({Role.TEACHER}), frozenset({Role.INTERN, Role.STAFF})]),
)
_SPANS = st.lists(st.builds(Span, group=st.sampled_from(["7", "8"]), start=WHEN, end=WHEN), max_size=2).map(tuple)
_AGREEMENTS = st.builds(
    Agreement, st.just("a"), WHEN, WHEN, GROUPS, PEOPLE, st.lists(HOSTS, max_size=2).map(tuple), test=st.booleans()
)
_BANS = st.builds(
    Sanction,
    st.just("b"),
    st.just("sam"),
    st.sampled_from(SanctionTarget),
    WHEN,
    WHEN,
    lifted=st.lists(st.tuples(WHEN, WHEN), max_size=1).map(tuple),
)
_CARE = st.builds(
    Care,
    st.just("c"),
    st.none() | st.sampled_from(_PERSONS),
    st.none() | st.just("chroom-1"),
    st.lists(HOSTS, max_size=1).map(tuple),
)
_EMERGENCIES = st.builds(
    lambda start, hours: Emergency("e", start, start + timedelta(hours=hours)), WHEN, st.integers(1, 6)
)
STATES = st.builds(
    State,
    grants=st.lists(GRANTS, max_size=4).map(tuple),
    pauses=_SPANS,
    rainy=_SPANS,
    agreements=st.lists(_AGREEMENTS, max_size=2).map(tuple),
    sanctions=st.lists(_BANS, max_size=2).map(tuple),
    care=st.lists(_CARE, max_size=1).map(tuple),
    consents=st.dictionaries(st.sampled_from(_PERSONS), st.booleans()),
    consented_groups=GROUPS,
    # Seldom: while one is open most other rules have nothing to say.
    emergencies=st.integers(0, 7).flatmap(
        lambda one: st.just(()) if one else st.lists(_EMERGENCIES, max_size=2).map(tuple)
    ),
)

# --- the school ------------------------------------------------------------------------------------------------------

_TIMES = st.times(min_value=time(0, 0), max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
DAYS = st.lists(_TIMES, min_size=2, max_size=6, unique=True).map(
    lambda times: tuple(
        Slot(kind, start, end)
        for kind, start, end in zip(
            [PeriodKind.LESSON, PeriodKind.BREAK] * 3, sorted(times)[::2], sorted(times)[1::2], strict=False
        )
    )
)
SCHEDULES = st.builds(
    Schedule,
    days=st.dictionaries(st.integers(0, 6), DAYS),
    groups=st.dictionaries(st.sampled_from(["7", "8"]), st.dictionaries(st.integers(0, 6), DAYS), max_size=1),
    closures=st.lists(
        st.builds(
            lambda first, days: Closure(first, first + timedelta(days=days)),
            st.dates(date(2026, 3, 1), date(2026, 11, 30)),
            st.integers(0, 9),
        ),
        max_size=3,
    ).map(tuple),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule but the floor's: of a facet with what it is about, or the break."""
    made = rule(
        draw(st.uuids().map(str)),
        roles=draw(_ROLES | st.just(frozenset({Role.PUPIL}))),
        groups=draw(st.sampled_from([frozenset(), frozenset({"7"}), frozenset({"8"})])),
        holds_in=draw(st.sampled_from(HoldsIn)),
        liftable_by=draw(st.sampled_from(LiftableBy)),
    )
    facet = draw(st.sampled_from([Facet.PLACE, Facet.ACTION, Facet.WORDS, Facet.PERSONAL, Facet.CONNECT, None]))
    if facet is None:
        return replace(made, gate=Gate.BREAK, holds_in=HoldsIn.BREAK)
    made = replace(
        made,
        facet=facet,
        effect=draw(st.sampled_from([Effect.DENY, Effect.DENY, Effect.HOLD, Effect.ALLOW])),
        consent=draw(st.booleans()),
        second_thought=draw(st.booleans()),
    )
    match facet:
        case Facet.PLACE:
            sites = tuple(draw(st.lists(HOSTS, max_size=1)))
            return replace(made, categories=draw(_SOME_CATEGORIES), sites=sites)
        case Facet.ACTION:
            return replace(made, actions=frozenset({draw(st.sampled_from([Action.CHAT, Action.POST, Action.UPLOAD]))}))
        case Facet.WORDS:
            return replace(made, kinds=frozenset({"coarse", "aggression"}))
        case Facet.CONNECT:
            return replace(made, devices=frozenset({draw(st.sampled_from(DeviceClass))}))
        case _:
            return made


_POLICIES = st.one_of(
    st.sampled_from([RULES, (*RULES, NO_COMPUTER)]),
    st.lists(rules(), max_size=6).map(lambda some: (FLOOR_RULE, *some)),
)
SCHOOLS: st.SearchStrategy[Snapshot] = st.builds(
    lambda state, some, schedule, interns: replace(
        SNAPSHOT,
        state=state,
        policy=replace(SNAPSHOT.policy, rules=some, schedule=schedule, interns_permit=interns),
    ),
    STATES,
    _POLICIES,
    st.just(SNAPSHOT.policy.schedule) | SCHEDULES,
    st.booleans(),
)
