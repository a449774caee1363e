"""The only place where it is decided: the gates in order, then every facet, then the default of role and period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from policy import facets, gates, spoken
from policy.asking import Asking
from policy.model import AccessRequest, Decision, Effect, Facet, PeriodKind, Reason, Snapshot, Step
from policy.remembered import key_of
from policy.weighing import STRICTNESS, Word, opened_by

FACETS: tuple[Callable[[Asking], Word], ...] = (
    facets.place,
    facets.action,
    spoken.searched,
    spoken.said,
    spoken.personal,
    facets.app,
    facets.printing,
    facets.connecting,
)


def decide(request: AccessRequest, snapshot: Snapshot, now: datetime) -> Decision:
    """The answer to one request at `now` (aware). Pure, never raises: doubt is a deny with the reason `failed`."""
    try:
        asking = Asking(request, snapshot, now)
        key = key_of(asking)
        if key is None:
            return _decide(asking)
        answers, edition = snapshot.answers, snapshot.knowledge.categories.edition
        known = answers.get(key, now, edition)
        if known is not None:
            return known
        decision = _decide(asking)
        answers.keep(key, now, edition, decision)
        return decision
    except Exception as error:  # a bug or a broken row must stop the page, not the guard
        return Decision(Effect.DENY, Reason.FAILED, trace=(Step("decide", Effect.DENY, detail=type(error).__name__),))


def _decide(asking: Asking) -> Decision:
    if asking.request.unreadable:
        asking.note("address", Effect.DENY)
        return asking.answer(Effect.DENY, Reason.UNREADABLE)
    for gate in gates.IN_ORDER:
        decision = gate(asking)
        if decision is not None:
            return decision
    words = [facet(asking) for facet in FACETS]
    strictest = max(words, key=lambda word: STRICTNESS[word.effect])
    if strictest.effect is not Effect.ALLOW:
        # Before the answer: when a permission for one item begins or ends, the answer changes too.
        elsewhere = facets.instead(asking) if strictest.facet is Facet.PLACE else None
        if elsewhere is not None:
            asking.note("instead", Effect.ALLOW)
        answer = asking.answer(
            strictest.effect,
            strictest.reason,
            strictest.rules,
            category=strictest.category,
            types=strictest.types,
            host=strictest.host,
        )
        return replace(answer, instead=elsewhere) if elsewhere is not None else answer
    return _open(asking, words)


def _open(asking: Asking, words: list[Word]) -> Decision:
    """Everything is open: by grants, or by the default of role and period."""
    lifted = [word for word in words if word.rules]
    if lifted:
        return asking.answer(
            Effect.ALLOW,
            opened_by(lifted),
            tuple(rule for word in lifted for rule in word.rules),
            category=lifted[0].category,
            types=tuple(dict.fromkeys(kind for word in lifted for kind in word.types)),
            grants=tuple(dict.fromkeys(grant for word in lifted for grant in word.grants)),
        )
    outside = asking.period.kind is PeriodKind.OUTSIDE
    asking.note("default", Effect.ALLOW, detail=asking.period.kind)
    reason = Reason.OUTSIDE if outside else Reason.OPEN
    return asking.answer(Effect.ALLOW, reason, category=min(asking.all_categories, default=None))
