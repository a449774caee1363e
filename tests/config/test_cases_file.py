"""The golden cases as the command reads them."""

from config.cases_file import golden_cases
from tests.golden import CASES


def test_the_command_counts_the_same_cases_as_the_tests_run() -> None:
    assert [case.id for case in golden_cases()] == [case.id for case in CASES]


def test_a_case_without_a_protocol_is_of_the_one_that_check_takes() -> None:
    named = {case.id: case.input.get("protocol") for case in CASES}
    assert {case.protocol for case in golden_cases() if named[case.id] is None} == {"kalisto"}
