"""A pupil asks, a teacher answers; a pupil tells of something unpleasant."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from policy.model import ReportKind, ReportTo
from store import Store
from store.incidents import Ask, AskState, Wish
from tests.cast import at
from tests.store.school import NOW, SCHOOL

WISH = Wish("social.com", "project", "social", "voor mijn spreekbeurt", "7", "chroom-1", "sam")


def test_an_ask_is_seen_by_the_teachers_of_the_group(store: Store) -> None:
    ask = store.incidents.ask(SCHOOL, WISH, NOW)
    assert ask is not None and ask.wish == WISH and ask.state is AskState.OPEN
    assert store.incidents.asks(SCHOOL, ["7"]) == (ask,)
    assert store.incidents.asks(SCHOOL, ["8"]) == ()
    assert store.incidents.asks(SCHOOL, None) == (ask,)
    assert store.incidents.asks("other", None) == ()
    assert store.pulse(SCHOOL).activity == 1


def test_asking_again_is_the_same_ask(store: Store) -> None:
    first = store.incidents.ask(SCHOOL, replace(WISH, line=""), NOW)
    again = store.incidents.ask(SCHOOL, WISH, at("09:01"))
    assert first is not None and again is not None
    assert again.id == first.id
    assert again.wish.line == "voor mijn spreekbeurt"
    assert len(store.incidents.asks(SCHOOL, ["7"])) == 1


def test_a_child_cannot_flood_the_teacher(store: Store) -> None:
    asked = [store.incidents.ask(SCHOOL, replace(WISH, host=f"s{n}.com"), NOW) for n in range(8)]
    assert [one is not None for one in asked] == [True] * 5 + [False] * 3
    assert store.incidents.ask(SCHOOL, replace(WISH, device="chroom-2"), NOW) is not None
    nameless = Wish("social.com", "project", group="7")
    assert store.incidents.ask(SCHOOL, nameless, NOW) is not None
    assert store.incidents.ask(SCHOOL, replace(nameless, group=None), NOW) is not None
    by_person = replace(WISH, device=None, person="noor")
    assert store.incidents.ask(SCHOOL, by_person, NOW) is not None


def test_the_answer_reaches_the_pupil(store: Store) -> None:
    ask = store.incidents.ask(SCHOOL, WISH, NOW)
    assert ask is not None
    later = store.incidents.answer(SCHOOL, ask.id, AskState.LATER, "anja", at("09:01"), text="na de pauze")
    assert later is not None and later.state is AskState.LATER
    no = store.incidents.answer(SCHOOL, ask.id, AskState.NO, "anja", at("09:02"), text="kies een boek")
    assert no == store.incidents.get_ask(SCHOOL, ask.id)
    assert no is not None and (no.state, no.answer, no.answered, no.by) == (
        AskState.NO,
        "kies een boek",
        at("09:02"),
        "anja",
    )
    assert store.incidents.answer(SCHOOL, ask.id, AskState.YES, "bram", at("09:03")) is None
    assert store.incidents.asks(SCHOOL, ["7"]) == ()
    assert store.incidents.asks(SCHOOL, ["7"], [AskState.NO]) == (no,)
    assert store.incidents.get_ask(SCHOOL, "unknown") is None
    again = store.incidents.ask(SCHOOL, WISH, at("09:05"))
    assert again is not None and again.id != ask.id, "after a no one may ask anew"


def test_of_two_teachers_one_answers(store: Store) -> None:
    ask = store.incidents.ask(SCHOOL, WISH, NOW)
    assert ask is not None
    answers: list[Ask | None] = []

    def answer(state: AskState, by: str) -> None:
        answers.append(store.incidents.answer(SCHOOL, ask.id, state, by, NOW))

    teachers = [threading.Thread(target=answer, args=two) for two in ((AskState.YES, "anja"), (AskState.NO, "bram"))]
    for teacher in teachers:
        teacher.start()
    for teacher in teachers:
        teacher.join(20)
    assert len([one for one in answers if one is not None]) == 1
    assert len(answers) == 2


def test_the_pupils_words_are_cut_and_not_in_the_audit(store: Store) -> None:
    ask = store.incidents.ask(SCHOOL, replace(WISH, line="x" * 500, host="social.com/pad?q=geheim"), NOW)
    assert ask is not None and len(ask.wish.line) == 200 and ask.wish.host == ""
    store.incidents.answer(SCHOOL, ask.id, AskState.NO, "anja", NOW, text="nee hoor")
    written = str(store.audit.entries(SCHOOL))
    assert "xxx" not in written and "nee hoor" not in written and ask.id in written


def test_a_report_is_kept_apart_and_seen_once(store: Store) -> None:
    report = store.incidents.report(SCHOOL, "eng.com", NOW, note="enge foto", group="7", person="sam")
    assert store.incidents.reports(SCHOOL, ["7"]) == (report,)
    assert store.incidents.reports(SCHOOL, ["8"]) == ()
    assert store.events.latest(SCHOOL) == ()
    assert store.incidents.see_report(SCHOOL, report.id, "anja", at("09:10"))
    assert not store.incidents.see_report(SCHOOL, report.id, "bram", at("09:11"))
    assert store.incidents.reports(SCHOOL, ["7"]) == ()
    assert store.incidents.reports(SCHOOL, None, unseen=False) == (replace(report, seen=at("09:10"), by="anja"),)


@pytest.mark.parametrize("audience", ReportTo)
def test_a_report_is_for_its_audience_alone_and_only_the_teachers_wakes_a_screen(
    store: Store, audience: ReportTo
) -> None:
    before = store.pulse(SCHOOL)
    report = store.incidents.report(
        SCHOOL, "", NOW, kind=ReportKind.BULLIED, audience=audience, note="x" * 300, group="7", person="sam"
    )
    assert (report.kind, report.audience, report.host, len(report.note)) == ("bullied", audience, "", 200)
    for other in ReportTo:
        assert store.incidents.reports(SCHOOL, None, audience=other) == ((report,) if other is audience else ())
        if other is not audience:
            assert not store.incidents.see_report(SCHOOL, report.id, "anja", NOW, audience=other)
    assert store.incidents.see_report(SCHOOL, report.id, "anja", NOW, audience=audience)
    assert (store.pulse(SCHOOL) == before) is (audience is not ReportTo.TEACHER)
    noted = [entry.what for entry in store.audit.entries(SCHOOL)]
    assert ("report.see" in noted) is (audience is not ReportTo.COUNSELLOR)


def test_whoever_tells_a_lot_pushes_no_other_childs_words_away_for_good(store: Store) -> None:
    quiet = store.incidents.report(SCHOOL, "", NOW, note="ik word gepest", audience=ReportTo.COUNSELLOR)
    for number in range(3):
        many = store.incidents.report(SCHOOL, "", at("09:05"), note=f"blub {number}", audience=ReportTo.COUNSELLOR)
        assert store.incidents.see_report(SCHOOL, many.id, "coen", at("09:06"), audience=ReportTo.COUNSELLOR)
    (first, _) = store.incidents.reports(SCHOOL, None, unseen=False, limit=2, audience=ReportTo.COUNSELLOR)
    assert first == quiet


def test_a_form_that_is_sent_again_is_one_report(store: Store) -> None:
    first = store.incidents.report(SCHOOL, "", NOW, note="x", once="abc")
    assert store.incidents.report(SCHOOL, "", at("09:05"), note="x", once="abc") == first
    assert store.incidents.reports(SCHOOL, None) == (first,)
