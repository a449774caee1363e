"""A proposal waits until somebody decided, once; it goes with the pupil it is about."""

from __future__ import annotations

from policy.model import SanctionTarget
from store import Store
from store.ban_proposals import BanProposal, ProposalState
from tests.cast import KNOWLEDGE
from tests.store.school import NOW, SCHOOL, settle

BOOK, PHONE = SanctionTarget.CHROMEBOOK, SanctionTarget.PHONE


def proposed(store: Store, person: str = "sam", on: SanctionTarget = BOOK) -> BanProposal:
    made = store.ban_proposals.add(SCHOOL, person, on, "week", "Een reden.", "anja", NOW)
    assert made is not None
    return made


def test_a_proposal_reaches_who_decides_and_blocks_nothing(store: Store) -> None:
    settle(store)
    made = proposed(store)
    assert store.ban_proposals.waiting(SCHOOL) == (made,)
    assert store.ban_proposals.written(SCHOOL, "anja") == (made,)
    assert store.ban_proposals.about(SCHOOL, "sam") == (made,)
    assert store.ban_proposals.get(SCHOOL, made.id) == made
    assert store.snapshot(SCHOOL, KNOWLEDGE, NOW).state.sanctions == ()


def test_about_the_same_thing_one_waits_at_a_time(store: Store) -> None:
    settle(store)
    made = proposed(store)
    assert store.ban_proposals.add(SCHOOL, "sam", BOOK, "today", "Nog eens.", "bram", NOW) is None
    assert store.ban_proposals.waiting(SCHOOL) == (made,)
    proposed(store, on=PHONE)
    assert store.ban_proposals.decide(SCHOOL, made.id, ProposalState.DECLINED, "ria", NOW)
    proposed(store)


def test_nobody_proposes_anything_about_staff_or_strangers(store: Store) -> None:
    settle(store)
    for person in ("bram", "niemand"):
        assert store.ban_proposals.add(SCHOOL, person, BOOK, "today", "Een reden.", "anja", NOW) is None


def test_who_decides_first_decided_and_the_answer_can_be_read(store: Store) -> None:
    settle(store)
    made = proposed(store)
    decided = store.ban_proposals.decide(SCHOOL, made.id, ProposalState.DECLINED, "ria", NOW, answer="Eerst praten.")
    assert decided is not None
    assert (decided.state, decided.decider, decided.answer) == (ProposalState.DECLINED, "ria", "Eerst praten.")
    assert store.ban_proposals.decide(SCHOOL, made.id, ProposalState.IMPOSED, "ria", NOW) is None
    assert store.ban_proposals.waiting(SCHOOL) == ()
    assert store.ban_proposals.written(SCHOOL, "anja") == (decided,)
    assert store.ban_proposals.decide("other", made.id, ProposalState.IMPOSED, "ria", NOW) is None


def test_it_goes_with_the_pupil_and_the_audit_has_no_text(store: Store) -> None:
    settle(store)
    made = proposed(store)
    store.ban_proposals.decide(SCHOOL, made.id, ProposalState.DECLINED, "ria", NOW, answer="Eerst praten.")
    assert "reden" not in str(store.audit.entries(SCHOOL)) and "praten" not in str(store.audit.entries(SCHOOL))
    assert {"ban_proposal.add", "ban_proposal.declined"} <= {entry.what for entry in store.audit.entries(SCHOOL)}
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert store.ban_proposals.get(SCHOOL, made.id) is None


def test_whoever_looks_at_the_screen_is_told_that_something_came(store: Store) -> None:
    settle(store)
    before = store.pulse(SCHOOL)
    proposed(store)
    after = store.pulse(SCHOOL)
    assert after.activity > before.activity
    assert after.revision == before.revision
