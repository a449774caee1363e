"""The register of consents and photo permissions: filled in for a group at once, by whom it is kept; who may look."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.actions import consents
from dashboard.actions.desk import Desk
from dashboard.present.consents import AGREED, PHOTO, answers_in
from policy.authority import may_grant
from policy.model import Grant, Group, Member, Role
from store import Store
from store.people import Person
from store.photos import PhotoAnswer
from tests.cast import ANJA, COR, IRIS, LESSON, POLICY, RIA, RULES, SOCIAL, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock

SignIn = Callable[[str], Browser]
YES, VAGUE, NO = PhotoAnswer.YES, PhotoAnswer.UNRECOGNISABLE, PhotoAnswer.NO
ASKING = replace(POLICY, rules=tuple(replace(one, consent=one is SOCIAL) for one in RULES))


@pytest.fixture
def asked(store: Store, desk: Desk) -> Desk:
    """The school's protocol asks for the parents' consent."""
    store.policies.add(SCHOOL, ASKING, "test", "setup", LESSON)
    return desk


def told(desk: Desk) -> dict[str, bool]:
    return dict(desk.store.people.consents(SCHOOL, LESSON))


def left_out(desk: Desk) -> frozenset[str]:
    """Whom a permission for the group leaves out, by the real authority."""
    wish = Grant("", LESSON, at("10:00"), Role.TEACHER, groups=frozenset({"7"}), sites=("social.com",))
    return may_grant(ANJA, wish, desk.snapshot(LESSON), LESSON).left_out


# --- social media --------------------------------------------------------------------------------------------------


def test_a_group_is_filled_in_with_one_tap_a_child_and_one_button(asked: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.page("/beheer/toestemming/media/7")
    assert "1 ja · 1 niet gevraagd" in page
    assert re.search(r'name="a:sam" value="yes" checked', page)
    assert re.search(r'name="a:noor" value="unasked" checked', page)
    assert "Bo de Boer" not in page
    form = {"was:sam": "yes", "was:noor": "unasked", "a:sam": "yes", "a:noor": "no"}
    assert "Opgeslagen" in cor.post("/beheer/toestemming/media/7", **form).text
    assert told(asked) == {"sam": True, "noor": False}
    assert left_out(asked) == {"noor"}
    assert "niets veranderd" in cor.post("/beheer/toestemming/media/7", **(form | {"was:noor": "no"})).text


def test_parents_may_take_a_yes_back_at_any_time(asked: Desk, signed_in: SignIn) -> None:
    assert left_out(asked) == {"noor"}
    cor = signed_in("cor")
    cor.post("/beheer/toestemming/media/7", **{"was:sam": "yes", "a:sam": "no", "a:noor": "yes"})
    assert told(asked) == {"sam": False, "noor": True}
    assert left_out(asked) == {"sam"}
    cor.post("/beheer/toestemming/media/7", **{"was:sam": "no", "a:sam": "unasked"})
    assert told(asked) == {"noor": True}


def test_a_page_of_before_does_not_undo_what_somebody_took_back_meanwhile(asked: Desk, signed_in: SignIn) -> None:
    cor, ria = signed_in("cor"), signed_in("ria")
    ria.post("/beheer/toestemming/media/7", **{"was:sam": "yes", "a:sam": "no"})
    cor.post(
        "/beheer/toestemming/media/7", **{"was:sam": "yes", "a:sam": "yes", "was:noor": "unasked", "a:noor": "yes"}
    )
    assert told(asked) == {"sam": False, "noor": True}


def test_yes_for_the_whole_group_is_refused_while_somebody_said_no(asked: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    assert "Voor de hele groep staat ja" in cor.post("/beheer/toestemming/media/7/allemaal", on="1").text
    assert left_out(asked) == frozenset()
    page = cor.page("/beheer/toestemming/media/7")
    assert "Ja voor de hele groep: Cor Bakker" in page
    assert "Volgt de groep" in page
    assert "2 ja" in page
    ended = cor.post("/beheer/toestemming/media/7", **{"was:noor": "unasked", "a:noor": "no"}).text
    assert "Het ja voor de hele groep geldt niet meer" in ended
    assert left_out(asked) == {"noor"}
    refused = cor.post("/beheer/toestemming/media/7/allemaal", on="1").text
    assert "zeiden de ouders nee" in refused
    assert asked.store.people.group_consents(SCHOOL, LESSON) == {}
    assert "Noor " not in re.search(r'role="status"[^>]*>(.*?)</p>', refused, re.S).group(1)


def test_the_yes_of_the_whole_group_can_be_taken_back_and_what_was_filled_in_stays(asked: Desk) -> None:
    assert consents.agree_for_all(asked, COR, "7", True, LESSON).ok
    assert consents.agree_for_all(asked, COR, "7", False, LESSON).ok
    assert told(asked) == {"sam": True}
    assert left_out(asked) == {"noor"}


def test_a_group_without_pupils_cannot_be_said_to_agree(asked: Desk) -> None:
    asked.store.people.put_group(SCHOOL, Group("leeg", "Leeg"), "setup", LESSON)
    assert consents.agree_for_all(asked, COR, "leeg", True, LESSON).code == "dash.no.consent_nobody"


def test_who_is_not_in_the_group_cannot_be_filled_in_there(asked: Desk) -> None:
    assert consents.save_consents(asked, COR, "7", {"bo": True, "anja": True, "nobody": True}, LESSON).value == 0
    assert told(asked) == {"sam": True}


def test_a_protocol_that_does_not_ask_says_so_and_keeps_nothing(desk: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    page = cor.page("/beheer/toestemming")
    assert "vraagt ouders geen toestemming" in page
    assert "/beheer/toestemming/media/" not in page
    assert "/beheer/toestemming/foto/7" in page
    cor.post("/beheer/toestemming/media/7", **{"a:noor": "yes"})
    cor.post("/beheer/toestemming/media/7/allemaal", on="1")
    assert told(desk) == {"sam": True}
    assert desk.store.people.group_consents(SCHOOL, LESSON) == {}


@pytest.mark.parametrize("who", [ANJA, IRIS, Member("sam", Role.PUPIL, ("7",))], ids=lambda one: one.id)
def test_only_the_coordinator_and_the_management_keep_the_register(asked: Desk, who: Member) -> None:
    assert consents.consent_sheet(asked, who, "7", LESSON).code == "dash.no.role"
    assert consents.save_consents(asked, who, "7", {"noor": True}, LESSON).code == "dash.no.role"
    assert consents.agree_for_all(asked, who, "7", True, LESSON).code == "dash.no.role"
    assert consents.photo_sheet(asked, who, "7", LESSON).code == "dash.no.role"
    assert consents.save_photos(asked, who, "7", {"noor": YES}, LESSON).code == "dash.no.role"
    shown = consents.overview(asked, who, LESSON)
    assert (shown.groups, shown.latest) == ((), ())
    assert told(asked) == {"sam": True}


def test_who_changed_what_and_when_is_told(asked: Desk, signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/toestemming/media/7", **{"was:sam": "yes", "a:sam": "no", "a:noor": "no"})
    clock.on(minutes=5)
    cor.post("/beheer/toestemming/foto/7", **{"a:sam": "unrecognisable"})
    clock.on(minutes=5)
    cor.post("/beheer/toestemming/media/8/allemaal", on="1")
    page = cor.page("/beheer/toestemming")
    assert "09:00 · Cor Bakker: sociale media nee voor 2 mensen" in page
    assert "09:05 · Cor Bakker: foto alleen onherkenbaar voor Sam Pietersen" in page
    assert "09:10 · Cor Bakker: sociale media ja voor heel Groep 8" in page
    assert "ja voor de hele groep" in page


def test_a_new_school_year_starts_with_an_empty_sheet_and_the_photos_stay(asked: Desk) -> None:
    consents.save_photos(asked, COR, "7", {"sam": NO}, LESSON)
    later = at("09:00", "2027-09-06")
    sheet = consents.consent_sheet(asked, COR, "7", later).value
    assert sheet is not None
    assert [row.agreed for row in sheet.rows] == [None, None]
    photos = consents.photo_sheet(asked, COR, "7", later).value
    assert photos is not None
    assert {person.id: answer for person, answer in photos.rows} == {"sam": NO, "noor": None}


def test_after_the_last_group_there_is_no_next_one_and_an_ended_group_is_not_shown(asked: Desk) -> None:
    asked.store.people.put_group(SCHOOL, Group("plus", "Plusgroep", (), at("08:00")), "setup", LESSON)
    first, last = (consents.consent_sheet(asked, COR, group, LESSON).value for group in ("7", "8"))
    assert first is not None and last is not None
    assert first.following is not None and first.following.id == "8"
    assert last.following is None
    assert consents.consent_sheet(asked, COR, "plus", LESSON).code == "dash.no.gone"


# --- photos --------------------------------------------------------------------------------------------------------


def test_photos_are_asked_of_pupils_and_of_staff(desk: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.post("/beheer/toestemming/foto/7", rest="yes", **{"a:sam": "no", "a:noor": "unasked", "was:noor": "unasked"})
    cor.post("/beheer/toestemming/personeel", **{"a:anja": "unrecognisable", "a:sam": "yes"})
    answers = {person: one.answer for person, one in desk.store.photos.answers(SCHOOL).items()}
    assert answers == {"sam": NO, "noor": YES, "anja": VAGUE}, "a pupil is on no sheet of staff"
    page = cor.page("/beheer/toestemming")
    assert "1 ja · 1 nee" in page
    assert "1 onherkenbaar · 6 niet gevraagd" in page
    assert "Anja de Vries · leerkracht" in cor.page("/beheer/toestemming/personeel")


def test_a_teacher_looks_before_posting_and_changes_nothing(desk: Desk, signed_in: SignIn) -> None:
    consents.save_photos(desk, COR, "7", {"sam": NO}, LESSON)
    page = signed_in("anja").page("/fototoestemming")
    assert page.index("Mag niet (1)") < page.index("Sam Pietersen") < page.index("Nog niet gevraagd (1)")
    assert "Noor Jansen" in page
    assert "<input" not in re.sub(r'<input type="hidden"[^>]*>', "", page)
    assert "Bo de Boer" not in page


def test_a_teacher_sees_no_other_group_and_an_intern_none_where_the_school_did_not_choose_so(
    desk: Desk, signed_in: SignIn
) -> None:
    assert "Bo de Boer" not in signed_in("anja").page("/fototoestemming?groep=8")
    assert consents.look_up_photos(desk, ANJA, "8", LESSON).code == "dash.no.not_yours"
    assert "U heeft hier geen groep" in signed_in("iris").page("/fototoestemming")
    assert "Bo de Boer" in signed_in("ria").page("/fototoestemming?groep=8")


def test_a_screen_in_a_class_shows_no_name(asked: Desk, signed_in: SignIn) -> None:
    cor = signed_in("cor")
    cor.client.set_cookie("__Host-klaswacht-bord", "1", domain="wacht.school", secure=True)
    for path in (
        "/fototoestemming",
        "/beheer/toestemming",
        "/beheer/toestemming/media/7",
        "/beheer/toestemming/foto/7",
    ):
        page = cor.page(path)
        assert "digibord-stand" in page, path
        assert "Sam " not in page and "Noor " not in page, path


def test_an_unknown_group_is_gone(asked: Desk, signed_in: SignIn) -> None:
    ria = signed_in("ria")
    for path in ("/beheer/toestemming/media/geen", "/beheer/toestemming/foto/geen"):
        assert "bestaat niet meer" in ria.client.get(path, base_url="https://wacht.school", follow_redirects=True).text


# --- what a form says ----------------------------------------------------------------------------------------------


def test_a_form_says_only_what_its_reader_changed() -> None:
    form = {
        "csrf": "x",
        "was:a": "yes",
        "a:a": "yes",
        "was:b": "no",
        "a:b": "yes",
        "a:c": "no",
        "a:d": "maybe",
        "a:": "no",
    }
    assert answers_in(form, AGREED, "") == {"b": "yes", "c": "no"}


def test_the_rest_is_who_was_not_asked_and_stays_so_on_the_page() -> None:
    form = {"was:a": "unasked", "a:a": "unasked", "was:b": "yes", "a:b": "unasked", "was:c": "no", "a:c": "no"}
    assert answers_in(form, PHOTO, "yes") == {"a": "yes", "b": "unasked"}
    assert answers_in(form, PHOTO, "everything") == {"b": "unasked"}


def test_thirty_children_fit_in_one_form(asked: Desk, signed_in: SignIn) -> None:
    children = [Person(f"kind-{number}", Role.PUPIL, f"Kind {number:02}", ("8",)) for number in range(30)]
    asked.store.people.put_people(SCHOOL, children, "setup", LESSON)
    before = asked.store.revision(SCHOOL)
    form = {f"a:{child.id}": "yes" for child in children} | {f"was:{child.id}": "unasked" for child in children}
    signed_in("cor").post("/beheer/toestemming/media/8", **form)
    assert sum(told(asked).values()) == 31
    assert asked.store.revision(SCHOOL) == before + 1


def test_management_may_do_all_of_it_too(asked: Desk) -> None:
    assert consents.agree_for_all(asked, RIA, "7", True, LESSON).ok
    assert consents.save_photos(asked, RIA, None, {"ria": VAGUE}, LESSON).value == 1
