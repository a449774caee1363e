"""The form of a permission, counted in taps: three at most for a new one, one for what is ready. Both sides at once.

Real Chromium, real guard. Typing is no tap; signing in is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from cli.demo.school import PASSWORD
from config.texts import say
from policy.decide import decide
from policy.model import (
    AccessRequest,
    Action,
    Basis,
    BasisKind,
    DeviceClass,
    Effect,
    Facet,
    HoldsIn,
    LiftableBy,
    Principal,
    Role,
    Rule,
    Strength,
)
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import DESKTOP, PHONE, SITE, sees_the_block_page, sign_in

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(600)]

TABLET = 820
FILM = "dQw4w9WgXcQ"
BLOCKED, FETCHED = 403, 404
PRINT = Rule(
    "own-print",
    Basis(BasisKind.SCHOOL),
    LiftableBy.TEACHER,
    HoldsIn.SCHOOL_HOURS,
    frozenset({Role.PUPIL}),
    Effect.DENY,
    facet=Facet.PRINT,
)


@dataclass
class Thumb:
    """A teacher's thumb: it counts."""

    page: Page
    taps: int = 0

    def tap(self, what: Locator) -> None:
        what.click()
        self.taps += 1

    def chip(self, name: str, value: str) -> None:
        self.tap(self.page.locator(f"#geef-formulier input[name={name}][value='{value}']"))

    def give(self) -> None:
        self.tap(self.page.locator("#geef-formulier").get_by_role("button", name=say("dash.give.go", "nl")))
        expect(self.page.locator("#part-open .item")).to_have_count(1, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def an_empty_lesson(play: Playground) -> None:
    """Nothing is open, nothing is ready, and this school decided about printing too."""
    school, now = play.desk.school, datetime.now(UTC)
    for grant in play.store.grants.live(school, now):
        play.store.grants.revoke(school, grant.id, "setup", now)
    for kept in play.store.prepared.on_shelf(school):
        play.store.prepared.remove(school, kept.id, "setup", now)
    policy = play.desk.snapshot(now).policy
    if PRINT not in policy.rules:
        play.store.policies.add(school, replace(policy, rules=(*policy.rules, PRINT)), "test", "setup", now)


def answers(play: Playground, url: str, **more: object) -> int:
    """What Noor's Chromebook gets; a site that is open and is not there gives no page of the guard's own rules."""
    return play.device("Noor").fetch(url, **more).status


def until(true: Callable[[], bool], page: Page) -> None:
    for _ in range(PATIENCE // 200):
        if true():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it never came")


def prints(play: Playground) -> bool:
    """Whether Noor's Chromebook would print, asked as it asks: of the newest state of the school."""
    now = datetime.now(UTC)
    who = Principal(Role.PUPIL, "p7-1", ("7",), "cb7-1", DeviceClass.PUPIL, Strength.PROVED)
    return decide(AccessRequest(Action.PRINT, who), play.desk.snapshot(now), now).open


def sent(play: Playground, kind: str, body: bytes) -> int:
    return answers(
        play,
        "https://kletsplein.test/foto",
        method="POST",
        body=body,
        headers={"Content-Type": kind},
    )


PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x11" * 400 + b"\xff\xd9"
MOVING = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 400


def test_every_kind_of_permission_is_given_in_three_taps_at_most_and_works_at_the_pupils_side(
    play: Playground, browsers: Browsers
) -> None:
    teacher, pupil = browsers.staff("anja", PHONE), browsers.pupil("Noor", PHONE)
    sign_in(teacher, play, "anja")
    words = "https://zoekmaar.test/zoek?q=halve+zool"

    def one(do: Callable[[Thumb], None], shut: Callable[[], bool], opened: Callable[[], bool], most: int) -> None:
        until(shut, teacher)
        thumb = Thumb(teacher)
        do(thumb)
        thumb.give()
        assert thumb.taps <= most <= 3
        until(opened, teacher)
        teacher.locator("#part-open .item").get_by_role("button", name=say("dash.open.stop", "nl")).click()
        expect(teacher.locator("#part-open .item")).to_have_count(0, timeout=PATIENCE)

    # A site, seen in the pupil's own browser: the waiting page opens by itself.
    types(pupil, SITE)
    sees_the_block_page(pupil)
    one(
        lambda thumb: teacher.fill("#site", "kletsplein.test"),
        lambda: answers(play, SITE) == BLOCKED,
        lambda: answers(play, SITE) == 200 and pupil.locator("#klets").count() == 1,
        1,
    )
    # A service by its name.
    one(
        lambda thumb: teacher.fill("#site", "instagram"),
        lambda: answers(play, "https://www.instagram.com/") == BLOCKED,
        lambda: answers(play, "https://www.instagram.com/") > 500,
        1,
    )

    def category(thumb: Thumb) -> None:
        thumb.chip("what", "category")
        thumb.chip("category", "video")

    films = "https://filmpjes.test/"
    one(category, lambda: answers(play, films) == BLOCKED, lambda: answers(play, films) == 200, 3)

    def video(thumb: Thumb) -> None:
        thumb.chip("what", "video")
        teacher.fill("input[name=video]", f"https://www.youtube.com/watch?v={FILM}&list=PL9")

    alone = "https://www.youtube-nocookie.com/embed/"
    one(
        video,
        lambda: answers(play, alone + FILM) == BLOCKED,
        lambda: (
            answers(play, alone + FILM) > 500
            and answers(play, alone + "9bZkp7q19f0") == BLOCKED
            and answers(play, "https://www.youtube.com/") == BLOCKED
        ),
        2,
    )

    def pictures(thumb: Thumb) -> None:
        thumb.chip("what", "pictures")
        teacher.fill("input[name=place]", "kletsplein.test")

    typed = {"method": "POST", "body": b"tekst=hoi", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    one(
        pictures,
        lambda: sent(play, "image/jpeg", PICTURE) == BLOCKED,
        lambda: (
            sent(play, "image/jpeg", PICTURE) == FETCHED
            and answers(play, SITE) == 200
            and sent(play, "video/mp4", MOVING) == BLOCKED
            and sent(play, "application/octet-stream", b"\x00\x01" * 300) == BLOCKED
            and answers(play, "https://kletsplein.test/bericht", **typed) == BLOCKED
        ),
        2,
    )
    one(
        lambda thumb: thumb.chip("what", "print"),
        lambda: not prints(play),
        lambda: prints(play),
        2,
    )

    def topic(thumb: Thumb) -> None:
        thumb.chip("what", "words")
        thumb.chip("topic", "war")

    one(topic, lambda: answers(play, words) == BLOCKED, lambda: answers(play, words) == 200, 3)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_what_is_kept_ready_opens_with_the_first_tap_after_signing_in(
    play: Playground, browsers: Browsers, width: int
) -> None:
    shots, school = Shots(width, number=200), play.desk.school
    teacher, pupil = browsers.staff("anja", width), browsers.pupil("Sem", width)
    sign_in(teacher, play, "anja")
    form = teacher.locator("#geef-formulier")
    teacher.fill("#site", "kletsplein.test")
    form.locator("details.keep > summary").click()
    form.locator("input[name=name]").fill("Interview op het plein")
    form.locator("input[name=shared]").check()
    form.locator("input[name=goal][value=onderzoek]").check()
    both(teacher, shots, "klaarzetten")
    form.get_by_role("button", name=say("dash.permit.keep_go", "nl")).click()
    expect(teacher.locator("#van-mij")).to_contain_text("Interview op het plein", timeout=PATIENCE)
    assert play.store.grants.live(school, datetime.now(UTC)) == ()
    both(teacher, shots, "klaar")
    types(pupil, SITE)
    sees_the_block_page(pupil)

    again = browsers.staff("anja-morgen", width)
    sign_in(again, play, "anja")
    thumb = Thumb(again)
    thumb.tap(again.get_by_role("button", name="Interview op het plein"))
    expect(again.locator("#part-open .item")).to_contain_text("kletsplein.test", timeout=PATIENCE)
    expect(again.locator(".note.told")).to_contain_text("Gelukt")
    assert thumb.taps == 1
    expect(pupil.locator("#klets")).to_have_count(1, timeout=PATIENCE)
    both(again, shots, "gegeven")

    # A colleague has it too, for his own group, and reads whose it is.
    bram = browsers.staff("bram", width)
    sign_in(bram, play, "bram")
    expect(bram.get_by_role("button", name="Interview op het plein")).to_contain_text("juf Anja", timeout=PATIENCE)
    both(bram, shots, "collega")
    bram.goto(f"{play.dashboard_url}/les/8/klaar")
    expect(bram.locator("#van-collegas")).to_contain_text("juf Anja", timeout=PATIENCE)
    both(bram, shots, "klaar-van-collega")
    # Stopped, it stands there again: of two that are the same there is one button.
    again.locator("#part-open .item").get_by_role("button", name=say("dash.open.stop", "nl")).click()
    same = again.locator(".quick button").filter(has_text="kletsplein.test").filter(has_not_text="foto")
    expect(same).to_have_count(1, timeout=PATIENCE)
    expect(same).to_contain_text("Interview op het plein")


@pytest.mark.parametrize("width", [PHONE, TABLET, 1440])
def test_the_form_in_every_state(play: Playground, browsers: Browsers, width: int) -> None:
    shots = Shots(width, number=220)
    teacher = browsers.staff("anja", width)
    sign_in(teacher, play, "anja")
    form = teacher.locator("#geef-formulier")
    both(teacher, shots, "formulier-site")
    for what in ("video", "category", "pictures", "print", "words"):
        form.locator(f"input[name=what][value={what}]").click()
        shots.take(teacher, "juf", f"formulier-{what}")
    form.locator("input[name=what][value=site]").click()
    form.locator("input[name=who][value=but]").click()
    shots.take(teacher, "juf", "formulier-behalve")
    # Nothing is lost of what was typed, and the sentence stands at its field.
    form.locator("input[name=what][value=video]").click()
    teacher.fill("input[name=video]", "https://www.youtube.com/playlist?list=PL1")
    teacher.fill("input[name=own_goal]", "de egel in de winter")
    form.get_by_label("Daan").last.check()
    form.get_by_role("button", name=say("dash.give.go", "nl")).click()
    wrong = teacher.locator("#fout-video")
    expect(wrong).to_contain_text("kanaal, een lijst", timeout=PATIENCE)
    expect(teacher.locator("input[name=video]")).to_have_value("https://www.youtube.com/playlist?list=PL1")
    expect(teacher.locator("input[name=own_goal]")).to_have_value("de egel in de winter")
    expect(teacher.locator("input[name=without]:checked")).to_have_count(1)
    both(teacher, shots, "geweigerd")
    assert teacher.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    teacher.fill("input[name=video]", f"https://youtu.be/{FILM}")
    teacher.get_by_role("button", name=say("dash.give.go", "nl")).click()
    card = teacher.locator("#part-open .item")
    expect(card).to_contain_text(FILM, timeout=PATIENCE)
    expect(card).to_contain_text("zonder 1 leerling")
    expect(teacher.locator(".note.told")).to_contain_text("Alleen dit ene filmpje")
    both(teacher, shots, "een-filmpje")


def test_everybody_except_one_is_everybody_except_one(play: Playground, browsers: Browsers) -> None:
    teacher = browsers.staff("anja", PHONE)
    sign_in(teacher, play, "anja")
    teacher.fill("#site", "kletsplein.test")
    thumb = Thumb(teacher)
    thumb.chip("who", "but")
    thumb.chip("without", "p7-1")
    thumb.give()
    assert thumb.taps == 3
    until(lambda: play.device("Sem").fetch(SITE).status == 200, teacher)
    assert answers(play, SITE) == BLOCKED


def test_without_a_script_the_form_gives_refuses_and_keeps(play: Playground, browsers: Browsers) -> None:
    shots = Shots(PHONE, number=240)
    with_script = browsers.staff("anja", PHONE)
    browser = with_script.context.browser
    assert browser is not None
    bare = browser.new_context(java_script_enabled=False, locale="nl-NL", viewport={"width": PHONE, "height": 844})
    page = bare.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{play.dashboard_url}/")
    page.fill("input[name=login]", "anja")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name=say("dash.sign_in.go", "nl")).click()
    page.wait_for_url("**/les/**")
    page.fill("#site", "klets plein")
    page.locator("#geef-formulier").get_by_role("button", name=say("dash.give.go", "nl")).click()
    expect(page.locator("#fout-site")).to_contain_text("adres klopt niet")
    expect(page.locator("#site")).to_have_value("klets plein")
    shots.take(page, "juf", "geweigerd-zonder-script")
    page.fill("#site", "kletsplein.test")
    page.get_by_role("button", name=say("dash.give.go", "nl")).click()
    expect(page.locator("#part-open .item")).to_contain_text("kletsplein.test")
    until(lambda: answers(play, SITE) == 200, with_script)
    now = datetime.now(UTC)
    (grant,) = play.store.grants.live(play.desk.school, now)
    assert grant.end <= now + timedelta(days=1)


def both(page: Page, shots: Shots, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, "juf", f"{what}-{scheme}")
    page.emulate_media(color_scheme="light")
