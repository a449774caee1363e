"""Whether every clause of a protocol is accounted for, and what is told when one is not."""

from dataclasses import replace

import pytest

from config.cases_file import GoldenCase, golden_cases
from config.coverage import Fault, coverage
from config.load import factory_policy, protocol_names
from policy.model import Basis, BasisKind, Bound, Clause, ClauseKind, Means, Protocol, Rule
from tests.cast import SOCIAL

ENFORCED = Clause("school.1", "1", frozenset({Bound.PUPIL}), "Volwassen.", "Kind.", ClauseKind.ENFORCED)
SUPPORTED = replace(ENFORCED, id="school.2", kind=ClauseKind.SUPPORTED, means=(Means.REPORT,))
HUMAN = replace(ENFORCED, id="school.3", kind=ClauseKind.HUMAN, why="Daar praat men over.")
RULE = replace(SOCIAL, basis=Basis(BasisKind.CLAUSE, clause="school.1"))
CASE = GoldenCase("een", "school", ("school.1",), ("social",))


def faults(*clauses: Clause, rules: tuple[Rule, ...] = (RULE,), cases: tuple[GoldenCase, ...] = (CASE,)) -> object:
    return coverage(Protocol("school", "School", "Afspraken", "", clauses), rules, cases).faults


def test_a_protocol_with_a_rule_and_a_case_for_what_is_enforced_is_whole() -> None:
    assert faults(ENFORCED, SUPPORTED, HUMAN) == ()


@pytest.mark.parametrize(
    ("clauses", "rules", "cases", "fault"),
    [
        ((ENFORCED,), (), (CASE,), (Fault.NO_RULE, "school.1")),
        ((ENFORCED,), (RULE,), (), (Fault.NO_CASE, "school.1")),
        ((ENFORCED,), (RULE,), (replace(CASE, protocol="other"),), (Fault.NO_CASE, "school.1")),
        ((ENFORCED, replace(SUPPORTED, means=())), (RULE,), (CASE,), (Fault.NO_MEANS, "school.2")),
        ((ENFORCED, replace(HUMAN, why="")), (RULE,), (CASE,), (Fault.NO_WHY, "school.3")),
        ((replace(HUMAN, id="school.1"),), (RULE,), (), (Fault.NOT_HUMAN, "school.1")),
        ((ENFORCED,), (replace(RULE, second_thought=True),), (CASE,), (Fault.NO_RULE, "school.1")),
        ((replace(SUPPORTED, id="school.1"),), (RULE,), (), (Fault.NO_CASE, "school.1")),
        ((HUMAN,), (RULE,), (), (Fault.NO_BASIS, "social")),
        ((ENFORCED,), (RULE, replace(SOCIAL, id="x", basis=Basis(BasisKind.LAW))), (CASE,), (Fault.NO_BASIS, "x")),
    ],
)
def test_what_is_missing_is_told_with_the_clause_or_rule(
    clauses: tuple[Clause, ...], rules: tuple[Rule, ...], cases: tuple[GoldenCase, ...], fault: tuple[Fault, str]
) -> None:
    assert faults(*clauses, rules=rules, cases=cases) == (fault,)


@pytest.mark.parametrize("name", protocol_names())
def test_every_clause_of_the_protocols_that_come_with_the_product_is_accounted_for(name: str) -> None:
    policy = factory_policy(name)
    found = coverage(policy.protocol, policy.rules, golden_cases())
    assert found.rows
    assert found.faults == ()
