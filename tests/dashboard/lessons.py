"""What the tests of Mijn les share: asking, what is open now, and a school with more rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from policy.decide import decide
from policy.model import Grant, Rule
from store import Store
from store.incidents import Ask, Wish
from tests.cast import KNOWLEDGE, LESSON, POLICY, pupil, visit
from tests.dashboard.conftest import SCHOOL

SITE = {"what": "site", "site": "social.com", "who": "all", "minutes": "lesson"}
GIVE = "/les/7/toestemming"


def opens(store: Store, host: str, now: datetime, person: str = "sam", group: str = "7") -> bool:
    """Whether the guard would let this pupil through, from what is in the database."""
    return decide(visit(host, who=pupil(person, group)), store.snapshot(SCHOOL, KNOWLEDGE, now), now).open


def ask(store: Store, host: str = "www.social.com", person: str | None = "sam", line: str = "") -> Ask:
    made = store.incidents.ask(SCHOOL, Wish(host, "lesson", "social", line, "7", "chroom-1", person), LESSON)
    assert made
    return made


def live(store: Store, now: datetime = LESSON) -> Grant:
    (grant,) = store.grants.live(SCHOOL, now)
    return grant


def with_policy(store: Store, *more: Rule, interns: bool = False) -> None:
    policy = replace(POLICY, rules=(*POLICY.rules, *more), interns_permit=interns)
    store.policies.add(SCHOOL, policy, "test", "ria", LESSON)
