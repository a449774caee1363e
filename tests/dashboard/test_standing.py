"""What staff may always do: given by the management only, proposed with its clause, over on 31 July at the latest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from config import load
from dashboard.actions import standing
from dashboard.actions.desk import Desk
from dashboard.actions.lesson import see_lesson
from dashboard.actions.permission import stop as stop_of_class
from dashboard.actions.standing import Wish
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Decision,
    DeviceClass,
    Facet,
    LiftableBy,
    Member,
    Principal,
    Reason,
    Role,
    Strength,
)
from store import Store
from tests.cast import ANJA, BRAM, COR, EVENING, IRIS, LESSON, POLICY, RIA, RULES, SCHEDULE, at, rule
from tests.dashboard.conftest import SCHOOL, Browser

SignIn = Callable[[str], Browser]
TEACHERS = frozenset({Role.TEACHER})
SOCIAL = frozenset({"social"})
FOR_STAFF = rule(
    "for-staff",
    facet=Facet.PLACE,
    categories=SOCIAL,
    roles=frozenset({Role.TEACHER, Role.INTERN, Role.COORDINATOR}),
    liftable_by=LiftableBy.MANAGEMENT,
)
FOREVER_SHUT = rule(
    "never", facet=Facet.PLACE, categories=frozenset({"chat"}), roles=TEACHERS, liftable_by=LiftableBy.NOBODY
)
END = at("00:00", "2027-08-01")


@pytest.fixture
def bound(store: Store, desk: Desk) -> Desk:
    """The school's rules bind staff too."""
    store.policies.add(SCHOOL, replace(POLICY, rules=(*RULES, FOR_STAFF, FOREVER_SHUT)), "test", "setup", LESSON)
    return desk


def meets(desk: Desk, who: Member, host: str, moment: object = LESSON, action: Action = Action.VISIT) -> Decision:
    """What somebody of staff gets on a device that proves whose it is, by the real decision over the real rows."""
    principal = Principal(who.role, who.id, who.groups, "laptop", DeviceClass.STAFF, Strength.PROVED)
    snapshot = desk.store.snapshot(SCHOOL, desk.knowledge, LESSON)
    return decide(AccessRequest(action, principal, (host,)), snapshot, moment)


def test_a_role_may_look_from_now_until_the_school_year_is_over(bound: Desk) -> None:
    assert meets(bound, ANJA, "social.com").reason is Reason.PLACE
    outcome = standing.give(bound, RIA, Wish(categories=SOCIAL, roles=TEACHERS, goal=" lessen  voorbereiden "), LESSON)
    assert outcome.ok and outcome.value is not None, outcome.code
    grant = outcome.value
    assert (grant.end, grant.role, grant.by, grant.goal) == (END, Role.MANAGEMENT, "ria", "lessen voorbereiden")
    assert (grant.groups, grant.people, grant.facets) == (frozenset(), frozenset(), {Facet.PLACE})
    for teacher in (ANJA, BRAM):
        assert meets(bound, teacher, "social.com").reason is Reason.GRANTED
        assert meets(bound, teacher, "social.com", at("12:00", "2027-07-30")).reason is Reason.GRANTED
        assert meets(bound, teacher, "social.com", at("12:00", "2027-09-06")).reason is Reason.PLACE
    assert meets(bound, IRIS, "social.com").reason is Reason.PLACE, "an intern is no teacher"
    pupil = Principal(Role.PUPIL, "sam", ("7",), "chroom-1", DeviceClass.PUPIL, Strength.PROVED)
    snapshot = bound.store.snapshot(SCHOOL, bound.knowledge, LESSON)
    assert not decide(AccessRequest(Action.VISIT, pupil, ("social.com",)), snapshot, LESSON).open


def test_named_people_and_single_sites(bound: Desk) -> None:
    wish = Wish(sites="https://www.x.com/iemand", people=frozenset({"anja"}), until="2026-12-01", view_only=False)
    grant = standing.give(bound, RIA, wish, LESSON).value
    assert grant is not None
    assert grant.end == at("00:00", "2026-12-02")
    assert Facet.ACTION in grant.facets
    assert meets(bound, ANJA, "x.com").reason is Reason.GRANTED
    assert meets(bound, ANJA, "social.com").reason is Reason.PLACE
    assert meets(bound, BRAM, "x.com").reason is Reason.PLACE


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(categories=SOCIAL), "standing_who"),
        (Wish(categories=SOCIAL, people=frozenset({"sam"})), "standing_who"),
        (Wish(categories=SOCIAL, people=frozenset({"nobody"})), "standing_who"),
        (Wish(categories=SOCIAL, roles=frozenset({Role.PUPIL})), "standing_who"),
        (Wish(roles=TEACHERS), "what"),
        (Wish(sites="geen!site", roles=TEACHERS), "bad_site"),
        (Wish(categories=frozenset({"verzonnen"}), roles=TEACHERS), "what"),
        (Wish(sites="adult.com", roles=TEACHERS), "locked"),
        (Wish(categories=frozenset({"chat"}), roles=TEACHERS), "standing_nobody"),
        (Wish(categories=SOCIAL, roles=TEACHERS, until="2027-08-01"), "standing_long"),
        (Wish(categories=SOCIAL, roles=TEACHERS, until="2026-11-22"), "standing_end"),
        (Wish(categories=SOCIAL, roles=TEACHERS, until="morgen"), "date"),
        (Wish(sites="leren.nl", roles=TEACHERS), "standing_open"),
        (Wish(categories=SOCIAL, roles=frozenset({Role.COUNSELLOR})), "standing_open"),
    ],
)
@pytest.mark.parametrize("moment", [LESSON, EVENING], ids=["lesson", "evening"])
def test_what_cannot_be_is_refused_in_a_clear_sentence_at_any_hour(
    bound: Desk, wish: Wish, code: str, moment: object
) -> None:
    outcome = standing.give(bound, RIA, wish, moment)
    assert outcome.code == f"dash.no.{code}"
    assert bound.store.grants.live(SCHOOL, LESSON) == ()


@pytest.mark.parametrize("who", [COR, ANJA, IRIS, Member("sam", Role.PUPIL, ("7",))], ids=lambda one: one.id)
def test_only_the_management_gives_and_stops(bound: Desk, who: Member) -> None:
    wish = Wish(categories=SOCIAL, roles=TEACHERS)
    assert standing.give(bound, who, wish, LESSON).code == "dash.no.standing_role"
    assert standing.accept(bound, who, "for-staff", "", LESSON).code == "dash.no.standing_role"
    grant = standing.give(bound, RIA, wish, LESSON).value
    assert grant is not None
    assert standing.stop(bound, who, grant.id, LESSON).code == "dash.no.standing_role"
    assert meets(bound, ANJA, "social.com").open


def test_it_is_stopped_at_once_and_only_once(bound: Desk) -> None:
    grant = standing.give(bound, RIA, Wish(categories=SOCIAL, roles=TEACHERS), LESSON).value
    assert grant is not None
    assert standing.stop(bound, RIA, grant.id, LESSON).ok
    assert meets(bound, ANJA, "social.com").reason is Reason.PLACE
    assert standing.stop(bound, RIA, grant.id, LESSON).code == "dash.no.gone"
    assert standing.standing(bound, RIA, LESSON) == ()


def test_it_is_on_no_lesson_page_and_no_teacher_stops_it_there(bound: Desk, signed_in: SignIn) -> None:
    by_role = standing.give(bound, RIA, Wish(categories=SOCIAL, roles=TEACHERS), LESSON).value
    by_name = standing.give(bound, RIA, Wish(sites="x.com", people=frozenset({"anja"})), LESSON).value
    assert by_role is not None and by_name is not None
    lesson = see_lesson(bound, ANJA, "7", LESSON).value
    assert lesson is not None
    assert (lesson.grants, lesson.earlier) == ((), ())
    assert stop_of_class(bound, ANJA, "7", by_name.id, LESSON).code == "dash.no.ended"
    assert "Er staat nu niets extra open." in signed_in("anja").page("/les/7")
    assert set(standing.standing(bound, COR, LESSON)) == {by_role, by_name}


def test_a_class_permission_of_the_management_does_not_stand(bound: Desk) -> None:
    from dashboard.actions import permission

    given = permission.give(bound, RIA, permission.Wish("7", site="social.com"), LESSON).value
    assert given is not None
    one = permission.Wish("7", site="x.com", people=frozenset({"sam"}), whole_group=False)
    assert permission.give(bound, RIA, one, LESSON).ok
    assert standing.standing(bound, RIA, LESSON) == ()
    assert standing.stop(bound, RIA, given.id, LESSON).code == "dash.no.gone"


def test_who_may_not_see_it_gets_an_empty_list(bound: Desk) -> None:
    standing.give(bound, RIA, Wish(categories=SOCIAL, roles=TEACHERS), LESSON)
    assert standing.standing(bound, ANJA, LESSON) == ()


# --- the proposal --------------------------------------------------------------------------------------------------


@pytest.fixture
def kardinaal(store: Store, desk: Desk) -> Desk:
    """The real protocol whose article a1 binds staff."""
    policy = replace(load.factory_policy("kardinaal-de-jong"), schedule=SCHEDULE)
    store.policies.add(SCHOOL, policy, "test", "setup", LESSON)
    return desk


def test_the_protocol_that_binds_staff_is_cited_and_given_with_one_tap(kardinaal: Desk, signed_in: SignIn) -> None:
    assert meets(kardinaal, ANJA, "film.com").reason is Reason.PLACE
    cor = signed_in("cor")
    page = cor.page("/beheer/personeel")
    assert "Leerkrachten mogen dit bekijken om lessen voor te bereiden" in page
    assert "a1:" in page
    clause = kardinaal.snapshot(LESSON).clauses["kardinaal-de-jong.a.1"]
    assert clause.adult in page
    assert "Alleen de directie kan dit geven" in page
    assert "/beheer/registers/vast" not in page
    assert cor.post("/beheer/registers/vast/voorstel", rule="kdj-staff-social").status_code == 403
    ria = signed_in("ria")
    page = ria.page("/beheer/personeel")
    assert "Geldt tot en met 31-07-2027" in page
    page = ria.post("/beheer/registers/vast/voorstel", rule="kdj-staff-social").text
    assert "De vaste toestemming geldt vanaf nu" in page
    assert "alle leerkrachten" in page
    assert "tot en met 31-07-2027" in page
    assert "gegeven door Ria Visser" in page
    assert "Voorstel." not in page
    assert meets(kardinaal, ANJA, "film.com").reason is Reason.GRANTED
    assert "bestaat niet meer" in ria.post("/beheer/registers/vast/voorstel", rule="kdj-staff-social").text
    (given,) = standing.standing(kardinaal, RIA, LESSON)
    ria.post(f"/beheer/registers/vast/{given.id}/stop")
    assert "Voorstel." in ria.page("/beheer/personeel")


@pytest.mark.parametrize("protocol", ["kalisto", "regenboog", "martinus-twello", "verkruisen"])
def test_a_protocol_that_leaves_nothing_for_staff_to_the_management_proposes_nothing(
    store: Store, desk: Desk, protocol: str
) -> None:
    store.policies.add(SCHOOL, load.factory_policy(protocol), "test", "setup", LESSON)
    assert standing.proposals(desk, LESSON) == ()


def test_where_nothing_is_closed_to_staff_there_is_no_form(store: Store, desk: Desk, signed_in: SignIn) -> None:
    store.policies.add(SCHOOL, load.factory_policy("kalisto"), "test", "setup", LESSON)
    page = signed_in("ria").page("/beheer/personeel")
    assert "Voor personeel sluit dit protocol niets" in page
    assert 'name="roles"' not in page


def test_the_management_fills_in_a_form(bound: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    form = {"categories": "social", "roles": ["teacher", "intern", "geen"], "until": "2027-03-01", "mode": "full"}
    page = ria.post("/beheer/registers/vast", **form).text
    assert "Sociale media" in page
    assert "alle stagiairs, alle leerkrachten" in page
    (grant,) = standing.standing(bound, RIA, LESSON)
    assert grant.roles == {Role.TEACHER, Role.INTERN}
    assert Facet.ACTION in grant.facets
    assert meets(bound, IRIS, "social.com").reason is Reason.GRANTED


def test_the_last_day_is_the_last_of_july() -> None:
    assert standing.last_day(LESSON) == date(2027, 7, 31)
    assert standing.last_day(at("23:59", "2027-07-31")) == date(2027, 7, 31)
    assert standing.last_day(at("00:00", "2027-08-01")) == date(2028, 7, 31)
