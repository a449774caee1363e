"""What lies on one laptop: enough to answer as the school would, and nothing about other children."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.codec import snapshot_from_dict, snapshot_to_dict
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Agreement,
    Care,
    Device,
    DeviceClass,
    Facet,
    Grant,
    Lease,
    LiftableBy,
    Principal,
    Role,
    Sanction,
    SanctionTarget,
    Snapshot,
    Span,
    State,
    Strength,
)
from policy.printer import item_of
from policy.projection import changes_at, project
from policy.seat import seated
from tests.cast import (
    GAME_APP,
    KNOWLEDGE,
    LESSON,
    NO_COMPUTER,
    PEOPLE,
    RULES,
    SNAPSHOT,
    STAFF_SOCIAL,
    at,
    grant,
    rule,
    with_rules,
)

DEVICE = "chroom-1"
GAME = "minecraft"


def ids_in(snapshot: Snapshot) -> set[str]:
    """Every quoted text in what is sent, whole: ids of people cannot hide anywhere in it."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str):
            found.add(value)

    walk(json.loads(json.dumps(snapshot_to_dict(snapshot))))
    return found


def having(device: Device | None = None, **state: object) -> Snapshot:
    base = with_rules(*RULES, NO_COMPUTER)
    devices = {**base.devices, **({device.id: device} if device else {})}
    return replace(base, devices=devices, state=State(**{"consents": {"sam": True, "noor": False}, **state}))


def run_game(snapshot: Snapshot, whole: Snapshot, now=LESSON):
    who = seated(whole, whole.devices[DEVICE], now)
    return decide(AccessRequest(Action.RUN, who, app=GAME), snapshot, now)


def test_the_owner_s_own_consent_is_there_and_no_other_child_s() -> None:
    cut = project(having(), DEVICE, LESSON)
    assert cut.state.consents == {"sam": True}
    assert set(cut.people) == {"sam"}
    assert set(cut.devices) == {DEVICE}


def test_another_child_s_ban_does_not_travel() -> None:
    def ban(person: str) -> Sanction:
        return Sanction(
            "ban-" + person, person, SanctionTarget.CHROMEBOOK, LESSON, LESSON + timedelta(days=1), by="anja"
        )

    cut = project(having(sanctions=(ban("sam"), ban("noor"))), DEVICE, LESSON)
    assert [one.person for one in cut.state.sanctions] == ["sam"]
    assert "anja" not in ids_in(cut)


def test_what_the_network_knows_of_the_device_and_its_key_stay_at_school() -> None:
    device = Device(DEVICE, "Chromebook", DeviceClass.PUPIL, "7", "sam", ("10.0.0.0/8",), (8107,), "ab" * 32)
    cut = project(having(device), DEVICE, LESSON).devices[DEVICE]
    assert (cut.addresses, cut.ports, cut.key_hash) == ((), (), None)


def test_a_permission_for_somebody_else_alone_does_not_become_one_for_nobody() -> None:
    cut = project(having(grants=(grant("noors", groups=frozenset(), people=frozenset({"noor"})),)), DEVICE, LESSON)
    assert cut.state.grants == ()


def test_texts_that_people_typed_do_not_travel() -> None:
    agreed = Agreement(
        "a", LESSON, LESSON + timedelta(hours=1), frozenset({"7"}), sites=("leren.nl",), goal="met Noor", by="anja"
    )
    cut = project(having(grants=(grant(goal="samen met Noor"),), agreements=(agreed,)), DEVICE, LESSON)
    assert cut.state.grants[0].goal == "" == cut.state.agreements[0].goal
    assert cut.state.grants[0].by == "" == cut.state.agreements[0].by


def test_who_was_left_out_is_not_told_and_still_left_out() -> None:
    for_all_but_noor = grant(
        without=frozenset({"noor"}), facets=frozenset({Facet.APP}), categories=frozenset({"games"})
    )
    nobody_s = Device(DEVICE, "Kar 1", DeviceClass.PUPIL, "7")
    whole = having(nobody_s, grants=(for_all_but_noor,))
    cut = project(whole, DEVICE, LESSON)
    assert "noor" not in ids_in(cut)
    assert not run_game(whole, whole).open
    assert not run_game(cut, whole).open


def test_a_pupil_who_is_put_at_a_laptop_is_on_it_only_for_that_time() -> None:
    lease = Lease(DEVICE, "noor", at("09:00"), at("09:45"), "anja")
    whole = having(leases=(lease,))
    assert "noor" in project(whole, DEVICE, at("09:10")).people
    assert "noor" not in ids_in(project(whole, DEVICE, at("09:45")))
    assert "noor" not in ids_in(project(whole, DEVICE, at("08:50")))
    assert changes_at(whole, DEVICE, at("08:50")) == at("09:00")
    assert changes_at(whole, DEVICE, at("09:00")) == at("09:45")
    assert changes_at(whole, DEVICE, at("09:45")) is None


def test_who_signed_in_at_an_address_travels_to_no_device() -> None:
    here = Lease(DEVICE, "noor", at("09:00"), at("09:45"), "noor", "", Strength.PROVED)
    elsewhere = Lease("", "bo", at("09:00"), at("09:45"), "bo", "10.0.7.31", Strength.CLAIMED)
    cut = project(having(leases=(here, elsewhere)), DEVICE, at("09:10"))
    assert (cut.state.leases[0].person, cut.state.leases[0].proof) == ("noor", Strength.PROVED)
    assert len(cut.state.leases) == 1 and "bo" not in ids_in(cut) and "10.0.7.31" not in repr(cut.state)
    odd = replace(having(leases=(elsewhere,)), devices={"": Device("", "Chromebook", DeviceClass.PUPIL, "7")})
    assert project(odd, "", at("09:10")).state.leases == () and changes_at(odd, "", at("09:10")) is None


def test_whoever_left_school_and_still_sits_there_makes_it_unknown_who_does() -> None:
    for_all_but_noor = grant(
        without=frozenset({"noor"}), facets=frozenset({Facet.APP}), categories=frozenset({"games"})
    )
    whole = having(grants=(for_all_but_noor,), leases=(Lease(DEVICE, "weg", at("09:00"), at("09:45"), "anja"),))
    cut = project(whole, DEVICE, at("09:10"))
    assert not run_game(whole, whole, at("09:10")).open
    assert not run_game(cut, whole, at("09:10")).open


def test_a_device_that_is_gone_gets_the_rules_and_nobody() -> None:
    cut = project(having(grants=(grant(),)), "weg", LESSON)
    assert (dict(cut.people), dict(cut.devices), cut.state) == ({}, {}, State())
    assert cut.policy.rules


def test_an_exception_on_this_device_does_not_tell_whose_it_is() -> None:
    care = Care("c", person="noor", device=DEVICE, apps=(GAME,))
    cut = project(having(care=(care,)), DEVICE, LESSON)
    assert "noor" not in ids_in(cut)
    assert run_game(cut, having(care=(care,))).open


def test_it_reads_back_as_it_was_written() -> None:
    cut = project(having(grants=(grant(),)), DEVICE, LESSON)
    assert snapshot_from_dict(json.loads(json.dumps(snapshot_to_dict(cut))), KNOWLEDGE) == cut


@pytest.mark.parametrize("kind", [DeviceClass.DIGIBOARD, DeviceClass.STAFF])
def test_what_stands_for_staff_holds_at_a_device_that_is_nobody_s_own(kind: DeviceClass) -> None:
    standing = grant(role=Role.MANAGEMENT, groups=frozenset(), sites=("social.com",), roles=_STAFF)
    closed = replace(STAFF_SOCIAL, roles=_STAFF)
    whole = replace(having(Device(DEVICE, "Bord", kind, "7"), grants=(standing,)), policy=with_rules(closed).policy)
    request = AccessRequest(Action.VISIT, seated(whole, whole.devices[DEVICE], LESSON), ("social.com",))
    assert decide(request, whole, LESSON).open
    assert decide(request, project(whole, DEVICE, LESSON), LESSON).open


def test_what_stands_for_staff_is_no_business_of_a_pupil_s_laptop() -> None:
    standing = grant(role=Role.MANAGEMENT, groups=frozenset(), sites=("social.com",), roles=_STAFF)
    assert project(having(grants=(standing,)), DEVICE, LESSON).state.grants == ()


_STAFF = frozenset({Role.TEACHER, Role.STAFF})
_PROOFS = (Strength.CLAIMED, Strength.PROVED)
people = st.sampled_from(sorted(PEOPLE))
some_people = st.frozensets(people, max_size=3)
some_groups = st.frozensets(st.sampled_from(["7", "8"]), max_size=2)
moments = st.integers(-120, 180).map(lambda minutes: LESSON + timedelta(minutes=minutes))
names = st.uuids().map(lambda one: f"n{one.hex}")


@st.composite
def stretches(draw: st.DrawFn):
    start = draw(moments)
    return start, start + timedelta(minutes=draw(st.integers(1, 120)))


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    start, end = draw(stretches())
    return Grant(
        draw(names),
        start,
        end,
        Role.TEACHER,
        draw(people),
        draw(some_groups),
        draw(some_people),
        draw(some_people),
        sites=draw(st.sampled_from([(), ("social.com",), ("minecraft",)])),
        categories=draw(st.sampled_from([frozenset(), frozenset({"social"}), frozenset({"games"})])),
        facets=draw(st.frozensets(st.sampled_from([Facet.PLACE, Facet.APP, Facet.ACTION, Facet.CONNECT]), min_size=1)),
        goal=draw(people),
        roles=draw(
            st.sampled_from([frozenset[Role](), frozenset({Role.TEACHER, Role.STAFF}), frozenset({Role.INTERN})])
        ),
    )


@st.composite
def sanctions(draw: st.DrawFn) -> Sanction:
    lifted = tuple(draw(st.lists(stretches(), max_size=1)))
    on = draw(st.sampled_from([SanctionTarget.CHROMEBOOK, SanctionTarget.PHONE]))
    return Sanction(draw(names), draw(people), on, *draw(stretches()), by=draw(people), lifted=lifted)


@st.composite
def leases(draw: st.DrawFn) -> Lease:
    start, end = draw(stretches())
    where, proof = draw(st.sampled_from([DEVICE, "other", ""])), draw(st.sampled_from(_PROOFS))
    address = "" if where else "10.0.7.31"
    return Lease(where, draw(people | st.just("weg")), start, end, draw(people), address, proof)


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    start, end = draw(stretches())
    return Agreement(
        draw(names),
        start,
        end,
        draw(some_groups),
        draw(some_people),
        ("leren.nl",),
        draw(people),
        draw(people),
        draw(st.booleans()),
    )


@st.composite
def spans(draw: st.DrawFn) -> Span:
    return Span(draw(st.sampled_from(["7", "8"])), *draw(stretches()), by=draw(people))


cares = st.builds(
    Care,
    names,
    st.none() | people,
    st.none() | st.sampled_from([DEVICE, "other"]),
    st.just(("social.com",)),
    st.just(()),
)
states = st.builds(
    State,
    grants=st.lists(grants(), max_size=3).map(tuple),
    sanctions=st.lists(sanctions(), max_size=2).map(tuple),
    consents=st.dictionaries(people, st.booleans()),
    care=st.lists(cares, max_size=2).map(tuple),
    agreements=st.lists(agreements(), max_size=1).map(tuple),
    pauses=st.lists(spans(), max_size=2).map(tuple),
    rainy=st.lists(spans(), max_size=1).map(tuple),
    leases=st.lists(leases(), max_size=3).map(tuple),
    consented_groups=some_groups,
)
devices = st.builds(
    Device,
    st.just(DEVICE),
    st.just("Chromebook 1"),
    st.sampled_from([DeviceClass.PUPIL, DeviceClass.STAFF, DeviceClass.DIGIBOARD, DeviceClass.PHONE]),
    st.none() | st.sampled_from(["7", "8"]),
    st.none() | people,
)


def school(state: State, device: Device) -> Snapshot:
    rules = (
        *(one for one in RULES if one not in (GAME_APP, STAFF_SOCIAL)),
        NO_COMPUTER,
        replace(GAME_APP, consent=True),
        replace(STAFF_SOCIAL, roles=frozenset(Role) - {Role.PUPIL}, liftable_by=LiftableBy.TEACHER),
        rule("phones", facet=Facet.CONNECT, devices=frozenset({DeviceClass.PHONE})),
    )
    return replace(with_rules(*rules), state=state, devices={**SNAPSHOT.devices, DEVICE: device})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(states, devices, moments)
def test_no_other_person_is_in_it(state: State, device: Device, now) -> None:
    whole = school(state, device)
    who = seated(whole, device, now)
    mine = {who.person, device.person}
    assert ids_in(project(whole, DEVICE, now)) & set(PEOPLE) <= mine


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(states, devices, moments)
def test_the_device_answers_as_the_school_does(state: State, device: Device, now) -> None:
    whole = school(state, device)
    cut = project(whole, DEVICE, now)
    who = seated(whole, device, now)
    assert seated(cut, cut.devices[DEVICE], now) == who
    for request in (
        AccessRequest(Action.RUN, who, app=GAME),
        AccessRequest(Action.VISIT, who, ("social.com",)),
        AccessRequest(Action.VISIT, who, ("leren.nl",)),
    ):
        assert decide(request, cut, now) == decide(request, whole, now)


PRINTER = Device(
    "rij", "Printserver", DeviceClass.INFRASTRUCTURE, person="anja", addresses=("10.0.0.9/32",), prints=True
)
print_grants = st.builds(
    lambda one, items, facets: replace(one, items=items, facets=one.facets | facets),
    grants(),
    st.sampled_from([(), (item_of("u-7"),), ("youtube:abc",)]),
    st.sampled_from([frozenset[Facet](), frozenset({Facet.PRINT})]),
)
print_bans = st.builds(
    lambda one, on: replace(one, on=on), sanctions(), st.sampled_from([SanctionTarget.PRINTER, SanctionTarget.PHONE])
)
print_states = st.builds(
    lambda state, grants, bans: replace(state, grants=grants, sanctions=bans),
    states,
    st.lists(print_grants, max_size=3).map(tuple),
    st.lists(print_bans, max_size=3).map(tuple),
)
ACCOUNTS = {"s.devries": "sam", "juf": "anja", "weg": "weg"}


def with_a_queue(state: State, *, consent: bool) -> Snapshot:
    """The school with a print server, where printing needs a yes (and, with `consent`, one from home)."""
    rules = (*RULES, NO_COMPUTER, rule("print", facet=Facet.PRINT, consent=consent))
    whole = replace(with_rules(*rules), state=state, accounts=ACCOUNTS)
    return replace(whole, devices={**whole.devices, PRINTER.id: PRINTER})


def print_jobs() -> list[AccessRequest]:
    """Every pupil and somebody unknown, a claim and a certainty, this job and another."""
    pupils = [one for one in PEOPLE.values() if one.role is Role.PUPIL]
    who = [Principal(Role.PUPIL)]
    who += [Principal(Role.PUPIL, one.id, one.groups, strength=proof) for one in pupils for proof in _PROOFS]
    return [AccessRequest(Action.PRINT, one, job=job) for one in who for job in (item_of("u-7"), item_of("u-8"), "")]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(print_states, moments, st.booleans(), st.integers(0, 240))
def test_a_print_server_answers_every_pupil_as_the_school_does(state: State, now, consent: bool, minutes: int) -> None:
    """Also later on, with the copy that it holds while the server is gone."""
    whole = with_a_queue(state, consent=consent)
    cut = project(whole, PRINTER.id, now)
    assert changes_at(whole, PRINTER.id, now) is None
    for moment in (now, now + timedelta(minutes=minutes)):
        for request in print_jobs():
            assert decide(request, cut, moment) == decide(request, whole, moment)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(print_states, moments)
def test_a_print_server_knows_pupils_and_printing_and_nothing_else(state: State, now) -> None:
    cut = project(with_a_queue(state, consent=False), PRINTER.id, now)
    staff = {one.id for one in PEOPLE.values() if one.role is not Role.PUPIL}
    assert not ids_in(cut) & staff
    assert set(cut.devices) == {PRINTER.id} and cut.accounts == {"s.devries": "sam"}
    assert all(one.on is SanctionTarget.PRINTER and not one.sites for one in cut.state.sanctions)
    assert all(one.facets == {Facet.PRINT} and not one.goal for one in cut.state.grants)
    rest = (cut.state.consents, cut.state.care, cut.state.agreements, cut.state.pauses, cut.state.leases)
    assert not any(rest) and not cut.proposed
    here = cut.devices[PRINTER.id]
    assert (here.person, here.addresses, here.ports, here.key_hash) == (None, (), (), None)


def test_no_other_machine_is_told_what_a_print_server_is() -> None:
    for other in (replace(PRINTER, prints=False), replace(PRINTER, kind=DeviceClass.PUPIL, person=None)):
        whole = with_a_queue(State(), consent=False)
        cut = project(replace(whole, devices={PRINTER.id: other}), PRINTER.id, LESSON)
        assert not set(cut.people) & {"sam", "noor", "bo"} and cut.accounts == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(states, devices, moments, st.integers(0, 240))
def test_a_copy_answers_as_the_school_does_until_it_is_renewed(state: State, device: Device, now, minutes: int) -> None:
    """The server is gone for a while."""
    whole = school(state, device)
    cut = project(whole, DEVICE, now)
    later = now + timedelta(minutes=minutes)
    renew = changes_at(whole, DEVICE, now)
    if renew is not None and later >= renew:
        return
    request = AccessRequest(Action.RUN, seated(cut, cut.devices[DEVICE], later), app=GAME)
    assert decide(request, cut, later) == decide(replace(request, who=seated(whole, device, later)), whole, later)
