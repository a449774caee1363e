"""The golden school means the same as its cases at every hour of the day that somebody runs the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.load import knowledge
from config.private_folder import columns_key
from policy.decide import decide
from store import open_store
from tests.e2e.golden import SCHOOL, GoldenSchool, http_cases, policy_of

KNOWLEDGE = knowledge()


@pytest.mark.parametrize("hour", [0, 10, 22, 23])  # 22 and 23: midnight at school, by summer time and by winter time
@pytest.mark.parametrize("name", ["regenboog-a-permission-and-a-later-agreement", "regenboog-leaving-what-was-agreed"])
def test_the_later_of_two_is_the_later_just_after_midnight_too(tmp_path: Path, hour: int, name: str) -> None:
    case = next(one for one in http_cases("regenboog") if one.id == name)
    now = datetime(2026, 11, 21, hour, 4, tzinfo=UTC)
    store = open_store(f"sqlite:///{tmp_path / 'klaswacht.db'}", key=columns_key(tmp_path), migrate=True)
    GoldenSchool(store, [case], now).write(policy_of("regenboog"))
    who = replace(case.request.who, person=case.person("sam"), groups=(case.group,))
    found = decide(replace(case.request, who=who), store.snapshot(SCHOOL, KNOWLEDGE, now), now)
    assert (found.effect, found.reason) == (case.decision.effect, case.decision.reason)
    store.close()
