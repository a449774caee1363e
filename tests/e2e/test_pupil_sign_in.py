"""Signing in on shared computers, both sides at once: the code on the board, the teacher's word, and own pictures.

Real Chromium, real guard with two workers, real dashboard. Browsers of computers that nobody registered reach the guard
from network addresses of their own (a relay on loopback), through the port of their group.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from cli.demo.browser import find_chromium
from config.texts import say
from policy.model import Grant, Role
from tests.e2e.browsing import types
from tests.e2e.conftest import PATIENCE, Browsers, Shots, _context
from tests.e2e.playground import Playground
from tests.e2e.test_main_job import PHONE, SITE, sees_the_block_page, sign_in, wait_until

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(300)]

SEM, NOOR = "p7-2", "p7-1"
WIE = "https://wie.klaswacht.internal/"
PICTURES = ("zon", "vis", "sleutel")


class From:
    """Takes connections on loopback and brings them to a port from another address of this machine."""

    def __init__(self, port: int, source: str) -> None:
        self._to, self._source = port, source
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _take(self) -> None:
        while True:
            try:
                mine, _ = self._listener.accept()
            except OSError:
                return
            try:
                theirs = socket.create_connection(("127.0.0.1", self._to), source_address=(self._source, 0))
            except OSError:
                mine.close()
                continue
            for one, other in ((mine, theirs), (theirs, mine)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for side in (one, other):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def relays(play: Playground) -> Iterator[list[From]]:
    opened: list[From] = []
    yield opened
    for one in opened:
        one.close()


@pytest.fixture(autouse=True)
def nobody_yet(play: Playground) -> None:
    school, now = play.desk.school, datetime.now(UTC)
    for group in ("7", "8"):
        play.store.class_codes.close(school, group, "setup", now)
        for one in play.store.sign_ins.of_group(school, group, now):
            play.store.sign_ins.stop(school, one.id, group, now)
            play.store.sign_ins.refuse(school, one.id, group, "setup", now)
    for pupil in (SEM, NOOR):
        play.store.pictures.forget(school, pupil, "setup", now)
    for grant in play.store.grants.live(school, now):
        play.store.grants.revoke(school, grant.id, "setup", now)


def shared(browsers: Browsers, play: Playground, relays: list[From], source: str, width: int, **more: object) -> Page:
    """The browser of a computer in the cart: no key, a network address of its own, the port of group 7."""
    relay = From(play.groups["7"], source)
    relays.append(relay)
    profile = browsers.profile(f"kar-{source}-{width}-{len(browsers.opened)}")
    browser = browsers.engine.chromium.launch(
        executable_path=find_chromium(),
        env={**os.environ, **profile.environment()},
        args=[*profile.flags(), "--disable-gpu"],
        proxy={"server": f"http://127.0.0.1:{relay.port}"},
    )
    browsers.opened.append(browser)
    context = (
        _context(browser, width) if not more else browser.new_context(viewport={"width": width, "height": 800}, **more)
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page


def code_on(page: Page) -> str:
    expect(page.locator(".signing .code b")).to_have_count(4, timeout=PATIENCE)
    return "".join(page.locator(".signing .code b").all_inner_texts())


def lets_sign_in(teacher: Page) -> str:
    teacher.get_by_role("button", name=say("dash.signing.open", "nl"), exact=True).click()
    return code_on(teacher)


def types_the_code(pupil: Page, code: str) -> None:
    pupil.fill("#code", code)
    pupil.get_by_role("button", name=say("page.sign.on", "nl"), exact=True).click()
    expect(pupil.locator("h1")).to_have_text(say("page.sign.who", "nl"), timeout=PATIENCE)


def taps(pupil: Page, name: str) -> None:
    pupil.get_by_role("button", name=name, exact=True).click()


def picks(pupil: Page, pictures: tuple[str, ...] = PICTURES) -> None:
    for number, one in enumerate(pictures, 1):
        expect(pupil.locator(".sign-dots")).to_contain_text(say(f"page.sign.pictures.next.{number}", "nl"))
        pupil.get_by_role("button", name=one, exact=True).click()


def is_in(pupil: Page, name: str) -> None:
    expect(pupil.locator("h1")).to_contain_text(f"Hoi {name}, je bent binnen tot", timeout=PATIENCE)


def permits(play: Playground, person: str) -> Grant:
    """The teacher opens the site for this child alone."""
    now = datetime.now(UTC)
    grant = Grant(
        "",
        now,
        now + timedelta(minutes=30),
        Role.TEACHER,
        "staff-anja",
        people=frozenset({person}),
        sites=("kletsplein.test",),
    )
    return play.store.grants.add(play.desk.school, grant, now)


def status(page: Page) -> int:
    answer = types(page, SITE)
    return answer.status if answer is not None else 0


def both(page: Page, shots: Shots, who: str, what: str) -> None:
    """The same screen by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shots.take(page, who, f"inloggen-{what}-{scheme}")
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [PHONE, 820, 1440])
def test_a_child_signs_in_by_the_teacher_s_word_chooses_pictures_and_needs_nobody_the_next_time(
    play: Playground, browsers: Browsers, relays: list[From], width: int
) -> None:
    shots = Shots(width)
    teacher = browsers.staff("anja", width)
    sign_in(teacher, play, "anja")
    both(teacher, shots, "juf", "begin")
    code = lets_sign_in(teacher)
    both(teacher, shots, "juf", "code")

    pupil = shared(browsers, play, relays, "127.0.7.31", width)
    types(pupil, SITE)
    sees_the_block_page(pupil)
    pupil.get_by_role("link", name=say("page.footer.sign_in", "nl")).click()
    expect(pupil.locator("h1")).to_have_text(say("page.sign.title", "nl"), timeout=PATIENCE)
    assert pupil.url.startswith(f"{WIE}_klaswacht/wie?")
    both(pupil, shots, "leerling", "code")
    pupil.fill("#code", "12" if code != "12" else "13")
    pupil.get_by_role("button", name=say("page.sign.on", "nl"), exact=True).click()
    expect(pupil.locator(".note")).to_have_text(say("page.sign.note.wrong", "nl"), timeout=PATIENCE)
    shots.take(pupil, "leerling", "inloggen-fout")
    types_the_code(pupil, code)
    both(pupil, shots, "leerling", "namen")
    taps(pupil, "Sem")
    expect(pupil.locator("h1")).to_have_text("Even wachten, Sem", timeout=PATIENCE)
    both(pupil, shots, "leerling", "wacht")

    # The teacher sees who wants in, with the number of that screen, and says yes with one tap.
    card = teacher.locator("#part-signing .item")
    expect(card).to_contain_text("Sem wil inloggen", timeout=PATIENCE)
    expect(card).to_contain_text(f"nummer {pupil.locator('.sign-number strong').inner_text()}")
    both(teacher, shots, "juf", "wil")
    card.get_by_role("button", name="Ja, dit is Sem").click()
    is_in(pupil, "Sem")
    both(pupil, shots, "leerling", "binnen")

    pupil.get_by_role("link", name=say("page.sign.in.choose", "nl")).click()
    both(pupil, shots, "leerling", "plaatjes")
    picks(pupil)
    expect(pupil.locator("h1")).to_have_text("Nog een keer, Sem", timeout=PATIENCE)
    picks(pupil)
    expect(pupil.locator(".note")).to_have_text(say("page.sign.note.chosen", "nl"), timeout=PATIENCE)

    # A permission for this child alone opens for this child alone, and the way back is there.
    permits(play, SEM)
    pupil.get_by_role("link", name="Verder naar kletsplein.test").click()
    expect(pupil.locator("#stand")).to_have_text("Je bent verbonden.", timeout=PATIENCE)
    other = shared(browsers, play, relays, "127.0.7.32", width)
    types(other, SITE)
    sees_the_block_page(other)

    # Done: the chat closes, and the computer is nobody's again.
    types(pupil, WIE)
    is_in(pupil, "Sem")
    pupil.get_by_role("button", name=say("page.sign.in.done", "nl")).click()
    expect(pupil.locator("h1")).to_have_text(say("page.sign.out.title", "nl"), timeout=PATIENCE)
    both(pupil, shots, "leerling", "klaar")
    types(pupil, SITE)
    sees_the_block_page(pupil)

    # With its own pictures the child needs nobody.
    types(pupil, WIE)
    types_the_code(pupil, code)
    taps(pupil, "Sem")
    expect(pupil.locator("h1")).to_have_text("Hoi Sem, wat zijn jouw plaatjes?", timeout=PATIENCE)
    picks(pupil)
    is_in(pupil, "Sem")
    expect(teacher.locator("#binnen > summary")).to_have_text("1 leerling is ingelogd", timeout=PATIENCE)
    teacher.locator("#binnen > summary").click()
    both(teacher, shots, "juf", "binnen")
    teacher.locator("#binnen").get_by_role("button", name=say("dash.signing.end", "nl")).click()
    expect(teacher.locator("#binnen")).to_have_count(0, timeout=PATIENCE)
    types(pupil, WIE)
    expect(pupil.locator("h1")).to_have_text(say("page.sign.title", "nl"), timeout=PATIENCE)
    teacher.get_by_role("link", name=say("dash.signing.pictures", "nl")).click()
    both(teacher, shots, "juf", "plaatjes")
    teacher.get_by_role("button", name=re.compile("^Wis: Sem")).click()
    expect(teacher.locator("[role=status], .message").first).to_be_visible()
    assert not play.store.pictures.states(play.desk.school, [SEM])


def test_the_board_shows_the_code_big_and_nobody_s_name(
    play: Playground, browsers: Browsers, relays: list[From]
) -> None:
    shots = Shots(1440)
    teacher = browsers.staff("anja", 1440)
    sign_in(teacher, play, "anja")
    code = lets_sign_in(teacher)
    pupil = shared(browsers, play, relays, "127.0.7.33", PHONE)
    types(pupil, WIE)
    types_the_code(pupil, code)
    taps(pupil, "Noor")
    expect(teacher.locator("#part-signing .item")).to_contain_text("Noor", timeout=PATIENCE)
    teacher.locator("button[name=board][value='1']").click()
    expect(teacher.locator("#part-signing .item")).to_have_count(0, timeout=PATIENCE)
    assert code_on(teacher) == code
    assert "Noor" not in teacher.content()
    both(teacher, shots, "bord", "code")


def test_it_works_with_the_keyboard_alone_without_a_script_and_ends_at_the_bell(
    play: Playground, browsers: Browsers, relays: list[From]
) -> None:
    school, now = play.desk.school, datetime.now(UTC)
    play.store.pictures.choose(school, SEM, ("sun", "fish", "key"), SEM, now)
    code = play.store.class_codes.open(school, "7", now + timedelta(seconds=60), "staff-anja", now)
    assert code is not None
    pupil = shared(browsers, play, relays, "127.0.7.34", 820, java_script_enabled=False, locale="nl-NL")
    types(pupil, WIE)
    expect(pupil.locator("#code")).to_be_focused()
    pupil.keyboard.type(code.code)
    pupil.keyboard.press("Enter")
    for name in ("Sem", *PICTURES):
        pupil.get_by_role("button", name=name, exact=True).focus()
        pupil.keyboard.press("Enter")
    is_in(pupil, "Sem")
    Shots(820).take(pupil, "leerling", "inloggen-zonder-script")
    permits(play, SEM)
    wait_until(lambda: status(pupil) == 200, pupil, "its own permission opens")
    deadline = code.until
    pupil.wait_for_timeout(max(0.0, (deadline - datetime.now(UTC)).total_seconds() * 1000) + 500)
    assert status(pupil) == 403, "the lesson is over"
    types(pupil, WIE)
    expect(pupil.locator("#code")).to_have_count(1)
