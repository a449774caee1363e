"""Bekijk eerst: what a pupil of the group would get, and what would be given along with it. The real look at a page."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from config.texts import say
from dashboard.actions.desk import Desk
from dashboard.actions.permission import MOST_ALSO, Wish
from dashboard.actions.preview import Doing, Gets, Preview, preview
from policy.model import Action, Effect, Facet, LiftableBy, Reason, Role
from policy.pageneeds import Peeked, Trouble, Use
from proxy_addons.egress import Egress
from proxy_addons.peek import Peek, trusting
from store import Store
from tests.cast import ANJA, BRAM, BREAK, COR, EVENING, IRIS, LESSON, RIA, rule
from tests.dashboard.conftest import SCHOOL, Browser, Clock
from tests.dashboard.lessons import GIVE, live, opens, with_policy
from tests.proxy_addons.origins import Ca
from tests.proxy_addons.test_peek import HTML, Origin, answer

PAGE = b"""<!doctype html><title>Klas</title>
<script src="https://leren.nl/a.js"></script><img src="https://games.com/plaatje.png">
<script src="https://chat.com/knop.js"></script><img src="https://x.com/tr?id=1" width="1" height="1">
<iframe src="https://adult.com/"></iframe>
"""
CSP = b"Content-Security-Policy: connect-src https://eigenspel.nl\r\n"
LOOK = "/les/7/voorbeeld"
ASK = {"what": "site", "site": "social.com", "who": "all", "minutes": "lesson"}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    return Ca(tmp_path_factory.mktemp("ca"), "Test CA")


@pytest.fixture
def origin(ca: Ca) -> Iterator[Origin]:
    one = Origin(
        ca.context("social.com", "www.social.com", "naar.nl", "adult.com", "film.com", "klas.nl", "open-social.nl")
    )
    one.says["/"] = answer(PAGE, HTML + CSP)
    yield one
    one.close()


@pytest.fixture
def peek(ca: Ca, origin: Origin) -> Iterator[Peek]:
    names = ("social.com", "www.social.com", "naar.nl", "adult.com", "film.com", "klas.nl", "open-social.nl")
    one = Peek(Egress(hosts={f"{name}:443": f"127.0.0.1:{origin.port}" for name in names}), trusting(ca.crt), within=4)
    yield one
    one.close()


@pytest.fixture
def looking(app: Flask, peek: Peek) -> Flask:
    app.extensions["klaswacht_peek"] = peek
    return app


def seen(desk: Desk, peek, wish: Wish | None = None, who=ANJA, now=LESSON) -> Preview:
    outcome = preview(desk, who, wish or Wish("7", "social.com"), now, peek)
    assert outcome.value is not None, outcome.code
    return outcome.value


def gets(found: Preview) -> dict[str, Gets]:
    return {one.host: one.gets for one in found.hosts}


# --- the answer ------------------------------------------------------------------------------------------------------


def test_what_is_closed_is_told_with_why_and_what_a_permission_changes(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek)
    assert (found.now.effect, found.now.reason, found.now.clauses) == (Effect.DENY, Reason.PLACE, ("school.1",))
    assert found.then is not None and found.then.open and not found.ahead
    done = {one.doing: (one.now.open, one.then.open) for one in found.doings}
    assert done[Doing.CHAT] == (False, False), "of chat a clause says that nobody lifts it"
    assert done[Doing.POST] == (False, True)
    assert done[Doing.SEARCH] == (False, False) and done[Doing.TEXT] == (False, False)
    assert Doing.PRINT not in done, "this school has no rule for printing"


def test_a_preview_opens_nothing_for_anybody_and_leaves_no_row(desk: Desk, peek: Peek, store: Store) -> None:
    before = store.revision(SCHOOL), store.events.last_id(SCHOOL)
    seen(desk, peek)
    assert (store.revision(SCHOOL), store.events.last_id(SCHOOL)) == before
    assert store.grants.live(SCHOOL, LESSON) == ()
    assert not opens(store, "social.com", LESSON)


def test_looking_alone_opens_the_place_and_not_what_is_done_there(desk: Desk, peek: Peek, store: Store) -> None:
    with_policy(store, rule("post", facet=Facet.ACTION, actions=frozenset({Action.POST})))
    full, view = seen(desk, peek), seen(desk, peek, Wish("7", "social.com", view_only=True))
    posted = [next(one.then.open for one in found.doings if one.doing is Doing.POST) for found in (full, view)]
    assert posted == [True, False]
    assert view.then is not None and view.then.open


def test_what_may_not_be_permitted_says_so_and_still_tells_what_is_there(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek, Wish("7", "chat.com"))
    assert (found.then, found.grant, found.refusal) == (None, None, "dash.no.not_liftable")
    assert found.now.reason is Reason.PLACE and found.now.liftable_by is LiftableBy.NOBODY


def test_outside_lessons_the_next_lesson_is_shown(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek, now=EVENING)
    assert found.ahead and found.at > EVENING
    assert not found.now.open and found.then is not None and found.then.open
    assert not seen(desk, peek, now=BREAK).ahead, "in this school a break is no reason to permit nothing"


def test_with_pupils_chosen_it_is_what_one_of_them_would_get(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek, Wish("7", "social.com", people=frozenset({"sam"}), whole_group=False))
    assert found.then is not None and found.then.open


def test_consent_is_counted_and_those_who_have_it_get_it(desk: Desk, peek: Peek, store: Store) -> None:
    with_policy(store, rule("consented", facet=Facet.PLACE, sites=("social.com",), consent=True))
    found = seen(desk, peek)
    assert found.missing is not None and found.missing.left_out == frozenset({"noor"})
    assert found.then is not None and found.then.open


# --- the other hosts -------------------------------------------------------------------------------------------------


def test_the_hosts_that_a_page_needs_are_judged_as_the_gate_would(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek)
    assert found.trouble is None and found.whole
    assert gets(found) == {
        "leren.nl": Gets.WORKS,
        "games.com": Gets.CLOSED,
        "chat.com": Gets.CLOSED,
        "adult.com": Gets.CLOSED,
        "x.com": Gets.COUNTING,
        "eigenspel.nl": Gets.MAYBE,
    }
    takes = {one.host: one.takes for one in found.hosts}
    assert takes["games.com"] == "games.com" and takes["eigenspel.nl"] == "eigenspel.nl"
    assert takes["chat.com"] == "", "nobody lifts that"
    assert takes["adult.com"] == "", "nobody ever lifts that"
    assert takes["x.com"] == "", "nobody needs a counter"
    assert next(one.uses for one in found.hosts if one.host == "games.com") == (Use.PICTURE,)


def test_what_is_taken_along_works(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek, Wish("7", "social.com", also=("games.com",)))
    games = next(one for one in found.hosts if one.host == "games.com")
    assert (games.now, games.gets, games.with_it, games.takes) == (Gets.CLOSED, Gets.WORKS, True, "")
    assert found.grant is not None and found.grant.sites == ("social.com", "games.com")


def test_during_an_agreement_what_only_loads_along_is_told_apart(desk: Desk, peek: Peek, store: Store) -> None:
    from policy.model import Agreement

    agreed = Agreement(
        "",
        LESSON - timedelta(minutes=1),
        LESSON + timedelta(hours=1),
        frozenset({"7"}),
        frozenset(),
        ("klas.nl",),
        "doel",
    )
    store.measures.start_agreement(SCHOOL, agreed, LESSON)
    found = seen(desk, peek, Wish("7", "klas.nl"))
    assert gets(found)["leren.nl"] is Gets.BACKGROUND
    assert gets(found)["games.com"] is Gets.CLOSED


def test_a_known_service_is_told_from_our_own_data_and_not_fetched(desk: Desk, peek: Peek, origin: Origin) -> None:
    found = seen(desk, peek, Wish("7", "film.com"))
    assert found.service == "Film" and origin.asked == []
    assert gets(found) == {"fi.lm": Gets.WORKS, "filmcdn.com": Gets.WORKS, "shared.net": Gets.WORKS}
    assert {one.host: one.now for one in found.hosts}["filmcdn.com"] is Gets.CLOSED


def test_one_video_is_shown_as_that_video_alone(desk: Desk, peek: Peek, origin: Origin) -> None:
    found = seen(desk, peek, Wish("7", "https://film.com/watch?v=abc123"))
    assert found.item and found.then is not None and found.then.open and origin.asked == []
    assert not any(one.takes for one in found.hosts)


def test_a_kind_of_sites_is_shown_by_one_that_we_know(desk: Desk, peek: Peek) -> None:
    found = seen(desk, peek, Wish("7", category="video"))
    assert found.site == "film.com" and found.then is not None and found.then.open
    assert preview(desk, ANJA, Wish("7", category="games"), LESSON, peek).code == "dash.no.what"


def test_what_is_locked_is_never_fetched_typed_or_by_way_of_another(desk: Desk, peek: Peek, origin: Origin) -> None:
    found = seen(desk, peek, Wish("7", "adult.com"))
    assert (found.trouble, found.refusal, found.hosts) == (Trouble.LOCKED, "dash.no.locked", ())
    assert origin.asked == []
    origin.says["/weg"] = b"HTTP/1.1 302 Found\r\nLocation: https://adult.com/\r\n\r\n"
    found = seen(desk, peek, Wish("7", "https://naar.nl/weg"))
    assert found.trouble is Trouble.LOCKED
    assert [asked.split(b" ")[1] for asked in origin.asked] == [b"/weg"]


def test_a_site_that_sends_on_says_where_to_and_that_must_be_open_too(desk: Desk, peek: Peek, origin: Origin) -> None:
    origin.says["/weg"] = b"HTTP/1.1 302 Found\r\nLocation: https://social.com/\r\n\r\n"
    found = seen(desk, peek, Wish("7", "https://naar.nl/weg"))
    assert found.landed == "social.com"
    first = found.hosts[0]
    assert (first.host, first.uses, first.gets, first.takes) == ("social.com", (Use.ONWARD,), Gets.CLOSED, "social.com")


def test_without_anything_that_looks_the_answer_is_there_all_the_same(desk: Desk) -> None:
    found = seen(desk, None)
    assert found.trouble is Trouble.AWAY and found.then is not None and found.then.open


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [ANJA, COR, RIA])
def test_whoever_may_permit_may_look(desk: Desk, peek: Peek, who) -> None:
    assert seen(desk, peek, who=who).then is not None


def test_nobody_else_may(desk: Desk, peek: Peek, origin: Origin, store: Store) -> None:
    staff = replace(ANJA, id="stan", role=Role.STAFF)
    for who in (BRAM, IRIS, staff, replace(ANJA, role=Role.PUPIL), replace(ANJA, role=Role.COUNSELLOR)):
        assert preview(desk, who, Wish("7", "social.com"), LESSON, peek).code == "dash.no.not_yours"
    assert origin.asked == []
    with_policy(store, interns=True)
    assert seen(desk, peek, who=IRIS).then is not None


@pytest.mark.parametrize("typed", ["", "   ", "geen adres", "co.uk", "ftp://social.com/", "http://", "127.0.0.1:99999"])
def test_what_is_no_address_is_said_so(desk: Desk, peek: Peek, origin: Origin, typed: str) -> None:
    outcome = preview(desk, ANJA, Wish("7", typed), LESSON, peek)
    assert outcome.code in ("dash.no.bad_site", "dash.no.what") and origin.asked == []


@pytest.mark.parametrize("typed", ["127.0.0.1", "http://169.254.169.254/", "https://[::1]/", "2130706433", "10.0.0.5"])
def test_no_address_inside_is_looked_at(desk: Desk, peek: Peek, origin: Origin, typed: str) -> None:
    outcome = preview(desk, ANJA, Wish("7", typed), LESSON, peek)
    if outcome.value is not None:
        assert outcome.value.trouble in (Trouble.REFUSED, Trouble.LOCKED)
        assert outcome.value.hosts == ()
    assert origin.asked == []


# --- the screen ------------------------------------------------------------------------------------------------------


def test_the_page_says_it_all_and_gives_with_one_tap(
    looking: Flask, signed_in: Callable[[str], Browser], store: Store
) -> None:
    anja = signed_in("anja")
    assert say("preview.go", "nl") in anja.page(LOOK)
    page = anja.post(LOOK, **ASK).text
    for code in (
        "preview.now",
        "preview.then",
        "preview.granted",
        "preview.doings",
        "preview.group.counting",
        "preview.take",
    ):
        assert say(code, "nl") in page, code
    assert "Alleen met toestemming." in page, "the school's own words"
    assert '<input type="checkbox" name="also" value="games.com" checked>' in page
    assert '<input type="checkbox" name="also" value="eigenspel.nl">' in page
    assert 'rel="noreferrer noopener"' in page and 'target="_blank"' in page
    assert "Klas</title>" not in page, "nothing of the page itself is shown"
    with_it = anja.post(LOOK, **ASK, also=["games.com"]).text
    assert say("preview.taking", "nl", sites="social.com, games.com") in with_it
    assert '<input type="hidden" name="also" value="games.com">' in with_it
    anja.post(GIVE, **ASK, also=["games.com"])
    assert live(store).sites == ("social.com", "games.com")
    assert opens(store, "games.com", LESSON) and opens(store, "social.com", LESSON)


def test_a_permission_with_a_bad_companion_is_not_given(signed_in: Callable[[str], Browser], store: Store) -> None:
    anja = signed_in("anja")
    for also in (["niet goed_"], ["adult.com"], ["chat.com"], [f"s{n}.nl" for n in range(MOST_ALSO + 1)]):
        anja.post(GIVE, **ASK, also=also)
        assert store.grants.live(SCHOOL, LESSON) == ()


def test_what_was_filled_in_comes_along(looking: Flask, signed_in: Callable[[str], Browser]) -> None:
    form = {**ASK, "who": "some", "pupil": "sam", "minutes": "30", "mode": "view", "goal": "vulkanen <b>"}
    page = signed_in("anja").post(LOOK, **form).text
    for name, value in (("pupil", "sam"), ("minutes", "30"), ("mode", "view"), ("goal", "vulkanen &lt;b&gt;")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page


def test_a_class_reads_no_name_and_nothing_of_consent(
    looking: Flask, signed_in: Callable[[str], Browser], store: Store
) -> None:
    with_policy(store, rule("consented", facet=Facet.PLACE, sites=("social.com",), consent=True))
    anja = signed_in("anja")
    private = anja.post(LOOK, **ASK).text
    assert say("dash.consent.one", "nl") in private and "Noor" not in private
    anja.client.set_cookie("__Host-klaswacht-bord", "1", domain="wacht.school")
    board = anja.post(LOOK, **{**ASK, "pupil": "sam", "who": "some"}).text
    assert say("preview.then", "nl") in board
    for never in (say("dash.consent.one", "nl"), say("preview.consent", "nl"), "Noor", "Sam", 'value="sam"'):
        assert never not in board


def test_another_group_does_not_exist_and_others_have_no_business_here(
    looking: Flask, signed_in: Callable[[str], Browser], origin: Origin
) -> None:
    for login, code in (("bram", 404), ("iris", 404), ("stan", 403), ("coen", 403)):
        browser = signed_in(login)
        assert browser.get(LOOK).status_code == code, login
        assert browser.post(LOOK, **ASK).status_code == code, login
    assert signed_in("anja").post("/les/bestaat-niet/voorbeeld", **ASK).status_code == 404
    assert origin.asked == []
    for login in ("cor", "ria"):
        assert say("preview.then", "nl") in signed_in(login).post(LOOK, **ASK).text


def test_a_group_that_is_not_there_is_no_page_for_the_office_either(
    looking: Flask, signed_in: Callable[[str], Browser]
) -> None:
    assert signed_in("cor").get("/les/bestaat-niet/voorbeeld").status_code == 404


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_is_told_in_a_friendly_way(
    app: Flask, signed_in: Callable[[str], Browser], trouble: Trouble
) -> None:
    class Ends:
        def __call__(self, *_: object) -> Peeked:
            return Peeked(trouble)

    app.extensions["klaswacht_peek"] = Ends()
    page = signed_in("anja").post(LOOK, **ASK).text
    assert say(f"preview.trouble.{trouble.value}", "nl") in unescape(page)
    helps = trouble not in (Trouble.REFUSED, Trouble.LOCKED, Trouble.NOWHERE, Trouble.CERTIFICATE)
    assert (say("preview.give", "nl") in page) is helps, "where pupils do not get either, no permission is offered"
    assert (say("preview.then", "nl") in page) is helps
    assert ('rel="noreferrer noopener"' in page) is (trouble not in (Trouble.REFUSED, Trouble.LOCKED))


def test_nothing_that_was_typed_stands_in_an_address_or_a_log(
    looking: Flask, signed_in: Callable[[str], Browser], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    answer_ = signed_in("anja").post(LOOK, **{**ASK, "site": "https://social.com/geheim?q=woord"})
    assert "geheim" not in answer_.request.path + answer_.request.query_string.decode()
    assert "geheim" not in caplog.text


def test_in_the_evening_it_is_shown_and_not_given(
    looking: Flask, signed_in: Callable[[str], Browser], clock: Clock
) -> None:
    anja = signed_in("anja")
    clock.now = EVENING - timedelta(hours=3)
    anja = signed_in("anja")
    page = anja.post(LOOK, **ASK).text
    assert say("preview.ahead_head", "nl") in page and say("preview.give", "nl") not in page


def test_the_real_look_finds_no_name_server_here_and_says_so(desk: Desk, ca: Ca) -> None:
    one = Peek(Egress(), trusting(ca.crt), within=2)

    async def none(*_args: object, **_more: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    one._running()
    one.egress._resolve = none
    assert seen(desk, one).trouble is Trouble.NOWHERE
    one.close()
