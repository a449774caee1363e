"""A teacher proposes a ban in kind words; the management sees it, decides and answers; nobody else reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from config.texts import book
from dashboard.actions import ban_proposals, measures
from dashboard.actions.ban_proposals import Wish
from dashboard.actions.desk import Desk
from dashboard.actions.measures import Until
from dashboard.actions.substitute import PREFIX
from policy.model import Member, SanctionTarget
from store import Store
from store.ban_proposals import BanProposal, ProposalState
from tests.cast import ANJA, BRAM, COR, IRIS, LESSON, POLICY, RIA
from tests.dashboard.conftest import SCHOOL, Browser

WHY = "Kwam drie keer niet van een spelletje los."
type SignIn = Callable[[str], Browser]

FORM = {"pupil": "sam", "on": "chromebook", "lasts": "week", "reason": WHY}


def wish(**changes: object) -> Wish:
    return replace(Wish("sam", SanctionTarget.CHROMEBOOK, Until.WEEK, WHY), **changes)


def proposed(desk: Desk, who: Member = ANJA, **changes: object) -> BanProposal:
    made = ban_proposals.propose(desk, who, wish(**changes), LESSON)
    assert made.value is not None, made.code
    return made.value


def test_a_proposal_blocks_nothing_and_the_management_sees_it_with_a_number(owned: Desk, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "Uw voorstel ligt bij de directie." in anja.post("/maatregelen/voorstellen", **FORM).text
    assert owned.store.measures.sanctions(SCHOOL, LESSON) == ()
    page = signed_in("ria").page("/maatregelen/")
    assert WHY in page and "Voorgesteld door Anja de Vries" in page and "Chromebook, een week" in page
    badge = r'class="tag">1<span class="sr"> wachten op u'
    assert re.search(r'class="tag">1<span class="sr"> wachtende voorstellen', page) and re.search(
        badge, signed_in("ria").page("/beheer/")
    )
    assert not re.search(badge, signed_in("cor").page("/beheer/"))


def test_the_management_imposes_with_the_form_filled_in_and_the_teacher_reads_the_answer(
    owned: Desk, signed_in: SignIn
) -> None:
    made, ria = proposed(owned), signed_in("ria")
    form = ria.page(f"/maatregelen/leerling/sam?voorstel={made.id}")
    assert f'maxlength="500" autocomplete="off">{WHY}</textarea>' in form
    assert re.search(r'name="until" value="week" checked', form)
    assert re.search(r'name="on" value="chromebook" checked', form)
    ria.post(
        "/maatregelen/leerling/sam/verbod",
        on="chromebook",
        until="tomorrow",
        reason="Even rust.",
        proposal=made.id,
        answer="Tot en met morgen, en we praten erover.",
    )
    (ban,) = owned.store.measures.sanctions(SCHOOL, LESSON)
    assert ban.by == "ria"
    page = signed_in("anja").page("/maatregelen/voorstellen")
    assert "overgenomen" in page and "Tot en met morgen, en we praten erover." in page
    assert "Even rust." not in page  # the reason of the ban is the management's own
    assert "wachtende voorstellen" not in ria.page("/maatregelen/")


def test_a_ban_that_cannot_be_leaves_the_proposal_waiting(owned: Desk, signed_in: SignIn) -> None:
    made, ria = proposed(owned), signed_in("ria")
    answer = ria.post(
        "/maatregelen/leerling/sam/verbod", on="chromebook", until="today", reason=" ", proposal=made.id, answer="ja"
    )
    assert "Schrijf" in answer.text or "reden" in answer.text
    assert f'name="proposal" value="{made.id}"' in answer.text
    assert owned.store.ban_proposals.waiting(SCHOOL) == (made,)


def test_the_management_answers_without_a_ban(owned: Desk, signed_in: SignIn) -> None:
    made, ria = proposed(owned), signed_in("ria")
    assert "Schrijf een antwoord." in ria.post(f"/maatregelen/voorstellen/{made.id}/antwoord", answer=" ").text
    ria.post(f"/maatregelen/voorstellen/{made.id}/antwoord", answer="Ik praat morgen met Sam.")
    assert owned.store.measures.sanctions(SCHOOL, LESSON) == ()
    page = signed_in("anja").page("/maatregelen/voorstellen")
    assert "Ik praat morgen met Sam." in page and "beantwoord" in page
    assert "al beslist" in ria.post(f"/maatregelen/voorstellen/{made.id}/antwoord", answer="Nog iets.").text


def test_a_teacher_takes_it_back_as_long_as_nobody_decided(owned: Desk, signed_in: SignIn) -> None:
    made, anja = proposed(owned), signed_in("anja")
    assert "teruggenomen" in anja.post(f"/maatregelen/voorstellen/{made.id}/terug").text
    assert owned.store.ban_proposals.waiting(SCHOOL) == ()
    assert "al beslist" in anja.post(f"/maatregelen/voorstellen/{made.id}/terug").text


@pytest.mark.parametrize(
    "who",
    [BRAM, IRIS, RIA, replace(ANJA, id=f"{PREFIX}1"), Member("sam", RIA.role.PUPIL, ("7",))],
    ids=lambda one: one.id,
)
def test_who_may_not_propose(owned: Desk, who: Member) -> None:
    assert ban_proposals.propose(owned, who, wish(), LESSON).code == "dash.no.not_yours"
    made = proposed(owned)
    assert ban_proposals.withdraw(owned, who, made.id, LESSON).code == "dash.no.gone"
    assert made not in ban_proposals.own(owned, who)
    assert owned.store.ban_proposals.waiting(SCHOOL) == (made,)


def test_the_coordinator_may_propose_for_every_group(owned: Desk, signed_in: SignIn) -> None:
    proposed(owned, COR, person="bo")
    assert "Bo de Boer" in signed_in("cor").page("/maatregelen/voorstellen")


@pytest.mark.parametrize("who", [ANJA, COR, IRIS], ids=lambda one: one.id)
def test_only_the_management_decides(owned: Desk, who: Member) -> None:
    made = proposed(owned)
    assert ban_proposals.decline(owned, who, made.id, "Nee.", LESSON).code == "dash.no.role"
    assert ban_proposals.imposed(owned, who, made.id, "sam", "", LESSON).code == "dash.no.gone"
    assert ban_proposals.waiting(owned, who) == ()
    assert owned.store.ban_proposals.waiting(SCHOOL) == (made,)


def test_somebody_elses_pupil_and_somebody_elses_proposal_do_not_exist(owned: Desk, signed_in: SignIn) -> None:
    made, bram = proposed(owned), signed_in("bram")
    for pupil in ("sam", "anja", "niemand", ""):
        assert bram.post("/maatregelen/voorstellen", **{**FORM, "pupil": pupil}).status_code == 404
    assert bram.post(f"/maatregelen/voorstellen/{made.id}/terug").status_code == 404
    page = bram.page("/maatregelen/voorstellen")
    assert "Sam Pietersen" not in page and WHY not in page and "Bo de Boer" in page
    assert owned.store.ban_proposals.waiting(SCHOOL) == (made,)


def test_a_proposal_about_one_pupil_is_not_decided_with_a_ban_of_another(owned: Desk, signed_in: SignIn) -> None:
    made = proposed(owned)
    assert made.id not in signed_in("ria").page(f"/maatregelen/leerling/noor?voorstel={made.id}")
    assert ban_proposals.imposed(owned, RIA, made.id, "noor", "", LESSON).code == "dash.no.gone"
    assert owned.store.ban_proposals.waiting(SCHOOL) == (made,)


def test_a_reason_is_asked_for_and_what_was_typed_stays(owned: Desk, signed_in: SignIn) -> None:
    page = signed_in("anja").post("/maatregelen/voorstellen", **{**FORM, "reason": "  "}).text
    assert "Schrijf in een of twee regels waarom." in page
    assert re.search(r'value="sam" selected', page) and re.search(r'value="week" checked', page)
    proposed(owned)
    again = signed_in("anja").post("/maatregelen/voorstellen", **FORM).text
    assert "al een voorstel" in again and WHY in again


def test_it_is_on_no_lesson_page_and_in_no_form_on_a_board(owned: Desk, signed_in: SignIn) -> None:
    proposed(owned)
    anja, ria = signed_in("anja"), signed_in("ria")
    assert WHY not in anja.page("/les/7") and WHY not in ria.page("/les/7")
    for visitor, path in ((anja, "/maatregelen/voorstellen"), (ria, "/maatregelen/")):
        visitor.post("/bord", board="1")
        page = visitor.get(path).text
        assert WHY not in page and "Sam Pietersen" not in page


def test_a_school_without_a_rule_about_bans_may_propose_one(owned: Desk, store: Store) -> None:
    store.policies.add(SCHOOL, replace(POLICY, rules=()), "test", "setup", LESSON)
    assert proposed(owned).state is ProposalState.OPEN


def test_no_summary_for_a_pupils_file_has_a_proposal_in_it(owned: Desk, signed_in: SignIn) -> None:
    proposed(owned)
    measures.impose(owned, RIA, measures.Wish("sam", SanctionTarget.PRINTER, "Iets anders."), LESSON)
    assert WHY not in signed_in("ria").post("/maatregelen/leerling/sam/overzicht.txt").text


def test_the_words_never_call_a_child_a_violator() -> None:
    for lang, never in (("nl", ("overtred", "straf", "dader")), ("en", ("violat", "punish", "offend"))):
        said = " ".join(text for code, text in book(lang).items() if ".proposed." in code or "proposal" in code)
        assert said and not any(word in said.casefold() for word in never)
