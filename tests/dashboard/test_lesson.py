"""Mijn les: what a teacher sees and does, and what a class never gets to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from policy.model import Action, Effect, Reason
from store import Store
from store.events import Event, What
from tests.cast import DECISION, LESSON, NO_COMPUTER, at
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.lessons import SITE, ask, opens, with_policy

type SignIn = Callable[[str], Browser]


def blocked(host: str, reason: Reason, person: str = "sam", when: datetime = LESSON, group: str = "7") -> Event:
    return Event(What.BLOCKED, when, Effect.DENY, reason, Action.VISIT, host=host, group=group, person=person)


def test_a_report_is_shown_quietly_until_somebody_saw_it(store: Store, signed_in: SignIn) -> None:
    report = store.incidents.report(SCHOOL, "eng.nl", LESSON, note="een enge foto", group="7", person="noor")
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "Stille meldingen" in page
    assert "een enge foto" in page
    assert "Stille meldingen" not in anja.post(f"/les/7/melding/{report.id}").text


# --- what a class never sees -----------------------------------------------------------------------------------------


def test_exceptions_are_shown_without_names_until_an_adult_asks(store: Store, signed_in: SignIn) -> None:
    events = [blocked("social.com", Reason.PLACE), blocked("social.com", Reason.PLACE, "noor")]
    old, other = (
        blocked("oud.nl", Reason.PLACE, when=at("09:00", "2026-11-20")),
        blocked("acht.nl", Reason.PLACE, "bo", group="8"),
    )
    store.events.add_batch(SCHOOL, [*events, old, other], LESSON)
    anja = signed_in("anja")
    part = anja.page("/les/7").partition('id="part-seen"')[2].partition('id="part-klas"')[0]
    assert "social.com" in part
    assert "2 keer" in part
    assert "oud.nl" not in part
    assert "acht.nl" not in part
    assert "Sam " not in part
    part = anja.page("/les/7?namen=1").partition('id="part-seen"')[2].partition('id="part-klas"')[0]
    assert "Sam Pietersen" in part
    assert "Noor Jansen" in part


def test_a_screen_in_the_class_shows_no_names_requests_or_reports(store: Store, signed_in: SignIn) -> None:
    store.incidents.report(SCHOOL, "eng.nl", LESSON, note="een enge foto", group="7", person="noor")
    store.events.add_batch(SCHOOL, [blocked("social.com", Reason.PLACE)], LESSON)
    wish = ask(store, line="geheim plan")
    anja = signed_in("anja")
    anja.post("/les/7/toestemming", **(SITE | {"who": "some", "pupil": "sam"}))
    anja.post("/bord", board="1", back="/les/7")
    page = anja.page("/les/7?namen=1")
    for word in ("Sam", "Noor", "eng.nl", "enge foto", "geheim plan", wish.id, "Stille meldingen"):
        assert word not in page
    assert "Er wacht 1 vraag." in page
    anja.post("/bord", board="0", back="/les/7")
    assert "Sam Pietersen vraagt" in anja.page("/les/7")


def test_what_a_pupil_writes_is_text_and_nothing_else(store: Store, signed_in: SignIn) -> None:
    ask(store, line="<script>alert(1)</script>")
    store.incidents.report(SCHOOL, "eng.nl", LESSON, note='"><img src=x onerror=alert(1)>', group="7")
    page = signed_in("anja").page("/les/7")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_message_in_the_address_can_only_be_one_of_ours(signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.page("/les/7?ja=granted&tot=<b>x</b>")
    assert "<b>x" not in page
    assert "Gesloten" in anja.page("/les/7?ja=stopped")
    assert 'class="note told' not in anja.page("/les/7?nee=Bel%20dit%20nummer")
    assert 'class="note told' not in anja.page("/les/7?nee=bestaat_niet")


def test_the_page_says_it_in_english_to_an_english_browser(signed_in: SignIn) -> None:
    answer = signed_in("anja").client.get(
        "/les/7", base_url="https://wacht.school", headers={"Accept-Language": "en-GB,en;q=0.9"}
    )
    assert "Give permission" in answer.text
    assert 'lang="en"' in answer.text


# --- the group -------------------------------------------------------------------------------------------------------


def test_eyes_on_me_stops_new_pages_and_gives_them_back(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert opens(store, "leren.nl", LESSON)
    assert "Aandacht-stand tot 09:15" in anja.post("/les/7/aandacht", on="1").text
    assert not opens(store, "leren.nl", LESSON)
    anja.post("/les/7/aandacht", on="0")
    assert opens(store, "leren.nl", LESSON)


def test_a_rainy_break_counts_as_a_lesson(store: Store, signed_in: SignIn, clock: Clock) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    anja.post("/les/7/regen", on="1")
    page = anja.page("/les/7")
    assert "Regendag" in page
    assert "open tot 10:30" in anja.post("/les/7/toestemming", **SITE).text
    anja.post("/les/7/regen", on="0")
    assert "Pauze" in anja.page("/les/7")


def test_a_pupil_gets_a_device_for_this_lesson(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "Sam Pietersen op Chromebook 1, tot 10:15" in anja.post("/les/7/plek", pupil="sam", device="chroom-1").text
    (lease,) = store.devices.leases(SCHOOL, LESSON)
    assert (lease.person, lease.by, lease.end) == ("sam", "anja", at("10:15"))
    anja.post("/les/7/plek", device="chroom-1")
    assert store.devices.leases(SCHOOL, LESSON) == ()


# --- breaks, and no group --------------------------------------------------------------------------------------------


def test_in_a_break_the_form_is_there_only_where_the_school_lets_it_be_used(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert "Toestemming geven kan weer in de les" not in page and "geef-formulier" in page
    assert "Het staat open tot 10:30" in anja.post("/les/7/toestemming", what="site", site="social.com", who="all").text
    with_policy(store, NO_COMPUTER)
    page = anja.page("/les/7")
    assert "Toestemming geven kan weer in de les" in page and "geef-formulier" not in page
    assert "Maak een afspraak" in page  # for a lesson to come


def test_a_rainy_break_is_told_to_be_looser_than_the_clause_and_is_still_one_tap(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = at("10:20")
    anja = signed_in("anja")
    assert "ruimer dan" not in anja.page("/les/7")
    with_policy(store, NO_COMPUTER)
    assert "ruimer dan de afspraak: De Proefschool, 1." in anja.page("/les/7")
    assert not opens(store, "leren.nl", clock.now)
    assert "ruimer dan de afspraak" in anja.post("/les/7/regen", on="1").text
    assert opens(store, "leren.nl", clock.now)
    with_policy(store, replace(NO_COMPUTER, basis=DECISION))
    assert "ruimer dan" not in anja.page("/les/7")


def test_a_teacher_without_a_group_is_told_who_can_help(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    for group in ("7", "8"):
        store.people.remove_group(SCHOOL, group, "cor", LESSON)
    assert "nog niet aan een groep" in anja.get("/les/", follow_redirects=True).text
