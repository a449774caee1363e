"""Which questions of devices count: fresh ones, and each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.signatures import SKEW, Claim, Questions, SchoolKey
from policy.proof import NOBODY, genuine
from tests.cast import LESSON

CLAIM = Claim("chroom-1", 0, LESSON, "a" * 32, "")
SECOND = timedelta(seconds=1)


def of(at, nonce: str = "a" * 32, device: str = "chroom-1") -> Claim:
    return replace(CLAIM, at=at, nonce=nonce, device=device)


@pytest.fixture
def questions() -> Questions:
    return Questions(LESSON - timedelta(hours=1))


@pytest.mark.evasion("S18")
def test_a_question_counts_once_for_as_long_as_it_is_fresh(questions: Questions) -> None:
    ahead = of(LESSON + SKEW)  # of a device whose clock is a minute ahead
    assert questions.new(ahead, LESSON)
    for later in range(0, 125, 5):
        assert not questions.new(ahead, LESSON + later * SECOND)


def test_another_number_or_another_device_is_another_question(questions: Questions) -> None:
    assert questions.new(of(LESSON), LESSON)
    assert questions.new(of(LESSON, "b" * 32), LESSON)
    assert questions.new(of(LESSON, device="chroom-2"), LESSON)


@pytest.mark.parametrize(("off", "counts"), [(-61, False), (-60, True), (60, True), (61, False)])
def test_a_minute_either_way_is_now(questions: Questions, off: int, counts: bool) -> None:
    assert questions.new(of(LESSON + off * SECOND), LESSON) is counts


@pytest.mark.evasion("S12")
def test_a_device_that_asks_without_end_fills_no_memory(questions: Questions) -> None:
    answered = sum(questions.new(of(LESSON, f"{n:032}"), LESSON) for n in range(2100))
    assert answered == 2000
    assert questions.new(of(LESSON, device="chroom-2"), LESSON), "the others are heard"
    later = LESSON + 2 * SKEW
    assert questions.new(of(later), later), "and so is it, after a while"


def test_nobody_signs_for_a_device_that_is_not_known() -> None:
    assert not genuine(NOBODY, b"x", SchoolKey(bytes(32)).sign(b"x"))


@pytest.mark.parametrize("header", ["", "Klaswacht", "Basic a:1:" + "a" * 32 + ":b", "Klaswacht a:1:b", "x" * 9000])
def test_what_claims_nothing_is_no_claim(header: str) -> None:
    assert Claim.read(header) is None


def test_a_device_with_an_odd_name_can_claim_it() -> None:
    claim = Claim.read("Klaswacht caf%C3%A9%3A7:1000000:" + "a" * 32 + ":sig")
    assert claim is not None and claim.device == "café:7"
