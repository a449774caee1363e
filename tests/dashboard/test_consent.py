"""The parents' consent: a teacher hears in private whom a permission leaves out, before it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.actions import asks, permission
from dashboard.actions.desk import Desk
from policy.decide import decide
from policy.model import Action, Device, DeviceClass, Effect, Lease, Reason, Strength
from store import Store
from store.events import Event, What
from store.incidents import AskState, Wish
from tests.cast import ANJA, CHAT_PLACE, FLOOR_RULE, GAMES, KNOWLEDGE, LESSON, POLICY, SOCIAL, at, pupil, visit
from tests.dashboard.conftest import SCHOOL, Browser

type SignIn = Callable[[str], Browser]
SITE = {"what": "site", "site": "social.com", "who": "all", "minutes": "lesson"}
GIVE = "/les/7/toestemming"


@pytest.fixture(autouse=True)
def parents_are_asked(store: Store) -> None:
    """Social media ask for the parents' consent here, and every Chromebook of group 7 is a child's own."""
    rules = (FLOOR_RULE, replace(SOCIAL, consent=True), CHAT_PLACE, GAMES)
    store.policies.add(SCHOOL, replace(POLICY, rules=rules), "test", "ria", LESSON)
    store.devices.put(SCHOOL, Device("chroom-1", "Chromebook 1", DeviceClass.PUPIL, "7", "sam"), "cor", LESSON)


def live(store: Store) -> list[str]:
    return [grant.id for grant in store.grants.live(SCHOOL, LESSON)]


def answers(store: Store, person: str | None, strength: Strength = Strength.PROVED) -> Reason:
    who = pupil(person, "7", strength)
    return decide(visit("social.com", who=who), store.snapshot(SCHOOL, KNOWLEDGE, LESSON), LESSON).reason


def test_the_first_tap_tells_whom_it_leaves_out_and_gives_nothing(store: Store, signed_in: SignIn) -> None:
    page = signed_in("anja").post(GIVE, **SITE, goal="interview").text
    assert "Voor 1 kind is er nog geen ja van thuis." in page
    assert "lezen in het leesboek" in page
    assert "Noor " not in page and "Sam " not in page
    assert 'name="goal" value="interview"' in page
    assert live(store) == []


def test_names_are_shown_after_a_tap_of_their_own(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.post(GIVE, **SITE, names="1").text
    assert "Noor Jansen" in page
    assert "Sam Pietersen" not in page
    assert 'name="names"' not in page
    assert live(store) == []


def test_the_second_tap_gives_it_and_who_has_no_yes_is_told_of_another_task(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "valt erbuiten" in anja.post(GIVE, **SITE, confirmed="1").text
    assert len(live(store)) == 1
    assert answers(store, "sam") is Reason.GRANTED
    assert answers(store, "noor") is Reason.CONSENT
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    assert answers(store, "noor") is Reason.GRANTED


def test_what_needs_no_consent_or_has_everybodys_is_given_at_once(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "open tot 10:15" in anja.post(GIVE, what="category:games", who="all").text
    assert "open tot 10:15" in anja.post(GIVE, **(SITE | {"who": "some", "pupil": "sam"})).text
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    assert "open tot 10:15" in anja.post(GIVE, **SITE).text
    assert len(live(store)) == 3


def test_an_empty_register_is_told_before_the_tap(store: Store, signed_in: SignIn) -> None:
    store.people.set_consent(SCHOOL, "sam", False, "cor", LESSON)
    page = signed_in("anja").post(GIVE, **SITE).text
    assert "nog geen toestemming in het register" in page
    assert "Voor 2 kinderen" in page
    assert "voor niemand open" in page
    assert live(store) == []


def test_a_chromebook_that_is_nobodys_needs_the_whole_group(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    store.devices.put(SCHOOL, Device("chroom-2", "Chromebook 2", DeviceClass.PUPIL, "7"), "cor", LESSON)
    page = anja.post(GIVE, **SITE).text
    assert "niet op naam staan, blijven dicht" in page
    assert "ja van thuis" not in page
    assert live(store) == []
    anja.post(GIVE, **SITE, confirmed="1")
    assert answers(store, None, Strength.GROUP) is Reason.CONSENT
    store.people.set_group_consent(SCHOOL, "7", True, "cor", LESSON)
    assert answers(store, None, Strength.GROUP) is Reason.GRANTED
    assert "open tot 10:15" in anja.post(GIVE, **SITE).text
    assert len(live(store)) == 2


def test_a_seat_makes_a_shared_chromebook_somebodys(store: Store, desk: Desk) -> None:
    store.people.set_consent(SCHOOL, "noor", True, "cor", LESSON)
    store.devices.put(SCHOOL, Device("chroom-2", "Chromebook 2", DeviceClass.PUPIL, "7"), "cor", LESSON)
    wish = permission.Wish("7", site="social.com")
    before = permission.foresee(desk, ANJA, wish, LESSON).value
    assert before and before.missing and before.missing.shared and not before.missing.left_out
    store.devices.lease(SCHOOL, Lease("chroom-2", "noor", LESSON, at("10:15"), "anja"), LESSON)
    after = permission.foresee(desk, ANJA, wish, LESSON).value
    assert after and after.missing is None


def test_on_a_screen_in_the_class_nothing_is_told_and_nothing_given(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post("/bord", board="1", back="/les/7")
    page = anja.post(GIVE, **SITE, names="1", confirmed="1").text
    for word in ("Noor", "Sam", "ja van thuis", "1 kind", "leesboek", 'name="confirmed"'):
        assert word not in page
    assert "niet voor de klas" in page
    assert live(store) == []


def test_a_screen_in_the_class_does_not_show_that_consent_kept_something_closed(
    store: Store, signed_in: SignIn
) -> None:
    closed = [
        Event(What.BLOCKED, LESSON, Effect.DENY, reason, Action.VISIT, host=host, group="7", person="noor")
        for host, reason in (("social.com", Reason.CONSENT), ("x.com", Reason.SANCTION), ("games.com", Reason.PLACE))
    ]
    store.events.add_batch(SCHOOL, closed, LESSON)
    anja = signed_in("anja")
    assert "geen toestemming van thuis bekend" in anja.page("/les/7")
    anja.post("/bord", board="1", back="/les/7")
    part = anja.page("/les/7").partition('id="part-seen"')[2].partition('id="part-klas"')[0]
    assert "games.com" in part
    assert "social.com" not in part and "x.com" not in part


def test_yes_to_a_child_without_a_yes_from_home_offers_another_task_instead(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    made = store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "noor"), LESSON)
    assert made
    page = anja.post(f"/les/7/vraag/{made.id}", answer="yes", own="Veel plezier").text
    assert "Voor 1 kind" in page
    assert 'name="own" maxlength="200" autocomplete="off" value="Doe nu iets anders' in page
    assert live(store) == []
    assert [ask.state for ask in store.incidents.asks(SCHOOL, ("7",))] == [AskState.OPEN]
    anja.post(f"/les/7/vraag/{made.id}", answer="no", own="Lees in je leesboek.")
    told = store.incidents.get_ask(SCHOOL, made.id)
    assert told and (told.state, told.answer) == (AskState.NO, "Lees in je leesboek.")


def test_a_yes_that_is_confirmed_is_given_with_its_answer(store: Store, signed_in: SignIn) -> None:
    made = store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", None), LESSON)
    assert made
    anja = signed_in("anja")
    page = anja.post(f"/les/7/vraag/{made.id}", answer="yes", own="Veel plezier").text
    assert 'name="own" value="Veel plezier"' in page
    assert live(store) == []
    anja.post(f"/les/7/vraag/{made.id}", answer="yes", own="Veel plezier", confirmed="1")
    told = store.incidents.get_ask(SCHOOL, made.id)
    assert told and (told.state, told.answer) == (AskState.YES, "Veel plezier")


def test_an_action_without_the_word_that_it_was_told_gives_nothing(desk: Desk, store: Store) -> None:
    wish = permission.Wish("7", site="social.com")
    assert permission.give(desk, ANJA, wish, LESSON).code == permission.TELL_FIRST
    assert permission.give(desk, ANJA, replace(wish, confirmed=True), LESSON).ok
    made = store.incidents.ask(SCHOOL, Wish("social.com", "lesson", "social", "", "7", "chroom-1", "noor"), LESSON)
    assert made and asks.say_yes(desk, ANJA, "7", made.id, LESSON).code == permission.TELL_FIRST


def test_consent_is_not_asked_of_what_is_refused_anyway(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    assert "voor iedereen dicht" in anja.post(GIVE, **(SITE | {"site": "adult.com"})).text
    assert "directie" in anja.post(GIVE, **(SITE | {"site": "chat.com"})).text


def test_what_was_given_before_is_told_again_when_it_is_given_again(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post(GIVE, **SITE, confirmed="1")
    anja.post(f"{GIVE}/{live(store)[0]}/stop")
    quick = anja.page("/les/7").partition("Direct geven")[2].partition("Iets nieuws")[0]
    assert "social.com" in quick and "confirmed" not in quick
    token = quick.partition('name="again" value="')[2].partition('"')[0]
    told = anja.post(f"{GIVE}/opnieuw", again=token).text
    assert "Voor 1 kind" in told and f'action="{GIVE}/opnieuw"' in told and f'value="{token}"' in told
    assert live(store) == []
    anja.post(f"{GIVE}/opnieuw", again=token, confirmed="1")
    assert len(live(store)) == 1
