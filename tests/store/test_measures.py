"""A ban is written with its reason, lifted, withdrawn, and ends by itself; a standing exception stands till it ends."""

from __future__ import annotations

import json
from datetime import date

from policy.codec import snapshot_to_dict
from policy.decide import decide
from policy.model import Agreement, Care, Reason, Sanction, SanctionTarget
from policy.projection import project
from store import Store
from store.notes import NoteKind
from tests.cast import KNOWLEDGE, at, visit
from tests.store.school import NOW, SCHOOL, settle

BAN = Sanction("b", "sam", SanctionTarget.CHROMEBOOK, NOW, at("12:00"), "ria", ("atlas.nl",))


def said(store: Store, host: str, clock: str) -> Reason:
    return decide(visit(host), store.snapshot(SCHOOL, KNOWLEDGE, NOW), at(clock)).reason


def test_a_ban_holds_leaves_what_was_added_open_and_returns_by_itself(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW, reason="gooide ermee")
    assert said(store, "nieuws.nl", "09:30") is Reason.SANCTION
    assert said(store, "atlas.nl", "09:30") is Reason.OPEN
    assert said(store, "nieuws.nl", "12:00") is Reason.OPEN


def test_a_ban_that_is_lifted_for_a_lesson_is_back_after_it(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW)
    assert store.measures.lift_for_now(SCHOOL, "b", at("10:15"), "ria", at("09:05"))
    assert said(store, "nieuws.nl", "09:30") is Reason.OPEN
    assert said(store, "nieuws.nl", "10:15") is Reason.SANCTION
    (ban,) = store.measures.sanctions(SCHOOL, NOW)
    assert ban.lifted == ((at("09:05"), at("10:15")),)
    assert not store.measures.lift_for_now(SCHOOL, "b", at("09:00"), "ria", at("09:05")), "an end before its start"
    assert not store.measures.lift_for_now(SCHOOL, "b", at("12:30"), "ria", at("12:00")), "it ended"
    assert not store.measures.lift_for_now("other", "b", at("10:15"), "ria", at("09:05"))


def test_a_planned_agreement_is_moved_or_taken_away_until_it_begins(store: Store) -> None:
    settle(store)
    plan = Agreement("", at("10:30"), at("12:00"), frozenset({"7"}), sites=("leren.nl",), by="anja", test=True)
    made = store.measures.start_agreement(SCHOOL, plan, NOW)
    assert store.measures.agreements(SCHOOL, NOW) == (made,)
    assert said(store, "nieuws.nl", "10:20") is Reason.OPEN
    assert said(store, "nieuws.nl", "10:30") is Reason.TEST
    revision = store.revision(SCHOOL)
    assert store.measures.move_agreement(SCHOOL, made.id, at("13:00"), at("14:00"), "anja", NOW)
    assert store.revision(SCHOOL) == revision + 1, "guards hear of it"
    assert said(store, "nieuws.nl", "10:30") is Reason.OPEN
    assert said(store, "nieuws.nl", "13:00") is Reason.TEST
    assert not store.measures.move_agreement("other", made.id, at("13:30"), at("14:00"), "anja", NOW)
    assert not store.measures.move_agreement(SCHOOL, made.id, at("13:30"), at("14:00"), "anja", at("13:00")), "it runs"
    assert not store.measures.cancel_agreement(SCHOOL, made.id, "anja", at("13:00")), "it runs"
    assert not store.measures.cancel_agreement("other", made.id, "anja", NOW)
    assert store.measures.cancel_agreement(SCHOOL, made.id, "anja", NOW)
    assert store.measures.agreements(SCHOOL, NOW) == ()
    assert not store.measures.cancel_agreement(SCHOOL, made.id, "anja", NOW)
    written = [entry.what for entry in store.audit.entries(SCHOOL) if entry.what.startswith("agreement")]
    assert sorted(written) == ["agreement.cancel", "agreement.move", "agreement.plan"]


def test_why_a_child_is_banned_travels_nowhere(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW, reason="gooide ermee")
    whole = store.snapshot(SCHOOL, KNOWLEDGE, NOW)
    for snapshot in (whole, project(whole, "chroom-1", NOW)):
        assert snapshot.state.sanctions
        assert "gooide" not in json.dumps(snapshot_to_dict(snapshot))
    assert "gooide" not in repr(store.audit.entries(SCHOOL))
    assert store.measures.reasons(SCHOOL, NOW) == {"b": "gooide ermee"}
    assert store.measures.reasons(SCHOOL, at("12:00")) == {}


def test_what_was_imposed_is_told_also_when_it_is_over(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW, reason="gooide ermee")
    later = Sanction("c", "sam", SanctionTarget.PHONE, at("09:10"), at("09:20"), "ria")
    store.measures.add_sanction(SCHOOL, later, at("09:10"))
    others = Sanction("d", "bo", SanctionTarget.PHONE, at("09:10"), at("09:20"), "ria")
    store.measures.add_sanction(SCHOOL, others, at("09:10"))
    assert store.measures.lift_sanction(SCHOOL, "b", "ria", at("09:30"))
    mine = store.measures.imposed(SCHOOL, "sam")
    assert [(one.sanction.id, one.reason, one.sanction.end) for one in mine] == [
        ("c", "", at("09:20")),
        ("b", "gooide ermee", at("09:30")),
    ]
    assert len(store.measures.imposed(SCHOOL)) == 3
    assert store.measures.imposed("other") == ()


def test_a_ban_on_the_wrong_child_leaves_nothing_behind_but_the_audit(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW, reason="gooide ermee")
    note = store.notes.add(SCHOOL, "sam", NoteKind.BAN, "gesprek", "ria", NOW, sanction="b")
    assert note is not None and note.sanction == "b"
    before = store.revision(SCHOOL)
    assert store.measures.withdraw_sanction(SCHOOL, "b", "ria", at("09:01"))
    assert store.revision(SCHOOL) == before + 1
    assert store.measures.imposed(SCHOOL) == ()
    assert said(store, "nieuws.nl", "09:30") is Reason.OPEN
    kept = store.notes.get(SCHOOL, note.id)
    assert kept is not None and (kept.text, kept.sanction) == ("gesprek", None)
    assert not store.measures.withdraw_sanction(SCHOOL, "b", "ria", at("09:01"))
    assert store.audit.entries(SCHOOL)[0].what == "sanction.withdraw"


def test_a_standing_exception_is_above_a_ban_and_is_looked_at_again(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW)
    care = Care("c", "sam", None, ("pomp.nl",), (), date(2027, 1, 31))
    store.measures.add_care(SCHOOL, care, "cor", NOW)
    assert said(store, "pomp.nl", "09:30") is Reason.CARE
    before = store.revision(SCHOOL)
    assert store.measures.review_care(SCHOOL, "c", date(2027, 6, 1), "cor", NOW)
    assert store.revision(SCHOOL) == before + 1
    assert [one.review for one in store.measures.care(SCHOOL)] == [date(2027, 6, 1)]
    assert not store.measures.review_care(SCHOOL, "x", date(2027, 6, 1), "cor", NOW)
    assert store.measures.end_care(SCHOOL, "c", "cor", NOW)
    assert said(store, "pomp.nl", "09:30") is Reason.SANCTION


def test_who_leaves_the_school_leaves_no_ban_and_no_exception_behind(store: Store) -> None:
    settle(store)
    store.measures.add_sanction(SCHOOL, BAN, NOW)
    store.measures.add_care(SCHOOL, Care("c", "sam", None, ("atlas.nl",), (), date(2027, 1, 31)), "cor", NOW)
    store.measures.add_care(SCHOOL, Care("d", None, "chroom-1", ("atlas.nl",), (), date(2027, 1, 31)), "cor", NOW)
    store.people.remove_person(SCHOOL, "sam", "cor", NOW)
    assert store.measures.sanctions(SCHOOL, NOW) == ()
    assert [one.id for one in store.measures.care(SCHOOL)] == ["d"]
