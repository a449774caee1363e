"""What is written down comes back the same."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from policy import codec
from policy.decide import decide
from policy.model import AccessRequest, Agreement, Care, Lease, Sanction, SanctionTarget, Snapshot, Span
from tests.cast import KNOWLEDGE, LESSON, POLICY, SNAPSHOT, at, grant
from tests.policy.generated import REQUESTS, SCHOOLS

FULL = replace(
    SNAPSHOT.state,
    grants=(grant(sites=("social.com",), goal="een verslag"),),
    sanctions=(Sanction("b", "sam", SanctionTarget.PRINTER, at("08:00"), at("15:00")),),
    care=(Care("c", device="d", sites=("a.nl",)),),
    agreements=(Agreement("a", at("08:00"), at("09:00"), frozenset({"7"}), sites=("a.nl",), test=True),),
    pauses=(Span("7", at("08:00"), at("09:00")),),
    leases=(Lease("d", "sam", at("08:00"), at("09:00")),),
)


def test_policy_and_state_come_back_the_same_through_json() -> None:
    assert codec.policy_from_dict(json.loads(json.dumps(codec.policy_to_dict(POLICY)))) == POLICY
    assert codec.state_from_dict(json.loads(json.dumps(codec.state_to_dict(FULL)))) == FULL
    assert codec.grant_from_dict(codec.grant_to_dict(FULL.grants[0])) == FULL.grants[0]


def test_equal_policies_give_equal_text() -> None:
    again = replace(POLICY, rules=tuple(replace(r, roles=frozenset(sorted(r.roles)[::-1])) for r in POLICY.rules))
    assert json.dumps(codec.policy_to_dict(POLICY)) == json.dumps(codec.policy_to_dict(again))


@given(SCHOOLS, REQUESTS)
def test_a_snapshot_decides_the_same_after_a_journey(school: Snapshot, request: AccessRequest) -> None:
    travelled = codec.snapshot_from_dict(json.loads(json.dumps(codec.snapshot_to_dict(school))), KNOWLEDGE)
    assert travelled == school
    asked = codec.request_from_dict(json.loads(json.dumps(codec.request_to_dict(request))))
    assert asked == request
    decision = decide(asked, travelled, LESSON)
    assert decision == decide(request, school, LESSON)
    assert codec.decision_from_dict(json.loads(json.dumps(codec.decision_to_dict(decision)))) == decision


@pytest.mark.parametrize("plain", [{}, {"v": 2}, {"v": 1}, {"v": 1, "revision": "x"}])
def test_what_is_no_snapshot_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        codec.snapshot_from_dict(plain, KNOWLEDGE)
