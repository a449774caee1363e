"""What the devices' agents and the school's server put their signatures under: the same bytes on both sides.

Only the words are made here; keys are in `agent.signing` and `dashboard.signatures`, and `policy.proof` looks at
signatures. Every statement begins with what it is, so that a signature under one kind never counts under another, and
is a JSON list, so that no two statements have the same bytes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_number(moment: datetime) -> int:
    """Return a moment as whole microseconds since 1970, as it travels with a signature."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(number: int) -> datetime:
    """Return the moment (UTC) of such a number.

    Raises:
        OverflowError: no calendar has it.
    """
    return EPOCH + timedelta(microseconds=number)


def question(school: str, device: str, method: str, path: str, body: bytes, at: int, nonce: str) -> bytes:
    """What a device signs of a request: `path` is decoded and has its query, `at` is `moment_number` of when."""
    return _statement("klaswacht-question-1", school, device, method, path, sha256(body).hexdigest(), at, nonce)


def answer(school: str, device: str, nonce: str, now: str, status: int, revision: int, body: bytes) -> bytes:
    """What the server signs of an answer: `nonce` is the question's, `now` its own time (ISO 8601).

    `revision` is 0 where the answer brings no snapshot.
    """
    return _statement(
        "klaswacht-answer-1", school, device, nonce, now, status, revision, sha256(body).hexdigest()
    )  # fmt: skip


def mark(school: str, device: str, now: str) -> bytes:
    """What a device signs for itself: the time of the newest answer that it keeps a copy of."""
    return _statement("klaswacht-mark-1", school, device, now)


def beat(school: str, device: str, at: int, nonce: str, revision: int) -> bytes:
    """What a device signs to say that it is here: `at` is `moment_number` of when, `nonce` what the guard asked it to
    sign, `revision` the one that it waits to see changed.
    """
    return _statement("klaswacht-beat-1", school, device, at, nonce, revision)


def lease(school: str, device: str, account: str, number: str) -> bytes:
    """What a device's browser signs to say which account signed in there: `number` is what the guard gave it."""
    return _statement("klaswacht-lease-1", school, device, account, number)


def _statement(*parts: str | int) -> bytes:
    return json.dumps(parts, separators=(",", ":")).encode()
