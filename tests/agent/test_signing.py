"""Keys and signatures: only the right ones count, and nonsense is no crash."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.signing import Answer, DeviceKey
from dashboard import signatures
from policy import signed
from policy.proof import genuine, is_public_key

STATEMENT = b"what was said"
KEPT = Answer("school", "chroom-1", "a" * 32, "2026-11-23T09:00:00+01:00", 200, 3, "{}", "")


def test_every_key_is_another() -> None:
    assert len({DeviceKey.make() for _ in range(20)}) == 20


def test_only_the_owner_of_a_key_signs_with_it() -> None:
    mine, other = DeviceKey(DeviceKey.make()), DeviceKey(DeviceKey.make())
    by = mine.sign(STATEMENT)
    assert genuine(mine.public, STATEMENT, by)
    assert not genuine(other.public, STATEMENT, by)
    assert not genuine(mine.public, STATEMENT + b" ", by)


@pytest.mark.parametrize("odd", ["", "x", "A" * 43, "A" * 86, "é", "\ud800", "=" * 9])
def test_nonsense_is_not_genuine(odd: str) -> None:
    key = DeviceKey(DeviceKey.make())
    assert not genuine(odd, STATEMENT, key.sign(STATEMENT))
    assert not genuine(key.public, STATEMENT, odd)


@pytest.mark.parametrize("odd", ["", "x", "A" * 42, "A" * 50, "é" * 43])
def test_what_is_no_key_is_none(odd: str) -> None:
    with pytest.raises(ValueError, match=r".") as no:
        DeviceKey(odd)
    assert isinstance(no.value, ValueError)


def test_both_sides_of_the_line_understand_each_other() -> None:
    school, device = signatures.SchoolKey(b"s" * 32), DeviceKey(DeviceKey.make())
    assert genuine(school.public, STATEMENT, school.sign(STATEMENT))
    assert genuine(device.public, STATEMENT, device.sign(STATEMENT))
    assert is_public_key(device.public)
    assert Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()


def test_a_signature_under_a_question_is_none_under_an_answer_or_a_mark() -> None:
    same = ("school", "chroom-1")
    kinds = {
        signed.question(*same, "GET", "/", b"", 1, "n"),
        signed.answer(*same, "n", "now", 200, 0, b""),
        signed.mark(*same, "now"),
        signed.mark("school", 'chroom-1","now', ""),
    }
    assert len(kinds) == 4


@pytest.mark.parametrize(
    "change",
    [{"now": "yesterday"}, {"now": "2026-11-23T09:00:00"}, {"now": 5}, {"revision": "3"}, {"status": True}, {"x": 1}],
    ids=str,
)
def test_what_is_no_kept_answer_is_none(change: dict) -> None:
    assert Answer.kept(KEPT.written()) == KEPT
    assert Answer.kept({**KEPT.written(), **change}) is None
    assert Answer.kept([1]) is None
    assert Answer.kept({}) is None
