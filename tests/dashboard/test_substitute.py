"""A substitute takes one group over with a day code: who makes it, what it opens, and that it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from dashboard.access import matrix, open_to_substitutes
from dashboard.actions import substitute
from dashboard.actions.desk import Desk
from policy.model import Effect, Reason
from store import Store
from store.accounts import AccountState
from store.events import Event, What
from tests.cast import ANJA, BRAM, COR, IRIS, LESSON, RIA, at
from tests.dashboard.conftest import BASE, SCHOOL, Browser, Clock
from tests.dashboard.lessons import GIVE, SITE, ask, live, opens

TODAY, TOMORROW = "2026-11-23", "2026-11-24"
WRONG = "Deze code klopt niet of werkt niet meer."
CODE = re.compile(r'class="daycode">([2-9A-Z]{4}-[2-9A-Z]{4})<')
type Open = Callable[[], Browser]
type SignIn = Callable[[str], Browser]


def new_code(desk: Desk, group: str = "7", day: str = TODAY) -> str:
    made = substitute.make(desk, COR, group, day, LESSON)
    assert made.value is not None, made.code
    return made.value.code


def stands_in(browser: Open, code: str, name: str = "Jan Peters") -> Browser:
    new = browser()
    answer = new.post("/invallen", name=name, code=code)
    assert answer.request.path == "/invallen/vandaag", answer.request.path
    assert new.cookie()
    return new


def test_from_the_sign_in_page_to_a_permission_for_the_lesson(
    store: Store, browser: Open, signed_in: SignIn, clock: Clock
) -> None:
    anja = signed_in("anja")
    assert "/les/7/invaller" in anja.page("/les/7")
    found = CODE.search(anja.post("/les/7/invaller", day=TODAY).text)
    assert found
    assert found[1] not in anja.page("/les/7/invaller")  # told once
    jan = browser()
    assert "/invallen" in jan.page("/inloggen")
    welcome = jan.post("/invallen", name=" Jan  Peters ", code=found[1].lower().replace("-", " "))
    assert "Welkom, invaller Jan Peters." in welcome.text
    assert "tot 14:00" in welcome.text
    assert len(re.findall("<li>", welcome.text)) == 5
    assert jan.get("/", follow_redirects=True).request.path == "/les/7"
    assert "open tot 10:15" in jan.post(GIVE, **SITE).text
    assert opens(store, "social.com", clock.now)
    person = store.people.person(SCHOOL, live(store).by)
    assert person is not None and person.name == "invaller Jan Peters"
    assert "door invaller Jan Peters" in anja.page("/les/7")
    entered = next(entry for entry in store.audit.entries(SCHOOL) if entry.what == "day_code.enter")
    assert (entered.who, entered.targets) == (person.id, ("7", "anja"))


def test_a_substitute_is_a_teacher_of_one_group_and_of_nothing_else(
    app: Flask, desk: Desk, store: Store, browser: Open
) -> None:
    jan = stands_in(browser, new_code(desk))
    assert jan.get("/les/8").status_code == 404
    assert jan.post("/les/8/toestemming", **SITE).status_code == 404
    page = jan.page("/les/7")
    for closed in ("/maatregelen", "/fototoestemming", "/beheer", "/les/7/invaller", "/les/7/plaatjes"):
        assert closed not in page, closed
    token, tried = jan.token(), set()
    for rule in app.url_map.iter_rules():
        access = matrix(app)[rule.endpoint]
        if access.everybody or access.by_key or open_to_substitutes(rule.endpoint, rule.rule):
            continue
        path = re.sub(r"<[^>]*group>", "7", rule.rule)
        path = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", path)
        path = re.sub(r"<[^>]*>", "geen", path)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            headers = {"Origin": BASE, "Accept": "text/html"}
            data = {"csrf": token} if method == "POST" else None
            answer = jan.client.open(path, method=method, base_url=BASE, headers=headers, data=data)
            answer.close()
            assert answer.status_code == 403, (method, path, answer.status)
            tried.add(rule.endpoint)
    assert {"measures.noted", "measures.write", "registers.look", "substitute.make", "signing.pictures"} <= tried


def test_what_happened_before_she_came_is_not_for_a_substitute(
    desk: Desk, store: Store, browser: Open, clock: Clock
) -> None:
    store.incidents.report(SCHOOL, "eng.nl", LESSON - timedelta(hours=1), note="vroeger verteld", group="7")
    event = Event(What.BLOCKED, LESSON - timedelta(minutes=5), Effect.DENY, Reason.PLACE, host="vroeger.nl", group="7")
    store.events.add_batch(SCHOOL, [event], LESSON)
    jan = stands_in(browser, new_code(desk))
    store.incidents.report(SCHOOL, "eng.nl", clock.now, note="net verteld", group="7")
    later = replace(event, when=clock.now + timedelta(minutes=1), host="straks.nl")
    store.events.add_batch(SCHOOL, [later], LESSON)
    clock.on(minutes=2)
    page = jan.page("/les/7")
    assert "vroeger" not in page
    assert "net verteld" in page and "straks.nl" in page


def test_a_wrong_a_used_a_withdrawn_and_another_days_code_get_the_same_answer(desk: Desk, browser: Open) -> None:
    used, later = new_code(desk), new_code(desk, day=TOMORROW)
    stands_in(browser, used)
    withdrawn = new_code(desk)
    codes = desk.store.day_codes.standing(SCHOOL, "7", LESSON)
    (open_one,) = [code for code in codes if code.used is None and code.start < LESSON]
    assert substitute.end(desk, ANJA, "7", open_one.id, LESSON).ok
    visitor = browser()
    pages = {
        re.sub(r'value="[0-9a-f]{64}"', "", visitor.post("/invallen", name="Eva", code=code).text)
        for code in ("AAAA-2222", "", used, withdrawn, later)
    }
    assert len(pages) == 1
    assert WRONG in pages.pop()
    assert not visitor.cookie()


@pytest.mark.evasion("E25")
def test_after_ten_tries_of_one_address_one_waits_and_the_right_code_waits_too(
    desk: Desk, browser: Open, clock: Clock
) -> None:
    code, visitor = new_code(desk), browser()
    for number in range(10):
        assert WRONG in visitor.post("/invallen", name="Eva", code=f"AAAA-22{number:02}").text
    assert "Te vaak geprobeerd" in visitor.post("/invallen", name="Eva", code=code).text
    assert not visitor.cookie()
    clock.on(minutes=16)
    stands_in(browser, code)


@pytest.mark.evasion("E25")
def test_who_keeps_trying_at_one_address_keeps_no_substitute_out_at_another(desk: Desk) -> None:
    for _ in range(200):
        assert not substitute.enter(desk, "Eva", "AAAA-2222", "10.7.0.9", LESSON).ok
    assert substitute.enter(desk, "Jan", new_code(desk), "10.7.0.10", LESSON).ok


@pytest.mark.evasion("E25")
def test_many_addresses_together_wait_too(desk: Desk) -> None:
    ends = [substitute.enter(desk, "Eva", "AAAA-2222", f"10.7.0.{number}", LESSON).code for number in range(61)]
    assert set(ends[:60]) == {"dash.no.day_code"}
    assert ends[60] == "dash.no.wait"


def test_a_substitute_says_who_she_is(desk: Desk, browser: Open) -> None:
    code, visitor = new_code(desk), browser()
    for name in ("", " ", "J", "\u200b\u200b", "invaller"):
        assert "Vul uw naam in." in visitor.post("/invallen", name=name, code=code).text
    assert substitute.enter(desk, "Invaller  Jan\nPeters", code, "a", LESSON).ok
    names = {person.name for person in desk.store.people.persons(SCHOOL)}
    assert "invaller Jan Peters" in names


def test_a_code_works_once_and_again_only_when_the_teacher_says_so(
    desk: Desk, store: Store, browser: Open, signed_in: SignIn
) -> None:
    code, anja = new_code(desk), signed_in("anja")
    first = stands_in(browser, code)
    assert WRONG in browser().post("/invallen", name="Jan", code=code).text
    (standing,) = store.day_codes.standing(SCHOOL, "7", LESSON)
    assert "werkt nog één keer" in anja.post(f"/les/7/invaller/{standing.id}/weer").text
    assert first.get("/les/7").status_code == 200
    second = stands_in(browser, code, "Jan")
    assert first.get("/les/7").status_code == 303
    assert second.get("/les/7").status_code == 200
    (after,) = store.day_codes.standing(SCHOOL, "7", LESSON)
    assert after.person != standing.person
    left = store.people.person(SCHOOL, standing.person or "")
    assert left is not None and left.groups == ()


def test_the_groups_teacher_sees_the_substitute_and_ends_it_at_once(
    desk: Desk, store: Store, browser: Open, signed_in: SignIn
) -> None:
    anja, jan = signed_in("anja"), stands_in(browser, new_code(desk))
    page = anja.page("/les/7")
    assert "Invaller Jan Peters is er, tot 14:00" in page
    (standing,) = store.day_codes.standing(SCHOOL, "7", LESSON)
    answer = anja.post(f"/les/7/invaller/{standing.id}/stop", back="les")
    assert answer.request.path == "/les/7"
    assert "De invaller is uitgelogd" in answer.text
    assert "is er, tot" not in anja.page("/les/7")
    assert jan.get("/les/7").status_code == 303
    assert "Invaller Jan Peters" not in jan.page("/inloggen")
    account = store.accounts.get(SCHOOL, standing.account or "")
    assert account is not None and account.state is AccountState.CLOSED
    assert {"day_code.make", "day_code.enter", "day_code.end"} <= {e.what for e in store.audit.entries(SCHOOL)}


def test_the_live_screen_of_a_substitute_ends_with_the_code(
    desk: Desk, store: Store, browser: Open, clock: Clock
) -> None:
    jan = stands_in(browser, new_code(desk))
    answer = jan.client.get("/les/7/stroom", base_url=BASE, headers={"Accept": "text/event-stream"}, buffered=False)
    events = iter(answer.response)
    assert "hx-partial" in next(events).decode()
    (standing,) = store.day_codes.standing(SCHOOL, "7", LESSON)
    assert substitute.end(desk, ANJA, "7", standing.id, clock.now).ok
    rest = [event.decode() for event in events]
    assert rest[-1] == "event: weg\ndata: 1\n\n"
    answer.close()


def test_school_ends_and_so_does_the_substitute(desk: Desk, browser: Open, clock: Clock) -> None:
    jan = stands_in(browser, new_code(desk))
    for moment in ("10:45", "12:30", "13:59"):  # used now and then, as on a school day
        clock.now = at(moment)
        assert jan.get("/les/7").status_code == 200, moment
    clock.now = at("14:00")
    answer = jan.get("/les/7", follow_redirects=True)
    assert answer.request.path == "/inloggen"
    desk.store.purge(SCHOOL, clock.now)
    assert not any(substitute.is_substitute(one.id) and one.groups for one in desk.store.people.persons(SCHOOL))


def test_a_code_for_tomorrow_works_tomorrow(desk: Desk, browser: Open, signed_in: SignIn, clock: Clock) -> None:
    cor = signed_in("cor")
    page = cor.page("/les/7/invaller")
    assert "Code voor vandaag" in page and "Code voor dinsdag 24-11" in page
    found = CODE.search(cor.post("/les/7/invaller", day=TOMORROW).text)
    assert found
    assert WRONG in browser().post("/invallen", name="Jan", code=found[1]).text
    clock.now = at("08:00", TOMORROW)
    stands_in(browser, found[1])


def test_no_code_is_made_for_a_day_without_school(desk: Desk) -> None:
    for day in ("2026-11-22", "2026-11-25", "2026-12-21", "", "morgen"):
        assert substitute.make(desk, ANJA, "7", day, LESSON).code == "dash.no.substitute_day"


def test_who_may_let_a_substitute_in(desk: Desk, store: Store, browser: Open, signed_in: SignIn) -> None:
    for who in (ANJA, COR, RIA):
        assert substitute.make(desk, who, "7", TODAY, LESSON).ok
    jan = stands_in(browser, new_code(desk))
    person = next(one for one in store.people.persons(SCHOOL) if substitute.is_substitute(one.id))
    herself = replace(ANJA, id=person.id)
    for who in (BRAM, IRIS, herself):
        assert substitute.make(desk, who, "7", TODAY, LESSON).code == "dash.no.not_yours"
    (standing, *_) = store.day_codes.standing(SCHOOL, "7", LESSON)
    for who in (BRAM, IRIS, herself):
        assert substitute.end(desk, who, "7", standing.id, LESSON).code == "dash.no.gone"
        assert substitute.allow_again(desk, who, "7", standing.id, LESSON).code == "dash.no.gone"
        assert substitute.present(desk, who, "7", LESSON) == ()
    for login in ("bram", "iris"):
        visitor = signed_in(login)
        assert visitor.get("/les/7/invaller").status_code == 404
        assert visitor.post("/les/7/invaller", day=TODAY).status_code == 404
        assert visitor.post(f"/les/7/invaller/{standing.id}/stop").status_code == 404
        assert visitor.post(f"/les/7/invaller/{standing.id}/weer").status_code == 404
    assert jan.get("/les/7").status_code == 200


def test_a_code_of_one_group_is_not_touched_through_another(desk: Desk, store: Store, signed_in: SignIn) -> None:
    new_code(desk)
    (standing,) = store.day_codes.standing(SCHOOL, "7", LESSON)
    bram = signed_in("bram")
    for what in ("stop", "weer"):
        assert "bestaat niet meer" in bram.post(f"/les/8/invaller/{standing.id}/{what}").text
    assert store.day_codes.standing(SCHOOL, "7", LESSON) == (standing,)


def test_a_group_that_is_gone_lets_nobody_in(desk: Desk, store: Store) -> None:
    code = new_code(desk, "8")
    store.people.remove_group(SCHOOL, "8", "cor", LESSON)
    assert substitute.enter(desk, "Jan", code, "a", LESSON).code == "dash.no.day_code"


def test_who_was_signed_in_before_is_so_no_longer(desk: Desk, store: Store, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    before = anja.cookie()
    anja.post("/invallen", name="Jan", code=new_code(desk))
    assert anja.cookie() != before
    assert store.accounts.session(SCHOOL, before, LESSON) is None


def test_signing_out_leaves_nothing_on_a_shared_laptop(desk: Desk, browser: Open) -> None:
    jan = stands_in(browser, new_code(desk))
    answer = jan.get("/les/7")
    assert answer.headers["Cache-Control"] == "no-store"
    jan.post("/uitloggen")
    assert not jan.cookie()
    assert jan.get("/les/7").status_code == 303


def test_the_office_makes_no_staff_of_a_substitute(desk: Desk, store: Store, browser: Open, signed_in: SignIn) -> None:
    cor, jan = signed_in("cor"), stands_in(browser, new_code(desk))
    person = next(one for one in store.people.persons(SCHOOL) if substitute.is_substitute(one.id))
    assert "Jan Peters" not in cor.page("/beheer/medewerkers")
    cor.post(f"/beheer/mens/{person.id}/link")
    cor.post(f"/beheer/mens/{person.id}/groepen", groups="8")
    assert jan.get("/les/8").status_code == 404
    assert store.accounts.find(SCHOOL, "jan") is None


def test_on_a_board_there_is_no_code_and_no_name(desk: Desk, store: Store, browser: Open, signed_in: SignIn) -> None:
    anja = signed_in("anja")
    stands_in(browser, new_code(desk))
    anja.post("/bord", board="1")
    assert "Jan Peters" not in anja.page("/les/7")
    assert not CODE.search(anja.post("/les/7/invaller", day=TODAY).text)
    assert "Jan Peters" not in anja.get("/les/7/invaller").text


def test_a_substitute_answers_a_pupil(desk: Desk, store: Store, browser: Open) -> None:
    jan, asked = stands_in(browser, new_code(desk)), ask(store)
    assert "Ja doorgegeven" in jan.post(f"/les/7/vraag/{asked.id}", answer="yes").text
    assert opens(store, "social.com", LESSON)


def test_nobody_is_asked_about_a_substitute(desk: Desk, browser: Open, signed_in: SignIn) -> None:
    stands_in(browser, new_code(desk))
    ria = signed_in("ria")
    for path in ("/beheer/toestemming/personeel", "/beheer/registers", "/maatregelen/uitzonderingen"):
        answer = ria.get(path)
        assert answer.status_code == 200 and "Jan Peters" not in answer.text, path


def test_who_signs_out_is_asked_about_what_is_still_open(desk: Desk, browser: Open) -> None:
    jan = stands_in(browser, new_code(desk))
    jan.post(GIVE, **SITE)
    answer = jan.post("/uitloggen")
    assert answer.status_code == 200
    assert answer.request.path == "/afmelden"
    jan.post("/uitloggen", how="stop")
    assert desk.store.grants.live(SCHOOL, LESSON) == ()
    assert not jan.cookie()
