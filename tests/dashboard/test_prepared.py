"""What a teacher keeps ready opens with one tap, by the rules of that moment; colleagues see what is shared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboard.actions import prepared
from dashboard.actions.desk import Desk
from dashboard.actions.permission import Wish
from policy.model import Facet, LiftableBy, Member, Role
from store import Store
from store.people import Person
from store.prepared import Prepared, PreparedKind
from tests.cast import ANJA, BRAM, COR, EVENING, LESSON, RIA, at, rule
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.lessons import GIVE, SITE, live, opens, with_policy

type SignIn = Callable[[str], Browser]
READY = "/les/7/klaar"
WISH = Wish("7", site="social.com", goal="onderzoek")


def kept(desk: Desk, who: Member = ANJA, wish: Wish = WISH, name: str = "Vrienden", shared: bool = False) -> Prepared:
    made = prepared.keep(desk, who, wish, name, LESSON, shared=shared).value
    assert made
    return made


def quick(page: str) -> str:
    return page.partition("Direct geven")[2].partition("Iets nieuws")[0]


def test_the_form_keeps_a_permission_ready_and_opens_nothing(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    page = anja.post(GIVE, **SITE, keep="1", name="Interview online", goal="onderzoek").text
    assert "Het staat klaar" in page and "Interview online" in page
    assert "social.com · hele groep · onderzoek" in page
    assert store.grants.live(SCHOOL, LESSON) == ()
    (made,) = store.prepared.on_shelf(SCHOOL)
    assert (made.by, made.group, made.shared, made.kind) == ("anja", None, False, PreparedKind.PERMISSION)


def test_one_tap_gives_what_is_ready_until_the_bell(desk: Desk, store: Store, signed_in: SignIn, clock: Clock) -> None:
    made = kept(desk)
    anja = signed_in("anja")
    button = quick(anja.page("/les/7"))
    assert "Vrienden" in button and "social.com · hele groep · onderzoek · tot 10:15" in button
    assert f'value="prepared:{made.id}"' in button
    clock.now = at("09:10")
    page = anja.post(f"{GIVE}/opnieuw", again=f"prepared:{made.id}").text
    assert "Gelukt. Het staat open tot 10:15." in page
    assert opens(store, "social.com", clock.now)
    assert (live(store, clock.now).goal, live(store, clock.now).end) == ("onderzoek", at("10:15"))
    used = store.prepared.get(SCHOOL, made.id)
    assert used and used.used == clock.now
    assert "Vrienden" not in quick(page), "what is open needs no button"


def test_what_is_ready_for_ten_minutes_opens_ten_minutes(desk: Desk, store: Store, signed_in: SignIn) -> None:
    made = kept(desk, wish=replace(WISH, minutes=10))
    anja = signed_in("anja")
    assert "tot 09:10" in quick(anja.page("/les/7"))
    anja.post(f"{GIVE}/opnieuw", again=f"prepared:{made.id}")
    assert live(store).end == at("09:10")


def test_what_is_ready_comes_before_what_was_given_and_nothing_twice(
    desk: Desk, store: Store, signed_in: SignIn
) -> None:
    anja = signed_in("anja")
    for site in ("games.com", "social.com"):
        anja.post(GIVE, **(SITE | {"site": site}))
    for one in store.grants.live(SCHOOL, LESSON):
        anja.post(f"{GIVE}/{one.id}/stop")
    made = kept(desk)
    buttons = re.findall(r'name="again" value="(\w+):([^"]+)"', quick(anja.page("/les/7")))
    assert buttons[0] == ("prepared", made.id)
    assert [kind for kind, _ in buttons] == ["prepared", "grant"]


@pytest.mark.parametrize(
    "wish",
    [
        Wish("7", category="games", view_only=True, minutes=30, goal="x"),
        Wish("7", item="film:les42"),
        Wish("7", site="social.com", pictures=True),
        Wish("7", pictures=True),
        Wish("7", site="leren.nl", also=("cdn.leren.nl",)),
        Wish("7", facet=Facet.PRINT),
        Wish("7", facet=Facet.WORDS, topics=("war",)),
        Wish("7", site="social.com", people=frozenset({"sam"}), whole_group=False),
        Wish("7", site="social.com", all_but=True, without=frozenset({"noor"})),
    ],
)
def test_every_kind_of_wish_is_kept_as_it_is(wish: Wish) -> None:
    assert prepared.wish_in(prepared.body_of(wish), "7") == wish


@pytest.mark.parametrize("body", [{}, {"sites": 1}, {"facet": "nowhere"}, {"people": None}])
def test_what_cannot_be_read_any_more_is_no_wish(desk: Desk, body: dict[str, object]) -> None:
    assert prepared.wish_in(body and prepared.body_of(WISH) | body, "7") is None


def test_a_colleague_sees_what_is_shared_and_whose_it_is(desk: Desk, store: Store, signed_in: SignIn) -> None:
    mine, shared = (
        kept(desk, name="Voor mij"),
        kept(desk, name="Voor ons", wish=Wish("7", site="games.com"), shared=True),
    )
    bram = signed_in("bram")
    page = bram.page("/les/8")
    assert "Voor mij" not in page and "Voor ons" in quick(page) and "Klaargezet door Anja de Vries" in quick(page)
    bram.post("/les/8/toestemming/opnieuw", again=f"prepared:{shared.id}")
    assert opens(store, "games.com", LESSON, "bo", "8") and not opens(store, "games.com", LESSON)
    assert "niet meer klaar" in bram.post("/les/8/toestemming/opnieuw", again=f"prepared:{mine.id}").text
    assert not opens(store, "social.com", LESSON, "bo", "8")


def test_nobody_changes_or_takes_away_what_is_a_colleagues(desk: Desk, store: Store, signed_in: SignIn) -> None:
    mine, shared = kept(desk, name="Voor mij"), kept(desk, name="Voor ons", shared=True)
    bram = signed_in("bram")
    for one in (mine, shared):
        assert bram.post(f"/les/8/klaar/{one.id}", name="Van Bram").status_code == 200
        bram.post(f"/les/8/klaar/{one.id}/weg")
    assert store.prepared.on_shelf(SCHOOL) == (mine, shared)
    assert bram.post(f"{READY}/{shared.id}", name="Van Bram").status_code == 404
    assert bram.post(f"{READY}/{shared.id}/weg").status_code == 404
    assert bram.get(READY).status_code == 404
    assert bram.get(GIVE).status_code == 404
    assert bram.post(f"{GIVE}/opnieuw", again=f"prepared:{shared.id}").status_code == 404


@pytest.mark.parametrize("who", [COR, RIA])
def test_the_office_takes_away_what_is_shared_and_nothing_else(desk: Desk, who: Member) -> None:
    mine, shared = kept(desk, name="Voor mij"), kept(desk, name="Voor ons", shared=True)
    assert prepared.remove(desk, who, "7", mine.id, LESSON).code == "dash.no.ready_gone"
    assert prepared.change(desk, who, "7", shared.id, "Anders", LESSON, shared=True).code == "dash.no.not_yours"
    assert prepared.remove(desk, who, "7", shared.id, LESSON).ok


def test_a_permission_of_another_group_is_not_given_again_here(desk: Desk, store: Store, signed_in: SignIn) -> None:
    signed_in("anja").post(GIVE, **SITE)
    mine = live(store)
    token = prepared.token_of(mine)
    assert prepared.wish_of(desk, BRAM, "8", token, LESSON) is None
    assert prepared.wish_of(desk, BRAM, "7", token, LESSON) is None
    assert prepared.give_again(desk, BRAM, "8", token, LESSON, confirmed=True).code == "dash.no.ready_gone"
    bram = signed_in("bram")
    bram.post("/les/8/klaar", again=token)
    assert store.prepared.on_shelf(SCHOOL) == ()
    for odd in ("", "grant:", "prepared:x", "x", "grant:x", "agreement:1"):
        assert "niet meer klaar" in bram.post("/les/8/toestemming/opnieuw", again=odd).text


def test_an_agreement_of_the_shelf_is_no_permission(desk: Desk, store: Store) -> None:
    made = store.prepared.add(
        SCHOOL,
        Prepared("", PreparedKind.AGREEMENT, "Toets", prepared.body_of(WISH), None, "anja", False, LESSON),
        LESSON,
    )
    assert prepared.ready_for([made], ANJA, "7") == ()
    assert prepared.wish_of(desk, ANJA, "7", f"prepared:{made.id}", LESSON) is None
    assert prepared.remove(desk, ANJA, "7", made.id, LESSON).code == "dash.no.ready_gone"


def test_the_rules_of_the_moment_count_and_not_those_of_before(desk: Desk, store: Store, signed_in: SignIn) -> None:
    made = kept(desk)
    with_policy(store, rule("never", facet=Facet.PLACE, sites=("social.com",), liftable_by=LiftableBy.NOBODY))
    page = signed_in("anja").post(f"{GIVE}/opnieuw", again=f"prepared:{made.id}").text
    assert "directie" in page and store.grants.live(SCHOOL, LESSON) == ()


def test_in_the_evening_something_is_kept_ready_and_nothing_is_given(
    store: Store, signed_in: SignIn, clock: Clock
) -> None:
    clock.now = EVENING
    anja = signed_in("anja")
    page = anja.page(GIVE)
    assert "Nu is er geen les" in page and "Zet klaar" in page and "main wide" not in page
    assert "Het staat klaar" in anja.post(GIVE, **SITE, keep="1", name="Morgen").text
    assert "alleen tijdens de les" in anja.post(GIVE, **SITE).text
    assert store.grants.live(SCHOOL, EVENING) == ()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"site": "adult.com"}, "voor iedereen dicht"),
        ({"site": "chat.com"}, "directie"),
        ({"site": "niet goed"}, "adres klopt niet"),
        ({"who": "some", "pupil": "sam", "shared": "1"}, "alleen voor uzelf"),
        ({"who": "but", "without": "noor", "shared": "1"}, "alleen voor uzelf"),
        ({"name": "Voor Sam", "shared": "1"}, "Noem geen kinderen"),
        ({"own_goal": "Noor helpt", "shared": "1"}, "Noem geen kinderen"),
        ({"who": "some", "pupil": "bo"}, "minstens één leerling"),
    ],
)
def test_what_may_not_be_kept_is_refused_and_what_was_typed_stays(
    store: Store, signed_in: SignIn, form: dict[str, str], sentence: str
) -> None:
    asked = {**SITE, "name": "Mijn lijstje", **form}
    page = signed_in("anja").post(GIVE, keep="1", **asked).text
    assert sentence in page and store.prepared.on_shelf(SCHOOL) == ()
    assert f'value="{asked["name"]}"' in page and f'value="{asked["site"]}"' in page


def test_without_a_name_it_is_called_what_it_opens(store: Store, signed_in: SignIn) -> None:
    signed_in("anja").post(GIVE, **SITE, keep="1")
    assert [one.name for one in store.prepared.on_shelf(SCHOOL)] == ["social.com"]


def test_what_was_given_before_is_kept_ready_with_one_tap(store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    anja.post(GIVE, **SITE, goal="werkstuk")
    page = anja.page(READY)
    token = page.partition('id="laatst"')[2].partition('name="again" value="')[2].partition('"')[0]
    assert token == f"grant:{live(store).id}"
    page = anja.post(READY, again=token).text
    assert "Het staat klaar" in page and 'id="laatst"' not in page
    (made,) = store.prepared.on_shelf(SCHOOL)
    assert (made.name, prepared.wish_in(made.body, "7")) == (
        "social.com",
        Wish("7", site="social.com", goal="werkstuk"),
    )


def test_one_renames_shares_and_takes_away_ones_own(desk: Desk, store: Store, signed_in: SignIn) -> None:
    made = kept(desk)
    anja = signed_in("anja")
    assert "Bewaard" in anja.post(f"{READY}/{made.id}", name="  Nieuwe   naam ", shared="1").text
    changed = store.prepared.get(SCHOOL, made.id)
    assert changed and (changed.name, changed.shared) == ("Nieuwe naam", True)
    page = anja.post(f"{READY}/{made.id}", name=" ", shared="1").text
    assert "Geef het een naam" in page
    page = anja.post(f"{READY}/{made.id}", name="Sam mag dit", shared="1").text
    assert "Noem geen kinderen" in page and 'value="Sam mag dit"' in page
    assert store.prepared.get(SCHOOL, made.id) == changed
    assert "Weggehaald" in anja.post(f"{READY}/{made.id}/weg").text
    assert store.prepared.on_shelf(SCHOOL) == ()
    assert "niet meer klaar" in anja.post(f"{READY}/{made.id}/weg").text


def test_what_is_about_single_children_stays_private_and_off_the_board(
    desk: Desk, store: Store, signed_in: SignIn
) -> None:
    some = kept(desk, wish=replace(WISH, people=frozenset({"sam"}), whole_group=False), name="Apart")
    kept(desk, wish=Wish("7", site="games.com"), name="Spel voor Noor")
    kept(desk, wish=Wish("7", site="film.com"), name="Film")
    assert some.group == "7"
    assert prepared.change(desk, ANJA, "7", some.id, "Apart", LESSON, shared=True).code == "dash.no.ready_people"
    anja = signed_in("anja")
    page = anja.page("/les/7")
    assert all(name in quick(page) for name in ("Apart", "Spel voor Noor", "Film"))
    anja.post("/bord", board="1", back="/les/7")
    for page in (anja.page("/les/7"), anja.page(READY)):
        assert "Film" in page
        assert not [name for name in ("Apart", "Noor", "Sam") if name in page]


def test_a_shelf_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST_KEPT", 1)
    kept(desk)
    assert prepared.keep(desk, ANJA, WISH, "Nog een", LESSON, shared=False).code == "dash.no.ready_many"
    assert prepared.keep(desk, BRAM, replace(WISH, group="8"), "Van Bram", LESSON, shared=False).ok


def test_a_phone_is_nothing_to_keep_ready(desk: Desk) -> None:
    phone = Wish("7", facet=Facet.CONNECT, people=frozenset({"sam"}), whole_group=False)
    assert prepared.keep(desk, ANJA, phone, "Telefoon", LESSON, shared=False).code == "dash.no.ready_phone"


def test_of_who_left_the_school_the_shared_ones_stay_without_a_name(
    desk: Desk, store: Store, signed_in: SignIn
) -> None:
    store.people.put_people(SCHOOL, [Person("vera", Role.TEACHER, "Vera Prins", ("7",))], "cor", LESSON)
    vera = Member("vera", Role.TEACHER, ("7",))
    kept(desk, vera, name="Gedeeld", shared=True)
    kept(desk, vera, name="Alleen Vera")
    store.people.remove_person(SCHOOL, "vera", "cor", LESSON)
    page = quick(signed_in("anja").page("/les/7"))
    assert "Gedeeld" in page and "een collega" in page and "Alleen Vera" not in page


@pytest.mark.parametrize(
    ("text", "said"), [("voor sam", True), ("Sam's werk", True), ("samen", False), ("", False), ("NOOR!", True)]
)
def test_a_childs_name_is_a_word_of_its_own(text: str, said: bool) -> None:
    assert prepared.mentions(text, ["Sam Pietersen", "Noor Jansen", ""]) is said
