"""Which page tells a decision, and whether there is anything to ask."""

from __future__ import annotations

from config.texts import has, say
from policy.kinds import UNSAFE_SEARCH
from policy.model import Decision, Effect, LiftableBy, Principal, Reason, Role
from proxy_addons.telling import can_ask, page_of
from tests.cast import LESSON


def test_an_engine_that_cannot_be_safe_has_a_page_of_its_own() -> None:
    told = page_of(Decision(Effect.DENY, Reason.PLACE, category=UNSAFE_SEARCH))
    assert told == "unsafe_search"
    for lang in ("nl", "en"):
        assert "Kiddle" in say(f"page.{told}.now", lang)


def test_what_does_not_fit_the_school_has_a_page_of_its_own_and_nobody_is_asked_for_it() -> None:
    decision = Decision(Effect.DENY, Reason.PLACE, category="identity", liftable_by=LiftableBy.MANAGEMENT)
    assert page_of(decision) == "identity"
    assert not can_ask(decision, Principal(Role.PUPIL, groups=("7",)), None, LESSON)
    for lang in ("nl", "en"):
        for part in ("title", "what", "why", "now"):
            assert has(f"page.identity.{part}", lang)
