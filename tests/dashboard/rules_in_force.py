"""What the tests of Proef share: the school's rules as they are now, and changing them as the coordinator does."""

from __future__ import annotations

from dataclasses import replace

from policy.model import Policy
from store import Store
from tests.cast import LESSON, POLICY
from tests.dashboard.conftest import SCHOOL, Browser


def hold_to(store: Store, **changes: object) -> Policy:
    """The school's rules, changed by somebody; as they are now."""
    kept = store.policies.add(SCHOOL, replace(POLICY, **changes), "test", "setup", LESSON)
    assert kept
    return kept.policy


def policy(store: Store) -> Policy:
    kept = store.policies.current(SCHOOL)
    assert kept
    return kept.policy


def looked_then_saved(cor: Browser, **change: object) -> str:
    """As a coordinator does it: look, then save what the page offers."""
    page = cor.post("/beheer/proef/wijziging", **change).text
    assert 'id="plan"' in page, page
    based_on = page.split('name="based_on" value="')[1].split('"')[0]
    return cor.post("/beheer/proef/bewaar", based_on=based_on, **change).text
